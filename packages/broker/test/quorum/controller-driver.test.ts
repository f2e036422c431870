/**
 * The active controller beside a Raft node that loses its lead: the node steps down at once, its soft state says so when
 * the step-down is on disk (simulator seeds 10383 and 11641). The node is a stand-in, because that moment is short.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, Prng } from '@jackdaw/base';
import type { RaftRole } from '@jackdaw/raft';
import { ControllerDriver, type ControllerDriverOptions } from '../../src/quorum/controller-driver.ts';
import { MetadataState } from '../../src/quorum/metadata-state.ts';
import type { QuorumDriver } from '../../src/quorum/quorum-driver.ts';
import { systemPlatform } from '../../src/platform/system-platform.ts';

/** ALLOCATE_PRODUCER_IDS, the shortest request that changes anything. */
const allocateProducerIds = 67;
const notController = 41;
const staleBrokerEpoch = 77;

interface Quorum {
  role: RaftRole;
  term: number;
  lastIndex: number;
  transferringTo: number | null;
  readonly proposed: Uint8Array[];
}

function startController(): { driver: ControllerDriver; quorum: Quorum; metadata: MetadataState; clock: ManualClock } {
  const quorum: Quorum = { role: 'leader', term: 1, lastIndex: 1, transferringTo: null, proposed: [] };
  const metadata = new MetadataState();
  const clock = new ManualClock();
  /** Commits at once what it takes, and takes it while it leads. */
  const node = {
    get status() {
      return { ...quorum };
    },
    /** What was told last; the test of a step-down never gets so far. */
    softState: { role: 'leader', term: 1, leaderId: 1 },
    propose(data: Uint8Array) {
      const refusal = quorum.role !== 'leader' ? 'notLeader' : quorum.transferringTo === null ? null : 'busy';
      if (refusal !== null) return { result: { kind: refusal }, committed: Promise.resolve() };
      quorum.lastIndex++;
      quorum.proposed.push(data);
      metadata.apply(quorum.lastIndex, quorum.term, data);
      return { result: { kind: 'accepted' }, committed: Promise.resolve() };
    },
  } as unknown as QuorumDriver;
  const options: ControllerDriverOptions = {
    nodeId: 1,
    clock,
    timers: { setTimer: () => ({ cancel: () => undefined }) },
    random: systemPlatform.random,
    prng: new Prng(1),
    settings: { staticConfig: new Map() },
    metadata,
    localIncarnationId: null,
    quorum: () => node,
    clusterId: 'AAAAAAAAAAAAAAAAAAAAAA',
    onActive: () => undefined,
    onEvent: () => undefined,
    onPartitionFailover: () => undefined,
    onError: (error) => assert.fail(String(error)),
  };
  const driver = new ControllerDriver(options);
  metadata.skip(1, 1);
  driver.onSoftState({ role: 'leader', term: 1, leaderId: 1 });
  return { driver, quorum, metadata, clock };
}

test("E11: from its Raft node's step-down on a controller decides nothing, though the disk is still busy with it", async () => {
  const { driver, quorum } = startController();
  assert.ok(driver.isActive);
  assert.ok(quorum.proposed.length > 0, 'the first records of the cluster');
  // Another leader has cut what was not committed: the next index is one that this controller has given away already.
  quorum.role = 'follower';
  quorum.term = 2;
  quorum.lastIndex = 1;
  const before = quorum.proposed.length;
  driver.onBrokerStreamBroken(2, false);
  driver.onBrokerStreamBroken(3, true);
  await assert.rejects(driver.handle(allocateProducerIds, 0, { brokerId: 1, brokerEpoch: 1 }), { errorCode: notController });
  assert.equal(quorum.proposed.length, before);
  driver.close();
});

test('E11: a controller that leads again without having been told of the gap begins anew from what is committed', () => {
  const { driver, quorum, metadata } = startController();
  const first = driver.active;
  quorum.term = 3;
  metadata.skip(++quorum.lastIndex, 3);
  driver.onApplied();
  driver.onSoftState({ role: 'leader', term: 3, leaderId: 1 });
  assert.notEqual(driver.active, first);
  assert.equal(driver.active?.image.appliedTerm, 3);
  driver.close();
});

test('E11: while its Raft node hands the lead over a controller decides nothing, and goes on when that has failed', async () => {
  const { driver, quorum } = startController();
  const first = driver.active;
  quorum.transferringTo = 2;
  driver.onBrokerStreamBroken(3, true);
  await assert.rejects(driver.handle(allocateProducerIds, 0, { brokerId: 1, brokerEpoch: 1 }), { errorCode: notController });
  assert.equal(driver.active, first, 'nothing was decided, so nothing was refused');
  quorum.transferringTo = null;
  const { errorCode } = await driver.handle<{ errorCode: number }>(allocateProducerIds, 0, { brokerId: 1, brokerEpoch: 1 });
  assert.equal(errorCode, staleBrokerEpoch, 'nobody has registered');
  driver.close();
});

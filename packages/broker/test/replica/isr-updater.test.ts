/** Which led partitions the clock looks at for changes of their ISR: those where time alone can change something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@jackdaw/base';
import type { AlterPartitionRequest, AlterPartitionResponse } from '@jackdaw/protocol';
import type { IsrProposal, PartitionLeader } from '@jackdaw/replication';
import type { HostedPartition } from '../../src/replica/hosted-partition.ts';
import { IsrUpdater } from '../../src/replica/isr-updater.ts';

interface FakeLeader {
  isSettled: boolean;
  proposal: IsrProposal | null;
  looks: number;
}

function partition(fake: FakeLeader, isRecovering = false): HostedPartition {
  const leader = {
    committedIsr: new Set([1, 2]),
    pendingProposal: () => null,
    maybeProposeIsr: () => {
      fake.looks++;
      return fake.proposal;
    },
    maybeSettle: () => fake.isSettled,
    onIsrAnswer: () => void (fake.proposal = null),
  } as unknown as PartitionLeader;
  return { leader, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partition: 0, desired: { isRecovering } } as unknown as HostedPartition;
}

function newUpdater() {
  const requests: AlterPartitionRequest[] = [];
  const deferred: (() => void)[] = [];
  const updater = new IsrUpdater({
    nodeId: 1,
    clock: new ManualClock(),
    scheduler: { defer: (callback) => void deferred.push(callback), setTimer: () => ({ cancel: () => undefined }) },
    brokerEpoch: () => 1,
    alterPartition: (request) => {
      requests.push(request);
      return Promise.resolve({ throttleTimeMs: 0, errorCode: 42, topics: [] } satisfies AlterPartitionResponse);
    },
    onIsrChanged: () => undefined,
    onFailure: () => undefined,
  });
  const run = async (): Promise<void> => {
    for (const callback of deferred.splice(0)) callback();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { updater, requests, run };
}

test('a partition in which all is in order is looked at when something happens, not by the clock', async () => {
  const { updater, run } = newUpdater();
  const quiet: FakeLeader = { isSettled: true, proposal: null, looks: 0 };
  const busy: FakeLeader = { isSettled: false, proposal: null, looks: 0 };
  const hosted = partition(quiet);
  updater.check(hosted);
  updater.check(partition(busy));
  await run();
  assert.deepEqual([quiet.looks, busy.looks], [1, 1]);
  updater.tick();
  await run();
  assert.deepEqual([quiet.looks, busy.looks], [1, 2]);
  quiet.isSettled = false;
  updater.watch(hosted);
  updater.tick();
  await run();
  assert.deepEqual([quiet.looks, busy.looks], [2, 3]);
});

test('a change of the ISR that the controller refuses is asked for again by the clock', async () => {
  const { updater, requests, run } = newUpdater();
  const proposal: IsrProposal = { leaderEpoch: 1, partitionEpoch: 1, isr: [{ brokerId: 1, brokerEpoch: 1 }] };
  const fake: FakeLeader = { isSettled: false, proposal, looks: 0 };
  updater.check(partition(fake));
  await run();
  fake.proposal = proposal;
  updater.tick();
  await run();
  assert.equal(requests.length, 2);
});

test('a leader that was elected uncleanly, and one that leads no longer', async () => {
  const { updater, run } = newUpdater();
  const recovering: FakeLeader = { isSettled: true, proposal: null, looks: 0 };
  const former: FakeLeader = { isSettled: false, proposal: null, looks: 0 };
  const hosted = partition(former);
  updater.check(partition(recovering, true));
  updater.check(hosted);
  await run();
  Object.assign(hosted, { leader: null });
  updater.tick();
  await run();
  updater.tick();
  await run();
  assert.deepEqual([recovering.looks, former.looks], [3, 1]);
});

/**
 * Steps of the metadata that no controller may take, and nodes whose image is not that of the others.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRecordBatch, partitionChange, type MetadataRecord } from '@jackdaw/metadata';
import type { Entry } from '@jackdaw/raft';
import { GhostPartitions, type GhostPartition } from '../../src/checks/ghost-partition.ts';
import { MetadataSafety } from '../../src/checks/metadata-safety.ts';
import { bites, fakeCluster, FakeNode } from './fakes.ts';

const topicId = 'AAAAAAAAAAAAAAAAAAAAbA';

function broker(brokerId: number, brokerEpoch = brokerId): MetadataRecord {
  const rest = { incarnationId: topicId, endPoints: [], features: [], rack: null, fenced: false };
  const flags = { inControlledShutdown: false, logDirs: [], cordonedLogDirs: null, isMigratingZkBroker: false };
  return { type: 'registerBroker', brokerId, brokerEpoch, ...rest, ...flags };
}

function partition(overrides: { leader?: number; partitionEpoch?: number } = {}): MetadataRecord {
  const lists = { replicas: [1, 2, 3], isr: [1, 2], removingReplicas: [], addingReplicas: [], directories: [] };
  const rest = { eligibleLeaderReplicas: null, lastKnownElr: null, leaderRecoveryState: 0 };
  return {
    ...{ type: 'partition', partitionId: 0, topicId, leader: 1, leaderEpoch: 0, partitionEpoch: 0, ...lists, ...rest },
    ...overrides,
  };
}

class Steps {
  readonly cluster = fakeCluster();
  readonly node = new FakeNode(1, this.cluster);
  readonly ghosts = new GhostPartitions();
  readonly checks = new MetadataSafety(this.ghosts, () => undefined);
  #index = 0;

  constructor() {
    const topic: MetadataRecord = { type: 'topic', name: 't', topicId };
    this.take([broker(1), broker(2), broker(3), topic, partition()]);
  }

  take(records: readonly MetadataRecord[]): void {
    const entry: Entry = { kind: 'normal', index: ++this.#index, term: 1, data: encodeRecordBatch(records) };
    this.node.image.applyEntry({ index: entry.index, term: 1, records });
    this.checks.onCommitted(entry, this.node.live);
    this.checks.onEvent(this.node.live);
  }

  get ghost(): GhostPartition {
    const ghost = this.ghosts.get(topicId, 0);
    assert.ok(ghost);
    return ghost;
  }
}

test('a member of the ISR that is elected passes and is remembered for its epoch', () => {
  const steps = new Steps();
  steps.take([partitionChange(topicId, 0, { isr: [2], leader: 2 })]);
  assert.deepEqual(
    [...steps.ghost.elected],
    [
      [0, 1],
      [1, 2],
    ],
  );
  assert.equal(steps.ghost.excuse, null);
});

test('a replica outside ISR and ELR that is elected is noticed, marked as unclean or not (CleanElection, A17)', () => {
  for (const leaderRecoveryState of [0, 1]) {
    const steps = new Steps();
    bites('CleanElection', () => steps.take([partitionChange(topicId, 0, { isr: [3], leader: 3, leaderRecoveryState })]));
  }
});

test('an unclean election that is allowed passes and excuses the partition from then on (A23)', () => {
  const steps = new Steps();
  steps.cluster.plan.settings['unclean.leader.election.enable'] = 'true';
  steps.take([partitionChange(topicId, 0, { isr: [3], leader: 3, leaderRecoveryState: 1 })]);
  assert.match(steps.ghost.excuse ?? '', /node 3 was elected uncleanly/);
});

test('the last leader may be elected in the very step in which the last eligible replica registers after a crash (A17)', () => {
  const noLeader = { isr: [], eligibleLeaderReplicas: [2], leader: -1, lastKnownElr: [1] };
  const again = { isr: [1], leader: 1, leaderRecoveryState: 1, eligibleLeaderReplicas: [], lastKnownElr: [] };
  const steps = new Steps();
  steps.take([partitionChange(topicId, 0, noLeader)]);
  steps.take([partitionChange(topicId, 0, again), broker(2, 22)]);
  assert.equal(steps.ghost.excuse, null);
  // While it counts as eligible, it is the one that is waited for; be it that somebody else registers.
  for (const registered of [[], [broker(3, 33)], [broker(2)]]) {
    const hasty = new Steps();
    hasty.take([partitionChange(topicId, 0, noLeader)]);
    bites('CleanElection', () => hasty.take([partitionChange(topicId, 0, again), ...registered]));
  }
});

test('an ELR that another minimum empties while nobody is in sync is noticed (EligibleAreRemembered, A17)', () => {
  const another: MetadataRecord = { type: 'config', resourceType: 2, resourceName: 't', name: 'min.insync.replicas', value: '1' };
  const cleared = partitionChange(topicId, 0, { eligibleLeaderReplicas: [], lastKnownElr: [] });
  const elr: MetadataRecord = { type: 'featureLevel', name: 'eligible.leader.replicas.version', featureLevel: 1 };
  const steps = new Steps();
  steps.take([elr, partitionChange(topicId, 0, { isr: [], eligibleLeaderReplicas: [1, 2], leader: -1 })]);
  bites('EligibleAreRemembered', () => steps.take([another, cleared]));
  const served = new Steps();
  served.take([elr, partitionChange(topicId, 0, { isr: [1], eligibleLeaderReplicas: [2] })]);
  served.take([another, cleared]);
});

test('epochs that go back are noticed (EpochsGrow)', () => {
  const steps = new Steps();
  steps.take([partitionChange(topicId, 0, { isr: [2], leader: 2 })]);
  bites('EpochsGrow', () => steps.take([partition()]));
});

test('another leader in the same leader epoch is noticed (EpochsGrow)', () => {
  const steps = new Steps();
  bites('EpochsGrow', () => steps.take([partition({ leader: 2, partitionEpoch: 1 })]));
});

test('a fenced broker that leads, or stays in the ISR, is noticed (FencedLeadsNothing)', () => {
  for (const id of [1, 2]) {
    const steps = new Steps();
    bites('FencedLeadsNothing', () => steps.take([{ type: 'fenceBroker', id, epoch: id }]));
  }
});

test('a node with another image at the same index is noticed (StateMachineSafety)', () => {
  const steps = new Steps();
  const other = new FakeNode(2, steps.cluster);
  other.image.applyEntry({ index: 1, term: 1, records: [broker(1), broker(2)] });
  bites('StateMachineSafety', () => steps.checks.onEvent(other.live));
});

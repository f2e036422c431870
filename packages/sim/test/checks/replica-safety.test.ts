/**
 * Replicas that lie or are broken on purpose, on a cluster of real brokers.
 */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { StorageError, type PartitionLog } from '@jackdaw/log';
import { encodeBatch, patchBaseOffset, patchLeaderEpoch } from '@jackdaw/protocol';
import { PartitionFollower, PartitionLeader } from '@jackdaw/replication';
import { calmPlan } from '../../src/cluster/draw-plan.ts';
import { segmentPath } from '../../src/checks/segment-path.ts';
import { bites } from './fakes.ts';
import { lie, withSmallCluster, type SmallCluster } from './small-cluster.ts';

/** A test of its own cluster for each line: what was broken cannot be mended. */
const bitten: readonly (readonly [title: string, check: string, harm: (small: SmallCluster) => void])[] = [
  [
    'a high watermark beyond the log end (A5)',
    'HighWatermarkInLog',
    ({ replicas: [, follower] }) => lie(follower.hosted, 'highWatermark', follower.log.logEndOffset + 1),
  ],
  [
    'a high watermark that goes back while the role lasts (A6)',
    'HighWatermarkGrows',
    ({ replicas: [, follower] }) => lie(follower.hosted, 'highWatermark', follower.log.logEndOffset - 1),
  ],
  [
    'records that are called durable and are not in the log',
    'DurableInLog',
    ({ replicas: [, follower] }) => lie(follower.log, 'durableOffset', follower.log.logEndOffset + 1),
  ],
  [
    'a log that starts behind its high watermark (B14)',
    'LogStartInOrder',
    ({ replicas: [, follower] }) => lie(follower.log, 'logStartOffset', follower.log.logEndOffset + 1),
  ],
  [
    "a leader's log that was cut",
    'LeaderAppendsOnly',
    (cluster) => {
      const { log } = cluster.replicas[0];
      const end = log.logEndOffset;
      lie(log, 'logEndOffset', end + 1);
      cluster.lookAtAll();
      lie(log, 'logEndOffset', end);
    },
  ],
  [
    'a member of the ISR that lost its log (LeaderCandidateCompleteness)',
    'LeaderCandidateCompleteness',
    ({ replicas: [, follower] }) => follower.log.truncateFullyAndStartAt(0),
  ],
  [
    'a commit that a member of the ISR does not hold (A11, B1)',
    'HighWatermarkIsDurable',
    ({ replicas: [{ log }], leader }) => {
      lie(log, 'logEndOffset', log.logEndOffset + 1);
      lie(leader, 'highWatermark', log.logEndOffset);
    },
  ],
  [
    'a commit below min.insync.replicas (A12)',
    'StrictMinIsr',
    ({ replicas: [{ log }], leader }) => {
      lie(leader, 'isUnderMinIsr', true);
      lie(log, 'logEndOffset', log.logEndOffset + 1);
      lie(leader, 'highWatermark', log.logEndOffset);
    },
  ],
  [
    'a leader that counts fewer than are registered (ReplicationQuorumSuperset)',
    'ReplicationQuorumSuperset',
    ({ leader, replicas: [{ node }] }) => lie(leader, 'maximalIsr', new Set([node.id])),
  ],
  [
    'two leaders in one epoch (A9)',
    'NeverTwoLeadersInSameEpoch',
    ({ leader, replicas: [{ hosted, log, node }] }) => {
      const { leaderEpoch, partitionEpoch, replicas } = leader;
      const state = { leader: node.id, leaderEpoch, partitionEpoch, replicas, isr: [...leader.committedIsr] };
      const config = { minInsyncReplicas: () => 2, replicaLagTimeMaxMs: () => 1_000, broker: () => undefined };
      const second = new PartitionLeader({ nodeId: node.id, state, log, config, highWatermark: leader.highWatermark, nowMs: 0 });
      hosted.role = { kind: 'leader', leader: second };
    },
  ],
  [
    'a leader that nobody elected (LeaderIsElected)',
    'LeaderIsElected',
    ({ leader, replicas: [, { hosted, log, node }] }) => {
      const { partitionEpoch, replicas } = leader;
      const state = { leader: node.id, leaderEpoch: leader.leaderEpoch + 1, partitionEpoch, replicas, isr: [...replicas] };
      const config = { minInsyncReplicas: () => 2, replicaLagTimeMaxMs: () => 1_000, broker: () => undefined };
      const other = new PartitionLeader({ nodeId: node.id, state, log, config, highWatermark: leader.highWatermark, nowMs: 0 });
      hosted.role = { kind: 'leader', leader: other };
    },
  ],
  [
    'a broker that follows in an older epoch than before (A2, A8)',
    'RolesGrow',
    ({ leader, replicas: [, { hosted, log }] }) => {
      const { leaderEpoch, partitionEpoch, replicas } = leader;
      const state = { leader: replicas[0] ?? 0, leaderEpoch: leaderEpoch - 1, partitionEpoch, replicas, isr: [...replicas] };
      hosted.role = { kind: 'follower', follower: new PartitionFollower({ state, log, highWatermark: hosted.highWatermark }) };
    },
  ],
  [
    'two batches of one leader epoch at one offset',
    'LogMatching',
    ({ replicas: [, one, other], leader: { leaderEpoch } }) => {
      one.log.appendAsFollower(batchAt(one.log, leaderEpoch, 'this'));
      other.log.appendAsFollower(batchAt(other.log, leaderEpoch, 'that'));
    },
  ],
  [
    'one batch behind batches of different epochs (Log Matching, A2)',
    'LogMatching',
    ({ replicas: [, one, other], leader: { leaderEpoch } }) => {
      one.log.appendAsFollower(batchAt(one.log, leaderEpoch + 1, 'this'));
      other.log.appendAsFollower(batchAt(other.log, leaderEpoch + 2, 'that'));
      for (const { log } of [one, other]) log.appendAsFollower(batchAt(log, leaderEpoch + 3, 'then'));
    },
  ],
  [
    'an epoch that begins at the end to which a log was cut (A2, B6)',
    'EpochsInLog',
    (small) => {
      const [, { log }] = small.replicas;
      const { leaderEpoch } = small.leader;
      const end = log.logEndOffset;
      log.appendAsFollower(batchAt(log, leaderEpoch + 1, 'gone'));
      small.lookAtAll();
      log.truncateTo(end);
      lie(log, 'latestEpoch', () => leaderEpoch + 1);
      lie(log, 'epochForOffset', (offset) => (offset < end ? leaderEpoch : leaderEpoch + 1));
    },
  ],
  [
    'an offset that is another below another high watermark (A20)',
    'ConsistentRead',
    (small) => {
      const [leader, one, other] = small.replicas;
      const { leaderEpoch } = small.leader;
      one.log.appendAsFollower(batchAt(one.log, leaderEpoch + 1, 'this'));
      other.log.appendAsFollower(batchAt(other.log, leaderEpoch + 2, 'that'));
      lie(leader.log, 'logEndOffset', one.log.logEndOffset);
      for (const { log } of [leader, one, other]) lie(log, 'durableOffset', one.log.logEndOffset);
    },
  ],
  [
    'an elected leader that lacks committed records (LeaderCompleteness)',
    'LeaderHasAllAckedValues',
    (small) => {
      const { cluster, replicas, leader } = small;
      const next = leader.replicas.find((id) => id !== replicas[0].node.id);
      const victim = replicas.find(({ node }) => node.id === next);
      cluster.damaged.add(next ?? -1);
      victim?.hosted.changeRole({ kind: 'none' });
      victim?.log.truncateFullyAndStartAt(0);
      replicas[0].node.kill('killed', 'processOnly');
    },
  ],
  [
    'a new leader that shows less than the one before (A19)',
    'VisibleHighWatermarkGrows',
    (small) => {
      const [{ node, log }, ...followers] = small.replicas;
      for (const follower of followers) small.cluster.damaged.add(follower.node.id);
      lie(log, 'logEndOffset', log.logEndOffset + 1);
      lie(small.leader, 'highWatermark', log.logEndOffset);
      small.lookAtAll();
      node.kill('killed', 'processOnly');
    },
  ],
  [
    'more fetch sessions than are configured',
    'BoundedSessions',
    ({ replicas: [{ node }] }) => {
      if (node.services !== null) lie(node.services.fetchSessions, 'size', 1_000_000);
    },
  ],
];

function batchAt(log: PartitionLog, leaderEpoch: number, text: string): Uint8Array {
  const value = new TextEncoder().encode(text);
  const batch = encodeBatch({ records: [{ timestamp: 0, key: null, value, headers: [] }] });
  patchBaseOffset(batch, 0, log.logEndOffset);
  patchLeaderEpoch(batch, 0, leaderEpoch);
  return batch;
}

for (const [title, check, harm] of bitten) {
  test(`${title}: noticed by ${check}`, () =>
    withSmallCluster((cluster) => {
      harm(cluster);
      bites(check, () => cluster.run(10_000));
    }));
}

test('a restart that does not find a durable record is noticed (DurableSurvives, B1)', () =>
  withSmallCluster((cluster) => {
    const [, { node, log }] = cluster.replicas;
    const path = segmentPath(log.directory, log.activeSegmentBaseOffset);
    node.kill('killed', 'processOnly');
    const file = node.disk.open(path, 'write');
    node.disk.truncate(file, 0);
    node.disk.close(file);
    node.start();
    bites('DurableSurvives', () => cluster.run(10_000));
  }));

/** Two batches in each. */
const smallSegments = { 'log.index.interval.bytes': '0', 'log.index.size.max.bytes': '16' };

test('a log whose disk failed while it was cut owes nothing behind the cut (seed 2888)', () =>
  withSmallCluster(
    (small) => {
      const [, { node, log }] = small.replicas;
      const end = log.logEndOffset;
      for (const text of ['this', 'that', 'more', 'and more']) log.appendAsFollower(batchAt(log, small.leader.leaderEpoch, text));
      small.lookAtAll();
      assert.equal(log.durableOffset, end + 4);
      small.cluster.ailing.add(node.id);
      node.disk.failReadAfter = 0;
      assert.throws(() => log.truncateTo(end + 1), StorageError);
      small.run(20_000, () => !node.isRunning);
      node.start();
      small.run(10_000);
      assert.notEqual(node.services, null);
    },
    { ...calmPlan(1), settings: { ...calmPlan(1).settings, ...smallSegments } },
  ));

test('a broker that ends by itself for no reason is noticed (UnexpectedEnd)', () =>
  withSmallCluster((cluster) => {
    cluster.cluster.fatals.push({ nodeId: 1, error: new Error('a bug'), isExpected: false });
    bites('UnexpectedEnd', () => cluster.run(500));
  }));

test('a cluster at rest passes all checks', () =>
  withSmallCluster((cluster) => {
    assert.ok(cluster.replicas[0].log.logEndOffset > 0, 'there are records');
    cluster.lookAtAll();
    cluster.atEnd();
  }));

/** DescribeQuorum as the leader answers it, from given facts about the quorum. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, zeroUuid } from '@jackdaw/protocol';
import type { PeerStatus, RaftStatus } from '@jackdaw/raft';
import { describeQuorum } from '../../src/quorum/describe-quorum.ts';

const directoryId = 'k55-LFef-O6-OxucHYtKVQ';

function peer(id: number, changes: Partial<PeerStatus>): PeerStatus {
  const common = {
    directoryId,
    state: 'replicate',
    nextIndex: 11,
    lastContactTicks: 2,
    inflightMessages: 0,
    isCounted: true,
  } as const;
  return { id, matchIndex: 10, ...common, ...changes };
}

const status: RaftStatus = {
  id: 2,
  directoryId,
  role: 'leader',
  term: 7,
  vote: 2,
  leaderId: 2,
  noLeaderReason: null,
  commitIndex: 9,
  appliedIndex: 9,
  firstIndex: 1,
  lastIndex: 10,
  snapshotIndex: 0,
  uncommittedBytes: 0,
  transferringTo: null,
  voters: [],
  peers: [peer(1, {}), peer(3, { matchIndex: 4 })],
  observers: [peer(9, { directoryId: null, matchIndex: 0 })],
};
const facts = {
  status,
  tickMs: 50,
  wallMs: 1_000_000,
  voters: [{ id: 2, host: 'two', port: 9093 }],
  listenerName: 'CONTROLLER',
};
const metadata = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];

test('the leader tells its own end, its followers and how long ago it heard from them', () => {
  const response = describeQuorum({ topics: metadata }, facts);
  const partition = response.topics[0]?.partitions[0];
  assert.equal(partition?.leaderId, 2);
  assert.equal(partition?.leaderEpoch, 7);
  assert.equal(partition?.highWatermark, 10);
  assert.deepEqual(
    partition?.currentVoters.map((it) => [it.replicaId, it.logEndOffset, it.lastFetchTimestamp, it.lastCaughtUpTimestamp]),
    [
      [1, 11, 999_900, 999_900],
      [2, 11, 1_000_000, 1_000_000],
      [3, 5, 999_900, -1],
    ],
  );
  assert.deepEqual(
    partition?.observers.map((it) => [it.replicaId, it.replicaDirectoryId, it.logEndOffset, it.lastFetchTimestamp]),
    [[9, zeroUuid, -1, -1]],
  );
  assert.deepEqual(response.nodes, [{ nodeId: 2, listeners: [{ name: 'CONTROLLER', host: 'two', port: 9093 }] }]);
});

test('nothing but the one partition of the metadata can be described', () => {
  for (const topics of [
    [{ topicName: 'other', partitions: [{ partitionIndex: 0 }] }],
    [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 1 }] }],
    [...metadata, { topicName: 'other', partitions: [{ partitionIndex: 0 }] }],
  ]) {
    const response = describeQuorum({ topics }, facts);
    const errors = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
    assert.ok(errors.every((errorCode) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) && errors.length > 0);
  }
});

/**
 * Two replicas of a partition that lost all its records to retention or DeleteRecords, and change places as leader.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@jackdaw/base';
import { defaultLogConfig, MemoryFs, type PartitionLog } from '@jackdaw/log';
import { encodeBatch, uuidOf } from '@jackdaw/protocol';
import { PartitionFollower, PartitionLeader, type PartitionState } from '@jackdaw/replication';
import { openTestLogs } from '../test-logs.ts';

const startMs = 1_760_000_000_000;
const replicas = [1, 2];

interface Disk {
  readonly fs: MemoryFs;
  /** Directory syncs for which the event loop stood still. */
  readonly blockingSyncs: () => number;
}

function countingDisk(): Disk {
  const fs = new MemoryFs();
  let count = 0;
  const syncDirectoryNow = fs.syncDirectoryNow.bind(fs);
  fs.syncDirectoryNow = (path) => {
    count++;
    syncDirectoryNow(path);
  };
  return { fs, blockingSyncs: () => count };
}

/** One record of an idempotent producer, always the same one. */
function batchOf(leaderEpoch: number): Uint8Array {
  const records = [{ key: null, value: Buffer.from('once'), timestamp: startMs }];
  return encodeBatch({ records, leaderEpoch, producerId: 7, producerEpoch: 0, baseSequence: 0 });
}

async function openLog(fs: MemoryFs): Promise<PartitionLog> {
  const logs = await openTestLogs({ fs, clock: new ManualClock(0, startMs) });
  const key = { topicName: 'phoenix', topicId: uuidOf(new Uint8Array(16).fill(1)), partition: 0 };
  return logs.getOrCreate(key, { ...defaultLogConfig, retentionMs: 3_600_000 });
}

function stateOf(leader: number, leaderEpoch: number): PartitionState {
  return { leader, leaderEpoch, partitionEpoch: leaderEpoch, replicas, isr: replicas };
}

/** Lets one replica lead in a new epoch, and the other follow until its log has been accepted. */
function changeLeader(from: PartitionLog, to: PartitionLog, state: PartitionState): void {
  const leader = new PartitionLeader({
    nodeId: state.leader,
    state,
    log: to,
    highWatermark: to.logEndOffset,
    config: {
      minInsyncReplicas: () => 1,
      replicaLagTimeMaxMs: () => 1_000,
      broker: () => ({ brokerEpoch: 1, isFenced: false, isShuttingDown: false }),
    },
    nowMs: 0,
    onHighWatermark: () => undefined,
    onUnsettled: () => undefined,
  });
  const follower = new PartitionFollower({ state, log: from, highWatermark: from.logEndOffset });
  const brokerId = 3 - state.leader;
  for (let round = 0; round < 3; round++) {
    const answer = leader.checkFetchStart({ brokerId, ...follower.position() });
    if (answer.kind === 'accepted') return;
    const { logStartOffset, logEndOffset } = to;
    const bounds = { logStartOffset, logEndOffset, highWatermark: logEndOffset };
    const plan = answer.kind === 'diverging' ? follower.planTruncation(answer.epochEnd) : follower.planOutOfRange(bounds);
    assert.ok(plan !== null);
    follower.truncate(plan);
  }
  assert.fail('the follower is not accepted');
}

const waysToEmpty: { name: string; empty: (log: PartitionLog) => unknown }[] = [
  { name: 'retention', empty: (log) => log.retain(startMs + 2 * 3_600_000, log.logEndOffset) },
  { name: 'DeleteRecords', empty: (log) => log.advanceLogStartOffset(log.logEndOffset, log.logEndOffset) },
];

for (const { name, empty } of waysToEmpty) {
  test(`C1: after ${name} emptied a partition, changes of leader forget no producer and wait for no disk (F10)`, async () => {
    const disks = [countingDisk(), countingDisk()] as const;
    const [a, b] = await Promise.all([openLog(disks[0].fs), openLog(disks[1].fs)]);
    a.assignEpochStartOffset(1, 0);
    a.appendAsLeader(batchOf(1), { leaderEpoch: 1, nowMs: startMs });
    b.appendAsFollower(batchOf(1));
    for (const log of [a, b]) {
      await empty(log);
      assert.deepEqual([log.logStartOffset, log.logEndOffset], [1, 1]);
    }
    const before = disks.map(({ blockingSyncs }) => blockingSyncs());
    // Each becomes leader without an append, twice, and the epochs of the other mean nothing to it.
    for (const leaderEpoch of [2, 3, 4, 5]) {
      const [leader, from, to] = leaderEpoch % 2 === 0 ? ([2, a, b] as const) : ([1, b, a] as const);
      to.assignEpochStartOffset(leaderEpoch, to.logEndOffset);
      changeLeader(from, to, stateOf(leader, leaderEpoch));
    }
    assert.deepEqual(
      disks.map(({ blockingSyncs }) => blockingSyncs()),
      before,
    );
    for (const [log, leaderEpoch] of [
      [a, 5],
      [b, 6],
    ] as const) {
      const retry = log.appendAsLeader(batchOf(-1), { leaderEpoch, nowMs: startMs });
      assert.deepEqual([retry.kind, retry.kind === 'duplicate' && retry.baseOffset], ['duplicate', 0]);
    }
  });
}

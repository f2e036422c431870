/**
 * The leader: high watermark, produce requests, and who may fetch from where.
 *
 * ISR changes have a file of their own, isr-changes.test.ts; whole lives are in cluster-simulation.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { PartitionLeader } from '../src/index.ts';
import { MemoryLog } from './memory-log.ts';
import { leaderFixture, stateOf } from './partition-fixture.ts';

const start = { brokerId: 2, currentLeaderEpoch: 5, fetchOffset: 0, lastFetchedEpoch: -1 };

test('A2: a follower whose log is a prefix of ours is accepted', () => {
  const { leader } = leaderFixture({ log: MemoryLog.of(0, 0, 3) });
  for (const [fetchOffset, lastFetchedEpoch] of [
    [0, -1],
    [1, 0],
    [2, 0],
    [3, 3],
  ] as const) {
    assert.deepEqual(leader.checkFetchStart({ ...start, fetchOffset, lastFetchedEpoch }), { kind: 'accepted' });
  }
});

test('A2: a mismatch is answered with the largest common epoch and where it ends here', () => {
  const { leader } = leaderFixture({ log: MemoryLog.of(0, 0, 3) });
  const tooLong = leader.checkFetchStart({ ...start, fetchOffset: 3, lastFetchedEpoch: 0 });
  assert.deepEqual(tooLong, { kind: 'diverging', epochEnd: { leaderEpoch: 0, endOffset: 2 } });
  const unknownEpoch = leader.checkFetchStart({ ...start, fetchOffset: 2, lastFetchedEpoch: 2 });
  assert.deepEqual(unknownEpoch, { kind: 'diverging', epochEnd: { leaderEpoch: 0, endOffset: 2 } });
});

test('A4: an epoch that the leader cannot know is out of range, and never answered with the log end', () => {
  const { leader, log } = leaderFixture({ log: MemoryLog.of(0, 0, 3) });
  assert.deepEqual(log.endOffsetForEpoch(6), { leaderEpoch: -1, endOffset: -1 });
  assert.deepEqual(log.endOffsetForEpoch(-1), { leaderEpoch: -1, endOffset: -1 });
  const answer = leader.checkFetchStart({ ...start, fetchOffset: 3, lastFetchedEpoch: 6 });
  assert.deepEqual(answer, { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE });
});

test('A2: positions outside the log are out of range', () => {
  const log = MemoryLog.of(0, 0, 0, 0);
  log.deleteBelow(2);
  const { leader } = leaderFixture({ log });
  for (const [fetchOffset, lastFetchedEpoch] of [
    [1, 0],
    [1, -1],
    [5, -1],
  ] as const) {
    const answer = leader.checkFetchStart({ ...start, fetchOffset, lastFetchedEpoch });
    assert.deepEqual(answer, { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE });
  }
});

test('A20: a follower whose log parts from ours below our start begins anew there', () => {
  const log = MemoryLog.of(0, 0, 3, 3, 3);
  log.deleteBelow(3);
  const { leader } = leaderFixture({ log });
  // Its offsets 2 and 3 are of epoch 0: cut to our start it would keep another record than we had at 2.
  const answer = leader.checkFetchStart({ ...start, fetchOffset: 4, lastFetchedEpoch: 0 });
  assert.deepEqual(answer, { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE });
});

test('A20: so does one that ends exactly at our start, for what it has below may come back in a crash', () => {
  const log = MemoryLog.of(0, 3, 3, 3);
  log.deleteBelow(3);
  const { leader } = leaderFixture({ log });
  const other = leader.checkFetchStart({ ...start, fetchOffset: 3, lastFetchedEpoch: 0 });
  assert.deepEqual(other, { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE });
  assert.deepEqual(leader.checkFetchStart({ ...start, fetchOffset: 3, lastFetchedEpoch: 3 }), { kind: 'accepted' });
});

test('A20: a follower of our newest epoch keeps what it has, though we have deleted every record', () => {
  const log = MemoryLog.of(0, 5, 5, 5);
  log.deleteBelow(4);
  const { leader } = leaderFixture({ log });
  assert.deepEqual(leader.checkFetchStart({ ...start, fetchOffset: 4, lastFetchedEpoch: 5 }), { kind: 'accepted' });
});

test('A7: an older epoch is fenced, a newer one unknown, a broker that is no replica refused', () => {
  const { leader } = leaderFixture();
  assert.deepEqual(leader.checkFetchStart({ ...start, currentLeaderEpoch: 4 }), {
    kind: 'error',
    error: ErrorCode.FENCED_LEADER_EPOCH,
  });
  assert.deepEqual(leader.checkFetchStart({ ...start, currentLeaderEpoch: 6 }), {
    kind: 'error',
    error: ErrorCode.UNKNOWN_LEADER_EPOCH,
  });
  assert.deepEqual(leader.checkFetchStart({ ...start, brokerId: 9 }), {
    kind: 'error',
    error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  });
  assert.equal(leader.checkEpoch(-1), ErrorCode.NONE);
  assert.equal(leader.checkEpoch(5), ErrorCode.NONE);
});

test('A8: an ex-leader that slept while another was elected gets no position of its epoch, and answers no producer', () => {
  const { leader, append } = leaderFixture();
  const answers: number[] = [];
  append(1);
  leader.whenReplicated(1, (error) => answers.push(error));
  leader.onLocalProgress(3_600_000);
  assert.equal(leader.highWatermark, 0);
  assert.deepEqual(answers, []);
  leader.resign();
  assert.deepEqual(answers, [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
});

test('A8: whatever reaches a leader after it has resigned moves nothing', () => {
  const { leader, append, report, highWatermarks } = leaderFixture();
  append(1);
  leader.resign();
  report(2, 1);
  report(3, 1);
  leader.onLocalProgress(0);
  assert.equal(leader.highWatermark, 0);
  assert.deepEqual(highWatermarks, []);
  assert.equal(leader.maybeProposeIsr(3_600_000), null);
  assert.equal(leader.checkAppend(-1), ErrorCode.NOT_LEADER_OR_FOLLOWER);
  const answers: number[] = [];
  assert.equal(
    leader.whenReplicated(1, (error) => answers.push(error)),
    null,
  );
  assert.deepEqual(answers, [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
});

test('A9: a leader object belongs to one epoch', () => {
  const { leader } = leaderFixture();
  assert.throws(() => leader.onMetadata(stateOf({ leaderEpoch: 6, partitionEpoch: 11 }), 0), /another epoch/);
  const other = stateOf({ leader: 2 });
  const config = { minInsyncReplicas: () => 1, replicaLagTimeMaxMs: () => 1, broker: () => undefined };
  assert.throws(
    () => new PartitionLeader({ nodeId: 1, state: other, log: new MemoryLog(), highWatermark: 0, config, nowMs: 0 }),
    /only the elected replica/,
  );
});

test('A9: what a follower told an earlier leader object counts for nothing under the next', () => {
  const log = new MemoryLog();
  const first = leaderFixture({ log });
  first.append(3);
  first.report(2, 3);
  const second = leaderFixture({ log, state: { leaderEpoch: 6 } });
  assert.equal(second.leader.follower(2)?.hasReported, false);
  second.report(3, 3);
  assert.equal(second.leader.highWatermark, 0);
  second.report(2, 3);
  assert.equal(second.leader.highWatermark, 3);
});

test('A10: the high watermark is ready when it has reached the start of the epoch', () => {
  const { leader, report } = leaderFixture({ log: MemoryLog.of(0, 0, 0), highWatermark: 1 });
  assert.equal(leader.leaderEpochStartOffset, 3);
  assert.equal(leader.isHighWatermarkReady, false);
  report(2, 3);
  report(3, 2);
  assert.equal(leader.highWatermark, 2);
  assert.equal(leader.isHighWatermarkReady, false);
  report(3, 3);
  assert.equal(leader.isHighWatermarkReady, true);
});

test('B1: the high watermark is the least durable offset of the ISR, the own one included', () => {
  const { leader, log, append, report, highWatermarks } = leaderFixture();
  append(4);
  log.append(5, 99);
  report(2, 5, { durableOffset: 5 });
  report(3, 5, { durableOffset: 2 });
  assert.equal(leader.highWatermark, 2);
  report(3, 5);
  assert.equal(leader.highWatermark, 4);
  log.flush();
  leader.onLocalProgress(0);
  assert.equal(leader.highWatermark, 5);
  assert.deepEqual(highWatermarks, [2, 4, 5]);
});

test('A5: the high watermark never goes back, and a position beyond our end is not believed', () => {
  const { leader, append, report } = leaderFixture();
  append(3);
  report(2, 3);
  report(3, 3);
  report(3, 1);
  assert.equal(leader.highWatermark, 3);
  append(1);
  report(2, 9);
  assert.equal(leader.follower(2)?.fetchOffset, 3);
});

test('A11: while a change is in flight, the proposed member counts as much as the committed ones', () => {
  const { leader, append, report } = leaderFixture({ state: { isr: [1, 2] } });
  report(2, 0);
  report(3, 0);
  assert.deepEqual(
    leader.maybeProposeIsr(0)?.isr.map(({ brokerId }) => brokerId),
    [1, 2, 3],
  );
  append(2);
  report(2, 2);
  assert.equal(leader.highWatermark, 0);
  leader.onIsrAnswer({ error: ErrorCode.REQUEST_TIMED_OUT }, 0);
  assert.equal(leader.highWatermark, 0);
  report(3, 2);
  assert.equal(leader.highWatermark, 2);
});

test('A11: a member that is being removed counts until the removal is committed', () => {
  const { leader, append, report } = leaderFixture();
  append(2);
  report(2, 2, { nowMs: 40_000 });
  const proposal = leader.maybeProposeIsr(40_000);
  assert.deepEqual(
    proposal?.isr.map(({ brokerId }) => brokerId),
    [1, 2],
  );
  assert.equal(leader.highWatermark, 0);
  leader.onIsrAnswer({ isr: [1, 2], partitionEpoch: 11, leaderEpoch: 5 }, 40_000);
  assert.equal(leader.highWatermark, 2);
});

test('A12: the high watermark stands still while the ISR is below its minimum, for acks=1 records too', () => {
  const { leader, append, report } = leaderFixture({ state: { isr: [1] }, minInsyncReplicas: 2 });
  append(2);
  assert.equal(leader.highWatermark, 0);
  report(2, 2);
  assert.equal(leader.highWatermark, 0);
  leader.maybeProposeIsr(0);
  leader.onIsrAnswer({ isr: [1, 2], partitionEpoch: 11, leaderEpoch: 5 }, 0);
  assert.equal(leader.highWatermark, 2);
});

test('A12: min ISR is never more than there are replicas', () => {
  const { leader } = leaderFixture({ state: { replicas: [1, 2], isr: [1, 2] }, minInsyncReplicas: 5 });
  assert.equal(leader.effectiveMinIsr, 2);
  assert.equal(leader.isUnderMinIsr, false);
});

test('A13: acks=all below min ISR is refused before the append, other acks are not', () => {
  const { leader } = leaderFixture({ state: { isr: [1] }, minInsyncReplicas: 2 });
  assert.equal(leader.checkAppend(-1), ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal(leader.checkAppend(1), ErrorCode.NONE);
  assert.equal(leader.checkAppend(0), ErrorCode.NONE);
});

test('A13: a shrink below min ISR after the append fails the waiting producers', () => {
  const { leader, append } = leaderFixture({ minInsyncReplicas: 2 });
  const answers: number[] = [];
  append(1);
  leader.whenReplicated(1, (error) => answers.push(error));
  leader.onMetadata(stateOf({ isr: [1], partitionEpoch: 11 }), 0);
  assert.deepEqual(answers, [ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND]);
  assert.equal(leader.waitingProducers, 0);
});

test('A13: a retry of a committed batch below min ISR is not answered with success', () => {
  const { leader, append, report } = leaderFixture({ minInsyncReplicas: 2 });
  append(1);
  report(2, 1);
  report(3, 1);
  leader.onMetadata(stateOf({ isr: [1], partitionEpoch: 11 }), 0);
  const answers: number[] = [];
  leader.whenReplicated(1, (error) => answers.push(error));
  assert.deepEqual(answers, [ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND]);
});

test('D2: a coordinator waits for its record while the ISR is too small, and hears of nothing but the commit or the end', () => {
  const { leader, append, report } = leaderFixture({ minInsyncReplicas: 2 });
  const answers: string[] = [];
  append(2);
  leader.whenCommitted(1, (error) => answers.push(`first:${error}`));
  leader.whenCommitted(2, (error) => answers.push(`second:${error}`));
  leader.onMetadata(stateOf({ isr: [1], partitionEpoch: 11 }), 0);
  leader.failWaiting(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assert.equal(answers.length, 0);
  leader.onMetadata(stateOf({ isr: [1, 2], partitionEpoch: 12 }), 0);
  report(2, 1);
  assert.deepEqual(answers, ['first:0']);
  leader.whenCommitted(1, (error) => answers.push(`again:${error}`));
  leader.resign();
  leader.whenCommitted(1, (error) => answers.push(`late:${error}`));
  const over = ErrorCode.NOT_LEADER_OR_FOLLOWER;
  assert.deepEqual(answers, ['first:0', 'again:0', `second:${over}`, `late:${over}`]);
});

test('A22: each waiting producer has exactly one answer, and none when its timeout was first', () => {
  const { leader, append, report } = leaderFixture();
  const answers: string[] = [];
  append(3);
  leader.whenReplicated(1, (error) => answers.push(`a:${error}`));
  leader.whenReplicated(2, (error) => answers.push(`b:${error}`))?.cancel();
  leader.whenReplicated(3, (error) => answers.push(`c:${error}`));
  report(2, 3);
  report(3, 2);
  assert.deepEqual(answers, ['a:0']);
  leader.whenReplicated(2, (error) => answers.push(`retry:${error}`));
  leader.resign(ErrorCode.KAFKA_STORAGE_ERROR);
  leader.resign();
  report(3, 3);
  assert.deepEqual(answers, ['a:0', 'retry:0', `c:${ErrorCode.KAFKA_STORAGE_ERROR}`]);
});

test('A26: a leader is held up while a member of its ISR is behind for the given time; who waits can be sent away', () => {
  const { leader, append, report } = leaderFixture({ minInsyncReplicas: 2 });
  report(2, 0, { nowMs: 0 });
  report(3, 0, { nowMs: 0 });
  assert.equal(leader.isHeldUp(60_000, 9_000), false, 'a quiet partition has followers that have everything');
  append(1);
  const errors: number[] = [];
  leader.whenReplicated(1, (error) => errors.push(error));
  report(2, 1, { nowMs: 100 });
  assert.equal(leader.isHeldUp(9_000, 9_000), false);
  assert.equal(leader.isHeldUp(9_001, 9_000), true, 'broker 3 is silent');
  leader.failWaiting(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assert.deepEqual(errors, [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
  report(3, 1, { nowMs: 9_500 });
  assert.equal(leader.isHeldUp(60_000, 9_000), false);
  assert.equal(leader.highWatermark, 1, 'what was waited for is acknowledged to whoever asks again');
});

test('a replica outside the ISR, or whose log claims to be durable beyond its end, does not become leader', () => {
  const outside = { leader: 1, leaderEpoch: 5, partitionEpoch: 1, replicas: [1, 2, 3], isr: [2, 3] };
  const inside = { ...outside, isr: [1, 2, 3] };
  const config = { minInsyncReplicas: () => 1, replicaLagTimeMaxMs: () => 1, broker: () => undefined };
  const lying = MemoryLog.of(0, 0);
  Object.defineProperty(lying, 'durableOffset', { get: () => 3 });
  for (const [state, log] of [[outside, MemoryLog.of(0, 0)] as const, [inside, lying] as const]) {
    assert.throws(() => new PartitionLeader({ nodeId: 1, state, log, highWatermark: 0, config, nowMs: 0 }), InvariantError);
  }
});

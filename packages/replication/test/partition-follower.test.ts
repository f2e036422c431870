/**
 * The follower: where it truncates, in which order, and what it gives up by that.
 *
 * Logs are written as lists of leader epochs, one for each record, so that a case can be read at a glance.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartitionFollower } from '../src/index.ts';
import { MemoryLog } from './memory-log.ts';
import { reconcile, stateOf } from './partition-fixture.ts';

interface Case {
  readonly name: string;
  readonly leader: readonly number[];
  readonly follower: readonly number[];
  /** Log end of the follower after the last truncation; null when nothing has to go. */
  readonly truncatesTo: number | null;
}

// Each list has the epochs of a log's records, by offset.
const cases: Case[] = [
  { name: 'A, equal logs', leader: [0, 0, 1], follower: [0, 0, 1], truncatesTo: null },
  { name: 'B, a follower that lacks the newest epoch', leader: [0, 0, 1, 1], follower: [0, 0], truncatesTo: null },
  { name: 'C, a suffix of the epoch that the leader ended earlier', leader: [0, 0, 1], follower: [0, 0, 0, 0], truncatesTo: 2 },
  { name: 'D, a suffix of an epoch that the leader never saw', leader: [0, 0, 2], follower: [0, 0, 1, 1], truncatesTo: 2 },
  {
    name: 'E, the same, with a leader whose earlier epoch is longer',
    leader: [0, 0, 0, 0, 2],
    follower: [0, 0, 1],
    truncatesTo: 2,
  },
  { name: 'F, no common epoch after the first record', leader: [0, 1, 1, 3], follower: [0, 2, 2, 2], truncatesTo: 1 },
  { name: 'G, nothing in common', leader: [1, 1, 3], follower: [0, 0, 2], truncatesTo: 0 },
];

for (const { name, leader, follower, truncatesTo } of cases) {
  test(`A1: a follower truncates by leader epoch, not to its high watermark: case ${name}`, () => {
    const followerLog = MemoryLog.of(...follower);
    const result = reconcile(MemoryLog.of(...leader), followerLog);
    if (truncatesTo === null) assert.deepEqual(result.truncatedTo, []);
    else assert.equal(result.truncatedTo.at(-1), truncatesTo);
    const kept = truncatesTo ?? follower.length;
    assert.deepEqual(
      followerLog.records.map(({ epoch }) => epoch),
      leader.slice(0, kept),
    );
  });
}

test('A1: a high watermark that lags costs no record', () => {
  const followerLog = MemoryLog.of(0, 0, 0, 0);
  const { truncatedTo, follower } = reconcile(MemoryLog.of(0, 0, 0, 0, 1), followerLog, 2);
  assert.deepEqual(truncatedTo, []);
  assert.equal(followerLog.logEndOffset, 4);
  assert.equal(follower.highWatermark, 2);
});

test('A3: after two fast fail-overs without a common epoch the logs agree in several rounds', () => {
  const followerLog = MemoryLog.of(1, 1, 2, 2, 4, 4);
  const { truncatedTo } = reconcile(MemoryLog.of(1, 1, 1, 3, 3, 5), followerLog);
  assert.deepEqual(truncatedTo, [4, 2]);
  assert.equal(followerLog.toString(), '1:0 1:1');
});

test('A3: any two logs that grew from a common history agree, and keep only common records', () => {
  for (let bits = 0; bits < 1 << 12; bits++) {
    const leader = epochsFrom(bits & 63, [1, 3, 5]);
    const follower = epochsFrom(bits >> 6, [0, 2, 4]);
    const followerLog = MemoryLog.of(...follower);
    const leaderLog = MemoryLog.of(...leader);
    reconcile(leaderLog, followerLog);
    for (const { offset, epoch } of followerLog.records) assert.equal(leaderLog.at(offset)?.epoch, epoch);
  }
});

/** Two records of epoch −, then up to three of each of the own epochs, as the bits say. */
function epochsFrom(bits: number, own: readonly number[]): number[] {
  const epochs: number[] = [];
  own.forEach((epoch, i) => {
    for (let n = (bits >> (2 * i)) & 3; n > 0; n--) epochs.push(epoch);
  });
  return epochs;
}

test('A2: an epoch in which the follower led without appending is forgotten, although no record has to go', () => {
  const followerLog = MemoryLog.of(0, 0);
  followerLog.assignEpochStartOffset(1, 2);
  const { truncatedTo, follower } = reconcile(MemoryLog.of(0, 0, 2), followerLog);
  assert.deepEqual(truncatedTo, [2]);
  assert.equal(followerLog.logEndOffset, 2);
  assert.equal(follower.position().lastFetchedEpoch, 0);
});

test('A2: a position tells end, last epoch, durable end and the leader epoch', () => {
  const log = MemoryLog.of(0, 3);
  log.append(3, 7);
  const follower = new PartitionFollower({ state: stateOf({ leaderEpoch: 4 }), log, highWatermark: 0 });
  assert.deepEqual(follower.position(), {
    currentLeaderEpoch: 4,
    fetchOffset: 3,
    lastFetchedEpoch: 3,
    durableOffset: 2,
    logStartOffset: 0,
  });
  const empty = new PartitionFollower({ state: stateOf(), log: new MemoryLog(), highWatermark: 0 });
  assert.equal(empty.position().lastFetchedEpoch, -1);
});

function followerOf(log: MemoryLog, highWatermark: number): PartitionFollower {
  return new PartitionFollower({ state: stateOf(), log, highWatermark });
}

test('A5: the high watermark of an answer counts up to the own end only, and never goes back', () => {
  const log = MemoryLog.of(0, 0, 0);
  const follower = followerOf(log, 1);
  follower.onAppended(10);
  assert.equal(follower.highWatermark, 3);
  follower.onAppended(2);
  assert.equal(follower.highWatermark, 3);
});

test('A5: a high watermark beyond a log that has lost its end starts at that end', () => {
  assert.equal(followerOf(MemoryLog.of(0, 0), 5).highWatermark, 2);
});

test('A5: truncation lowers the high watermark with the log end', () => {
  const log = MemoryLog.of(0, 0, 1, 1);
  const follower = followerOf(log, 4);
  follower.truncate(follower.planTruncation({ leaderEpoch: 0, endOffset: 2 }));
  assert.equal(log.logEndOffset, 2);
  assert.equal(follower.highWatermark, 2);
});

test('A5: full truncation makes the log and the high watermark start at the start of the leader', () => {
  const log = MemoryLog.of(0, 0);
  const follower = followerOf(log, 2);
  const plan = follower.planOutOfRange({ logStartOffset: 50, logEndOffset: 90, highWatermark: 80 });
  assert.deepEqual(plan, { offset: 50, isFull: true, isBelowHighWatermark: false });
  follower.truncate(plan ?? assert.fail('a plan'));
  assert.deepEqual([log.logStartOffset, log.logEndOffset, follower.highWatermark], [50, 50, 50]);
});

test('A6: a plan says when it gives up records below the high watermark', () => {
  const plan = followerOf(MemoryLog.of(0, 0, 1, 1), 3).planTruncation({ leaderEpoch: 0, endOffset: 2 });
  assert.deepEqual(plan, { offset: 2, isFull: false, isBelowHighWatermark: true });
  const harmless = followerOf(MemoryLog.of(0, 0, 1, 1), 2).planTruncation({ leaderEpoch: 0, endOffset: 2 });
  assert.equal(harmless.isBelowHighWatermark, false);
});

test('A6: a leader that has lost its log makes the follower truncate below the high watermark, and the plan says so', () => {
  const log = MemoryLog.of(0, 0, 0, 0);
  const shorter = followerOf(log, 3).planOutOfRange({ logStartOffset: 0, logEndOffset: 1, highWatermark: 1 });
  assert.deepEqual(shorter, { offset: 1, isFull: false, isBelowHighWatermark: true });
  log.deleteBelow(2);
  const gone = followerOf(log, 3).planOutOfRange({ logStartOffset: 0, logEndOffset: 1, highWatermark: 1 });
  assert.deepEqual(gone, { offset: 0, isFull: true, isBelowHighWatermark: true });
});

test('A6: starting again inside the range of a leader that knows none of our epochs gives up what was committed', () => {
  const plan = followerOf(MemoryLog.of(0, 0, 0), 2).planOutOfRange({ logStartOffset: 1, logEndOffset: 9, highWatermark: 9 });
  assert.deepEqual(plan, { offset: 1, isFull: true, isBelowHighWatermark: true });
});

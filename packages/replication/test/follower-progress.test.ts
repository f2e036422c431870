/**
 * What makes a follower caught up: time behind, not records behind (A16).
 *
 * Reports are pipelined, so several lie within one round trip; quiet partitions have none at all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FollowerProgress, type FollowerPosition } from '../src/index.ts';

const lagTimeMaxMs = 1_000;

function positionAt(fetchOffset: number, durableOffset = fetchOffset): FollowerPosition {
  return { brokerEpoch: 102, fetchOffset, durableOffset, logStartOffset: 0 };
}

test('A16: a member of the ISR at the election has the lag time from then on', () => {
  const progress = new FollowerProgress(2, 100);
  assert.equal(progress.hasReported, false);
  assert.equal(progress.isCaughtUp(10, 1_100, lagTimeMaxMs), true);
  assert.equal(progress.isCaughtUp(10, 1_101, lagTimeMaxMs), false);
});

test('A16: a burst does not put a follower behind that had everything before it', () => {
  const progress = new FollowerProgress(2, 0);
  progress.onReport(positionAt(10), 10, 5_000);
  assert.equal(progress.isCaughtUp(1_000_000, 5_500, lagTimeMaxMs), true);
});

test('A16: a follower of a quiet partition is not behind in the moment after the first append', () => {
  const progress = new FollowerProgress(2, 0);
  progress.onReport(positionAt(10), 10, 0);
  progress.observe(10, 60_000);
  assert.equal(progress.isCaughtUp(11, 60_500, lagTimeMaxMs), true);
  progress.observe(11, 60_500);
  assert.equal(progress.isCaughtUp(11, 61_001, lagTimeMaxMs), false);
});

test('A16: steady load with many reports within one round trip keeps a follower caught up', () => {
  const progress = new FollowerProgress(2, 0);
  // Ten records each ms; a report each ms shows what the leader had 20 ms ago. Never is everything there.
  for (let nowMs = 1; nowMs < 10_000; nowMs++) {
    const leaderEnd = nowMs * 10;
    progress.onReport(positionAt(Math.max(0, leaderEnd - 200)), leaderEnd, nowMs);
    assert.equal(progress.isCaughtUp(leaderEnd, nowMs, lagTimeMaxMs), true, `after ${nowMs} ms`);
    assert.ok(nowMs < 100 || nowMs - progress.lastCaughtUpMs <= 50, 'the lag is about one round trip');
  }
});

test('A16: a follower that reports and yet falls back further and further is behind after the lag time', () => {
  const progress = new FollowerProgress(2, 0);
  let isCaughtUp = true;
  for (let nowMs = 1; nowMs < 10_000; nowMs++) {
    progress.onReport(positionAt(nowMs), nowMs * 10, nowMs);
    isCaughtUp = progress.isCaughtUp(nowMs * 10, nowMs, lagTimeMaxMs);
  }
  assert.equal(isCaughtUp, false);
});

test('B1: a follower that has written but not synced is not caught up by that', () => {
  const progress = new FollowerProgress(2, 0);
  progress.onReport(positionAt(10, 4), 10, 5_000);
  assert.equal(progress.isCaughtUp(10, 5_000, lagTimeMaxMs), false);
  progress.onReport(positionAt(10, 10), 10, 5_001);
  assert.equal(progress.isCaughtUp(10, 5_001, lagTimeMaxMs), true);
});

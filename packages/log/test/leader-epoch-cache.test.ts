/** Which epoch began where: assignments, truncations, and lookups held against a scan of all entries. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaderEpochCache } from '../src/leader-epoch-cache.ts';

function cacheOf(...entries: [epoch: number, startOffset: number][]): LeaderEpochCache {
  const cache = new LeaderEpochCache();
  for (const [epoch, startOffset] of entries) cache.assign(epoch, startOffset);
  return cache;
}

test('A4: an unknown or undefined epoch is answered with undefined, never with the log end', () => {
  const unknown = { leaderEpoch: -1, endOffset: -1 };
  assert.deepEqual(new LeaderEpochCache().endOffsetFor(0, 100), unknown);
  assert.deepEqual(new LeaderEpochCache().endOffsetFor(-1, 100), unknown);
  const cache = cacheOf([2, 10], [4, 20]);
  assert.deepEqual(cache.endOffsetFor(-1, 100), unknown);
  assert.deepEqual(cache.endOffsetFor(5, 100), unknown);
  assert.deepEqual(cache.endOffsetFor(4, 100), { leaderEpoch: 4, endOffset: 100 });
  assert.deepEqual(cache.endOffsetFor(3, 100), { leaderEpoch: 2, endOffset: 20 });
  assert.deepEqual(cache.endOffsetFor(2, 100), { leaderEpoch: 2, endOffset: 20 });
  assert.deepEqual(cache.endOffsetFor(1, 100), { leaderEpoch: 1, endOffset: 10 });
});

test('assigning removes entries that contradict the new one', () => {
  const cache = cacheOf([1, 0], [2, 10], [3, 20]);
  cache.assign(3, 25);
  assert.deepEqual(cache.entries.at(-1), { epoch: 3, startOffset: 20 });
  cache.assign(4, 10);
  assert.deepEqual(cache.entries, [
    { epoch: 1, startOffset: 0 },
    { epoch: 4, startOffset: 10 },
  ]);
});

test('truncation keeps the epoch that spans the cut', () => {
  const cache = cacheOf([1, 0], [2, 10], [3, 20]);
  cache.truncateFromStart(15);
  assert.deepEqual(cache.entries[0], { epoch: 2, startOffset: 15 });
  cache.truncateFromEnd(20);
  assert.equal(cache.latestEpoch(), 2);
  assert.equal(cache.epochForOffset(14), null);
  assert.equal(cache.epochForOffset(15), 2);
});

test('A4: lookups agree with a scan over all entries', () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })), { maxLength: 12 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: -1, max: 40 }), fc.integer({ min: 0, max: 60 }), (steps, epoch, offset) => {
      const cache = new LeaderEpochCache();
      let entry = { epoch: 0, startOffset: 0 };
      const entries = steps.map(([epochStep, offsetStep]) => {
        entry = { epoch: entry.epoch + epochStep, startOffset: entry.startOffset + offsetStep };
        return entry;
      });
      for (const { epoch: assigned, startOffset } of entries) cache.assign(assigned, startOffset);
      const below = entries.filter((candidate) => candidate.epoch <= epoch).at(-1);
      const above = entries.find((candidate) => candidate.epoch > epoch);
      const end = below !== undefined && below.epoch === epoch && above === undefined ? 100 : (above?.startOffset ?? -1);
      assert.equal(cache.endOffsetFor(epoch, 100).endOffset, epoch < 0 ? -1 : end);
      const holder = entries.filter((candidate) => candidate.startOffset <= offset).at(-1);
      assert.equal(cache.epochForOffset(offset), holder?.epoch ?? null);
    }),
  );
});

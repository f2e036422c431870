/** The few numbers that every figure is summed up by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { median, percentile, spread, summarise } from './statistics.ts';

test('the median of an odd count is a value, that of an even count lies between two', () => {
  assert.equal(median([30, 10, 20]), 20);
  assert.equal(median([40, 10, 20, 30]), 25);
  assert.equal(median([7]), 7);
});

test('a summary says the least and the most, and leaves its values alone', () => {
  const values = [3, 1, 2];
  assert.deepEqual(summarise(values), { median: 2, least: 1, most: 3, count: 3 });
  assert.deepEqual(values, [3, 1, 2]);
});

test('a percentile is a value that was measured, by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.equal(percentile(values, 50), 50);
  assert.equal(percentile(values, 99), 99);
  assert.equal(percentile(values, 100), 100);
  assert.equal(percentile([5, 9], 99), 9);
  assert.equal(percentile([5, 9], 1), 5);
});

test('nothing has no median', () => {
  assert.throws(() => summarise([]), RangeError);
  assert.throws(() => percentile([], 50), RangeError);
});

test('the spread is a share of the median', () => {
  assert.equal(spread(summarise([90, 100, 120])), 0.3);
  assert.equal(spread(summarise([100])), 0);
  assert.equal(spread(summarise([0, 0, 5])), 0);
});

test('a median lies between the least and the most of any values', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), (values) => {
      const { least, most, median: middle } = summarise(values);
      assert.ok(least <= middle && middle <= most);
    }),
  );
});

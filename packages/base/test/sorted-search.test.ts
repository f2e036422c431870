/** The binary search for a floor, held against a linear scan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floorIndex } from '../src/sorted-search.ts';

test('floorIndex agrees with a linear scan', () => {
  for (const items of [[], [5], [1, 3, 3, 9], [0, 10, 20, 30, 40]]) {
    for (let target = -1; target <= 41; target++) {
      const scanned = items.findLastIndex((item) => item <= target);
      assert.equal(
        floorIndex(items, target, (item) => item),
        scanned,
        `${JSON.stringify(items)} at ${target}`,
      );
    }
  }
});

/** The seeded random numbers: the same seed repeats, bounds are kept, a shuffle loses nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../src/prng.ts';

test('the same seed gives the same numbers, another seed gives others', () => {
  const draw = (seed: number): number[] =>
    Array.from(
      { length: 8 },
      (
        (prng) => () =>
          prng.uint32()
      )(new Prng(seed)),
    );
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

test('between stays inside its bounds and reaches both of them', () => {
  const prng = new Prng(1);
  const seen = new Set(Array.from({ length: 500 }, () => prng.between(3, 6)));
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [3, 4, 5, 6],
  );
});

test('shuffled keeps every element', () => {
  const items = Array.from({ length: 50 }, (_, i) => i);
  const shuffled = new Prng(42).shuffled(items);
  assert.notDeepEqual(shuffled, items);
  assert.deepEqual(
    [...shuffled].sort((a, b) => a - b),
    items,
  );
});

/**
 * What a batch says at its end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeedQueue } from '../../src/batch/batch.ts';
import { rarestPlaces } from '../../src/batch/rarest-places.ts';
import { failureLine, finalLines, isGood } from '../../src/batch/report.ts';
import type { SeedOutcome } from '../../src/batch/seed-outcome.ts';
import { Tally } from '../../src/batch/tally.ts';

function outcome(seed: number, change: Partial<SeedOutcome> = {}): SeedOutcome {
  return {
    seed,
    failure: null,
    hash: `hash${seed}`,
    events: 10,
    virtualMs: 1_000,
    cpuMs: 5,
    sometimes: [['a: b', 2]],
    ...change,
  };
}

test('rare places are counted over all seeds, second runs left out', () => {
  const tally = new Tally();
  for (const seed of [1, 2, 1]) tally.add(outcome(seed));
  assert.equal(tally.sometimes.get('a: b'), 4);
  assert.equal(tally.seeds, 2);
  assert.equal(tally.compared, 1);
  assert.deepEqual(tally.failures, []);
});

test('a seed that runs differently the second time has failed', () => {
  const tally = new Tally();
  tally.add(outcome(1));
  tally.add(outcome(1, { hash: 'another' }));
  assert.equal(tally.failures[0]?.check, 'Determinism');
  assert.equal(isGood(tally, []), false);
});

test('a small batch may miss a rare place, a large one may not, and only a very large one must come to the rarest', () => {
  const tally = new Tally();
  for (let seed = 0; seed < 999; seed++) tally.add(outcome(seed));
  assert.equal(isGood(tally, ['a: b', 'c: d']), true);
  tally.add(outcome(999));
  assert.equal(isGood(tally, ['a: b']), true);
  assert.equal(isGood(tally, ['a: b', 'c: d']), false);
  const lines = finalLines(tally, { elapsedMs: 1_000, catalogue: ['a: b', 'c: d'] });
  assert.ok(lines.includes('NEVER REACHED c: d'));
  const rarest = [...rarestPlaces][0] ?? '';
  assert.equal(isGood(tally, ['a: b', rarest]), true);
  const told = finalLines(tally, { elapsedMs: 1_000, catalogue: ['a: b', rarest] });
  assert.ok(told.includes(`not reached by so few seeds: ${rarest}`));
  for (let seed = 1_000; seed < 5_000; seed++) tally.add(outcome(seed));
  assert.equal(isGood(tally, ['a: b', rarest]), false);
});

test('a failure is one line for programs', () => {
  assert.equal(failureLine({ seed: 7, check: 'LogMatching', detail: 'first\nsecond' }), 'FAILED seed 7 check LogMatching: first');
});

test('each seed is handed out once, and one in n a second time after its first run', () => {
  const queue = new SeedQueue({ firstSeed: 1, seeds: 30, checkDeterminism: 10 });
  const given: number[] = [];
  for (let chunk = queue.next(); chunk.length > 0; chunk = queue.next()) {
    given.push(...chunk);
    for (const seed of chunk) queue.onOutcome(seed);
  }
  const twice = given.filter((seed, index) => given.indexOf(seed) !== index);
  assert.deepEqual(twice, [1, 11, 21]);
  assert.equal(new Set(given).size, 30);
});

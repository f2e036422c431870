/**
 * Children that run seeds, and that die or hang on one of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SeedOutcome } from '../../src/batch/seed-outcome.ts';
import { Worker } from '../../src/batch/worker.ts';

const program = fileURLToPath(new URL('fake-worker.js', import.meta.url));

async function run(seeds: number[], timeoutMs: number): Promise<SeedOutcome[]> {
  const worker = new Worker({ program, timeoutMs });
  const outcomes: SeedOutcome[] = [];
  try {
    await worker.run(seeds, (outcome) => outcomes.push(outcome));
  } finally {
    worker.stop();
  }
  return outcomes;
}

test('a seed on which the process dies has failed, and the others are run', async () => {
  const outcomes = await run([1, 666, 3], 60_000);
  assert.deepEqual(
    outcomes.map(({ seed, failure }) => [seed, failure?.check ?? null]),
    [
      [1, null],
      [666, 'Crash'],
      [3, null],
    ],
  );
  assert.match(outcomes[1]?.failure?.detail ?? '', /exit code 3\n.*last words/);
});

test('a seed that does not end has failed, and the others are run', async () => {
  const outcomes = await run([1, 777, 3], 300);
  assert.deepEqual(
    outcomes.map(({ seed, failure }) => [seed, failure?.check ?? null]),
    [
      [1, null],
      [777, 'Hang'],
      [3, null],
    ],
  );
});

/**
 * The arguments of the simulator's program.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommand } from '../../src/batch/command-line.ts';

const read = (...args: string[]): ReturnType<typeof readCommand> => readCommand(args, 4);

test('a seed alone is run once, a number of seeds is a batch on all cores', () => {
  assert.deepEqual(read('--seed', '42'), { kind: 'single', source: { seed: 42 }, isTraced: false });
  assert.deepEqual(read('--seeds', '2000'), {
    kind: 'batch',
    seeds: 2_000,
    firstSeed: 1,
    jobs: 4,
    stopsAtFailure: false,
    isQuiet: false,
    json: null,
    checkDeterminism: 20,
    seedTimeoutMs: 60_000,
  });
});

test('a saved plan can be told as a story and shortened', () => {
  assert.deepEqual(read('--plan', 'p.json', '--trace'), { kind: 'single', source: { file: 'p.json' }, isTraced: true });
  const short = { kind: 'minimise', source: { file: 'p.json' }, save: 'short.json', maxRuns: 50 };
  assert.deepEqual(read('--plan', 'p.json', '--minimise', '--save', 'short.json', '--max-runs', '50'), short);
});

test('what makes no sense is refused with a sentence', () => {
  for (const args of [
    [],
    ['--seed', 'x'],
    ['--seed', '1', '--seeds', '2'],
    ['--seeds', '0'],
    ['--seeds', '5', '--trace'],
    ['-q'],
  ]) {
    assert.equal(read(...args).kind, 'wrong', args.join(' '));
  }
});

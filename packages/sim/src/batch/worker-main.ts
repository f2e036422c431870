/**
 * Program: a child of a batch. Runs the seeds that its parent sends, and answers each with its outcome.
 *
 * It trusts the parent to kill it when a seed does not end.
 */
import { drawPlan } from '../cluster/draw-plan.ts';
import { runPlan, type RunResult } from '../run.ts';
import type { Chunk, SeedOutcome } from './seed-outcome.ts';

/** Frames of a stack that is told. */
const toldFrames = 20;
/** What these checks tell is an exception. */
const checksWithStacks: ReadonlySet<string> = new Set(['UncaughtError', 'UnexpectedEnd', 'unexpected-answer']);

// Nearly all errors of a run are refusals that are expected, and nobody reads where they came from.
Error.stackTraceLimit = 0;

process.on('message', (chunk: Chunk) => runNext(chunk.seeds, 0));
// The parent is gone, or has no more seeds.
process.on('disconnect', () => process.exit(0));

/** One seed in each turn of Node's loop, so that outcomes are sent as they come. */
function runNext(seeds: readonly number[], at: number): void {
  const seed = seeds[at];
  if (seed === undefined) return;
  setImmediate(() => {
    process.send?.(outcomeOf(seed));
    runNext(seeds, at + 1);
  });
}

function outcomeOf(seed: number): SeedOutcome {
  const begin = process.cpuUsage();
  const { failure, hash, events, virtualMs, sometimes } = runSeed(seed);
  const { user, system } = process.cpuUsage(begin);
  return {
    seed,
    failure: failure === null ? null : { seed, check: failure.check, detail: failure.detail },
    hash,
    events,
    virtualMs,
    cpuMs: (user + system) / 1_000,
    sometimes: [...sometimes],
  };
}

/** Once more, with stacks, when it fails by an exception. */
function runSeed(seed: number): RunResult {
  const result = runPlan(drawPlan(seed));
  if (result.failure === null || !checksWithStacks.has(result.failure.check)) return result;
  Error.stackTraceLimit = toldFrames;
  const told = runPlan(drawPlan(seed));
  Error.stackTraceLimit = 0;
  return told.failure?.check === result.failure.check ? { ...result, failure: told.failure } : result;
}

/**
 * Program: a child of a batch. Runs the seeds that its parent sends, and answers each with its outcome.
 *
 * It trusts the parent to kill it when a seed does not end.
 */
import { drawPlan } from '../cluster/draw-plan.ts';
import { runPlan } from '../run.ts';
import type { Chunk, SeedOutcome } from './seed-outcome.ts';

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
  const { failure, hash, events, virtualMs, sometimes } = runPlan(drawPlan(seed));
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

/**
 * What a batch says, for people and for programs: one `FAILED` line for each failure, rare places, costs, the verdict.
 */
import type { SeedFailure } from './seed-outcome.ts';
import { seedsThatReachAll, type Tally } from './tally.ts';

/** The line that programs read: `FAILED seed <n> check <name>: <first line>`. */
export function failureLine({ seed, check, detail }: SeedFailure): string {
  return `FAILED seed ${seed} check ${check}: ${detail.split('\n', 1)[0] ?? ''}`;
}

export interface BatchTime {
  /** Real milliseconds since the batch began. */
  readonly elapsedMs: number;
}

export function progressLine(tally: Tally, progress: BatchTime & { readonly total: number }): string {
  const perSecond = tally.seeds / Math.max(0.001, progress.elapsedMs / 1_000);
  const restSeconds = perSecond === 0 ? 0 : (progress.total - tally.seeds) / perSecond;
  const failures = tally.failures.length === 0 ? 'no failures' : `${tally.failures.length} FAILED`;
  return `${tally.seeds} of ${progress.total} seeds, ${perSecond.toFixed(1)}/s, ${failures}, ${restSeconds.toFixed(0)} s left`;
}

/** Whether the batch is good. A small one need not have come to every rare place. */
export function isGood(tally: Tally, catalogue: readonly string[]): boolean {
  return tally.failures.length === 0 && (tally.seeds < seedsThatReachAll || tally.neverReached(catalogue).length === 0);
}

/** Everything that is said at the end. */
export function finalLines(tally: Tally, batch: BatchTime & { readonly catalogue: readonly string[] }): string[] {
  const { catalogue, elapsedMs } = batch;
  const never = tally.neverReached(catalogue);
  const runs = Math.max(1, tally.runs);
  return [
    `rare places: ${catalogue.length - never.length} of ${catalogue.length} reached; how often in all:`,
    ...catalogue.filter((name) => tally.sometimes.has(name)).map((name) => `  ${count(tally.sometimes.get(name))}  ${name}`),
    ...never.map((name) => `NEVER REACHED ${name}`),
    ...tally.failures.map(failureLine),
    `cost: ${(tally.cpuMs / runs).toFixed(0)} ms of CPU a run (p50 ${tally.cpuMsAt(0.5).toFixed(0)}, p99 ${tally.cpuMsAt(0.99).toFixed(0)}),` +
      ` ${(tally.virtualMs / runs / 1_000).toFixed(1)} virtual s and ${(tally.events / runs).toFixed(0)} events a run`,
    `pace: ${(tally.seeds / (elapsedMs / 1_000)).toFixed(1)} seeds and ${(tally.virtualMs / elapsedMs).toFixed(0)} virtual seconds a second`,
    `ran ${tally.seeds} seeds in ${(elapsedMs / 1_000).toFixed(0)} s, ${tally.compared} of them twice: ${tally.failures.length} failures`,
    verdictOf(tally, never),
  ];
}

function verdictOf(tally: Tally, never: readonly string[]): string {
  if (tally.failures.length > 0) return `verdict: FAILED: npm run sim -- --seed ${tally.failures[0]?.seed ?? 0} --minimise`;
  if (never.length === 0) return 'verdict: every check held, every rare place was reached';
  if (tally.seeds < seedsThatReachAll) return 'verdict: every check held';
  return `verdict: FAILED: every check held, but ${never.length} rare places were never reached: the simulator has gone blind there`;
}

/** The same for programs. */
export function asJson(tally: Tally, batch: BatchTime & { readonly catalogue: readonly string[] }): string {
  const { seeds, runs, compared, cpuMs, virtualMs, events, failures, sometimes, hashes } = tally;
  const totals = { seeds, runs, compared, elapsedMs: batch.elapsedMs, cpuMs, virtualMs, events };
  const places = { sometimes: Object.fromEntries(sometimes), neverReached: tally.neverReached(batch.catalogue) };
  return `${JSON.stringify({ ...totals, failures, ...places, hashes: [...hashes] }, null, 2)}\n`;
}

function count(value: number | undefined): string {
  return String(value ?? 0).padStart(9);
}

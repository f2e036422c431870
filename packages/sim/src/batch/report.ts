/**
 * What a batch says, for people and for programs: one `FAILED` line for each failure, rare places, costs, the verdict.
 */
import type { SeedFailure } from './seed-outcome.ts';
import type { Tally } from './tally.ts';

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
  return tally.failures.length === 0 && tally.missed(catalogue).length === 0;
}

/** Everything that is said at the end. */
export function finalLines(tally: Tally, batch: BatchTime & { readonly catalogue: readonly string[] }): string[] {
  const { catalogue, elapsedMs } = batch;
  const never = tally.neverReached(catalogue);
  const missed = new Set(tally.missed(catalogue));
  return [
    `rare places: ${catalogue.length - never.length} of ${catalogue.length} reached; how often in all:`,
    ...catalogue.filter((name) => tally.sometimes.has(name)).map((name) => `  ${count(tally.sometimes.get(name))}  ${name}`),
    ...never.map((name) => `${missed.has(name) ? 'NEVER REACHED' : 'not reached by so few seeds:'} ${name}`),
    ...tally.failures.toSorted((a, b) => a.seed - b.seed).map(failureLine),
    ...failuresByCheck(tally),
    ...costLines(tally, elapsedMs / 1_000),
    verdictOf(tally, { never: never.length, missed: missed.size }),
  ];
}

function failuresByCheck({ failures }: Tally): string[] {
  if (failures.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { check } of failures) counts.set(check, (counts.get(check) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return [`failures by check: ${sorted.map(([check, times]) => `${check} ${times}`).join(', ')}`];
}

function costLines(tally: Tally, elapsedSeconds: number): string[] {
  const { seeds, cpuMs, virtualMs, events, compared, failures } = tally;
  const runs = Math.max(1, tally.runs);
  const quantiles = `p50 ${tally.cpuMsAt(0.5).toFixed(0)}, p99 ${tally.cpuMsAt(0.99).toFixed(0)}`;
  const size = `${(virtualMs / runs / 1_000).toFixed(1)} virtual s and ${(events / runs).toFixed(0)} events`;
  const virtualPace = (virtualMs / 1_000 / elapsedSeconds).toFixed(0);
  return [
    `cost: ${(cpuMs / runs).toFixed(0)} ms of CPU a run (${quantiles}), ${size} a run`,
    `pace: ${(seeds / elapsedSeconds).toFixed(1)} seeds and ${virtualPace} virtual seconds a second`,
    `ran ${seeds} seeds in ${elapsedSeconds.toFixed(0)} s, ${compared} of them twice: ${failures.length} failures`,
  ];
}

function verdictOf(tally: Tally, places: { readonly never: number; readonly missed: number }): string {
  if (tally.failures.length > 0) return `verdict: FAILED: npm run sim -- --seed ${tally.failures[0]?.seed ?? 0} --minimise`;
  if (places.never === 0) return 'verdict: every check held, every rare place was reached';
  if (places.missed === 0) return 'verdict: every check held';
  return `verdict: FAILED: every check held, but ${places.missed} rare places were never reached: the simulator is blind there`;
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

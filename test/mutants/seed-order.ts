/**
 * In which order a mutant's seeds run: those first that are likely to show it.
 *
 * A mutant may name what its bug needs: faults, settings and rare places. Seeds that have most of them are first, cheap ones
 * before dear ones. Without needs come those first that together reach every rare place, each adding as much as it can, as
 * far as it is known where seeds lead; then the others as they are numbered.
 */
import { costOf, fitOf, isAboutPlan, type Plan } from './plan-fit.ts';
import type { SeedRun } from './seed-runner.ts';

export interface Candidates {
  readonly plans: ReadonlyMap<number, Plan>;
  /** What some of the seeds do without a mutant. */
  readonly guides: readonly SeedRun[];
  readonly needs: readonly string[];
}

export function orderOf({ plans, guides, needs }: Candidates): number[] {
  const places = new Map(guides.map(({ seed, sometimes }) => [seed, new Set(sometimes.map(([name]) => name))]));
  const neededPlaces = needs.filter((need) => !isAboutPlan(need));
  const fits = new Map<number, number>();
  for (const [seed, plan] of plans) {
    const reached = neededPlaces.filter((name) => places.get(seed)?.has(name)).length;
    fits.set(seed, fitOf(plan, needs) + reached);
  }
  const fit = (seed: number): number => fits.get(seed) ?? 0;
  if (needs.length === 0) {
    const rank = new Map(coveringSeeds(places).map((seed, at) => [seed, at]));
    return [...plans.keys()].toSorted((a, b) => (rank.get(a) ?? Infinity) - (rank.get(b) ?? Infinity) || a - b);
  }
  const cost = (seed: number): number => {
    const plan = plans.get(seed);
    return plan === undefined ? 0 : costOf(plan);
  };
  return [...plans.keys()].toSorted((a, b) => fit(b) - fit(a) || cost(a) - cost(b));
}

/** Greedy: the next seed is the one that comes to most places that no seed before it came to, and rare ones count more. */
function coveringSeeds(places: ReadonlyMap<number, ReadonlySet<string>>): number[] {
  const frequency = new Map<string, number>();
  for (const names of places.values()) for (const name of names) frequency.set(name, (frequency.get(name) ?? 0) + 1);
  const missing = new Set(frequency.keys());
  const covering: number[] = [];
  while (missing.size > 0) {
    let best: number | null = null;
    let most = 0;
    for (const [seed, names] of places) {
      let gain = 0;
      for (const name of names) if (missing.has(name)) gain += 1 / Math.sqrt(frequency.get(name) ?? 1);
      if (gain > most) {
        most = gain;
        best = seed;
      }
    }
    if (best === null) return covering;
    covering.push(best);
    for (const name of places.get(best) ?? []) missing.delete(name);
  }
  return covering;
}

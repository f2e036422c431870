/**
 * In which order a mutant's seeds run: those first that are likely to show it.
 *
 * What the seeds come to without any mutant says where they lead. A mutant may name the rare places that its bug needs;
 * seeds that come there are first. Then come seeds that together reach every rare place, each adding as much as it can;
 * then the others as they are numbered.
 */
import type { SeedRun } from './seed-runner.ts';

export function orderOf(controls: readonly SeedRun[], needs: readonly string[]): number[] {
  const places = new Map(controls.map(({ seed, sometimes }) => [seed, new Set(sometimes.map(([name]) => name))]));
  const fit = (seed: number): number => needs.filter((name) => places.get(seed)?.has(name)).length;
  const covering = coveringSeeds(places);
  const rank = new Map(covering.map((seed, at) => [seed, at]));
  const order = [...places.keys()].toSorted((a, b) => {
    return fit(b) - fit(a) || (rank.get(a) ?? Infinity) - (rank.get(b) ?? Infinity) || a - b;
  });
  return order;
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

/**
 * What a batch has found so far: failures, rare places, costs, and whether seeds that ran twice did the same twice.
 */
import { rarestPlaces } from './rarest-places.ts';
import type { SeedFailure, SeedOutcome } from './seed-outcome.ts';

/** Seeds from which on a batch must have come to every rare place but the rarest, and from which on to those as well. */
export const seedsThatReachMost = 1_000;
export const seedsThatReachAll = 5_000;

export class Tally {
  readonly failures: SeedFailure[] = [];
  readonly sometimes = new Map<string, number>();
  /** Distinct seeds that were run. */
  seeds = 0;
  /** Seeds that were run twice and compared. */
  compared = 0;
  cpuMs = 0;
  /** Runs, second ones included: what `cpuMs` was spent on. */
  runs = 0;
  virtualMs = 0;
  events = 0;
  readonly #hashes = new Map<number, string>();
  readonly #cpuMsOfRuns: number[] = [];

  /** Takes the outcome of a run; a seed's second one is compared with its first. */
  add(outcome: SeedOutcome): void {
    this.runs++;
    this.cpuMs += outcome.cpuMs;
    this.virtualMs += outcome.virtualMs;
    this.events += outcome.events;
    this.#cpuMsOfRuns.push(outcome.cpuMs);
    const before = this.#hashes.get(outcome.seed);
    if (before !== undefined) {
      this.compared++;
      if (before !== outcome.hash) this.failures.push(difference(outcome, before));
      return;
    }
    this.seeds++;
    this.#hashes.set(outcome.seed, outcome.hash);
    if (outcome.failure !== null) this.failures.push(outcome.failure);
    for (const [name, count] of outcome.sometimes) this.sometimes.set(name, (this.sometimes.get(name) ?? 0) + count);
  }

  /** Hash of each seed's first run. */
  get hashes(): ReadonlyMap<number, string> {
    return this.#hashes;
  }

  /** Names of `catalogue` that no run came to. */
  neverReached(catalogue: readonly string[]): string[] {
    return catalogue.filter((name) => !this.sometimes.has(name));
  }

  /** Those of them that so many seeds should have come to: there the simulator is blind. */
  missed(catalogue: readonly string[]): string[] {
    const never = this.neverReached(catalogue);
    return never.filter((name) => this.seeds >= (rarestPlaces.has(name) ? seedsThatReachAll : seedsThatReachMost));
  }

  /** CPU milliseconds of the run at the quantile, 0 to 1. */
  cpuMsAt(quantile: number): number {
    const sorted = this.#cpuMsOfRuns.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  }
}

function difference(outcome: SeedOutcome, before: string): SeedFailure {
  const ending = outcome.failure === null ? 'no failure' : `${outcome.failure.check}: ${outcome.failure.detail}`;
  return { seed: outcome.seed, check: 'Determinism', detail: `hash ${before}, again ${outcome.hash || 'none'} (${ending})` };
}

/**
 * What the parent of a batch learns about one seed, as plain data between processes.
 */

export interface SeedFailure {
  readonly seed: number;
  /** Name of the check; `Crash`, `Hang` and `Determinism` when it was the process or the hash. */
  readonly check: string;
  readonly detail: string;
}

export interface SeedOutcome {
  readonly seed: number;
  readonly failure: SeedFailure | null;
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly cpuMs: number;
  readonly sometimes: readonly (readonly [string, number])[];
}

/** Parent → child: run these, in this order. */
export interface Chunk {
  readonly seeds: readonly number[];
}

/**
 * Hunts a mutant with the simulator of the whole cluster: seed after seed until one fails.
 *
 * Seeds run in batches, one process each, so that a mutant that makes the simulator hang is found by the limit of its
 * batch. Each kill is confirmed: the same seed must pass without the mutant. One that does not is a finding of another
 * kind, and the hunt goes on behind it.
 */
import { PristineFailure, shortened, type Hunter, type Verdict } from './hunt.ts';
import type { Mutant } from './mutant.ts';
import { run, type RunResult } from './process.ts';
import type { ScratchTree } from './scratch-tree.ts';

export interface SimulationOptions {
  readonly seeds: number;
  readonly firstSeed: number;
  /** Seeds that the unmutated tree must pass before anything else. */
  readonly baselineSeeds: number;
  readonly onUnsound: (mutant: Mutant, seed: number) => void;
}

interface Failure {
  readonly seed: number;
  readonly by: string;
  readonly detail: string;
}

const program = 'packages/sim/dist/src/main.js';
/** A first short batch: most mutants do not live through it. */
const batchSeeds = [10, 40, 150];
/** A batch may take so many times what the unmutated tree takes, and no less than the floor. */
const slowness = 20;
const floorMs = 900_000;
/** Real time; long, because a busy machine must not look like a mutant that hangs. */
const seedTimeoutSeconds = '600';
const failurePattern = /FAILED seed (\d+) check ([^\s:]+):?(.*)/;
/** A batch in which the simulator never came to some rare place, and nothing else was wrong. */
const blindPattern = /every check held, but/;

export class SimulationHunter implements Hunter {
  readonly #options: SimulationOptions;
  /** Of the unmutated tree; measured by `expectPass`. */
  #seedMs = 1_000;
  /** Whether the unmutated tree passes a seed, as far as that was asked. */
  readonly #controls = new Map<number, boolean>();

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  async expectPass(pristine: ScratchTree): Promise<void> {
    const { baselineSeeds, firstSeed } = this.#options;
    const startedMs = performance.now();
    const failure = await this.#simulate(pristine, { first: firstSeed, count: baselineSeeds, limitMs: 3_600_000 });
    if (failure !== null) {
      throw new PristineFailure(`seed ${failure.seed} fails without any mutant: ${failure.by} ${failure.detail}`);
    }
    this.#seedMs = (performance.now() - startedMs) / baselineSeeds;
    for (let seed = firstSeed; seed < firstSeed + baselineSeeds; seed++) this.#controls.set(seed, true);
  }

  async hunt(mutated: ScratchTree, mutant: Mutant, pristine: ScratchTree): Promise<Verdict> {
    const { firstSeed, seeds } = this.#options;
    const end = firstSeed + seeds;
    for (let next = firstSeed, batch = 0; next < end; batch++) {
      const count = Math.min(batchSeeds[Math.min(batch, batchSeeds.length - 1)] ?? 1, end - next);
      const limitMs = Math.max(floorMs, count * this.#seedMs * slowness);
      const failure = await this.#simulate(mutated, { first: next, count, limitMs });
      if (failure === null) {
        next += count;
        continue;
      }
      if (await this.#isSound(pristine, failure.seed)) return { kind: 'killed', ...failure };
      this.#options.onUnsound(mutant, failure.seed);
      next = failure.seed + 1;
    }
    return { kind: 'alive' };
  }

  async #isSound(pristine: ScratchTree, seed: number): Promise<boolean> {
    const known = this.#controls.get(seed);
    if (known !== undefined) return known;
    const passes = (await this.#simulate(pristine, { first: seed, count: 1, limitMs: floorMs })) === null;
    this.#controls.set(seed, passes);
    return passes;
  }

  async #simulate(tree: ScratchTree, { first, count, limitMs }: { first: number; count: number; limitMs: number }) {
    const seeds = ['--seeds', String(count), '--first-seed', String(first), '--until-failure', '--quiet'];
    const args = [tree.path(program), ...seeds, '--jobs', '1', '--check-determinism', '0', '--seed-timeout', seedTimeoutSeconds];
    const result = await run(process.execPath, { args, directory: tree.directory, limitMs });
    return failureOf(result, first);
  }
}

/** Null when every seed passed. */
function failureOf(result: RunResult, first: number): Failure | null {
  if (result.exitCode === 0 || (result.exitCode === 1 && blindPattern.test(result.output))) return null;
  const [, seed, by, detail] = failurePattern.exec(result.output) ?? [];
  if (seed !== undefined && by !== undefined) return { seed: Number(seed), by, detail: shortened(detail ?? '') };
  const text = shortened(result.output.slice(-2_000));
  if (result.isTimedOut) return { seed: first, by: 'hangs', detail: text };
  return { seed: first, by: 'crashes', detail: text };
}

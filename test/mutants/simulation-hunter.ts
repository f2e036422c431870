/**
 * Hunts a mutant with the simulator of the whole cluster: seed after seed until one fails.
 *
 * Each kill is confirmed: the same seed must pass without the mutant. One that does not is a finding of another kind, and
 * the hunt goes on behind it. Of a mutant that lives it says in how many seeds anything at all was different: none, and the
 * simulator does not go there; many, and it goes there and does not look.
 */
import { readBaseline, writeBaseline } from './baseline.ts';
import { PristineFailure, shortened, type Hunter, type Verdict } from './hunt.ts';
import type { Mutant } from './mutant.ts';
import type { ScratchTree } from './scratch-tree.ts';
import type { Plan } from './plan-fit.ts';
import { orderOf } from './seed-order.ts';
import { runSeeds, type SeedRun } from './seed-runner.ts';

export interface SimulationOptions {
  readonly seeds: number;
  /** Of them so many are tried, in the order that suits the mutant. */
  readonly maxTries: number;
  readonly firstSeed: number;
  /** Seeds that the unmutated tree must pass before anything else. */
  readonly baselineSeeds: number;
  /** Keeps what the seeds do without a mutant. */
  readonly baselineFile: string | undefined;
  readonly onUnsound: (mutant: Mutant, seed: number) => void;
}

const planner = 'packages/sim/dist/src/cluster/draw-plan.js';
/** CPU time after which a seed hangs: a hundred times what the slowest ones take. */
const seedLimitMs = 120_000;

export class SimulationHunter implements Hunter {
  readonly #options: SimulationOptions;
  /** What the unmutated tree does, by seed, as far as that was asked. */
  readonly #controls = new Map<number, SeedRun>();
  /** What tells where the seeds lead. */
  readonly #guides = new Map<number, SeedRun>();
  readonly #plans = new Map<number, Plan>();

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  async expectPass(pristine: ScratchTree): Promise<void> {
    const { baselineSeeds, firstSeed, baselineFile, seeds: count } = this.#options;
    const { drawPlan } = (await import(pristine.path(planner))) as { drawPlan: (seed: number) => Plan };
    for (let seed = firstSeed; seed < firstSeed + count; seed++) this.#plans.set(seed, drawPlan(seed));
    const { runs, isCurrent, guides } = readBaseline(baselineFile, pristine);
    for (const run of [...guides, ...runs]) this.#guides.set(run.seed, run);
    if (isCurrent) for (const run of runs) this.#controls.set(run.seed, run);
    const seeds = Array.from({ length: baselineSeeds }, (_, i) => firstSeed + i);
    await this.#runControls(pristine, seeds);
    this.#save(pristine);
    const failed = [...this.#controls.values()].find(({ failure }) => failure !== null);
    if (failed === undefined) return;
    const { seed, failure } = failed;
    throw new PristineFailure(`seed ${seed} fails without any mutant: ${failure?.check} ${shortened(failure?.detail ?? '')}`);
  }

  async hunt(mutated: ScratchTree, mutant: Mutant, pristine: ScratchTree): Promise<Verdict> {
    const waiting = this.#seedsFor(mutant).slice(0, this.#options.maxTries);
    let tried = 0;
    let diverged = 0;
    let compared = 0;
    while (waiting.length > 0) {
      const found = await firstFailure(mutated, waiting, (run) => {
        waiting.shift();
        tried++;
        if (!this.#guides.has(run.seed) && run.hash !== '') this.#guides.set(run.seed, run);
        const control = this.#controls.get(run.seed);
        if (control !== undefined) compared++;
        if (control !== undefined && control.hash !== run.hash) diverged++;
      });
      if (found === null) break;
      const { seed, failure } = found;
      await this.#runControls(pristine, [seed]);
      if (this.#controls.get(seed)?.failure === null) {
        return { kind: 'killed', by: failure?.check ?? '', seed, detail: shortened(failure?.detail ?? ''), tried };
      }
      this.#options.onUnsound(mutant, seed);
    }
    this.#save(pristine);
    return { kind: 'alive', tried, compared, diverged };
  }

  #save(pristine: ScratchTree): void {
    const runs = [...this.#controls.values()];
    const guides = [...this.#guides.values()].filter(({ seed }) => !this.#controls.has(seed));
    writeBaseline(this.#options.baselineFile, pristine, { runs, guides });
  }

  #seedsFor({ needs }: Mutant): number[] {
    return orderOf({ plans: this.#plans, guides: [...this.#guides.values()], needs });
  }

  async #runControls(pristine: ScratchTree, seeds: readonly number[]): Promise<void> {
    const unknown = seeds.filter((seed) => !this.#controls.has(seed));
    const onRun = (run: SeedRun): boolean => {
      this.#controls.set(run.seed, run);
      this.#guides.set(run.seed, run);
      return true;
    };
    await runSeeds(pristine, { seeds: unknown, onRun, seedLimitMs });
  }
}

async function firstFailure(tree: ScratchTree, seeds: readonly number[], onRun: (run: SeedRun) => void): Promise<SeedRun | null> {
  let found: SeedRun | null = null;
  await runSeeds(tree, {
    seeds: [...seeds],
    seedLimitMs,
    onRun: (run) => {
      onRun(run);
      if (run.failure !== null) found = run;
      return run.failure === null;
    },
  });
  return found;
}

/**
 * The fuzzer's loop over one target: change an input of the corpus, run it, keep it when it reaches what no input before it
 * had reached: another branch, or one more or less often. The same seed and corpus give the same inputs.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Prng } from '@jackdaw/base';
import { Corpus } from './corpus.ts';
import { Coverage, type Novelty } from './coverage.ts';
import { execute } from './execute.ts';
import { findingOf, type Finding } from './finding.ts';
import { minimise } from './minimise.ts';
import { mutateInput } from './mutate.ts';
import { defaultMaxInputBytes, type Outcome, type Target } from './target.ts';

export interface LoopOptions {
  readonly target: Target;
  /** Of the tree. */
  readonly stored: readonly Uint8Array[];
  readonly executions: number;
  readonly seed: number;
  /** Ends the run early. */
  readonly maxSeconds: number;
  /** Called before each execution: a watchdog takes it for a sign of life. */
  readonly onExecution: (input: Uint8Array) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly onFinding: (finding: Finding) => void;
}

export interface Progress {
  readonly executions: number;
  /** Executions to confirm findings and to make them smaller. */
  readonly reruns: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly corpus: number;
  /** Branches of the packages' code that were taken. */
  readonly branches: number;
  readonly findings: number;
}

/** Timers and messages of the thread get their turn so often. */
const turnMs = 50;
const progressMs = 2_000;
const findingStackFrames = 30;
/** Different findings of one run; a target that is broken all over need not be run to its end. */
const maxFindings = 12;

export class Loop {
  readonly #options: LoopOptions;
  readonly #prng: Prng;
  readonly #coverage = new Coverage();
  readonly #corpus = new Corpus();
  readonly #findings = new Map<string, Finding>();
  readonly #started = performance.now();
  /** What the last execution did for the first time. */
  #novelty: Novelty = 'none';
  #executions = 0;
  #reruns = 0;
  #accepted = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
  }

  get corpus(): readonly Uint8Array[] {
    return this.#corpus.inputs;
  }

  async run(): Promise<Progress> {
    const { target, stored, executions } = this.#options;
    // Most errors are refusals, and their stacks are never looked at.
    Error.stackTraceLimit = 0;
    const maxBytes = target.maxInputBytes ?? defaultMaxInputBytes;
    const first = [...target.seeds(this.#prng), ...stored].map((input) => input.slice(0, maxBytes));
    for (const input of first)
      this.#corpus.add(input, { isAccepted: (await this.#execute(input)) === 'accepted', prng: this.#prng });
    let nextTurn = 0;
    let nextProgress = performance.now() + progressMs;
    while (this.#executions < executions && this.#findings.size < maxFindings) {
      await this.#step();
      const now = performance.now();
      if (now < nextTurn) continue;
      if (this.#seconds() > this.#options.maxSeconds) break;
      await turn();
      nextTurn = now + turnMs;
      if (now < nextProgress) continue;
      nextProgress = now + progressMs;
      this.#options.onProgress(this.#progress());
    }
    return this.#progress();
  }

  /** An error that came out of a turn of its own, after the execution that caused it. */
  async onStray(error: unknown, input: Uint8Array): Promise<void> {
    await this.#onFailure(input, error);
  }

  async #step(): Promise<void> {
    const prng = this.#prng;
    const other = this.#corpus.pick(prng);
    const input = mutateInput(this.#options.target, this.#corpus.pick(prng), { prng, other });
    const outcome = await this.#execute(input);
    if (outcome === 'accepted') this.#accepted++;
    if (this.#novelty !== 'none') this.#corpus.add(input, { isAccepted: outcome === 'accepted', prng });
  }

  async #execute(input: Uint8Array): Promise<Outcome | null> {
    this.#executions++;
    this.#options.onExecution(input);
    this.#coverage.begin();
    try {
      const result = execute(this.#options.target, input);
      const outcome = result instanceof Promise ? await result : result;
      this.#novelty = this.#coverage.end();
      return outcome;
    } catch (error) {
      this.#novelty = this.#coverage.end();
      await this.#onFailure(input, error);
      return null;
    }
  }

  /** `key` is that of the finding which the input shows; null when it shows none. */
  async #rerun(input: Uint8Array): Promise<{ outcome: Outcome | null; key: string | null }> {
    this.#reruns++;
    this.#options.onExecution(input);
    try {
      return { outcome: await execute(this.#options.target, input), key: null };
    } catch (error) {
      return { outcome: null, key: findingOf(this.#options.target.name, input, error).key };
    }
  }

  async #onFailure(input: Uint8Array, error: unknown): Promise<void> {
    const { target } = this.#options;
    Error.stackTraceLimit = findingStackFrames;
    const found = await this.#withStack(input, error);
    if (this.#findings.has(found.key)) {
      Error.stackTraceLimit = 0;
      return;
    }
    this.#findings.set(found.key, found);
    const isSame = async (candidate: Uint8Array): Promise<boolean> => (await this.#rerun(candidate)).key === found.key;
    const smallest = await minimise(input, isSame, target.repair);
    Error.stackTraceLimit = 0;
    this.#options.onFinding({ ...found, input: smallest });
  }

  /** The finding, from an execution that notes where its error comes from; from the first one if that shows none. */
  async #withStack(input: Uint8Array, error: unknown): Promise<Finding> {
    this.#reruns++;
    try {
      await execute(this.#options.target, input);
    } catch (again) {
      return findingOf(this.#options.target.name, input, again);
    }
    return findingOf(this.#options.target.name, input, error);
  }

  #progress(): Progress {
    return {
      executions: this.#executions,
      reruns: this.#reruns,
      accepted: this.#accepted,
      seconds: this.#seconds(),
      corpus: this.#corpus.size,
      branches: this.#coverage.branches,
      findings: this.#findings.size,
    };
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1_000;
  }
}

/**
 * Those inputs that together reach all that all of them reach, the most important first: smallest first those that take all
 * branches, then those that take them so often.
 */
export async function distil(
  target: Target,
  inputs: readonly Uint8Array[],
  onExecution: (input: Uint8Array) => void,
): Promise<Uint8Array[]> {
  const coverage = new Coverage();
  const kept: Record<Novelty, Uint8Array[]> = { branch: [], count: [], none: [] };
  for (const input of inputs.toSorted((a, b) => a.length - b.length)) {
    onExecution(input);
    coverage.begin();
    try {
      await execute(target, input);
    } catch {
      // A finding reaches what it reaches.
    }
    kept[coverage.end()].push(input);
  }
  return [...kept.branch, ...kept.count];
}

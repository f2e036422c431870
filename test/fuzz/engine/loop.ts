/**
 * The fuzzer's loop over one target: change an input of the corpus, run it, keep it when it reaches new code.
 *
 * Coverage is polled once in a batch of executions. When something new has run, the batch is halved until the inputs are
 * found that did it; those executions are counted apart. The same seed and corpus give the same inputs.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Prng } from '@jackdaw/base';
import { Corpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
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
  /** Executions to find out which input of a batch reached new code, and to make findings smaller. */
  readonly reruns: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly corpus: number;
  readonly blocks: number;
  readonly findings: number;
}

/** Executions between two polls: more for as long as nothing new is found, since a poll costs some ten milliseconds. */
const firstBatchSize = 250;
const maxBatchSize = 8_000;
/** A batch of a slow target is not to last for ever: seconds at most. */
const maxBatchSeconds = 4;
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
  #batchSize = firstBatchSize;
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
    this.#coverage.start();
    const maxBytes = target.maxInputBytes ?? defaultMaxInputBytes;
    const first = [...target.seeds(this.#prng), ...stored].map((input) => input.slice(0, maxBytes));
    for (const input of first) this.#add(input, await this.#execute(input));
    this.#coverage.keep(this.#coverage.poll());
    let nextProgress = performance.now() + progressMs;
    while (this.#executions < executions && this.#seconds() < this.#options.maxSeconds && this.#findings.size < maxFindings) {
      await this.#batch(Math.min(this.#batchSize, executions - this.#executions));
      // Timers and messages of the thread get their turn.
      await turn();
      if (performance.now() < nextProgress) continue;
      nextProgress = performance.now() + progressMs;
      this.#options.onProgress(this.#progress());
    }
    this.#coverage.stop();
    return this.#progress();
  }

  /** An error that came out of a turn of its own, after the execution that caused it. */
  async onStray(error: unknown, input: Uint8Array): Promise<void> {
    await this.#onFailure(input, error);
  }

  async #batch(size: number): Promise<void> {
    const inputs: Uint8Array[] = [];
    const { target } = this.#options;
    const deadlineMs = performance.now() + maxBatchSeconds * 1_000;
    for (let i = 0; i < size && performance.now() < deadlineMs; i++) {
      const other = this.#corpus.pick(this.#prng);
      const input = mutateInput(target, this.#corpus.pick(this.#prng), { prng: this.#prng, other });
      inputs.push(input);
      if ((await this.#execute(input)) === 'accepted') this.#accepted++;
    }
    const fresh = this.#coverage.poll();
    this.#batchSize = fresh.blocks === 0 ? Math.min(this.#batchSize * 2, maxBatchSize) : firstBatchSize;
    if (fresh.blocks === 0) return;
    await this.#attribute(inputs);
    // What only the first execution of all reaches, such as compiling a codec, is nobody's.
    this.#coverage.keep(this.#stillFresh(fresh));
  }

  /** The inputs among these that reach new code join the corpus. */
  async #attribute(inputs: readonly Uint8Array[]): Promise<void> {
    this.#coverage.discard();
    let last: Outcome | null = null;
    for (const input of inputs) last = (await this.#rerun(input)).outcome;
    const fresh = this.#coverage.poll();
    if (fresh.blocks === 0) return;
    const only = inputs[0];
    if (inputs.length === 1 && only !== undefined) {
      this.#coverage.keep(fresh);
      this.#add(only, last);
      return;
    }
    const middle = inputs.length >> 1;
    await this.#attribute(inputs.slice(0, middle));
    await this.#attribute(inputs.slice(middle));
  }

  /** The part of an earlier poll that nothing kept since has covered: kept whole, since painting twice is harmless. */
  #stillFresh(fresh: ReturnType<Coverage['poll']>): ReturnType<Coverage['poll']> {
    return { scripts: fresh.scripts, blocks: 0 };
  }

  async #execute(input: Uint8Array): Promise<Outcome | null> {
    this.#executions++;
    this.#options.onExecution(input);
    try {
      return await execute(this.#options.target, input);
    } catch (error) {
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

  #add(input: Uint8Array, outcome: Outcome | null): void {
    this.#corpus.add(input, { isAccepted: outcome === 'accepted', prng: this.#prng });
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
      blocks: this.#coverage.blocks,
      findings: this.#findings.size,
    };
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1_000;
  }
}

/** Those inputs that together reach all that all of them reach, smallest first: what is worth storing. */
export async function distil(
  target: Target,
  inputs: readonly Uint8Array[],
  onExecution: (input: Uint8Array) => void,
): Promise<Uint8Array[]> {
  const coverage = new Coverage();
  coverage.start();
  for (const input of inputs) await execute(target, input).catch(() => null);
  coverage.forget();
  const kept: Uint8Array[] = [];
  for (const input of inputs.toSorted((a, b) => a.length - b.length)) {
    onExecution(input);
    await execute(target, input).catch(() => null);
    const fresh = coverage.poll();
    if (fresh.blocks === 0) continue;
    coverage.keep(fresh);
    kept.push(input);
  }
  coverage.stop();
  return kept;
}

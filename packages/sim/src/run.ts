/**
 * One run: a cluster is started, used and hurt; then the world is made whole, and everything must come to rest and be right.
 *
 * Two phases, as the literature has it: in the first only safety is asked for, after every event; in the second nothing
 * goes wrong any more, and within bounded virtual time every request must be answered, every partition served by all its
 * replicas, and all of them equal.
 */
import { Prng, setProbes } from '@jackdaw/base';
import { allChecks } from './checks/all-checks.ts';
import { CheckFailure, type Check } from './checks/check.ts';
import type { RunPlan } from './cluster/plan.ts';
import { SimCluster } from './cluster/sim-cluster.ts';
import { createPlannedTopics } from './cluster/create-topics.ts';
import { whatIsNotAtRest } from './cluster/at-rest.ts';
import type { FaultAction } from './faults/actions.ts';
import { applyFault } from './faults/apply.ts';
import { heal } from './faults/heal.ts';
import { checkHistory, describeVerdict, type Counts } from './history/checker.ts';
import type { Owner } from './kernel/event-loop.ts';
import { Trace } from './kernel/trace.ts';
import { Recorder } from './workload/recorder.ts';
import { takeOverWatch } from './takeover/take-over.ts';
import { SimWorkload } from './workload/workload.ts';
import { ProcessDied } from './world/process.ts';

export interface RunFailure {
  /** Name of the check that failed. */
  readonly check: string;
  readonly detail: string;
  /** The end of the story. */
  readonly lastLines: readonly string[];
}

export interface RunResult {
  readonly seed: number;
  readonly failure: RunFailure | null;
  /** Equal for two runs of one plan. */
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  /** Rare places that were reached, and how often. */
  readonly sometimes: ReadonlyMap<string, number>;
  readonly counts: Counts | null;
}

export interface RunOptions {
  /** Gets each line of the story as it happens. */
  readonly story?: (line: string) => void;
}

/** Bounds of the phases, in virtual milliseconds. */
const startMs = 30_000;
const restMs = 90_000;
const finalReadMs = 30_000;
/** How often the second phase looks whether all is at rest. */
const stepMs = 100;

/** Runs a plan to its end. To be called from a callback of Node's loop, never from a promise. */
export function runPlan(plan: RunPlan, options: RunOptions = {}): RunResult {
  const run = new Run(plan, options);
  return run.execute();
}

class Run {
  readonly #plan: RunPlan;
  readonly #trace: Trace;
  readonly #cluster: SimCluster;
  readonly #recorder = new Recorder();
  readonly #workload: SimWorkload;
  readonly #checks: readonly Check[];
  readonly #sometimes = new Map<string, number>();
  #counts: Counts | null = null;
  /** The first error that nobody caught. */
  #uncaught: CheckFailure | null = null;

  constructor(plan: RunPlan, options: RunOptions) {
    this.#plan = plan;
    this.#trace = new Trace(options.story ?? null);
    this.#cluster = new SimCluster(plan, this.#trace);
    this.#workload = new SimWorkload(this.#cluster, this.#recorder);
    this.#checks = [...allChecks(this.#cluster), takeOverWatch()];
    const { onEvent } = this.#recorder;
    this.#recorder.onEvent = (event) => {
      onEvent?.(event);
      this.#tell((check) => check.onHistory?.(this.#cluster, event));
    };
  }

  execute(): RunResult {
    const { loop } = this.#cluster.world;
    const onRejection = (reason: unknown): void => this.#onUncaught(loop.current, reason);
    process.on('unhandledRejection', onRejection);
    this.#setProbes();
    loop.onUncaught = (owner, error) => this.#onUncaught(owner, error);
    loop.onSettled = () => this.#afterEvent();
    let failure: RunFailure | null = null;
    try {
      this.#phases();
    } catch (error) {
      if (!(error instanceof CheckFailure)) throw error;
      this.#cluster.note('-', `FAILED ${error.check}: ${error.message}`);
      failure = { check: error.check, detail: error.message, lastLines: this.#trace.lastLines };
    } finally {
      loop.onSettled = null;
      this.#dismantle();
      setProbes(null);
      process.off('unhandledRejection', onRejection);
    }
    return {
      seed: this.#plan.seed,
      failure,
      hash: this.#trace.hash,
      events: loop.executed,
      virtualMs: loop.nowMs,
      sometimes: this.#sometimes,
      counts: this.#counts,
    };
  }

  #phases(): void {
    const { loop } = this.#cluster.world;
    for (const { id, startsAtOnce } of this.#plan.nodes) if (startsAtOnce) this.#cluster.node(id).start();
    const topics = createPlannedTopics(this.#cluster);
    this.#until('Start', startMs, () => (topics.isDone ? null : topics.pending));
    this.#cluster.note('-', 'topics are there; the workload begins');
    this.#cluster.world.network.allowStragglers();
    this.#workload.start();
    const chaosBeganMs = loop.nowMs;
    for (const action of this.#plan.faults) {
      loop.after(action.atMs, { owner: null, label: action.kind, callback: () => this.#applyFault(action) });
    }
    loop.run(chaosBeganMs + this.#plan.chaosMs);
    this.#cluster.note('-', 'the world is made whole');
    heal(this.#cluster);
    this.#workload.stopSending();
    this.#until('Convergence', restMs, () => this.#whatIsOpen());
    this.#cluster.note('-', 'all is at rest; the final read begins');
    this.#workload.startFinalRead();
    this.#until('FinalRead', finalReadMs, () => (this.#workload.isFinished ? null : this.#workload.describePending()));
    // The quorum may have been handed over while it was read.
    this.#until('Convergence', restMs, () => whatIsNotAtRest(this.#cluster));
    for (const check of this.#checks) check.atEnd?.(this.#cluster);
    this.#judgeHistory();
  }

  #applyFault(action: FaultAction): void {
    applyFault(this.#cluster, action);
    this.#tell((check) => check.onFault?.(this.#cluster, action));
  }

  /** Within code of the product or of a client, which must not get the exception: the run ends when the event is over. */
  #tell(tell: (check: Check) => void): void {
    try {
      for (const check of this.#checks) tell(check);
    } catch (error) {
      if (!(error instanceof CheckFailure)) throw error;
      this.#uncaught ??= error;
    }
  }

  #whatIsOpen(): string | null {
    return this.#workload.isQuiet ? whatIsNotAtRest(this.#cluster) : this.#workload.describePending();
  }

  /** Goes on until nothing is open, or fails. `open` says what still is; null is nothing. */
  #until(check: string, limitMs: number, open: () => string | null): void {
    const { loop } = this.#cluster.world;
    const deadlineMs = loop.nowMs + limitMs;
    for (let pending = open(); pending !== null; pending = open()) {
      if (loop.nowMs >= deadlineMs) throw new CheckFailure(check, `not within ${limitMs} virtual ms: ${pending}`);
      loop.run(loop.nowMs + stepMs);
    }
  }

  #judgeHistory(): void {
    const verdict = checkHistory(this.#recorder);
    this.#counts = verdict.counts;
    const first = verdict.violations[0];
    if (first !== undefined) throw new CheckFailure(first.kind, describeVerdict(verdict).join('\n'));
  }

  #afterEvent(): void {
    if (this.#uncaught !== null) throw this.#uncaught;
    for (const check of this.#checks) check.afterEvent?.(this.#cluster);
  }

  #onUncaught(owner: Owner | null, error: unknown): void {
    if (error instanceof ProcessDied || owner?.isDead === true) return;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
    this.#uncaught ??= new CheckFailure('UncaughtError', `in ${owner?.name ?? 'the world'}: ${stack}${cause}`);
  }

  #setProbes(): void {
    const prng = new Prng(this.#plan.seed ^ 0x62756767);
    const chances = new Map<string, number>();
    const always = new Set(this.#plan.always);
    setProbes({
      sometimes: (name) => {
        this.#sometimes.set(name, (this.#sometimes.get(name) ?? 0) + 1);
        this.#tell((check) => check.onMark?.(this.#cluster, name));
      },
      buggify: (name) => {
        if (always.size > 0 && always.has(name)) return true;
        if (this.#plan.buggify === 0) return false;
        let chance = chances.get(name);
        if (chance === undefined) chances.set(name, (chance = prng.chance(this.#plan.buggify) ? firingChance : 0));
        return chance > 0 && prng.chance(chance);
      },
    });
  }

  /** Every process dies, so that nothing of this run is left in the next one. */
  #dismantle(): void {
    const { world, nodes } = this.#cluster;
    for (const node of nodes) node.kill('killed', 'processOnly');
    this.#workload.kill();
    world.loop.clear();
  }
}

/** How often a `buggify` place that is switched on in a run takes its rarer way. */
const firingChance = 0.1;

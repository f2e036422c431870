/**
 * Runs chosen seeds of a tree's simulator, in the order in which they are given, until one fails.
 *
 * It drives the program that the simulator's own batches drive (`packages/sim/src/batch/worker-main.ts`), so a seed costs
 * no start of a process, and what a run has come to is known for each seed by itself. A mutant may make the simulator
 * compute for ever, or die: both are failures of the seed.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { own } from './process.ts';
import type { ScratchTree } from './scratch-tree.ts';

export interface SeedRun {
  readonly seed: number;
  readonly failure: { readonly check: string; readonly detail: string } | null;
  /** Of the trace: equal for two runs of a seed in which everybody sent the same at the same time. */
  readonly hash: string;
  readonly cpuMs: number;
  /** The rare places that the run came to, and how often. */
  readonly sometimes: readonly (readonly [string, number])[];
}

export interface SeedsToRun {
  readonly seeds: readonly number[];
  /** Called for each seed; the rest is not run when it says false. */
  readonly onRun: (run: SeedRun) => boolean;
  /** CPU time after which a seed hangs. */
  readonly seedLimitMs: number;
}

const program = 'packages/sim/dist/src/batch/worker-main.js';
const heapMegabytes = 1_024;
const pollMs = 1_000;
/** Where the system does not tell CPU times, and for what sleeps for ever: real time counts, so many times as long. */
const maxSlowness = 20;

export async function runSeeds(tree: ScratchTree, work: SeedsToRun): Promise<void> {
  for (let at = 0; at < work.seeds.length;) {
    const done = await runInChild(tree, { ...work, seeds: work.seeds.slice(at) });
    if (done === null) return;
    at += done;
  }
}

/** How many seeds have an outcome now; null when no more are wanted. A child that dies takes its seed with it. */
function runInChild(tree: ScratchTree, { seeds, onRun, seedLimitMs }: SeedsToRun): Promise<number | null> {
  const child = fork(tree.path(program), [], {
    cwd: tree.directory,
    execArgv: [`--max-old-space-size=${heapMegabytes}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  own(child);
  let lastWords = '';
  let done = 0;
  let goesOn = true;
  return new Promise((resolve) => {
    let since = measure(child);
    let hasHung = false;
    const timer = setInterval(() => {
      const { cpuMs, realMs } = measure(child);
      const isWithin = realMs - since.realMs < maxSlowness * seedLimitMs && !(cpuMs - since.cpuMs >= seedLimitMs);
      if (isWithin) return;
      hasHung = true;
      child.kill('SIGKILL');
    }, pollMs);
    child.stderr?.setEncoding('utf8').on('data', (words: string) => {
      lastWords = (lastWords + words).slice(-2_000);
    });
    child.on('message', (run: SeedRun) => {
      if (!goesOn) return;
      done++;
      since = measure(child);
      goesOn = onRun(run);
      if (!goesOn || done === seeds.length) child.kill('SIGKILL');
    });
    child.on('close', () => {
      clearInterval(timer);
      const seed = seeds[done];
      if (goesOn && seed !== undefined) {
        done++;
        const failure = { check: hasHung ? 'hangs' : 'crashes', detail: lastWords };
        goesOn = onRun({ seed, failure, hash: '', cpuMs: 0, sometimes: [] });
      }
      resolve(goesOn ? done : null);
    });
    child.send({ seeds });
  });
}

/** CPU time by /proc: fields 14 and 15, in hundredths of a second. Not a number where the system does not tell. */
function measure({ pid }: ChildProcess): { readonly cpuMs: number; readonly realMs: number } {
  const realMs = performance.now();
  try {
    const stat = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { cpuMs: 10 * (Number(fields[11]) + Number(fields[12])), realMs };
  } catch {
    return { cpuMs: Number.NaN, realMs };
  }
}

/**
 * A child process that runs seeds, watched: a seed on which it crashes or hangs has failed, and the next chunk gets a
 * fresh child. What counts is the time that the child has computed, where the system tells it: on a machine with much else
 * to do, a seed may take long and be right.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SeedOutcome } from './seed-outcome.ts';

/** Memory that a child may take for its objects; a run that wants more has a leak and crashes. */
const heapMegabytes = 1_024;
/** A child is replaced after so many seeds, so that what a run leaves behind cannot add up. */
const seedsPerChild = 500;
/** Added to the time for the first seed of a child, which has to load the code. */
const startAllowanceMs = 30_000;
/** A seed that takes so many times its time without computing hangs, too. */
const maxSlowness = 20;
/** Bytes of a child's last words that are kept. */
const keptErrorBytes = 4_096;

export class Worker {
  readonly #program: string;
  readonly #timeoutMs: number;
  #child: ChildProcess | null = null;
  #seedsOfChild = 0;
  #isStopped = false;

  /** `program` is what the child runs. A seed may take `timeoutMs` of the processor, and `maxSlowness` times that in all. */
  constructor(options: { program?: string; timeoutMs: number }) {
    this.#program = options.program ?? fileURLToPath(new URL('worker-main.js', import.meta.url));
    this.#timeoutMs = options.timeoutMs;
  }

  /** Runs the seeds in order, one outcome each. What a child's death leaves undone, the next child does. */
  async run(seeds: readonly number[], onOutcome: (outcome: SeedOutcome) => void): Promise<void> {
    for (let done = 0; done < seeds.length && !this.#isStopped;) {
      const rest = seeds.slice(done);
      done += await this.#runInChild(rest, onOutcome);
    }
  }

  /** Ends the child; the run that goes on stops after no further outcome. */
  stop(): void {
    this.#isStopped = true;
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }

  /** How many of the seeds have an outcome now. */
  #runInChild(seeds: readonly number[], onOutcome: (outcome: SeedOutcome) => void): Promise<number> {
    const before = this.#child;
    const child = this.#childForNext(seeds.length);
    const isFresh = child !== before;
    let lastWords = '';
    let done = 0;
    let hasHung = false;
    return new Promise((resolve) => {
      let watch = startWatch(child);
      let limitMs = this.#timeoutMs + (isFresh ? startAllowanceMs : 0);
      const hang = (): void => {
        if (watch.isWithin(limitMs)) {
          timer = setTimeout(hang, this.#timeoutMs);
          return;
        }
        hasHung = true;
        child.kill('SIGKILL');
      };
      let timer = setTimeout(hang, limitMs);
      const onWords = (words: Buffer): void => {
        lastWords = (lastWords + words.toString()).slice(-keptErrorBytes);
      };
      const onMessage = (outcome: SeedOutcome): void => {
        if (this.#isStopped) return;
        clearTimeout(timer);
        done++;
        onOutcome(outcome);
        if (done === seeds.length) leave();
        else {
          watch = startWatch(child);
          limitMs = this.#timeoutMs;
          timer = setTimeout(hang, this.#timeoutMs);
        }
      };
      const onExit = (code: number | null, signal: string | null): void => {
        this.#child = null;
        const seed = seeds[done];
        if (seed !== undefined && !this.#isStopped) {
          done++;
          const how = code === null ? `signal ${signal ?? 'unknown'}` : `exit code ${code}`;
          const crash = `the process ended with ${how}\n${lastWords}`;
          const hung = `no end within ${this.#timeoutMs / 1_000} s\n${lastWords}`;
          onOutcome(deathOf(seed, hasHung ? { check: 'Hang', detail: hung } : { check: 'Crash', detail: crash }));
        }
        leave();
      };
      const leave = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.stderr?.off('data', onWords);
        resolve(done);
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.stderr?.on('data', onWords);
      child.send({ seeds });
    });
  }

  #childForNext(seeds: number): ChildProcess {
    if (this.#child !== null && this.#seedsOfChild + seeds > seedsPerChild) {
      this.#child.disconnect();
      this.#child = null;
    }
    if (this.#child === null) {
      this.#child = fork(this.#program, [], {
        execArgv: [`--max-old-space-size=${heapMegabytes}`],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      this.#seedsOfChild = 0;
    }
    this.#seedsOfChild += seeds;
    return this.#child;
  }
}

/** Measures how long a child has been at its seed. */
function startWatch(child: ChildProcess): { isWithin(timeoutMs: number): boolean } {
  const startedMs = performance.now();
  const startedCpuMs = cpuMsOf(child);
  return {
    isWithin: (timeoutMs) => {
      if (performance.now() - startedMs >= maxSlowness * timeoutMs) return false;
      // Not a number where the system does not tell: then the real time decides alone.
      return cpuMsOf(child) - startedCpuMs < timeoutMs;
    },
  };
}

/** CPU time of a process by /proc: fields 14 and 15, in hundredths of a second. */
function cpuMsOf({ pid }: ChildProcess): number {
  try {
    const stat = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
}

function deathOf(seed: number, failure: { check: string; detail: string }): SeedOutcome {
  return { seed, failure: { seed, ...failure }, hash: '', events: 0, virtualMs: 0, cpuMs: 0, sometimes: [] };
}

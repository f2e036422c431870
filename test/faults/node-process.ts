/**
 * One broker as a process of its own, which can be killed and started again; its output goes to a file.
 *
 * Every process started here is killed when this program ends, however it ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export interface LaunchCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An end that nobody asked for. */
export interface Crash {
  readonly name: string;
  readonly reason: string;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

export class NodeProcess {
  readonly #name: string;
  readonly #outputFile: string;
  readonly #onCrash: (crash: Crash) => void;
  #child: ChildProcess | undefined;

  constructor(options: { name: string; outputFile: string; onCrash: (crash: Crash) => void }) {
    this.#name = options.name;
    this.#outputFile = options.outputFile;
    this.#onCrash = options.onCrash;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start({ file, args, env }: LaunchCommand): void {
    if (this.#child !== undefined) throw new RangeError(`${this.#name} runs already`);
    const output = openSync(this.#outputFile, 'a');
    const child = spawn(file, args, { env, stdio: ['ignore', output, output] });
    closeSync(output);
    this.#child = child;
    running.add(child);
    child.on('error', (error) => this.#onEnd(child, error.message));
    child.on('exit', (code, signal) => this.#onEnd(child, signal ?? `exit code ${code}`));
  }

  /** Sends the signal and waits for the end; does nothing when the process does not run. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** SIGSTOP or SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  #onEnd(child: ChildProcess, reason: string): void {
    running.delete(child);
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#onCrash({ name: this.#name, reason });
  }
}

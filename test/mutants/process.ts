/**
 * Runs a program to its end, or to a limit of time, and ends it when this program is ended.
 */
import { spawn, type ChildProcess } from 'node:child_process';

export interface RunOptions {
  readonly args: readonly string[];
  readonly directory: string;
  readonly limitMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunResult {
  /** Null when the program was ended: by us at the limit, or by a signal. */
  readonly exitCode: number | null;
  readonly isTimedOut: boolean;
  /** What it wrote, both streams, the last part of it when it was much. */
  readonly output: string;
  readonly durationMs: number;
}

const maxOutputChars = 1 << 20;
const running = new Set<ChildProcess>();

export function run(program: string, { args, directory, limitMs, env }: RunOptions): Promise<RunResult> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    let output = '';
    let isTimedOut = false;
    const collect = (chunk: string): void => {
      output = (output + chunk).slice(-maxOutputChars);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const timer = setTimeout(() => {
      isTimedOut = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ exitCode, isTimedOut, output, durationMs: performance.now() - startedMs });
    });
  });
}

/** Ends what is still running; for a program that is told to stop. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

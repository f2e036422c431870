/**
 * Runs a program to its end, or to a limit of time, and ends it when this program is ended.
 */
import { spawn, type ChildProcess } from 'node:child_process';

export interface RunOptions {
  readonly args: readonly string[];
  readonly directory: string;
  readonly limitMs: number;
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

export function run(program: string, { args, directory, limitMs }: RunOptions): Promise<RunResult> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: directory,
      // A group of its own, so that what it starts ends with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
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
      endGroup(child);
    }, limitMs);
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ exitCode, isTimedOut, output, durationMs: performance.now() - startedMs });
    });
  });
}

/** Takes care of a child that somebody else has started: it ends with this program. */
export function own(child: ChildProcess): void {
  running.add(child);
  child.on('close', () => running.delete(child));
}

/** Ends what is still running; for a program that is told to stop. */
export function endAll(): void {
  for (const child of running) {
    child.kill('SIGKILL');
    endGroup(child);
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

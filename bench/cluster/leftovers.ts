/**
 * What a benchmark leaves on the machine unless it is taken away: processes and directories. Each is registered here when
 * it is made, so that it goes however the program ends: at its end, by Ctrl-C, by an error that nobody catches.
 *
 * Processes are ended by the handles of their own children, never by a name.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const children = new Set<ChildProcess>();
const directories = new Set<string>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) remove(directory);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

export function adopt(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-bench-'));
  directories.add(directory);
  return directory;
}

/** It stays when the program ends. */
export function keepDirectory(directory: string): void {
  directories.delete(directory);
}

export function removeDirectory(directory: string): void {
  remove(directory);
  directories.delete(directory);
}

/** Again and again for a moment: a process that was killed just now may still be writing there. */
function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

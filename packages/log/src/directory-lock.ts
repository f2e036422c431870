/**
 * `.lock`: one process at a time may use a log directory.
 *
 * The file names the process that holds it: its id, when that process started, and the boot it belongs to. So a lock
 * left by a killed process is recognised as stale even when its id has been given out again, and nobody has to remove
 * it by hand. Processes that cannot see each other (containers that share a volume) are not kept apart by this.
 */

import { utf8Decode, utf8Encode, sometimes } from '@jackdaw/base';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from './file-names.ts';
import { readSmallFile, StorageError, writeFully, type Fs } from './fs.ts';

/** A process as a lock file names it. */
export interface ProcessIdentity {
  processId: number;
  /** When the process started, in units of the platform; empty when unknown. */
  startTime: string;
  /** Changes with each boot of the machine; empty when unknown. */
  bootId: string;
}

export interface Processes {
  readonly self: ProcessIdentity;
  /** Whether that very process is running. */
  isAlive(identity: ProcessIdentity): boolean;
}

/** A lock that is held. */
export interface DirectoryLock {
  release(): void;
}

/** Takes the lock or throws StorageError `exists`, naming the holder. Each lock needs its own `token`. */
export function lockDirectory(fs: Fs, directory: string, options: { processes: Processes; token: string }): DirectoryLock {
  const path = join(directory, lockFile);
  const { processes, token } = options;
  const content = JSON.stringify({ ...processes.self, token });
  // Twice: the first attempt may only find out that the holder is gone.
  for (let attempt = 0; attempt < 2; attempt++) {
    if (createExclusively(fs, path, content)) return { release: () => releaseIfOurs(fs, path, content) };
    const held = readText(fs, path);
    const holder = held === null ? null : parseHolder(held);
    if (holder !== null && processes.isAlive(holder)) throw inUse(directory, holder);
    sometimes('log: lock of a dead process taken over');
    if (held !== null) removeStale(fs, path, { held, token });
  }
  throw new StorageError('exists', path, `another process is starting on log directory ${directory}`);
}

function inUse(directory: string, holder: ProcessIdentity): StorageError {
  const message = `log directory ${directory} is in use by process ${holder.processId}; stop it first or use another directory`;
  return new StorageError('exists', join(directory, lockFile), message);
}

function createExclusively(fs: Fs, path: string, content: string): boolean {
  try {
    const file = fs.open(path, 'exclusive');
    try {
      writeFully(fs, file, [utf8Encode(content)], 0);
    } finally {
      fs.close(file);
    }
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'exists') return false;
    throw error;
  }
}

/** Moves a dead holder's file aside; if that turns out to be a new holder's, it is put back. */
function removeStale(fs: Fs, path: string, stale: { held: string; token: string }): void {
  const aside = `${path}.${stale.token}`;
  try {
    fs.rename(path, aside);
    if (readText(fs, aside) !== stale.held) fs.link(aside, path);
  } catch (error) {
    // Somebody else was faster; the next attempt sees who.
    if (!(error instanceof StorageError) || (error.kind !== 'notFound' && error.kind !== 'exists')) throw error;
  } finally {
    fs.unlink(aside);
  }
}

function releaseIfOurs(fs: Fs, path: string, content: string): void {
  if (readText(fs, path) === content) fs.unlink(path);
}

function readText(fs: Fs, path: string): string | null {
  const bytes = readSmallFile(fs, path);
  return bytes === null ? null : utf8Decode(bytes);
}

/** Null for a file that was cut off while it was written, which nobody can hold. */
function parseHolder(text: string): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { processId, startTime, bootId } = value as Record<string, unknown>;
    if (typeof processId !== 'number' || typeof startTime !== 'string' || typeof bootId !== 'string') return null;
    return { processId, startTime, bootId };
  } catch {
    return null;
  }
}

/** The processes of this machine. Start times come from /proc; without it only the id is compared. */
export function systemProcesses(): Processes & { startTimeOf(processId: number): string } {
  const bootId = readProc('/proc/sys/kernel/random/boot_id');
  const self = { processId: process.pid, startTime: startTimeOf(process.pid), bootId };
  return {
    self,
    startTimeOf,
    isAlive(identity) {
      if (identity.bootId !== bootId || !exists(identity.processId)) return false;
      const { state, startTime } = statOf(identity.processId);
      // A killed process keeps its id until its parent has asked for it; it runs no more and writes nothing.
      return identity.startTime === startTime && !deadStates.includes(state);
    },
  };
}

function exists(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // The process is there, but somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** States of /proc/<pid>/stat in which a process has ended: zombie, dead. */
const deadStates = ['Z', 'X', 'x'];

function startTimeOf(processId: number): string {
  return statOf(processId).startTime;
}

/** Fields 3 and 22 of /proc/<pid>/stat; the name in field 2 may hold spaces, so counting starts behind it. */
function statOf(processId: number): { state: string; startTime: string } {
  const stat = readProc(`/proc/${processId}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' };
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

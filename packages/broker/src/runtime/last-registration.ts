/**
 * Under which broker epoch this broker was last registered, kept on disk beside its logs.
 *
 * Kafka learns from a marker of clean shutdown whether a broker may have lost acknowledged records (KIP-966), because a
 * crash may take what was only in the page cache. In fsync mode a crash takes nothing that was acknowledged, so a
 * crashed broker may name its last epoch too and stays eligible to lead. It does not when a log was found damaged.
 */
import { join } from 'node:path';
import { utf8Decode, utf8Encode } from '@jackdaw/base';
import { readSmallFile, writeFully, type Fs, type LogManager } from '@jackdaw/log';

export type Durability = 'fsync' | 'page-cache';

interface LastRegistration {
  readonly brokerEpoch: number;
  /** How the broker wrote under that epoch. */
  readonly durability: Durability;
}

const fileName = 'last-registration.json';

/** Whether a broker of ours has used one of these directories before, rather than nobody or a Kafka broker. */
export function wasRegisteredHere(fs: Fs, directories: readonly string[]): boolean {
  return directories.some((directory) => fs.stat(join(directory, fileName)) !== null);
}

/** Durable when it returns. Throws StorageError. */
export function saveLastRegistration(fs: Fs, directory: string, registration: LastRegistration): void {
  const path = join(directory, fileName);
  const temporary = `${path}.tmp`;
  fs.unlink(temporary);
  const file = fs.open(temporary, 'write');
  try {
    writeFully(fs, file, [utf8Encode(JSON.stringify(registration))], 0);
    fs.dataSyncNow(file);
  } finally {
    fs.close(file);
  }
  fs.rename(temporary, path);
  fs.syncDirectoryNow(directory);
}

/**
 * No former epoch may be named any more, not even by a start after this one: what a damaged log had was cut away, and the next
 * start finds it in order. Durable when it returns. Throws StorageError.
 */
export function forgetLastRegistration(fs: Fs, directory: string): void {
  if (readLastRegistration(fs, directory)?.brokerEpoch === -1) return;
  // The file stays, since it also says whose directory this is.
  saveLastRegistration(fs, directory, { brokerEpoch: -1, durability: 'page-cache' });
}

/**
 * The epoch to name at the next registration: of a clean shutdown, or of a crash that cannot have lost anything that was
 * acknowledged; −1 says that this broker must catch up before it may lead (A18).
 */
export function previousBrokerEpoch(fs: Fs, logManager: LogManager, directory: string): number {
  // A disk can rot while its broker is stopped in order, too.
  if (logManager.unreadable.length > 0 || logManager.damagedLogs > 0) return -1;
  const cleanEpoch = logManager.previousBrokerEpoch;
  if (cleanEpoch !== null) return cleanEpoch;
  const last = readLastRegistration(fs, directory);
  return last === null || last.durability !== 'fsync' ? -1 : last.brokerEpoch;
}

function readLastRegistration(fs: Fs, directory: string): LastRegistration | null {
  const bytes = readSmallFile(fs, join(directory, fileName));
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(utf8Decode(bytes));
    return isRegistration(value) ? value : null;
  } catch {
    // A damaged one counts as absent, which is the careful answer.
    return null;
  }
}

function isRegistration(value: unknown): value is LastRegistration {
  if (typeof value !== 'object' || value === null) return false;
  const { brokerEpoch, durability } = value as Partial<Record<keyof LastRegistration, unknown>>;
  return Number.isSafeInteger(brokerEpoch) && (durability === 'fsync' || durability === 'page-cache');
}

/**
 * `Database` over LevelDB, the real disk of the quorum.
 *
 * A disk that is full to the last byte must not end a node (B10): a file of a few MiB beside the database holds space for
 * what the quorum has to write meanwhile. It is removed when a write finds no space, and made again once there is some.
 */
import type { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '@jackdaw/log';
import { Level } from 'level';
import { systemClock } from '../platform/system-clock.ts';
import type { Database, DatabaseOperation } from './database.ts';
import { DiskReserve } from './disk-reserve.ts';
import { expectSoundTables } from './level-tables.ts';

const lockWaitMs = 3_000;
const lockRetryMs = 50;

/** Opens or creates the database in a directory that exists. Rejects with StorageError when it is locked or damaged. */
export async function openLevelDatabase(directory: string): Promise<Database> {
  // Not compressed: the metadata of a cluster is small, and its tables can be checked without an unpacker.
  const db = new Level<string, Buffer>(directory, { valueEncoding: 'buffer', compression: false });
  await openUnlocked(db, directory);
  await expectSound(db, directory);
  const reserve = new DiskReserve(directory);
  await reserve.start();
  const write = async (operations: readonly DatabaseOperation[], isSynced: boolean): Promise<void> => {
    try {
      await db.batch([...operations], { sync: isSynced });
    } catch (error) {
      if (!isFull(error) || !(await reserve.isThere())) throw failed(directory, error);
      await reopenWithSpace(db, directory, reserve);
      // Whether the first try has left anything or not: the same again has the same effect.
      await db.batch([...operations], { sync: isSynced }).catch((again: unknown) => Promise.reject(failed(directory, again)));
    }
  };
  let last: Promise<void> = Promise.resolve();
  return {
    get: (key) => db.get(key).catch((error: unknown) => Promise.reject(failed(directory, error))),
    entries: (from, to) => {
      const found = db.iterator({ gte: from, lt: to }).all();
      return found.catch((error: unknown) => Promise.reject(failed(directory, error)));
    },
    // One after the other, so that none comes while the database is opened again.
    write: (operations, isSynced) => {
      const written = last.then(() => write(operations, isSynced));
      last = written.catch(() => undefined);
      return written;
    },
    close: async () => {
      await last;
      await reserve.stop();
      await db.close();
    },
  };
}

/** Closes the database again when one of its tables is damaged. */
async function expectSound(db: Level<string, Buffer>, directory: string): Promise<void> {
  // What `level` is on Node has it, which its types, common to all platforms, do not say.
  const listing = (db as unknown as { getProperty(name: string): string }).getProperty('leveldb.sstables');
  try {
    expectSoundTables(directory, listing);
  } catch (error) {
    await db.close();
    throw error;
  }
}

/**
 * LevelDB goes on behind a record that it could write only in part, and its next start would stop reading there. So
 * its log is begun anew: closing and opening keeps the whole records of the old one.
 */
async function reopenWithSpace(db: Level<string, Buffer>, directory: string, reserve: DiskReserve): Promise<void> {
  await db.close();
  await reserve.release();
  await openUnlocked(db, directory);
}

/**
 * Opens the database. A killed process holds its lock until its last thread has ended, which a sync on a slow disk can
 * put off for a moment after the process itself is gone; so a lock is waited for a little.
 */
async function openUnlocked(db: Level<string, Buffer>, directory: string): Promise<void> {
  const deadline = systemClock.monotonicMs() + lockWaitMs;
  for (;;) {
    try {
      await db.open();
      return;
    } catch (error) {
      if (!isLocked(error) || systemClock.monotonicMs() >= deadline) {
        const message = `cannot open the quorum's database in ${directory}: ${reasonOf(error)}`;
        throw new StorageError(kindOf(error), directory, message, error);
      }
    }
    await sleep(lockRetryMs);
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
}

/** LevelDB tells what the system said only in words. */
function isFull(error: unknown): boolean {
  return /no space left|quota exceeded/i.test(reasonOf(error));
}

/** A file that is missing or not what its checksum says is damage; what else fails is the disk. */
function kindOf(error: unknown): 'noSpace' | 'corrupt' | 'io' {
  if (isFull(error)) return 'noSpace';
  return /corrupt|checksum|no such file|does not exist|missing files/i.test(reasonOf(error)) ? 'corrupt' : 'io';
}

function failed(directory: string, error: unknown): StorageError {
  return new StorageError(kindOf(error), directory, `the quorum's database in ${directory} failed: ${reasonOf(error)}`, error);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

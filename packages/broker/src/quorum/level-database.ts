/**
 * `Database` over LevelDB, the real disk of the quorum.
 */
import type { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '@jackdaw/log';
import { Level } from 'level';
import { systemClock } from '../platform/system-clock.ts';
import type { Database, DatabaseOperation } from './database.ts';

const lockWaitMs = 3_000;
const lockRetryMs = 50;

/** Opens or creates the database in a directory that exists. Rejects with StorageError when it is locked or damaged. */
export async function openLevelDatabase(directory: string): Promise<Database> {
  const db = new Level<string, Buffer>(directory, { valueEncoding: 'buffer' });
  await openUnlocked(db, directory);
  return {
    get: (key) => db.get(key),
    entries: (from, to) => db.iterator({ gte: from, lt: to }).all(),
    write: (operations: readonly DatabaseOperation[], isSynced) => db.batch([...operations], { sync: isSynced }),
    close: () => db.close(),
  };
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
        throw new StorageError('io', directory, `cannot open the quorum's database in ${directory}: ${reasonOf(error)}`, error);
      }
    }
    await sleep(lockRetryMs);
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/**
 * The Raft log, hard state and snapshot in LevelDB: one atomic, synced batch for each Ready (architecture part 4, E2).
 *
 * The whole log lives in a MemoryStorage as well, which is what the state machine reads; it is bounded by the snapshot
 * policy of the driver. Keys: `directory-id`, `hard`, `snapshot`, `snapshot-data`, `cut`, and `e` + 16 hex digits for each entry.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { RaftIndex, Term } from '@jackdaw/base';
import { StorageError } from '@jackdaw/log';
import { MemoryStorage, type Entry, type HardState, type Ready, type Snapshot } from '@jackdaw/raft';
import { uuidBytes, uuidOf } from '@jackdaw/protocol';
import { Level } from 'level';
import { decodeStoredEntry, encodeStoredEntry, identitiesOf, wireIdentitiesOf } from './raft-codec.ts';

const directoryIdKey = 'directory-id';
const hardKey = 'hard';
const snapshotKey = 'snapshot';
const snapshotDataKey = 'snapshot-data';
const cutKey = 'cut';
const entryPrefix = 'e';

type Operation = { type: 'put'; key: string; value: Buffer } | { type: 'del'; key: string };

interface StoredSnapshot {
  index: number;
  term: number;
  identities: { voterId: number; directoryId: string }[];
}

export class RaftStore {
  readonly storage = new MemoryStorage();
  /** Identity of this database, made when it was: a wiped disk comes back with another one (E9). */
  readonly directoryId: string;
  readonly #db: Level<string, Buffer>;

  private constructor(db: Level<string, Buffer>, directoryId: string) {
    this.#db = db;
    this.directoryId = directoryId;
  }

  /** Opens or creates the database and loads it. Rejects when it is locked by another process or damaged. */
  static async open(directory: string): Promise<RaftStore> {
    const db = new Level<string, Buffer>(directory, { valueEncoding: 'buffer' });
    await openUnlocked(db, directory);
    const stored = await db.get(directoryIdKey);
    const directoryId = stored?.toString() ?? uuidOf(randomBytes(uuidBytes));
    if (stored === undefined) await db.put(directoryIdKey, Buffer.from(directoryId), { sync: true });
    const store = new RaftStore(db, directoryId);
    await store.#load();
    return store;
  }

  /** Makes a Ready durable, then visible to the state machine. Rejects when the disk fails; the caller must stop then. */
  async persist(ready: Ready): Promise<void> {
    const operations: Operation[] = [];
    const oldLast = this.storage.lastIndex();
    if (ready.snapshot !== null) {
      this.#putSnapshot(operations, ready.snapshot);
      this.#deleteEntries(operations, this.storage.firstIndex(), oldLast);
      putJson(operations, cutKey, { index: ready.snapshot.metadata.index, term: ready.snapshot.metadata.term });
    }
    const first = ready.entries[0];
    const last = ready.entries.at(-1);
    if (first !== undefined && last !== undefined) {
      for (const entry of ready.entries)
        operations.push({ type: 'put', key: entryKey(entry.index), value: encodeStoredEntry(entry) });
      if (ready.snapshot === null) this.#deleteEntries(operations, last.index + 1, oldLast);
    }
    if (ready.hardState !== null) putJson(operations, hardKey, ready.hardState);
    if (operations.length > 0) await this.#db.batch(operations, { sync: ready.mustSync });
    if (ready.hardState !== null) this.storage.setHardState(ready.hardState);
    if (ready.snapshot !== null) this.storage.installSnapshot(ready.snapshot);
    this.storage.append(ready.entries);
  }

  /** Keeps a snapshot made by this node and drops the entries up to `compactTo`. */
  async saveSnapshot(snapshot: Snapshot, compactTo: RaftIndex): Promise<void> {
    const operations: Operation[] = [];
    this.#putSnapshot(operations, snapshot);
    const cut = Math.min(compactTo, snapshot.metadata.index);
    const cutTerm = this.storage.term(cut);
    if (cut >= this.storage.firstIndex() && cutTerm !== null) {
      this.#deleteEntries(operations, this.storage.firstIndex(), cut);
      putJson(operations, cutKey, { index: cut, term: cutTerm });
    }
    await this.#db.batch(operations, { sync: true });
    this.storage.saveSnapshot(snapshot);
    if (cut >= this.storage.firstIndex()) this.storage.compact(cut);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #load(): Promise<void> {
    const entries: Entry[] = [];
    for await (const [key, value] of this.#db.iterator({ gte: entryPrefix, lt: `${entryPrefix}~` })) {
      entries.push(decodeStoredEntry(Number.parseInt(key.slice(entryPrefix.length), 16), value));
    }
    const hardState = await this.#getJson<HardState>(hardKey);
    const cut = await this.#getJson<{ index: RaftIndex; term: Term }>(cutKey);
    const stored = await this.#getJson<StoredSnapshot>(snapshotKey);
    const data = await this.#db.get(snapshotDataKey);
    this.storage.load({
      hardState: hardState ?? { term: 0, vote: null, commitIndex: 0 },
      snapshot:
        stored === undefined || data === undefined
          ? null
          : { metadata: { index: stored.index, term: stored.term, identities: identitiesOf(stored.identities) }, data },
      cut: cut ?? { index: 0, term: 0 },
      entries,
    });
  }

  async #getJson<T>(key: string): Promise<T | undefined> {
    const value = await this.#db.get(key);
    return value === undefined ? undefined : (JSON.parse(value.toString()) as T);
  }

  #putSnapshot(operations: Operation[], snapshot: Snapshot): void {
    const { index, term, identities } = snapshot.metadata;
    const stored: StoredSnapshot = { index, term, identities: wireIdentitiesOf(identities) };
    putJson(operations, snapshotKey, stored);
    operations.push({ type: 'put', key: snapshotDataKey, value: Buffer.from(snapshot.data) });
  }

  #deleteEntries(operations: Operation[], from: RaftIndex, to: RaftIndex): void {
    for (let index = from; index <= to; index++) operations.push({ type: 'del', key: entryKey(index) });
  }
}

/**
 * Opens the database. A killed process holds its lock until its last thread has ended, which a sync on a slow disk can
 * put off for a moment after the process itself is gone; so a lock is waited for a little.
 */
async function openUnlocked(db: Level<string, Buffer>, directory: string): Promise<void> {
  const deadline = performance.now() + lockWaitMs;
  for (;;) {
    try {
      await db.open();
      return;
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) {
        throw new StorageError('io', directory, `cannot open the quorum's database in ${directory}: ${reasonOf(error)}`, error);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, lockRetryMs));
  }
}

const lockWaitMs = 3_000;
const lockRetryMs = 50;

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
}

function putJson(operations: Operation[], key: string, value: object): void {
  operations.push({ type: 'put', key, value: Buffer.from(JSON.stringify(value)) });
}

function entryKey(index: RaftIndex): string {
  return entryPrefix + index.toString(16).padStart(16, '0');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

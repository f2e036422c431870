/**
 * The Raft log, hard state and snapshot in LevelDB: one atomic, synced batch for each Ready (architecture part 4, E2).
 *
 * The whole log lives in a MemoryStorage as well, which is what the state machine reads; it is bounded by the snapshot
 * policy of the driver. Keys: `directory-id`, `hard`, `snapshot`, `snapshot-data`, `cut`, and `e` + 16 hex digits for each entry;
 * the values lie under checksums (sealed-database.ts).
 */
import { Buffer } from 'node:buffer';
import type { RaftIndex, Randomness } from '@jackdaw/base';
import { MemoryStorage, type Ready, type Snapshot } from '@jackdaw/raft';
import { isUuid, uuidBytes, uuidOf } from '@jackdaw/protocol';
import type { Database, DatabaseOperation } from './database.ts';
import { encodeStoredEntry, wireIdentitiesOf } from './raft-codec.ts';
import { sealedDatabase } from './sealed-database.ts';
import { damaged, isEmpty, readStoredState, type StoredValues } from './stored-state.ts';

const directoryIdKey = 'directory-id';
const hardKey = 'hard';
const snapshotKey = 'snapshot';
const snapshotDataKey = 'snapshot-data';
const cutKey = 'cut';
const entryPrefix = 'e';

interface StoredSnapshot {
  index: number;
  term: number;
  identities: { voterId: number; directoryId: string }[];
}

export class RaftStore {
  readonly storage = new MemoryStorage();
  /** Identity of this database, made when it was: a wiped disk comes back with another one (E9). */
  readonly directoryId: string;
  readonly #db: Database;

  private constructor(db: Database, directoryId: string) {
    this.#db = db;
    this.directoryId = directoryId;
  }

  /** Loads what the database holds; an empty one gets an identity. Rejects with StorageError when it is damaged. */
  static async open(database: Database, random: Randomness): Promise<RaftStore> {
    const db = sealedDatabase(database);
    const stored = await db.get(directoryIdKey);
    const directoryId = stored?.toString() ?? uuidOf(random.bytes(uuidBytes));
    if (!isUuid(directoryId)) throw damaged(`${directoryIdKey} is no uuid`);
    const values = await readValues(db);
    if (stored === undefined) {
      if (!isEmpty(values)) throw damaged(`${directoryIdKey} is missing`);
      await db.write([{ type: 'put', key: directoryIdKey, value: Buffer.from(directoryId) }], true);
    }
    const store = new RaftStore(db, directoryId);
    store.storage.load(readStoredState(values));
    return store;
  }

  /** Makes a Ready durable, then visible to the state machine. Rejects when the disk fails; the caller must stop then. */
  async persist(ready: Ready): Promise<void> {
    const operations: DatabaseOperation[] = [];
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
    if (operations.length > 0) await this.#db.write(operations, ready.mustSync);
    if (ready.hardState !== null) this.storage.setHardState(ready.hardState);
    if (ready.snapshot !== null) this.storage.installSnapshot(ready.snapshot);
    this.storage.append(ready.entries);
  }

  /** Keeps a snapshot made by this node and drops the entries up to `compactTo`. */
  async saveSnapshot(snapshot: Snapshot, compactTo: RaftIndex): Promise<void> {
    const operations: DatabaseOperation[] = [];
    this.#putSnapshot(operations, snapshot);
    const cut = Math.min(compactTo, snapshot.metadata.index);
    const cutTerm = this.storage.term(cut);
    if (cut >= this.storage.firstIndex() && cutTerm !== null) {
      this.#deleteEntries(operations, this.storage.firstIndex(), cut);
      putJson(operations, cutKey, { index: cut, term: cutTerm });
    }
    await this.#db.write(operations, true);
    this.storage.saveSnapshot(snapshot);
    if (cut >= this.storage.firstIndex()) this.storage.compact(cut);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  #putSnapshot(operations: DatabaseOperation[], snapshot: Snapshot): void {
    const { index, term, identities } = snapshot.metadata;
    const stored: StoredSnapshot = { index, term, identities: wireIdentitiesOf(identities) };
    putJson(operations, snapshotKey, stored);
    operations.push({ type: 'put', key: snapshotDataKey, value: Buffer.from(snapshot.data) });
  }

  #deleteEntries(operations: DatabaseOperation[], from: RaftIndex, to: RaftIndex): void {
    for (let index = from; index <= to; index++) operations.push({ type: 'del', key: entryKey(index) });
  }
}

async function readValues(db: Database): Promise<StoredValues> {
  const pairs = await db.entries(entryPrefix, `${entryPrefix}~`);
  const [hard, cut, snapshot, snapshotData] = await Promise.all([
    db.get(hardKey),
    db.get(cutKey),
    db.get(snapshotKey),
    db.get(snapshotDataKey),
  ]);
  const entries = pairs.map(([key, value]) => [Number.parseInt(key.slice(entryPrefix.length), 16), value] as const);
  return { hard, cut, snapshot, snapshotData, entries };
}

function putJson(operations: DatabaseOperation[], key: string, value: object): void {
  operations.push({ type: 'put', key, value: Buffer.from(JSON.stringify(value)) });
}

function entryKey(index: RaftIndex): string {
  return entryPrefix + index.toString(16).padStart(16, '0');
}

/**
 * The Raft log, hard state and snapshot in LevelDB: one atomic, synced batch for each Ready (architecture part 4, E2).
 *
 * The whole log lives in a MemoryStorage as well, which is what the state machine reads; it is bounded by the snapshot
 * policy of the driver. Keys: `directory-id`, `hard`, `snapshot`, `snapshot-data`, `cut`, and `e` + 16 hex digits for each entry.
 */
import { Buffer } from 'node:buffer';
import type { RaftIndex, Randomness, Term } from '@jackdaw/base';
import { MemoryStorage, type Entry, type HardState, type Ready, type Snapshot } from '@jackdaw/raft';
import { uuidBytes, uuidOf } from '@jackdaw/protocol';
import type { Database, DatabaseOperation } from './database.ts';
import { decodeStoredEntry, encodeStoredEntry, identitiesOf, wireIdentitiesOf } from './raft-codec.ts';

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

  /** Loads what the database holds; an empty one gets an identity. Rejects when it is damaged. */
  static async open(db: Database, random: Randomness): Promise<RaftStore> {
    const stored = await db.get(directoryIdKey);
    const directoryId = stored?.toString() ?? uuidOf(random.bytes(uuidBytes));
    if (stored === undefined) await db.write([{ type: 'put', key: directoryIdKey, value: Buffer.from(directoryId) }], true);
    const store = new RaftStore(db, directoryId);
    await store.#load();
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

  async #load(): Promise<void> {
    const entries: Entry[] = [];
    for (const [key, value] of await this.#db.entries(entryPrefix, `${entryPrefix}~`)) {
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

function putJson(operations: DatabaseOperation[], key: string, value: object): void {
  operations.push({ type: 'put', key, value: Buffer.from(JSON.stringify(value)) });
}

function entryKey(index: RaftIndex): string {
  return entryPrefix + index.toString(16).padStart(16, '0');
}

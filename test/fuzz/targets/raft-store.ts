/**
 * What a node finds in its LevelDB: entries, hard state, snapshot and where the log was cut, with anything in them. The store
 * and the node that is made from it begin, or refuse with an error that says that the database is damaged.
 *
 * An input is keys and values by turns, each behind its length; keys are those of the store. The values get a checksum that is
 * right, but for a few of them: behind one that is wrong nothing could be found.
 */
import { InvariantError, Prng } from '@jackdaw/base';
import { StorageError } from '@jackdaw/log';
import {
  decodeRecordBatch,
  decodeSnapshot,
  encodeRecordBatch,
  encodeSnapshot,
  MetadataFormatError,
  type MetadataImage,
} from '@jackdaw/metadata';
import { RaftNode, type Entry, type Snapshot } from '@jackdaw/raft';
import { lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import { sampleChanges, sampleImage } from './cluster-image.ts';
import type * as QuorumRaftStoreModule from '../../../packages/broker/src/quorum/raft-store.ts';
import type * as QuorumDatabaseModule from '../../../packages/broker/src/quorum/database.ts';
import type * as SealedDatabaseModule from '../../../packages/broker/src/quorum/sealed-database.ts';

type Store = QuorumRaftStoreModule.RaftStore;
type Database = QuorumDatabaseModule.Database;

const { RaftStore } = await internal<typeof QuorumRaftStoreModule>('broker/quorum/raft-store');
const { sealBytes, sealed } = await internal<typeof SealedDatabaseModule>('broker/quorum/sealed-database');

/** A value that begins so is stored as it is, without a sum of its own. */
const unsealedMark = 0xff;

/** What a database holds, in memory. */
function databaseOf(pairs: ReadonlyMap<string, Buffer>): Database {
  const values = new Map(pairs);
  return {
    get: (key) => Promise.resolve(values.get(key)),
    entries: (from, to) =>
      Promise.resolve([...values].filter(([key]) => key >= from && key < to).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    write: (operations) => {
      for (const operation of operations) {
        if (operation.type === 'put') values.set(operation.key, operation.value);
        else values.delete(operation.key);
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

async function start(input: Uint8Array): Promise<Outcome> {
  const pairs = new Map<string, Buffer>();
  const parts = lengthPrefixed.split(input);
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const key = Buffer.from(parts[i] as Uint8Array).toString('latin1');
    const value = parts[i + 1] as Uint8Array;
    pairs.set(key, value[0] === unsealedMark ? Buffer.from(value) : sealed(key, value));
  }
  const db = databaseOf(pairs);
  try {
    const store = await RaftStore.open(db, new Prng(1));
    live(store);
    return 'accepted';
  } catch (error) {
    const isDeclared =
      error instanceof StorageError || error instanceof MetadataFormatError || error instanceof ContradictionError;
    expect(!isDeclared || error.message !== '', 'a refusal says why');
    if (isDeclared) return 'refused';
    throw error;
  }
}

/** What the quorum's driver does with it: restores the snapshot, makes a node, applies what is committed. */
function live(store: Store): void {
  const { storage } = store;
  const snapshot = storage.snapshot();
  const image = snapshot === null ? sampleImage() : restored(snapshot);
  const node = new RaftNode({
    id: 1,
    directoryId: store.directoryId,
    voters: [1],
    electionTicks: 10,
    heartbeatTicks: 2,
    prng: new Prng(1),
    storage,
    maxMessageBytes: 10_000,
    maxInflightMessages: 8,
    maxUncommittedBytes: 100_000,
    maxEntryBytes: 10_000,
  });
  node.campaign();
  for (let left = 50; node.hasReady(); left--) {
    expect(left > 0, 'a node without an event always has another Ready');
    const ready = node.ready();
    storage.append(ready.entries);
    if (ready.hardState !== null) storage.setHardState(ready.hardState);
    for (const entry of ready.committedEntries) if (entry.kind === 'normal') replay(image.clone(), entry);
    node.advance(ready);
  }
}

/** Records that contradict each other stop the node: see metadata.ts. */
class ContradictionError extends Error {
  override readonly name = 'ContradictionError';
}

function restored({ data, metadata }: Snapshot): MetadataImage {
  try {
    return decodeSnapshot(data, metadata);
  } catch (cause) {
    throw cause instanceof InvariantError ? new ContradictionError(cause.message, { cause }) : cause;
  }
}

function replay(image: MetadataImage, { data }: Extract<Entry, { kind: 'normal' }>): void {
  try {
    for (const record of decodeRecordBatch(data)) image.replay(record);
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
  }
}

/** What the store itself writes, with and without a snapshot. */
async function written(withSnapshot: boolean): Promise<Uint8Array> {
  const pairs = new Map<string, Buffer>();
  const db = databaseOf(pairs);
  const store = await RaftStore.open(
    { ...db, write: (operations, isSynced) => noting(pairs, db, { operations, isSynced }) },
    new Prng(1),
  );
  const image = sampleImage();
  const data = encodeRecordBatch(sampleChanges(image)[1] ?? []);
  const ready = {
    hardState: { term: 2, vote: 1, commitIndex: 3 },
    entries: [
      { kind: 'noop', term: 1, index: 1 },
      { kind: 'normal', term: 1, index: 2, data },
      { kind: 'identities', term: 2, index: 3, identities: new Map([[1, store.directoryId]]) },
      { kind: 'normal', term: 2, index: 4, data },
    ] satisfies Entry[],
    snapshot: null,
    messages: [],
    messagesAfterPersist: [],
    committedEntries: [],
    mustSync: true,
    softState: null,
    reads: [],
  };
  await store.persist(ready);
  if (withSnapshot)
    await store.saveSnapshot({ metadata: { index: 3, term: 2, identities: new Map() }, data: encodeSnapshot(image) }, 2);
  return lengthPrefixed.join([...pairs].flatMap(([key, value]) => [Buffer.from(key), value]));
}

type Written = { readonly operations: Parameters<Database['write']>[0]; readonly isSynced: boolean };

function noting(pairs: Map<string, Buffer>, db: Database, { operations, isSynced }: Written): Promise<void> {
  for (const operation of operations) {
    if (operation.type === 'put') pairs.set(operation.key, operation.value.subarray(sealBytes));
    else pairs.delete(operation.key);
  }
  return db.write(operations, isSynced);
}

const seeds = [await written(false), await written(true)];
const words = [
  '"index":',
  '"term":',
  '"vote":null',
  '"commitIndex":',
  '-1',
  '1e999',
  '9007199254740993',
  'null',
  '[]',
  '{}',
  '"x"',
];

export const raftStoreTargets: readonly Target[] = [
  {
    name: 'raft-store',
    what: "the quorum's LevelDB: entries, hard state, cut and snapshot, at a start",
    seeds: () => seeds,
    run: start,
    mutate: partsMutator(lengthPrefixed),
    words,
    maxInputBytes: 4_096,
    cost: 4,
  },
];

/**
 * What the quorum's database may hold: the values of raft-store.ts, read with suspicion at a start.
 *
 * Each value has its checksum, but a table that is lost or taken from a backup passes them, and so does a key that has become
 * another one: a value is missing then, and an entry that is missing in the middle would shift all that follow. A node that
 * began with such a log could vote and commit against its own promises, so it does not begin. Everything is refused with
 * StorageError `corrupt`, which names the key.
 */
import type { Buffer } from 'node:buffer';
import type { RaftIndex, Term } from '@jackdaw/base';
import { StorageError } from '@jackdaw/log';
import type { Entry, HardState, Snapshot, SnapshotMetadata } from '@jackdaw/raft';
import { decodeStoredEntry, storedIdentitiesOf } from './raft-codec.ts';

/** As `MemoryStorage.load` takes it. */
export interface StoredState {
  readonly hardState: HardState;
  readonly snapshot: Snapshot | null;
  readonly cut: { readonly index: RaftIndex; readonly term: Term };
  /** From `cut.index + 1` on, without a gap. */
  readonly entries: Entry[];
}

/** The raw values, as far as they are there. */
export interface StoredValues {
  readonly hard: Buffer | undefined;
  readonly cut: Buffer | undefined;
  readonly snapshot: Buffer | undefined;
  readonly snapshotData: Buffer | undefined;
  /** By index, ascending. */
  readonly entries: readonly (readonly [index: RaftIndex, value: Buffer])[];
}

/** Nothing was ever written, but perhaps the directory's id. */
export function isEmpty({ entries, ...values }: StoredValues): boolean {
  return entries.length === 0 && Object.values(values).every((value) => value === undefined);
}

/** Throws StorageError. */
export function readStoredState(values: StoredValues): StoredState {
  const state: StoredState = {
    hardState: reading('hard', () => hardStateOf(values.hard)),
    cut: reading('cut', () => positionOf(parse(values.cut) ?? { index: 0, term: 0 })),
    snapshot: reading('snapshot', () => snapshotOf(values.snapshot, values.snapshotData)),
    entries: values.entries.map(([index, value]) => reading(`entry ${index}`, () => decodeStoredEntry(index, value))),
  };
  // Whoever has a log or a snapshot has been in a term.
  if (values.hard === undefined && !isEmpty(values)) throw damaged('hard is missing');
  expectLog(state);
  return state;
}

/** The entries follow the cut and each other, and the log holds what is committed. */
function expectLog({ hardState, snapshot, cut, entries }: StoredState): void {
  let { index, term } = cut;
  for (const entry of entries) {
    if (entry.index !== index + 1) throw damaged(`entry ${entry.index} follows entry ${index}`);
    if (entry.term < term) throw damaged(`entry ${entry.index} is of term ${entry.term}, the one before of term ${term}`);
    ({ index, term } = entry);
  }
  const snapshotIndex = snapshot?.metadata.index ?? 0;
  if (cut.index > snapshotIndex) throw damaged(`the log was cut at ${cut.index}, the snapshot ends at ${snapshotIndex}`);
  if (snapshotIndex > index) throw damaged(`the log ends at ${index}, before its snapshot at ${snapshotIndex}`);
  if (hardState.term < term) throw damaged(`entry ${index} is of term ${term}, the node itself in term ${hardState.term}`);
  if (hardState.commitIndex > index) throw damaged(`entry ${hardState.commitIndex} is committed, the log ends at ${index}`);
}

function hardStateOf(bytes: Buffer | undefined): HardState {
  if (bytes === undefined) return { term: 0, vote: null, commitIndex: 0 };
  const { term, vote, commitIndex } = parse(bytes) ?? {};
  return { term: countOf(term), vote: vote === null ? null : nodeIdOf(vote), commitIndex: countOf(commitIndex) };
}

function snapshotOf(bytes: Buffer | undefined, data: Buffer | undefined): Snapshot | null {
  const stored = parse(bytes);
  if (stored === null && data === undefined) return null;
  if (stored === null || data === undefined) throw new TypeError('one half of it is missing');
  const metadata: SnapshotMetadata = { ...positionOf(stored), identities: storedIdentitiesOf(stored['identities']) };
  return { metadata, data };
}

function positionOf({ index, term }: Partial<Record<string, unknown>>): { index: RaftIndex; term: Term } {
  return { index: countOf(index), term: countOf(term) };
}

function parse(bytes: Buffer | undefined): Partial<Record<string, unknown>> | null {
  if (bytes === undefined) return null;
  const value: unknown = JSON.parse(bytes.toString());
  if (typeof value !== 'object' || value === null) throw new TypeError('it is no object');
  return value;
}

function countOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError(`${String(value)} is no index or term`);
  return value as number;
}

function nodeIdOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${String(value)} is no node id`);
  return value as number;
}

function reading<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw damaged(`${key} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

export function damaged(what: string, cause?: unknown): StorageError {
  return new StorageError('corrupt', 'raft', `the quorum's database is damaged: ${what}`, cause);
}

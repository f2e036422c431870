/**
 * The durable part of the log as the core reads it, and an implementation in memory.
 *
 * The core never writes: the driver puts each Ready into the storage once it is durable. `MemoryStorage` serves the
 * tests, and is the cache that a driver with a disk keeps (append after persisting, load at start).
 */

import { assert, expectDefined, type RaftIndex, type Term } from '@jackdaw/base';
import { entryBytes } from './entries.ts';
import type { Entry, HardState, Snapshot, SnapshotMetadata } from './types.ts';

/** Synchronous reads of what is durable. Entries are [firstIndex, lastIndex]; firstIndex − 1 is where the log was cut. */
export interface RaftStorage {
  initialState(): HardState;
  /** Entries of [low, high), at least one and then no more than `maxBytes`; both bounds within the log. */
  entries(low: RaftIndex, high: RaftIndex, maxBytes: number): readonly Entry[];
  /** Term of an entry of [firstIndex − 1, lastIndex]; null outside. */
  term(index: RaftIndex): Term | null;
  firstIndex(): RaftIndex;
  /** firstIndex − 1 when the log is empty. */
  lastIndex(): RaftIndex;
  snapshotMetadata(): SnapshotMetadata;
  /** The newest snapshot, null when none was ever made. */
  snapshot(): Snapshot | null;
}

const noSnapshot: SnapshotMetadata = { index: 0, term: 0, identities: new Map() };

export class MemoryStorage implements RaftStorage {
  #hardState: HardState = { term: 0, vote: null, commitIndex: 0 };
  #snapshot: Snapshot | null = null;
  /** The entry just before #entries[0]: (0, 0), the snapshot's, or the last one that was compacted away. */
  #cutIndex: RaftIndex = 0;
  #cutTerm: Term = 0;
  /** #entries[i].index === #cutIndex + 1 + i. */
  #entries: Entry[] = [];

  initialState(): HardState {
    return this.#hardState;
  }

  firstIndex(): RaftIndex {
    return this.#cutIndex + 1;
  }

  lastIndex(): RaftIndex {
    return this.#cutIndex + this.#entries.length;
  }

  term(index: RaftIndex): Term | null {
    if (index === this.#cutIndex) return this.#cutTerm;
    return this.#entries[index - this.#cutIndex - 1]?.term ?? null;
  }

  entries(low: RaftIndex, high: RaftIndex, maxBytes: number): readonly Entry[] {
    assert(low > this.#cutIndex && high <= this.lastIndex() + 1, `entries [${low}, ${high}) are not in the log`);
    const result: Entry[] = [];
    let bytes = 0;
    for (let index = low; index < high; index++) {
      const entry = expectDefined(this.#entries[index - this.#cutIndex - 1], 'a gap in the log');
      bytes += entryBytes(entry);
      if (result.length > 0 && bytes > maxBytes) break;
      result.push(entry);
    }
    return result;
  }

  snapshotMetadata(): SnapshotMetadata {
    return this.#snapshot?.metadata ?? noSnapshot;
  }

  snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** Appends `entries`, dropping first whatever the log holds from the first one's index on. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index > this.#cutIndex, `entry ${first.index} was compacted away`);
    assert(first.index <= this.lastIndex() + 1, `entry ${first.index} leaves a gap after ${this.lastIndex()}`);
    this.#entries.length = first.index - this.#cutIndex - 1;
    for (const entry of entries) this.#entries.push(entry);
  }

  /** Puts a received snapshot in the place of the whole log. */
  installSnapshot(snapshot: Snapshot): void {
    assert(snapshot.metadata.index > this.snapshotMetadata().index, 'an older snapshot would replace a newer one');
    this.#snapshot = snapshot;
    this.#cutIndex = snapshot.metadata.index;
    this.#cutTerm = snapshot.metadata.term;
    this.#entries = [];
  }

  /** Keeps a snapshot that this node has made itself (RaftNode.createdSnapshot); the log stays until `compact`. */
  saveSnapshot(snapshot: Snapshot): void {
    if (snapshot.metadata.index > this.snapshotMetadata().index) this.#snapshot = snapshot;
  }

  /** Drops entries up to and with `index`, which a snapshot must cover. Nothing happens when they are gone already. */
  compact(index: RaftIndex): void {
    if (index <= this.#cutIndex) return;
    assert(index <= this.snapshotMetadata().index, `no snapshot covers the entries up to ${index}`);
    const term = expectDefined(this.term(index), `entry ${index} is past the end of the log`);
    this.#entries = this.#entries.slice(index - this.#cutIndex);
    this.#cutIndex = index;
    this.#cutTerm = term;
  }

  /** Restores what a driver has read from its disk at start. `entries` may begin before the snapshot's index. */
  load(state: {
    hardState: HardState;
    snapshot: Snapshot | null;
    cut: { index: RaftIndex; term: Term };
    entries: Entry[];
  }): void {
    this.#hardState = state.hardState;
    this.#snapshot = state.snapshot;
    this.#cutIndex = state.cut.index;
    this.#cutTerm = state.cut.term;
    this.#entries = [];
    this.append(state.entries);
    assert(this.snapshotMetadata().index >= this.#cutIndex, 'the log was cut above its snapshot');
  }
}

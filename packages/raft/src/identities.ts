/**
 * Which data directory speaks for which voter (statement E9): the committed history of the identities entries.
 *
 * A voter's promises (its vote, its acknowledged entries) live on its disk. A voter id that comes back with another
 * directory has forgotten them, so under its id nothing may count until the quorum has taken it in again
 * (admission.ts has the argument). The log keeps this book in step with its entries.
 */

import { assert, expectDefined, type NodeId, type RaftIndex } from '@jackdaw/base';
import type { Entry, Identities, SnapshotMetadata } from './types.ts';

interface IdentitiesRecord {
  readonly index: RaftIndex;
  readonly identities: Identities;
}

export class IdentityBook {
  /** Ascending by index; the first stands for everything up to the snapshot that the book began with. */
  #records: IdentitiesRecord[];
  /** The last answer of `inForce`, and the commit index it holds for. */
  #cached: { commitIndex: RaftIndex; identities: Identities } | null = null;

  constructor(base: SnapshotMetadata) {
    this.#records = [{ index: base.index, identities: base.identities }];
  }

  /** Takes note of an appended entry; those of other kinds are nothing to the book. */
  append(entry: Entry): void {
    if (entry.kind !== 'identities') return;
    assert(entry.index > this.latestIndex(), 'identities entries are appended in order');
    this.#records.push({ index: entry.index, identities: entry.identities });
    this.#cached = null;
  }

  /** Forgets the records at `index` and above: a new leader replaced those entries. */
  truncateFrom(index: RaftIndex): void {
    while (this.#records.length > 1 && this.latestIndex() >= index) this.#records.pop();
    this.#cached = null;
  }

  reset(base: SnapshotMetadata): void {
    this.#records = [{ index: base.index, identities: base.identities }];
    this.#cached = null;
  }

  /** Index of the newest identities entry in the log, committed or not. */
  latestIndex(): RaftIndex {
    return this.#last().index;
  }

  /** The identities as of `index`, for a snapshot's metadata. */
  at(index: RaftIndex): Identities {
    const record = this.#records.findLast((candidate) => candidate.index <= index);
    return expectDefined(record, 'a newer snapshot was made already').identities;
  }

  /** Drops records that a snapshot at `index` stands for. */
  compact(index: RaftIndex): void {
    const keep = this.#records.findLastIndex((record) => record.index <= index);
    if (keep > 0) this.#records.splice(0, keep);
  }

  /**
   * The identities to count by. An entry replaces identities only once it is committed: the majority that commits it
   * is one of the old identities. The entry before the newest is committed even if this node has not heard so,
   * because a leader proposes the next one only after that. An uncommitted newest entry may already narrow "anybody"
   * to one directory for a voter without a record; fewer count then, which is always safe.
   */
  inForce(commitIndex: RaftIndex): Identities {
    if (this.#cached?.commitIndex === commitIndex) return this.#cached.identities;
    const identities = this.#computeInForce(commitIndex);
    this.#cached = { commitIndex, identities };
    return identities;
  }

  #computeInForce(commitIndex: RaftIndex): Identities {
    const newest = this.#last();
    const before = this.#records.at(-2);
    if (newest.index <= commitIndex || before === undefined) return newest.identities;
    const merged = new Map<NodeId, string>(newest.identities);
    for (const [id, directoryId] of before.identities) merged.set(id, directoryId);
    return merged;
  }

  #last(): IdentitiesRecord {
    const last = this.#records.at(-1);
    assert(last !== undefined, 'the book always holds its base');
    return last;
  }
}

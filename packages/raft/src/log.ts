/**
 * The log as the algorithm sees it: the durable part (storage) followed by a tail that is not known to be durable.
 *
 *   storage: [firstIndex .. tailStart − 1]   tail: [tailStart .. lastIndex]
 *   appliedIndex ≤ commitIndex ≤ lastIndex, and what is handed out for applying is durable here.
 *
 * A received snapshot that is not durable yet stands in the place of the whole storage. The driver's writes complete
 * out of step with new messages, so `persisted` believes only what still agrees with the tail.
 */

import { assert, expectDefined, type RaftIndex, type Term, sometimes } from '@jackdaw/base';
import { entryBytes, totalBytes } from './entries.ts';
import { IdentityBook } from './identities.ts';
import type { RaftStorage } from './storage.ts';
import type { Entry, Identities, Snapshot } from './types.ts';

export class RaftLog {
  readonly #storage: RaftStorage;
  readonly #book: IdentityBook;
  /** #tail[i].index === #tailStart + i. */
  #tail: Entry[] = [];
  #tailStart: RaftIndex;
  #tailBytes = 0;
  /** Received but not durable; then #tailStart > its index, and the storage's own entries are void. */
  #pendingSnapshot: Snapshot | null = null;
  #commitIndex: RaftIndex;
  #appliedIndex: RaftIndex;

  constructor(storage: RaftStorage, appliedIndex: RaftIndex | undefined) {
    const snapshot = storage.snapshotMetadata();
    this.#storage = storage;
    this.#tailStart = storage.lastIndex() + 1;
    this.#commitIndex = Math.max(storage.initialState().commitIndex, snapshot.index);
    this.#appliedIndex = appliedIndex ?? snapshot.index;
    assert(storage.firstIndex() <= snapshot.index + 1, 'the log begins after its snapshot');
    assert(storage.lastIndex() >= snapshot.index, 'the log ends before its snapshot');
    assert(this.#commitIndex <= storage.lastIndex(), 'the stored commit index is past the end of the log');
    assert(this.#appliedIndex <= this.#commitIndex, 'the application is ahead of the stored commit index');
    this.#book = new IdentityBook(snapshot);
    const scanned = storage.entries(snapshot.index + 1, storage.lastIndex() + 1, Number.POSITIVE_INFINITY);
    for (const entry of scanned) this.#book.append(entry);
  }

  get commitIndex(): RaftIndex {
    return this.#commitIndex;
  }

  get appliedIndex(): RaftIndex {
    return this.#appliedIndex;
  }

  /** The last entry known to be durable here. */
  get durableIndex(): RaftIndex {
    return this.#tailStart - 1;
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  get pendingSnapshot(): Snapshot | null {
    return this.#pendingSnapshot;
  }

  /** Of the newest snapshot, received or stored; 0 without one. */
  get snapshotIndex(): RaftIndex {
    return this.#pendingSnapshot?.metadata.index ?? this.#storage.snapshotMetadata().index;
  }

  get latestIdentitiesIndex(): RaftIndex {
    return this.#book.latestIndex();
  }

  firstIndex(): RaftIndex {
    return this.#pendingSnapshot === null ? this.#storage.firstIndex() : this.#pendingSnapshot.metadata.index + 1;
  }

  lastIndex(): RaftIndex {
    return this.#tailStart + this.#tail.length - 1;
  }

  lastTerm(): Term {
    return expectDefined(this.term(this.lastIndex()), 'the last entry has a term');
  }

  /** Term of an entry of [firstIndex − 1, lastIndex]; null outside. */
  term(index: RaftIndex): Term | null {
    if (index >= this.#tailStart) return this.#tail[index - this.#tailStart]?.term ?? null;
    if (this.#pendingSnapshot === null) return this.#storage.term(index);
    return index === this.#pendingSnapshot.metadata.index ? this.#pendingSnapshot.metadata.term : null;
  }

  matches(index: RaftIndex, term: Term): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends with (lastTerm, lastIndex) holds at least what this one holds (paper §5.4.1, E4). */
  isUpToDate(lastTerm: Term, lastIndex: RaftIndex): boolean {
    const ownTerm = this.lastTerm();
    return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex());
  }

  /** Entries from `low` on, up to `maxBytes` but at least one. */
  entriesFrom(low: RaftIndex, maxBytes: number): Entry[] {
    return this.#slice(low, this.lastIndex() + 1, maxBytes);
  }

  /** Appends entries that follow the last one: the leader's way. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex() + 1, 'an entry is appended out of order');
      this.#tail.push(entry);
      this.#tailBytes += entryBytes(entry);
      this.#book.append(entry);
    }
  }

  /**
   * Appends what a leader sent after an entry that both logs hold: entries that are there already are skipped, the
   * first conflict cuts the log (paper §5.3). A late message with fewer entries therefore removes nothing.
   */
  appendAfterMatch(entries: readonly Entry[]): void {
    const firstNew = entries.findIndex((entry) => !this.matches(entry.index, entry.term));
    if (firstNew < 0 && entries.length > 0) sometimes('raft: doubled append changes nothing');
    if (firstNew < 0) return;
    const added = entries.slice(firstNew);
    this.#truncateFrom(expectDefined(added[0], 'there is a new entry').index);
    this.append(added);
  }

  commitTo(index: RaftIndex): void {
    if (index <= this.#commitIndex) return;
    assert(index <= this.lastIndex(), `commit index ${index} is past the end of the log, ${this.lastIndex()}`);
    this.#commitIndex = index;
  }

  /** The highest index ≤ `index` whose term is ≤ `term`: above it the two logs cannot agree. */
  lastIndexAtOrBelowTerm(index: RaftIndex, term: Term): RaftIndex {
    let candidate = Math.min(index, this.lastIndex());
    while (candidate >= this.firstIndex()) {
      const own = this.term(candidate);
      if (own === null || own <= term) break;
      candidate -= 1;
    }
    return candidate;
  }

  /** Puts a received snapshot in the place of the log. */
  restore(snapshot: Snapshot): void {
    assert(snapshot.metadata.index > this.#commitIndex, 'a snapshot may not undo committed entries');
    this.#pendingSnapshot = snapshot;
    this.#tail = [];
    this.#tailBytes = 0;
    this.#tailStart = snapshot.metadata.index + 1;
    this.#commitIndex = snapshot.metadata.index;
    this.#book.reset(snapshot.metadata);
  }

  tailEntries(): Entry[] {
    return this.#tail.slice();
  }

  /** The driver wrote entries up to (index, term). Nothing happens if a new leader has replaced that entry meanwhile. */
  entriesPersisted(index: RaftIndex, term: Term): void {
    if (index < this.#tailStart || !this.matches(index, term)) {
      sometimes('raft: written entries were replaced meanwhile');
      return;
    }
    const persisted = this.#tail.splice(0, index - this.#tailStart + 1);
    this.#tailStart = index + 1;
    this.#tailBytes -= totalBytes(persisted);
  }

  /** The driver wrote a snapshot and restored the application from it. A newer one may be pending already. */
  snapshotPersisted(index: RaftIndex): void {
    if (this.#pendingSnapshot?.metadata.index === index) this.#pendingSnapshot = null;
    this.#appliedIndex = Math.max(this.#appliedIndex, index);
  }

  /** Durable committed entries that were not applied yet, up to `maxBytes` but at least one if there is any. */
  committedEntries(maxBytes: number): Entry[] {
    const high = Math.min(this.#commitIndex, this.durableIndex);
    if (this.#pendingSnapshot !== null || high <= this.#appliedIndex) return [];
    return this.#slice(this.#appliedIndex + 1, high + 1, maxBytes);
  }

  hasCommittedEntries(): boolean {
    return this.#pendingSnapshot === null && Math.min(this.#commitIndex, this.durableIndex) > this.#appliedIndex;
  }

  appliedTo(index: RaftIndex): void {
    assert(index <= this.#commitIndex, 'an uncommitted entry was applied');
    this.#appliedIndex = Math.max(this.#appliedIndex, index);
  }

  identitiesInForce(): Identities {
    return this.#book.inForce(this.#commitIndex);
  }

  identitiesAt(index: RaftIndex): Identities {
    return this.#book.at(index);
  }

  /** A snapshot at `index` exists: the book needs no records below it. */
  compactIdentities(index: RaftIndex): void {
    this.#book.compact(index);
  }

  #slice(low: RaftIndex, high: RaftIndex, maxBytes: number): Entry[] {
    const result: Entry[] = [];
    if (low < this.#tailStart && low < high) {
      const durable = this.#storage.entries(low, Math.min(high, this.#tailStart), maxBytes);
      if (low + durable.length < Math.min(high, this.#tailStart)) return [...durable];
      for (const entry of durable) result.push(entry);
    }
    let bytes = totalBytes(result);
    for (let index = Math.max(low, this.#tailStart); index < high; index++) {
      const entry = expectDefined(this.#tail[index - this.#tailStart], 'a gap in the tail');
      bytes += entryBytes(entry);
      if (result.length > 0 && bytes > maxBytes) break;
      result.push(entry);
    }
    return result;
  }

  #truncateFrom(index: RaftIndex): void {
    assert(index > this.#commitIndex, `a leader would replace the committed entry ${index}: this is another history`);
    if (index <= this.lastIndex()) sometimes('raft: conflicting suffix cut');
    if (index < this.#tailStart) sometimes('raft: durable suffix cut');
    this.#book.truncateFrom(index);
    if (index <= this.#tailStart) {
      this.#tail = [];
      this.#tailStart = index;
    } else {
      this.#tail.length = index - this.#tailStart;
    }
    this.#tailBytes = totalBytes(this.#tail);
  }
}

/**
 * Which leader epoch began at which offset, and the questions that truncation asks of it (KIP-101, KIP-279).
 *
 * Behaves as Kafka's LeaderEpochFileCache, in memory; `leader-epoch-checkpoint` is written before the recovery point on the disk
 * passes an epoch's start, and before retention takes records. Recovery finds every later epoch again in the batches themselves,
 * so no change here needs a sync of its own.
 */

import { assert, floorIndex, type LeaderEpoch, type Offset, sometimes } from '@jackdaw/base';
import type { EpochEndOffset } from './log-types.ts';

export interface EpochEntry {
  epoch: LeaderEpoch;
  startOffset: Offset;
}

/** The answer to a question about an epoch that this log does not know (A4). */
const unknown: EpochEndOffset = { leaderEpoch: -1, endOffset: -1 };

export class LeaderEpochCache {
  /** Ascends strictly in both epoch and start offset. */
  #entries: EpochEntry[] = [];
  /** True while the file on disk does not show `#entries`. */
  isDirty = false;
  /** The write of the file that is under way, if any; never rejects. */
  writing: Promise<void> | null = null;

  /** Changes of what begins where, so far; and those of them that the file on disk shows for sure. */
  #changes = 0;
  #changesInFile = 0;

  /** Whether the file says of every record under which epoch it was written; it may say so of deleted ones as well. */
  get isInFile(): boolean {
    return this.#changesInFile === this.#changes;
  }

  get changes(): number {
    return this.#changes;
  }

  /** The file, with all that was there after so many changes, is on the disk. */
  onWritten(changes: number): void {
    this.#changesInFile = Math.max(this.#changesInFile, changes);
  }

  /** Whatever the file says, it may not be on the disk. */
  distrustFile(): void {
    this.#change();
  }

  #change(): void {
    this.#changes++;
    this.isDirty = true;
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  latestEpoch(): LeaderEpoch | null {
    return this.#entries.at(-1)?.epoch ?? null;
  }

  /**
   * Says that `epoch` begins at `startOffset`. Entries that contradict it, of this or a later epoch or at this or a
   * later offset, go away. The latest epoch again at a later offset is no news.
   */
  assign(epoch: LeaderEpoch, startOffset: Offset): void {
    assert(epoch >= 0 && startOffset >= 0, 'a leader epoch and its start are not negative', epoch);
    const last = this.#entries[this.#entries.length - 1];
    if (last !== undefined && last.epoch === epoch && startOffset >= last.startOffset) return;
    this.#removeFromEndWhile((entry) => entry.epoch >= epoch || entry.startOffset >= startOffset);
    this.#entries.push({ epoch, startOffset });
    this.#change();
  }

  /**
   * The largest epoch ≤ the requested one, and the offset at which the next one begins (the log end for the latest).
   * Older than all: the requested epoch and the start of the first. Newer than all, or −1: unknown.
   */
  endOffsetFor(requested: LeaderEpoch, logEndOffset: Offset): EpochEndOffset {
    if (requested < 0) return unknown;
    if (this.latestEpoch() === requested) return { leaderEpoch: requested, endOffset: logEndOffset };
    const floor = floorIndex(this.#entries, requested, (entry) => entry.epoch);
    const higher = this.#entries[floor + 1];
    if (higher === undefined) return unknown;
    return { leaderEpoch: this.#entries[floor]?.epoch ?? requested, endOffset: higher.startOffset };
  }

  /** The epoch under which `offset` was or would be written; null below the first entry. */
  epochForOffset(offset: Offset): LeaderEpoch | null {
    return this.#entries[floorIndex(this.#entries, offset, (entry) => entry.startOffset)]?.epoch ?? null;
  }

  /** Forgets epochs that begin at or after `endOffset`. */
  truncateFromEnd(endOffset: Offset): void {
    if ((this.#entries.at(-1)?.startOffset ?? -1) >= endOffset) sometimes('log: leader epoch forgotten at the end');
    this.#removeFromEndWhile((entry) => entry.startOffset >= endOffset);
  }

  /** Forgets epochs that end before `startOffset`; the one that spans it now begins there. */
  truncateFromStart(startOffset: Offset): void {
    const floor = floorIndex(this.#entries, startOffset, (entry) => entry.startOffset);
    const spanning = this.#entries[floor];
    if (spanning === undefined || (floor === 0 && spanning.startOffset === startOffset)) return;
    if (floor > 0) sometimes('log: leader epochs forgotten at the start');
    this.#entries = [{ epoch: spanning.epoch, startOffset }, ...this.#entries.slice(floor + 1)];
    this.isDirty = true;
  }

  clear(): void {
    if (this.#entries.length === 0) return;
    this.#entries = [];
    this.#change();
  }

  /** Takes over what a file held; entries that do not ascend make the file worthless. Returns whether it was used. */
  load(entries: readonly EpochEntry[]): boolean {
    for (const [index, entry] of entries.entries()) {
      const previous = entries[index - 1];
      if (!Number.isSafeInteger(entry.epoch) || !Number.isSafeInteger(entry.startOffset)) return false;
      if (entry.epoch < 0 || entry.startOffset < 0) return false;
      if (previous !== undefined && (entry.epoch <= previous.epoch || entry.startOffset <= previous.startOffset)) return false;
    }
    this.#entries = [...entries];
    return true;
  }

  #removeFromEndWhile(matches: (entry: EpochEntry) => boolean): void {
    for (let last = this.#entries.at(-1); last !== undefined && matches(last); last = this.#entries.at(-1)) {
      this.#entries.pop();
      this.#change();
    }
  }
}

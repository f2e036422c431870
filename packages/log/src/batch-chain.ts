/**
 * What recovery demands of the order of batches: each continues the one before it (B2, B3).
 *
 * Offsets follow each other without a gap, except where compaction has been, and epochs never go down. What breaks this
 * is cut off: sound batches that are left of an end that was cut and written again, when a crash undid the cut but kept
 * the writes, and batches whose base offset or epoch has rotted, for the CRC covers neither. Which of two neighbours is
 * wrong, shows only at the second: a batch behind a gap, or one that alone raised the epoch, is in doubt until then.
 */

import type { BytePosition, LeaderEpoch, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, batchLeaderEpoch } from '@jackdaw/protocol';
import type { Segment } from './segment.ts';

export interface Place {
  segment: Segment;
  position: BytePosition;
}

export class BatchChain {
  readonly #isCompact: boolean;
  #nextOffset: Offset;
  #epoch: LeaderEpoch;
  /** The last batch, if it raised the epoch: where, and from which epoch. */
  #raise: { place: Place; from: LeaderEpoch } | null = null;
  /** The last batch, if offsets are missing before it and nothing has borne it out yet. */
  gap: Place | null = null;
  /** A batch that was added and that the one which was just refused proves wrong. */
  doubt: Place | null = null;

  constructor(start: { nextOffset: Offset; epoch: LeaderEpoch; isCompact: boolean }) {
    this.#nextOffset = start.nextOffset;
    this.#epoch = start.epoch;
    this.#isCompact = start.isCompact;
  }

  /** Whether the segment's name fits to the end of the one before. Only compaction leaves gaps between segments. */
  canContinueWith(segment: Segment): boolean {
    const isGap = segment.baseOffset > this.#nextOffset;
    if (segment.baseOffset < this.#nextOffset) this.doubt = this.gap;
    if (segment.baseOffset < this.#nextOffset || (isGap && !this.#isCompact)) return false;
    this.gap = null;
    this.#nextOffset = segment.baseOffset;
    return true;
  }

  /** Takes in the batch at `position` of `bytes`; false when the log ends before it, or before `doubt`. */
  add(bytes: Uint8Array, position: number, place: Place): boolean {
    const baseOffset = batchBaseOffset(bytes, position);
    const epoch = batchLeaderEpoch(bytes, position);
    const isGap = baseOffset > this.#nextOffset;
    if (baseOffset < this.#nextOffset) this.doubt = this.gap;
    if (baseOffset < this.#nextOffset || (isGap && !this.#isCompact)) return false;
    // What raised the epoch was written after a cut that went before this batch, or has rotted; it is no loss either way.
    const isLower = epoch < this.#epoch;
    if (isLower && this.#raise !== null && epoch >= this.#raise.from) this.doubt = this.#raise.place;
    if (isLower) return false;
    this.gap = isGap ? place : null;
    this.#raise = epoch > this.#epoch ? { place, from: this.#epoch } : null;
    this.#epoch = Math.max(epoch, this.#epoch);
    this.#nextOffset = batchLastOffset(bytes, position) + 1;
    return true;
  }
}

/**
 * Walks batch headers through one segment, and believes none of them that the rest does not bear out (B3).
 *
 * A read looks for its batch by headers alone, and the CRC covers neither the base offset nor the length nor the leader
 * epoch. So a damaged header could make a read skip records that are there. Here each header has to continue the one
 * before it: the next base offset follows the last offset, the end lies inside the segment, the epoch is the one that
 * the epoch cache has for it. Offsets may only be missing where compaction removed them, in a directory that Kafka
 * wrote: a gap is accepted when the batch before it is sound and the batch behind the next one goes on after it.
 */

import { sometimes, type BytePosition, type Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, batchLeaderEpoch, batchMaxTimestamp, batchSizeInBytes } from '@jackdaw/protocol';
import { isPlausible, scanBatches } from './batch-scanner.ts';
import { readFully } from './fs.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogParts } from './log-parts.ts';
import type { Segment } from './segment.ts';
import type { SegmentIndexes } from './segment-indexes.ts';

export const headerBytes = 61;

/** A segment as it was when a read began; what is appended during the read is not part of it. */
export interface SegmentView {
  segment: Segment;
  endPosition: BytePosition;
  /** All offsets in the segment are lower. */
  endOffset: Offset;
  epochs: LeaderEpochCache;
  /** Compaction may have taken offsets away at the end too. */
  isCompact: boolean;
}

export interface FoundBatch {
  position: BytePosition;
  sizeBytes: number;
  /** Of a damaged batch: the offset from which on nothing can be believed. */
  baseOffset: Offset;
  lastOffset: Offset;
  maxTimestamp: number;
  isDamaged: boolean;
}

/** Where a walk starts, and what is known of the first batch there. */
interface WalkStart {
  position: BytePosition;
  baseOffset: Offset | null;
  /** From an index. */
  lastOffset?: Offset;
}

/** How much is read at once while looking for a batch: an index interval and a few headers more. */
const searchBytes = 16 << 10;

export function viewOf(parts: LogParts, segment: Segment): SegmentView {
  const { segments, epochs, logEndOffset, config } = parts;
  const next = segments.at(segments.indexFor(segment.baseOffset) + 1);
  const endOffset = next?.baseOffset ?? logEndOffset;
  return { segment, endPosition: segment.sizeBytes, endOffset, epochs, isCompact: config.isCompact };
}

/** The first batch whose last offset is ≥ `offset`, or null. Indexes that prove wrong are built again (B4). */
export async function findBatch(view: SegmentView, indexes: SegmentIndexes, offset: Offset): Promise<FoundBatch | null> {
  const matches = (batch: FoundBatch): boolean => batch.lastOffset >= offset;
  const found = await walk(view, startAt(view, indexes.offsets.lookup(offset)), matches);
  if (found !== 'badIndex') return found;
  sometimes('log: wrong index found by a read');
  // That of the active segment grows as we read: it stays as it is, and the log is asked from the segment's start on.
  if (view.segment.isActive) return findBatchFrom(view, 0, matches);
  const rebuilt = await view.segment.rebuildIndexes();
  const again = await walk(view, startAt(view, rebuilt.offsets.lookup(offset)), matches);
  return again === 'badIndex' ? damagedAt(view, 0, view.segment.baseOffset) : again;
}

function startAt(view: SegmentView, entry: { offset: Offset; position: BytePosition } | null): WalkStart {
  if (entry === null) return { position: 0, baseOffset: view.segment.baseOffset };
  return { position: entry.position, baseOffset: null, lastOffset: entry.offset };
}

/** The first batch from `position` on that matches, or the first damaged one; null at the segment's end. */
export async function findBatchFrom(
  view: SegmentView,
  position: BytePosition,
  matches: (batch: FoundBatch) => boolean,
): Promise<FoundBatch | null> {
  const found = await walk(view, { position, baseOffset: position === 0 ? view.segment.baseOffset : null }, matches);
  return found === 'badIndex' ? null : found;
}

/** Walks until `matches`. 'badIndex' when the first batch is not what the index says. */
async function walk(
  view: SegmentView,
  start: WalkStart,
  matches: (batch: FoundBatch) => boolean,
): Promise<FoundBatch | null | 'badIndex'> {
  const { segment, endPosition, endOffset } = view;
  const window = new Uint8Array(Math.min(searchBytes, Math.max(headerBytes, endPosition - start.position)));
  let expectedOffset = start.baseOffset;
  let previous: FoundBatch | null = null;
  let position = start.position;
  while (position < endPosition) {
    const wanted = Math.min(window.length, endPosition - position);
    const filled = await readFully(segment.context.fs, segment.file(), window.subarray(0, wanted), position);
    let at = 0;
    do {
      const batch = batchAt(view, { bytes: window.subarray(0, filled), at, position: position + at });
      const isExpected = previous !== null || start.lastOffset === undefined || batch.lastOffset === start.lastOffset;
      const isFromIndex = previous === null && start.lastOffset !== undefined;
      if (isFromIndex && (batch.isDamaged || !isExpected)) return 'badIndex';
      const follows = expectedOffset === null || batch.baseOffset >= expectedOffset;
      if (batch.isDamaged || !isExpected || !follows) {
        // Either of the two may be the one that lies: the one before it of its last offset, or of its length.
        if (previous !== null && !(await isSound(view, previous))) return damagedAt(view, previous.position, previous.baseOffset);
        return damagedAt(view, position + at, expectedOffset ?? batch.baseOffset);
      }
      if (expectedOffset !== null && batch.baseOffset > expectedOffset && !(await isTrueGap(view, previous, batch)))
        return damagedAt(view, previous?.position ?? batch.position, previous?.baseOffset ?? expectedOffset);
      if (matches(batch)) return batch;
      previous = batch;
      expectedOffset = batch.lastOffset + 1;
      at += batch.sizeBytes;
    } while (filled - at >= headerBytes);
    position += at;
  }
  if (previous === null || previous.lastOffset + 1 === endOffset) return null;
  // What the segment should hold behind its last batch is missing, unless compaction took it.
  const isGap = view.isCompact && (await isSound(view, previous));
  if (!isGap) return damagedAt(view, previous.position, previous.baseOffset);
  return null;
}

/** The header at `at` in a window, checked by itself. */
function batchAt(view: SegmentView, window: { bytes: Uint8Array; at: number; position: BytePosition }): FoundBatch {
  const { bytes, at, position } = window;
  if (bytes.length - at < headerBytes) return damagedAt(view, position, view.segment.baseOffset);
  const sizeBytes = batchSizeInBytes(bytes, at);
  const baseOffset = batchBaseOffset(bytes, at);
  const lastOffset = batchLastOffset(bytes, at);
  const isInside =
    position + sizeBytes <= view.endPosition && baseOffset >= view.segment.baseOffset && lastOffset < view.endOffset;
  const isDamaged = !isPlausible(bytes, at) || !isInside || !hasKnownEpoch(view.epochs, bytes, at);
  return { position, sizeBytes, baseOffset, lastOffset, maxTimestamp: batchMaxTimestamp(bytes, at), isDamaged };
}

/** Whether the batch says of its leader epoch what the log's history says of its offsets. */
export function hasKnownEpoch(epochs: LeaderEpochCache, bytes: Uint8Array, position: number): boolean {
  const known = epochs.epochForOffset(batchLastOffset(bytes, position));
  return known === null || known === batchLeaderEpoch(bytes, position);
}

/** A damaged base offset or length looks like a gap too, but then one of the neighbours does not fit. */
async function isTrueGap(view: SegmentView, previous: FoundBatch | null, batch: FoundBatch): Promise<boolean> {
  if (previous !== null && !(await isSound(view, previous))) return false;
  const position = batch.position + batch.sizeBytes;
  if (position === view.endPosition) return true;
  const header = new Uint8Array(headerBytes);
  const { segment } = view;
  const filled = await readFully(segment.context.fs, segment.file(), header, position);
  const next = batchAt(view, { bytes: header.subarray(0, filled), at: 0, position });
  return !next.isDamaged && next.baseOffset > batch.lastOffset;
}

/** Reads the batch in pieces, so a damaged length costs no memory. */
export async function isSound(view: SegmentView, batch: FoundBatch): Promise<boolean> {
  const range = { start: batch.position, end: batch.position + batch.sizeBytes, verifyCrc: true };
  const end = await scanBatches(view.segment.context.fs, view.segment.file(), range, () => true);
  return end === range.end;
}

function damagedAt(view: SegmentView, position: BytePosition, baseOffset: Offset): FoundBatch {
  const from = Math.max(view.segment.baseOffset, Math.min(baseOffset, view.endOffset));
  return { position, sizeBytes: 0, baseOffset: from, lastOffset: from, maxTimestamp: -1, isDamaged: true };
}

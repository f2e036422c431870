/**
 * Reading: from the tail cache without waiting, or from a segment's file with one read off the event loop.
 *
 * Both give whole batches, beginning with the one that contains the fetch offset (A27), and never a batch that reaches
 * `maxOffset`. What comes from disk has its CRC checked before it is served (B3).
 */

import type { BytePosition, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, batchMaxTimestamp, batchSizeInBytes, endOfBatch, isValidCrc } from '@jackdaw/protocol';
import { isPlausible } from './batch-scanner.ts';
import { readFully } from './fs.ts';
import type { LogParts } from './log-parts.ts';
import type { ReadOptions, ReadResult } from './log-types.ts';
import type { Segment } from './segment.ts';
import type { SegmentIndexes } from './segment-indexes.ts';

/** Most bytes that one read from disk brings, unless a single batch is larger: bounds memory and the time for CRCs. */
export const maxDiskReadBytes = 4 << 20;
const headerBytes = 61;

/** What the tail cache can say, or null when the offset is not in it. */
export function readTail(parts: LogParts, options: ReadOptions): ReadResult | null {
  const { tail } = parts;
  let index = tail.indexOf(options.fetchOffset);
  if (index < 0) return null;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let nextOffset = options.fetchOffset;
  let startPositionOffset = options.fetchOffset;
  for (let entry = tail.at(index); entry !== undefined; entry = tail.at(++index)) {
    // After a truncation inside an entry there may be a hole here; the disk has what belongs into it.
    if (chunks.length > 0 && entry.baseOffset !== nextOffset) break;
    const budget = { maxBytes: options.maxBytes - sizeBytes, minOneBatch: options.minOneBatch && chunks.length === 0 };
    const range = selectBatches(entry.bytes, { ...options, ...budget });
    if (range.end === range.start) break;
    if (chunks.length === 0) startPositionOffset = batchBaseOffset(entry.bytes, range.start);
    const isWhole = range.start === 0 && range.end === entry.bytes.length;
    chunks.push(isWhole ? entry.bytes : entry.bytes.subarray(range.start, range.end));
    sizeBytes += range.end - range.start;
    nextOffset = range.nextOffset;
    if (range.end < entry.bytes.length) break;
  }
  return { kind: 'data', chunks, sizeBytes, nextOffset, startPositionOffset };
}

/** The batches in `bytes` that a read may have, as a range of positions. */
function selectBatches(bytes: Uint8Array, options: ReadOptions): { start: number; end: number; nextOffset: Offset } {
  let start = 0;
  while (start < bytes.length && batchLastOffset(bytes, start) < options.fetchOffset) start = endOfBatch(bytes, start);
  let end = start;
  let nextOffset = options.fetchOffset;
  while (end < bytes.length) {
    const batchEnd = endOfBatch(bytes, end);
    const lastOffset = batchLastOffset(bytes, end);
    const isTooMuch = batchEnd - start > options.maxBytes && !(options.minOneBatch && end === start);
    if (isTooMuch || lastOffset >= options.maxOffset) break;
    end = batchEnd;
    nextOffset = lastOffset + 1;
  }
  return { start, end, nextOffset };
}

/** Reads from the segments' files. Starts over when the log was truncated or cleaned meanwhile. */
export async function readDisk(parts: LogParts, options: ReadOptions): Promise<ReadResult> {
  for (;;) {
    if (options.fetchOffset < parts.logStartOffset || options.fetchOffset > parts.logEndOffset) return { kind: 'outOfRange' };
    const { truncations } = parts;
    try {
      const result = await readFrom(parts, options);
      if (truncations === parts.truncations) return result;
    } catch (error) {
      // The file may have been deleted under the read; then the log looks different now (B14).
      if (truncations === parts.truncations) throw error;
    }
  }
}

async function readFrom(parts: LogParts, options: ReadOptions): Promise<ReadResult> {
  const { segments } = parts;
  for (let index = segments.indexFor(options.fetchOffset); ; index++) {
    const segment = segments.at(index);
    if (segment === undefined) return emptyAt(options.fetchOffset);
    const result = await readSegment(segment, options);
    if (result !== null) return result;
  }
}

/** Null when the segment has no batch at or behind the fetch offset. */
async function readSegment(segment: Segment, options: ReadOptions): Promise<ReadResult | null> {
  const indexes = await segment.acquire();
  try {
    const start = await findBatch(segment, indexes, options.fetchOffset);
    if (start === null) return null;
    if (start.isDamaged) return { kind: 'corrupt', baseOffset: start.baseOffset };
    if (start.lastOffset >= options.maxOffset) return emptyAt(options.fetchOffset);
    if (start.sizeBytes > options.maxBytes && !options.minOneBatch) return emptyAt(options.fetchOffset);
    const wantedBytes = Math.max(start.sizeBytes, Math.min(options.maxBytes, maxDiskReadBytes));
    const bytes = Buffer.allocUnsafeSlow(Math.min(wantedBytes, segment.sizeBytes - start.position));
    const count = await readFully(segment.context.fs, segment.file(), bytes, start.position);
    return checkedBatches(bytes.subarray(0, count), options);
  } finally {
    segment.release();
  }
}

/** The sound batches at the front of `bytes`, as far as the options allow. */
function checkedBatches(bytes: Uint8Array, options: ReadOptions): ReadResult {
  let end = 0;
  let nextOffset = options.fetchOffset;
  while (bytes.length - end >= headerBytes) {
    const sizeBytes = batchSizeInBytes(bytes, end);
    const isTooMuch = end + sizeBytes > options.maxBytes && end > 0;
    if (isPlausible(bytes, end) && (isTooMuch || end + sizeBytes > bytes.length)) break;
    const lastOffset = batchLastOffset(bytes, end);
    if (!isPlausible(bytes, end) || !isValidCrc(bytes, end)) {
      // Serve what comes before it; the next read begins with the damaged one.
      if (end > 0) break;
      return { kind: 'corrupt', baseOffset: batchBaseOffset(bytes, end) };
    }
    if (lastOffset >= options.maxOffset) break;
    end += sizeBytes;
    nextOffset = lastOffset + 1;
  }
  if (end === 0) return emptyAt(options.fetchOffset);
  const startPositionOffset = batchBaseOffset(bytes, 0);
  return { kind: 'data', chunks: [bytes.subarray(0, end)], sizeBytes: end, nextOffset, startPositionOffset };
}

export interface FoundBatch {
  position: BytePosition;
  sizeBytes: number;
  baseOffset: Offset;
  lastOffset: Offset;
  maxTimestamp: number;
  /** These bytes are no batch header. */
  isDamaged: boolean;
}

/** How much is read at once while looking for a batch: an index interval and a few headers more. */
const searchBytes = 16 << 10;

/** The first batch whose last offset is ≥ `offset`, or null. Loaded indexes that prove wrong are built again (B4). */
export async function findBatch(segment: Segment, indexes: SegmentIndexes, offset: Offset): Promise<FoundBatch | null> {
  const entry = indexes.offsets.lookup(offset);
  const found = await walkTo(segment, entry?.position ?? 0, (batch) => batch.lastOffset >= offset, entry?.offset);
  if (found !== 'badIndex') return found;
  await segment.rebuildIndexes();
  const again = await walkTo(segment, segment.indexes.positionBefore(offset), (batch) => batch.lastOffset >= offset);
  return again === 'badIndex' ? null : again;
}

/** The first batch from `position` on that matches, or the first damaged one; null at the segment's end. */
export async function findBatchFrom(
  segment: Segment,
  position: BytePosition,
  matches: (batch: FoundBatch) => boolean,
): Promise<FoundBatch | null> {
  const found = await walkTo(segment, position, matches);
  return found === 'badIndex' ? null : found;
}

/**
 * Walks headers from `position` until `matches`. `expectedLastOffset` is what the index says of the first batch;
 * 'badIndex' when it is not so and the index came from a file.
 */
async function walkTo(
  segment: Segment,
  position: BytePosition,
  matches: (batch: FoundBatch) => boolean,
  expectedLastOffset?: Offset,
): Promise<FoundBatch | null | 'badIndex'> {
  const window = new Uint8Array(searchBytes);
  let expected = expectedLastOffset;
  for (let at = position; segment.sizeBytes - at >= headerBytes;) {
    const wanted = Math.min(searchBytes, segment.sizeBytes - at);
    const filled = await readFully(segment.context.fs, segment.file(), window.subarray(0, wanted), at);
    if (filled < headerBytes) return null;
    let inWindow = 0;
    while (filled - inWindow >= headerBytes) {
      const batch = batchAt(window, inWindow, at + inWindow);
      if (expected !== undefined && !segment.isActive && (batch.isDamaged || batch.lastOffset !== expected)) return 'badIndex';
      expected = undefined;
      if (batch.isDamaged || matches(batch)) return batch;
      inWindow += batch.sizeBytes;
    }
    at += inWindow;
  }
  return null;
}

function batchAt(bytes: Uint8Array, position: number, filePosition: BytePosition): FoundBatch {
  return {
    position: filePosition,
    sizeBytes: batchSizeInBytes(bytes, position),
    baseOffset: batchBaseOffset(bytes, position),
    lastOffset: batchLastOffset(bytes, position),
    maxTimestamp: batchMaxTimestamp(bytes, position),
    isDamaged: !isPlausible(bytes, position),
  };
}

function emptyAt(fetchOffset: Offset): ReadResult {
  return { kind: 'data', chunks: [], sizeBytes: 0, nextOffset: fetchOffset, startPositionOffset: fetchOffset };
}

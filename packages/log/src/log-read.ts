/**
 * Reading: from the tail cache without waiting, or from a segment's file with one read off the event loop.
 *
 * Both give whole batches, beginning with the one that contains the fetch offset (A27), and never a batch that reaches
 * `maxOffset`. What comes from disk has its CRC checked before it is served (B3).
 */

import { buggify, sometimes } from '@jackdaw/base';
import type { Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, endOfBatch, isValidCrc } from '@jackdaw/protocol';
import { isPlausible } from './batch-scanner.ts';
import { readFully } from './fs.ts';
import { findBatch, hasKnownEpoch, headerBytes, isSound, viewOf, type SegmentView } from './header-walk.ts';
import type { LogParts } from './log-parts.ts';
import type { ReadOptions, ReadResult } from './log-types.ts';
import type { Segment } from './segment.ts';

/** Most bytes that one read from disk brings, unless a single batch is larger: bounds memory and the time for CRCs. */
export const maxDiskReadBytes = 4 << 20;

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
    const range = selectBatches(entry.bytes, {
      fetchOffset: options.fetchOffset,
      maxOffset: options.maxOffset,
      maxBytes: options.maxBytes - sizeBytes,
      minOneBatch: options.minOneBatch && chunks.length === 0,
    });
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
      sometimes('log: read begun again because the log was cut meanwhile');
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
    const result = await readSegment(parts, segment, options);
    if (result !== null) return result;
  }
}

/** Null when the segment has no batch at or behind the fetch offset. */
async function readSegment(parts: LogParts, segment: Segment, options: ReadOptions): Promise<ReadResult | null> {
  const view = viewOf(parts, segment);
  const indexes = await segment.acquire();
  try {
    const start = await findBatch(view, indexes, options.fetchOffset);
    if (start === null) return null;
    if (start.isDamaged) return { kind: 'corrupt', baseOffset: start.baseOffset };
    if (start.sizeBytes > options.maxBytes && !options.minOneBatch) return emptyAt(options.fetchOffset);
    // A damaged length must not lead to a large allocation.
    if (start.sizeBytes > maxDiskReadBytes && !(await isSound(view, start)))
      return { kind: 'corrupt', baseOffset: start.baseOffset };
    const limitBytes = buggify('log: one batch in each read') ? 0 : Math.min(options.maxBytes, maxDiskReadBytes);
    const wantedBytes = Math.max(start.sizeBytes, limitBytes);
    const bytes = Buffer.allocUnsafeSlow(Math.min(wantedBytes, view.endPosition - start.position));
    const count = await readFully(segment.context.fs, segment.file(), bytes, start.position);
    return checkedBatches(view, { bytes: bytes.subarray(0, count), baseOffset: start.baseOffset }, options);
  } finally {
    segment.release();
  }
}

/**
 * The sound batches at the front of `bytes`, as far as the options allow. A batch that does not follow the one before it
 * is left to the next read, which begins with it and looks closer.
 */
function checkedBatches(view: SegmentView, found: { bytes: Uint8Array; baseOffset: Offset }, options: ReadOptions): ReadResult {
  const { bytes } = found;
  let end = 0;
  let nextOffset = found.baseOffset;
  while (bytes.length - end >= headerBytes && batchBaseOffset(bytes, end) === nextOffset && isPlausible(bytes, end)) {
    const batchEnd = endOfBatch(bytes, end);
    if (batchEnd > bytes.length || (end > 0 && batchEnd > options.maxBytes)) break;
    if (!hasKnownEpoch(view.epochs, bytes, end) || !isValidCrc(bytes, end)) break;
    const lastOffset = batchLastOffset(bytes, end);
    if (lastOffset >= options.maxOffset) {
      if (end === 0) return emptyAt(options.fetchOffset);
      break;
    }
    end = batchEnd;
    nextOffset = lastOffset + 1;
  }
  // What comes before a damaged batch is served; the next read begins with it.
  if (end === 0) return { kind: 'corrupt', baseOffset: found.baseOffset };
  return { kind: 'data', chunks: [bytes.subarray(0, end)], sizeBytes: end, nextOffset, startPositionOffset: found.baseOffset };
}

function emptyAt(fetchOffset: Offset): ReadResult {
  return { kind: 'data', chunks: [], sizeBytes: 0, nextOffset: fetchOffset, startPositionOffset: fetchOffset };
}

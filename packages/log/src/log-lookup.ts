/**
 * Finding offsets by timestamp, for ListOffsets (UnifiedLog.fetchOffsetByTimestamp).
 *
 * The time index says where to begin; from there batches are opened, one at a time and within a limit, until a record
 * is late enough.
 */

import type { Offset } from '@jackdaw/base';
import {
  batchBaseOffset,
  batchLeaderEpoch,
  batchMaxTimestamp,
  CorruptCompressedError,
  CorruptRecordError,
  DecompressedTooLargeError,
  decodeRecords,
  isValidCrc,
  type Codecs,
} from '@jackdaw/protocol';
import { readFully, StorageError } from './fs.ts';
import { findBatchFrom, viewOf, type FoundBatch } from './header-walk.ts';
import type { LogParts } from './log-parts.ts';

import type { TimestampOffset } from './log-types.ts';
import type { Segment } from './segment.ts';

/** Most bytes that a batch may inflate to in a lookup; of a larger one the base offset is the answer. */
export const maxLookupInflateBytes = 64 << 20;

export interface TimestampQuery {
  timestampMs: number;
  maxOffsetExclusive: Offset;
}

/** The first record at or after the log start whose timestamp is ≥ `timestampMs`, or null. */
export async function findByTimestamp(parts: LogParts, query: TimestampQuery): Promise<TimestampOffset | null> {
  for (;;) {
    const { truncations } = parts;
    try {
      const found = await searchSegments(parts, query);
      if (truncations === parts.truncations) return found;
    } catch (error) {
      if (truncations === parts.truncations) throw error;
    }
  }
}

async function searchSegments(parts: LogParts, query: TimestampQuery): Promise<TimestampOffset | null> {
  for (const segment of [...parts.segments.all]) {
    if (segment.maxTimestamp.timestamp < query.timestampMs || segment.sizeBytes === 0) continue;
    const found = await searchSegment(parts, segment, query);
    if (found === null) continue;
    return found.offset < query.maxOffsetExclusive ? found : null;
  }
  return null;
}

async function searchSegment(parts: LogParts, segment: Segment, query: TimestampQuery): Promise<TimestampOffset | null> {
  const view = viewOf(parts, segment);
  const indexes = await segment.acquire();
  try {
    const before = indexes.times.lookupBefore(query.timestampMs);
    const from = Math.max(before === null ? segment.baseOffset : before.offset + 1, parts.logStartOffset);
    let position = indexes.positionBefore(from);
    for (;;) {
      const isCandidate = (batch: FoundBatch): boolean => batch.lastOffset >= from && batch.maxTimestamp >= query.timestampMs;
      const batch = await findBatchFrom(view, position, isCandidate);
      if (batch === null) return null;
      const found = recordIn(await readBatch(segment, batch), parts.codecs, (timestamp, offset) => {
        return timestamp >= query.timestampMs && offset >= parts.logStartOffset;
      });
      if (found !== null) return found;
      position = batch.position + batch.sizeBytes;
    }
  } finally {
    segment.release();
  }
}

/** The record with the largest timestamp in the log, the first of several; null in a log without timestamps. */
export async function findMaxTimestamp(parts: LogParts): Promise<TimestampOffset | null> {
  let best: Segment | null = null;
  for (const segment of parts.segments.all) {
    if (segment.maxTimestamp.timestamp > (best?.maxTimestamp.timestamp ?? -1)) best = segment;
  }
  if (best === null) return null;
  const view = viewOf(parts, best);
  const indexes = await best.acquire();
  try {
    const { timestamp, offset } = best.maxTimestamp;
    const batch = await findBatchFrom(view, indexes.positionBefore(offset), (found) => found.maxTimestamp === timestamp);
    return batch === null ? null : recordIn(await readBatch(best, batch), parts.codecs, (time) => time === timestamp);
  } finally {
    best.release();
  }
}

async function readBatch(segment: Segment, batch: FoundBatch): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(batch.isDamaged ? 0 : batch.sizeBytes);
  const count = await readFully(segment.context.fs, segment.file(), bytes, batch.position);
  if (batch.isDamaged || count < bytes.length || !isValidCrc(bytes, 0)) {
    throw new StorageError('corrupt', segment.path('.log'), `the batch at offset ${batch.baseOffset} is damaged`);
  }
  return bytes;
}

function recordIn(
  batch: Uint8Array,
  codecs: Codecs | null,
  matches: (timestamp: number, offset: Offset) => boolean,
): TimestampOffset | null {
  const leaderEpoch = batchLeaderEpoch(batch, 0);
  try {
    const records = decodeRecords(batch, codecs ?? noCodecs, { maxDecompressedBytes: maxLookupInflateBytes });
    const record = records.find(({ timestamp, offset }) => matches(timestamp, offset));
    return record === undefined ? null : { offset: record.offset, timestamp: record.timestamp, leaderEpoch };
  } catch (error) {
    const isUnreadable = error instanceof CorruptCompressedError || error instanceof CorruptRecordError;
    if (!isUnreadable && !(error instanceof DecompressedTooLargeError)) throw error;
    // A batch that cannot be opened still has a place: a reader that starts at it misses nothing.
    return { offset: batchBaseOffset(batch, 0), timestamp: batchMaxTimestamp(batch, 0), leaderEpoch };
  }
}

const noCodecs: Codecs = {
  compress: () => new Uint8Array(0),
  decompress(codec) {
    throw new CorruptCompressedError(codec, 'no codecs were given to this log');
  },
};

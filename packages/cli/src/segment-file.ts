/**
 * Reads a segment file batch by batch, whatever its size, and its two indexes.
 *
 * Only one batch is in memory at a time. The file may belong to a running broker: what is not whole at its end is reported as
 * trailing bytes, not as damage.
 */
import { closeSync, openSync, readSync, fstatSync, readFileSync } from 'node:fs';
import { endOfBatch, isValidCrc, readBatchHeader, type BatchHeader } from '@jackdaw/protocol';

/** A batch is at most what a broker takes; a longer length is damage. */
const maxBatchBytes = 512 * 1024 * 1024;
const prefixBytes = 17;

export interface SegmentBatch {
  readonly header: BatchHeader;
  /** Byte position in the file. */
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly hasValidCrc: boolean;
}

export interface SegmentEnd {
  readonly validBytes: number;
  readonly trailingBytes: number;
}

/** Calls `onBatch` for every whole batch until it returns false. Throws CorruptRecordError where a batch cannot be one. */
export function readSegment(file: string, maxBytes: number, onBatch: (batch: SegmentBatch) => boolean): SegmentEnd {
  const fd = openSync(file, 'r');
  try {
    const sizeBytes = Math.min(fstatSync(fd).size, maxBytes);
    let position = 0;
    while (position + prefixBytes <= sizeBytes) {
      const prefix = readAt(fd, position, prefixBytes);
      endOfBatch(prefix, 0);
      const batchBytes = prefix.readInt32BE(8) + 12;
      if (batchBytes > maxBatchBytes || position + batchBytes > sizeBytes) break;
      const bytes = readAt(fd, position, batchBytes);
      const batch = { header: readBatchHeader(bytes, 0), position, bytes, hasValidCrc: isValidCrc(bytes, 0) };
      position += batchBytes;
      if (!onBatch(batch)) break;
    }
    return { validBytes: position, trailingBytes: sizeBytes - position };
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

export interface OffsetIndexEntry {
  readonly offset: number;
  readonly position: number;
}

/** Entries of a .index file: relative offset and position, 4 bytes each; a zero entry ends it (preallocation). */
export function readOffsetIndex(file: string, baseOffset: number): OffsetIndexEntry[] {
  const bytes = readFileSync(file);
  const entries: OffsetIndexEntry[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const relative = bytes.readUInt32BE(at);
    const position = bytes.readUInt32BE(at + 4);
    if (relative === 0 && (at > 0 || position === 0)) break;
    entries.push({ offset: baseOffset + relative, position });
  }
  return entries;
}

export interface TimeIndexEntry {
  readonly timestamp: number;
  readonly offset: number;
}

/** Entries of a .timeindex file: timestamp in 8 bytes, relative offset in 4. */
export function readTimeIndex(file: string, baseOffset: number): TimeIndexEntry[] {
  const bytes = readFileSync(file);
  const entries: TimeIndexEntry[] = [];
  for (let at = 0; at + 12 <= bytes.length; at += 12) {
    const timestamp = Number(bytes.readBigInt64BE(at));
    if (timestamp === 0) break;
    entries.push({ timestamp, offset: baseOffset + bytes.readUInt32BE(at + 8) });
  }
  return entries;
}

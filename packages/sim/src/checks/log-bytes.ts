/**
 * The bytes of a log as they are on a simulated disk.
 */
import { Buffer } from 'node:buffer';
import type { MemoryFs, PartitionLog } from '@jackdaw/log';
import { batchBaseOffset, batchLastOffset, batchSizeInBytes, isValidCrc } from '@jackdaw/protocol';
import { segmentPath } from './segment-path.ts';

/** Least size of a batch. */
const headerBytes = 61;

/** All batches that hold `offset` or come after it, in one piece. */
export function logBytesFrom(log: PartitionLog, disk: MemoryFs, offset: number): Buffer {
  const parts: Uint8Array[] = [];
  for (const baseOffset of log.segmentBaseOffsets) {
    const bytes = disk.contentOf(segmentPath(log.directory, baseOffset)) ?? new Uint8Array(0);
    let position = 0;
    while (bytes.length - position >= headerBytes && batchLastOffset(bytes, position) < offset) {
      position += batchSizeInBytes(bytes, position);
    }
    parts.push(bytes.subarray(position));
  }
  return Buffer.concat(parts);
}

/** Offset of the first batch that fails its CRC, or null. */
export function firstInvalidBatch(bytes: Uint8Array): number | null {
  for (let position = 0; bytes.length - position >= headerBytes; position += batchSizeInBytes(bytes, position)) {
    if (!isValidCrc(bytes, position)) return batchBaseOffset(bytes, position);
  }
  return null;
}

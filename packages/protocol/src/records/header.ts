/**
 * The batch header in place: accessors that allocate nothing, a decoded copy, and the patches a leader makes.
 *
 * `position` is where the batch starts in `bytes`; the caller has checked (see `batches.ts`) that a whole batch is
 * there. Base offset and leader epoch lie outside the CRC; timestamps and attributes lie inside it.
 */
import { assert } from '@jackdaw/base';

import { crc32c } from '../crc32c.ts';
import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from './big-endian.ts';
import * as layout from './layout.ts';
import type { TimestampType } from './layout.ts';

/** A batch header, decoded. Offsets and timestamps are those in the bytes when it was read. */
export interface BatchHeader {
  /** Where the batch starts in the bytes it was read from. */
  position: number;
  baseOffset: number;
  /** The whole batch, header included. */
  sizeInBytes: number;
  /** −1 while no leader has appended the batch. */
  leaderEpoch: number;
  magic: number;
  /** Unsigned. */
  crc: number;
  attributes: number;
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5–7 are not valid and are refused by validation. */
  codec: number;
  timestampType: TimestampType;
  isTransactional: boolean;
  isControl: boolean;
  hasDeleteHorizon: boolean;
  lastOffsetDelta: number;
  /** baseOffset + lastOffsetDelta; compaction may have removed the record at it. */
  lastOffset: number;
  /** The delete horizon when `hasDeleteHorizon`. */
  baseTimestamp: number;
  /** −1 when no record has a timestamp. */
  maxTimestamp: number;
  /** −1 when the producer is neither idempotent nor transactional. */
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  recordsCount: number;
}

export function readBatchHeader(bytes: Uint8Array, position: number): BatchHeader {
  const attributes = batchAttributes(bytes, position);
  const baseOffset = batchBaseOffset(bytes, position);
  const lastOffsetDelta = batchLastOffsetDelta(bytes, position);
  return {
    position,
    baseOffset,
    sizeInBytes: batchSizeInBytes(bytes, position),
    leaderEpoch: batchLeaderEpoch(bytes, position),
    magic: batchMagic(bytes, position),
    crc: batchCrc(bytes, position),
    attributes,
    codec: attributes & layout.codecMask,
    timestampType: timestampTypeOf(attributes),
    isTransactional: (attributes & layout.transactionalFlag) !== 0,
    isControl: (attributes & layout.controlFlag) !== 0,
    hasDeleteHorizon: (attributes & layout.deleteHorizonFlag) !== 0,
    lastOffsetDelta,
    lastOffset: baseOffset + lastOffsetDelta,
    baseTimestamp: batchBaseTimestamp(bytes, position),
    maxTimestamp: batchMaxTimestamp(bytes, position),
    producerId: batchProducerId(bytes, position),
    producerEpoch: batchProducerEpoch(bytes, position),
    baseSequence: batchBaseSequence(bytes, position),
    recordsCount: batchRecordsCount(bytes, position),
  };
}

export function batchBaseOffset(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + layout.baseOffsetPosition);
}

/** The length field: bytes after it, that is, the batch without its first 12 bytes. */
export function batchLength(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + layout.lengthPosition);
}

/** The whole batch, header included. */
export function batchSizeInBytes(bytes: Uint8Array, position: number): number {
  return layout.lengthOverheadBytes + batchLength(bytes, position);
}

export function batchLeaderEpoch(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + layout.leaderEpochPosition);
}

export function batchMagic(bytes: Uint8Array, position: number): number {
  return ((bytes[position + layout.magicPosition] as number) << 24) >> 24;
}

/** The CRC that is stored in the batch, unsigned. */
export function batchCrc(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + layout.crcPosition) >>> 0;
}

/** All 16 bits. */
export function batchAttributes(bytes: Uint8Array, position: number): number {
  return readInt16(bytes, position + layout.attributesPosition) & 0xffff;
}

/** 0–7, of which 5–7 name no codec. */
export function batchCodec(bytes: Uint8Array, position: number): number {
  return batchAttributes(bytes, position) & layout.codecMask;
}

export function batchTimestampType(bytes: Uint8Array, position: number): TimestampType {
  return timestampTypeOf(batchAttributes(bytes, position));
}

export function isTransactionalBatch(bytes: Uint8Array, position: number): boolean {
  return (batchAttributes(bytes, position) & layout.transactionalFlag) !== 0;
}

export function isControlBatch(bytes: Uint8Array, position: number): boolean {
  return (batchAttributes(bytes, position) & layout.controlFlag) !== 0;
}

/** True when compaction has put the time at which tombstones may go into the base timestamp (KIP-534). */
export function hasDeleteHorizon(bytes: Uint8Array, position: number): boolean {
  return (batchAttributes(bytes, position) & layout.deleteHorizonFlag) !== 0;
}

export function batchLastOffsetDelta(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + layout.lastOffsetDeltaPosition);
}

export function batchLastOffset(bytes: Uint8Array, position: number): number {
  return batchBaseOffset(bytes, position) + batchLastOffsetDelta(bytes, position);
}

export function batchBaseTimestamp(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + layout.baseTimestampPosition);
}

export function batchMaxTimestamp(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + layout.maxTimestampPosition);
}

export function batchProducerId(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + layout.producerIdPosition);
}

export function batchProducerEpoch(bytes: Uint8Array, position: number): number {
  return readInt16(bytes, position + layout.producerEpochPosition);
}

export function batchBaseSequence(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + layout.baseSequencePosition);
}

export function batchRecordsCount(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + layout.recordsCountPosition);
}

/** True when the batch is at least a header long, wholly inside `bytes`, and its stored CRC is the sum of its bytes. */
export function isValidCrc(bytes: Uint8Array, position: number): boolean {
  const end = position + batchSizeInBytes(bytes, position);
  if (end - position < layout.batchHeaderBytes || end > bytes.length) return false;
  return batchCrc(bytes, position) === computeBatchCrc(bytes, position);
}

/** The CRC that the batch ought to have: over attributes, the rest of the header, and the records. */
export function computeBatchCrc(bytes: Uint8Array, position: number): number {
  return crc32c(bytes, position + layout.attributesPosition, position + batchSizeInBytes(bytes, position));
}

/** Sets the base offset; the CRC does not cover it. */
export function patchBaseOffset(bytes: Uint8Array, position: number, baseOffset: number): void {
  assert(Number.isSafeInteger(baseOffset) && baseOffset >= 0, 'base offset out of range', baseOffset);
  writeInt64(bytes, position + layout.baseOffsetPosition, baseOffset);
}

/** Sets the epoch of the leader that appends the batch; the CRC does not cover it. */
export function patchLeaderEpoch(bytes: Uint8Array, position: number, leaderEpoch: number): void {
  writeInt32(bytes, position + layout.leaderEpochPosition, leaderEpoch);
}

/**
 * Sets what the log decides about timestamps, and the CRC when that changed anything. Unknown attribute bits are
 * cleared by a change, as in Kafka's DefaultRecordBatch.setMaxTimestamp. Returns whether bytes changed.
 */
export function patchMaxTimestampAndAttributes(
  bytes: Uint8Array,
  position: number,
  patch: { timestampType: TimestampType; maxTimestamp: number },
): boolean {
  const attributes = batchAttributes(bytes, position);
  if (timestampTypeOf(attributes) === patch.timestampType && batchMaxTimestamp(bytes, position) === patch.maxTimestamp) {
    return false;
  }
  const known = attributes & (layout.codecMask | layout.transactionalFlag | layout.controlFlag | layout.deleteHorizonFlag);
  const typeFlag = patch.timestampType === 'LogAppendTime' ? layout.logAppendTimeFlag : 0;
  writeInt16(bytes, position + layout.attributesPosition, known | typeFlag);
  writeInt64(bytes, position + layout.maxTimestampPosition, patch.maxTimestamp);
  patchCrc(bytes, position);
  return true;
}

/** Stores the CRC that the batch's bytes have now. */
export function patchCrc(bytes: Uint8Array, position: number): void {
  writeInt32(bytes, position + layout.crcPosition, computeBatchCrc(bytes, position));
}

function timestampTypeOf(attributes: number): TimestampType {
  return (attributes & layout.logAppendTimeFlag) === 0 ? 'CreateTime' : 'LogAppendTime';
}

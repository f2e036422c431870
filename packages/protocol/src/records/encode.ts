/**
 * Builds a record batch (magic 2) from records: what coordinators, the metadata publisher, compaction and tests write.
 *
 * Produce requests never come this way; their bytes are kept as they are.
 */
import { assert, expectDefined, utf8Encode } from '@jackdaw/base';

import { crc32c } from '../crc32c.ts';
import { writeInt16, writeInt32, writeInt64 } from './big-endian.ts';
import { codecNone, type CodecId, type Codecs } from './codecs.ts';
import * as layout from './layout.ts';
import type { TimestampType } from './layout.ts';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts';

export interface RecordHeader {
  key: string;
  value: Uint8Array | null;
}

/** A record as given to {@link encodeBatch}. */
export interface RecordToWrite {
  key: Uint8Array | null;
  value: Uint8Array | null;
  /** Milliseconds since 1970; −1, the default, for none. */
  timestamp?: number;
  headers?: readonly RecordHeader[];
  /** Default: one after the record before it, the first at the batch's base offset. Ascending. */
  offset?: number;
}

export interface BatchToWrite {
  records: readonly RecordToWrite[];
  /** Default none. */
  codec?: CodecId;
  /** Level of the codec; default the codec's own. */
  compressionLevel?: number;
  /** Default 0, as producers send it. */
  baseOffset?: number;
  /** Offset of the batch's end; default that of the last record. Compaction keeps the original one. */
  lastOffset?: number;
  /** Default: the timestamp of the first record. */
  baseTimestamp?: number;
  /** Default: the largest timestamp of a record. */
  maxTimestamp?: number;
  /** When tombstones and markers of this batch may go (KIP-534); takes the place of the base timestamp. */
  deleteHorizonMs?: number;
  leaderEpoch?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
  isTransactional?: boolean;
  isControl?: boolean;
  timestampType?: TimestampType;
}

/** What the records come to before they are written. */
interface Plan {
  /** Length of each record without its own length field, in order. */
  bodySizes: number[];
  /** UTF-8 of all header keys, in order of records and headers. */
  headerKeys: Uint8Array[];
  /** Bytes of all records. */
  sizeInBytes: number;
  baseOffset: number;
  baseTimestamp: number;
  maxTimestamp: number;
  lastOffset: number;
}

/** The bytes of one batch. `codecs` is needed when `batch.codec` is not none. */
export function encodeBatch(batch: BatchToWrite, codecs?: Codecs): Uint8Array {
  const plan = planBatch(batch);
  const codec = batch.codec ?? codecNone;
  if (codec === codecNone) {
    const bytes = new Uint8Array(layout.batchHeaderBytes + plan.sizeInBytes);
    writeRecords(bytes, layout.batchHeaderBytes, { batch, plan });
    return finishBatch(bytes, batch, plan);
  }
  const records = new Uint8Array(plan.sizeInBytes);
  writeRecords(records, 0, { batch, plan });
  const packed = expectDefined(codecs, 'a compressed batch needs codecs').compress(codec, records, batch.compressionLevel);
  const bytes = new Uint8Array(layout.batchHeaderBytes + packed.length);
  bytes.set(packed, layout.batchHeaderBytes);
  return finishBatch(bytes, batch, plan);
}

function planBatch(batch: BatchToWrite): Plan {
  const baseOffset = batch.baseOffset ?? 0;
  const baseTimestamp = batch.deleteHorizonMs ?? batch.baseTimestamp ?? batch.records[0]?.timestamp ?? layout.noTimestamp;
  const plan: Plan = {
    bodySizes: [],
    headerKeys: [],
    sizeInBytes: 0,
    baseOffset,
    baseTimestamp,
    maxTimestamp: layout.noTimestamp,
    lastOffset: baseOffset - 1,
  };
  for (const record of batch.records) planRecord(record, plan);
  plan.maxTimestamp = batch.maxTimestamp ?? plan.maxTimestamp;
  plan.lastOffset = batch.lastOffset ?? Math.max(plan.lastOffset, baseOffset);
  return plan;
}

function planRecord(record: RecordToWrite, plan: Plan): void {
  const offset = record.offset ?? plan.lastOffset + 1;
  const timestamp = record.timestamp ?? layout.noTimestamp;
  assert(offset > plan.lastOffset, `record offsets must ascend: ${offset} after ${plan.lastOffset}`);
  plan.lastOffset = offset;
  plan.maxTimestamp = Math.max(plan.maxTimestamp, timestamp);
  const headers = record.headers ?? [];
  let size = 1 + sizeOfVarlong(timestamp - plan.baseTimestamp) + sizeOfVarint(offset - plan.baseOffset);
  size += sizeOfNullable(record.key) + sizeOfNullable(record.value) + sizeOfVarint(headers.length);
  for (const header of headers) {
    const key = utf8Encode(header.key);
    plan.headerKeys.push(key);
    size += sizeOfNullable(key) + sizeOfNullable(header.value);
  }
  plan.bodySizes.push(size);
  plan.sizeInBytes += sizeOfVarint(size) + size;
}

function writeRecords(bytes: Uint8Array, start: number, { batch, plan }: { batch: BatchToWrite; plan: Plan }): void {
  let position = start;
  let offset = plan.baseOffset;
  let headerKeyIndex = 0;
  for (const [index, record] of batch.records.entries()) {
    offset = record.offset ?? offset;
    position = writeVarint(bytes, position, plan.bodySizes[index] as number);
    bytes[position++] = 0;
    position = writeVarlong(bytes, position, (record.timestamp ?? layout.noTimestamp) - plan.baseTimestamp);
    position = writeVarint(bytes, position, offset - plan.baseOffset);
    position = writeNullable(bytes, position, record.key);
    position = writeNullable(bytes, position, record.value);
    const headers = record.headers ?? [];
    position = writeVarint(bytes, position, headers.length);
    for (const header of headers) {
      position = writeNullable(bytes, position, plan.headerKeys[headerKeyIndex++] as Uint8Array);
      position = writeNullable(bytes, position, header.value);
    }
    offset++;
  }
  assert(position === start + plan.sizeInBytes, 'records take the size that was planned');
}

/** Fills in the header of a batch whose records are in place. */
function finishBatch(bytes: Uint8Array, batch: BatchToWrite, plan: Plan): Uint8Array {
  const { baseOffset, lastOffset } = plan;
  assert(Number.isSafeInteger(baseOffset) && lastOffset - baseOffset <= 0x7fff_ffff, `offsets ${baseOffset} to ${lastOffset}`);
  writeInt64(bytes, layout.baseOffsetPosition, baseOffset);
  writeInt32(bytes, layout.lengthPosition, bytes.length - layout.lengthOverheadBytes);
  writeInt32(bytes, layout.leaderEpochPosition, batch.leaderEpoch ?? layout.noLeaderEpoch);
  bytes[layout.magicPosition] = layout.currentMagic;
  writeInt16(bytes, layout.attributesPosition, attributesOf(batch));
  writeInt32(bytes, layout.lastOffsetDeltaPosition, lastOffset - baseOffset);
  writeInt64(bytes, layout.baseTimestampPosition, plan.baseTimestamp);
  writeInt64(bytes, layout.maxTimestampPosition, plan.maxTimestamp);
  writeInt64(bytes, layout.producerIdPosition, batch.producerId ?? layout.noProducerId);
  writeInt16(bytes, layout.producerEpochPosition, batch.producerEpoch ?? layout.noProducerEpoch);
  writeInt32(bytes, layout.baseSequencePosition, batch.baseSequence ?? layout.noSequence);
  writeInt32(bytes, layout.recordsCountPosition, batch.records.length);
  writeInt32(bytes, layout.crcPosition, crc32c(bytes, layout.attributesPosition));
  return bytes;
}

function attributesOf(batch: BatchToWrite): number {
  let attributes: number = batch.codec ?? codecNone;
  if (batch.timestampType === 'LogAppendTime') attributes |= layout.logAppendTimeFlag;
  if (batch.isTransactional === true) attributes |= layout.transactionalFlag;
  if (batch.isControl === true) attributes |= layout.controlFlag;
  if (batch.deleteHorizonMs !== undefined) attributes |= layout.deleteHorizonFlag;
  return attributes;
}

function sizeOfNullable(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length;
}

function writeNullable(bytes: Uint8Array, position: number, value: Uint8Array | null): number {
  if (value === null) return writeVarint(bytes, position, -1);
  const start = writeVarint(bytes, position, value.length);
  bytes.set(value, start);
  return start + value.length;
}

/**
 * Records as objects: for coordinators that load their state, for compaction, the console and tests.
 *
 * Not for produce and fetch, which keep bytes. Keys, values and header values share memory with the batch when it is
 * not compressed, and with one inflated buffer when it is.
 */
import { utf8Decode } from '@jackdaw/base';

import { codecNone, isCodecId, type Codecs } from './codecs.ts';
import { RecordCursor } from './cursor.ts';
import type { RecordHeader } from './encode.ts';
import {
  batchBaseOffset,
  batchBaseTimestamp,
  batchCodec,
  batchMaxTimestamp,
  batchRecordsCount,
  batchSizeInBytes,
  batchTimestampType,
} from './header.ts';
import { expectCurrentBatch } from './batches.ts';
import { batchHeaderBytes, bytesUpToMagic } from './layout.ts';
import { corruptRecord, invalidRecord } from './record-errors.ts';
import { readVarint } from './varint.ts';

/** A record with its offset and timestamp worked out. */
export interface DecodedRecord {
  offset: number;
  /** The batch's maxTimestamp when the log sets timestamps; −1 for none. */
  timestamp: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: RecordHeader[];
}

export interface DecodeLimits {
  /** Most bytes that the records of one batch may inflate to. */
  maxDecompressedBytes: number;
}

/**
 * The records of the batch that `batch` starts with. Throws `CorruptRecordError`, `CorruptCompressedError` or
 * `DecompressedTooLargeError`; the CRC is the caller's to check.
 */
export function decodeRecords(batch: Uint8Array, codecs: Codecs, limits: DecodeLimits): DecodedRecord[] {
  const bytes = uncompressedRecords(batch, codecs, limits);
  const count = batchRecordsCount(batch, 0);
  // The smallest record takes 7 bytes: a count that the data cannot hold is refused before anything is set aside.
  if (count < 0 || count > bytes.length) invalidRecord(`a batch claims ${count} records in ${bytes.length} bytes`);
  const baseOffset = batchBaseOffset(batch, 0);
  const baseTimestamp = batchBaseTimestamp(batch, 0);
  const appendTime = batchTimestampType(batch, 0) === 'LogAppendTime' ? batchMaxTimestamp(batch, 0) : undefined;
  const cursor = new RecordCursor(bytes);
  const records: DecodedRecord[] = [];
  for (let index = 0; index < count; index++) {
    cursor.advance();
    records.push({
      offset: baseOffset + cursor.offsetDelta,
      timestamp: appendTime ?? baseTimestamp + cursor.timestampDelta,
      key: cursor.key(),
      value: cursor.value(),
      headers: readHeaders(cursor),
    });
  }
  if (!cursor.isAtEnd()) invalidRecord(`a batch has bytes behind its ${count} records`);
  return records;
}

/** The bytes of the batch's records: part of `batch` when they are not compressed, inflated otherwise. */
export function uncompressedRecords(batch: Uint8Array, codecs: Codecs, limits: DecodeLimits): Uint8Array {
  if (batch.length < bytesUpToMagic) corruptRecord(`${batch.length} bytes are no batch`);
  expectCurrentBatch(batch, 0);
  const size = batchSizeInBytes(batch, 0);
  if (size > batch.length) corruptRecord(`a batch of ${size} bytes is cut off after ${batch.length}`);
  const records = batch.subarray(batchHeaderBytes, size);
  const codec = batchCodec(batch, 0);
  if (codec === codecNone) return records;
  if (!isCodecId(codec)) corruptRecord(`unknown compression codec ${codec}`);
  if (batchRecordsCount(batch, 0) === 0 && records.length === 0) return records;
  return codecs.decompress(codec, records, limits.maxDecompressedBytes);
}

/** The headers of the record that the cursor is on. */
export function readHeaders(cursor: RecordCursor): RecordHeader[] {
  const headers: RecordHeader[] = [];
  if (cursor.headersCount === 0) return headers;
  const reader = { bytes: cursor.bytes, position: cursor.headersPosition, end: cursor.recordEnd };
  for (let index = 0; index < cursor.headersCount; index++) {
    const keyEnd = readVarint(reader) + reader.position;
    const key = utf8Decode(reader.bytes.subarray(reader.position, keyEnd));
    reader.position = keyEnd;
    const length = readVarint(reader);
    const value = length < 0 ? null : reader.bytes.subarray(reader.position, reader.position + length);
    reader.position += Math.max(length, 0);
    headers.push({ key, value });
  }
  return headers;
}

/**
 * The produce-side checks, one test a rule: which Kafka error code each kind of lie gets, and what is changed in sound bytes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { ErrorCode } from '../../src/error-codes.ts';
import { writeInt16, writeInt32, writeInt64 } from '../../src/records/big-endian.ts';
import { encodeBatch, type BatchToWrite, type RecordToWrite } from '../../src/records/encode.ts';
import { decodeRecords } from '../../src/records/decode.ts';
import { isValidCrc, patchCrc, readBatchHeader } from '../../src/records/header.ts';
import * as layout from '../../src/records/layout.ts';
import {
  validateBatches,
  type RefusedBatches,
  type ValidateOptions,
  type ValidBatches,
} from '../../src/records/validate-batches.ts';
import { gzipCodecs, limits, normal } from './support.ts';

const nowMs = 1_700_000_000_000;
const options: ValidateOptions = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  beforeMaxMs: Infinity,
  afterMaxMs: 3_600_000,
  nowMs,
  compressionType: 'producer',
  isCompacted: false,
  codecs: gzipCodecs,
  maxDecompressedBytes: 10_000_000,
};

test('a sound batch passes as the very same bytes', () => {
  for (const codec of [0, 1] as const) {
    const bytes = batchOf({ codec });
    const before = Buffer.from(bytes).toString('hex');
    const result = expectValid(validateBatches(bytes, options));
    assert.equal(result.batches.buffer, bytes.buffer);
    assert.equal(Buffer.from(result.batches).toString('hex'), before);
    assert.deepEqual(result.batches, bytes);
    assert.equal(result.recordsCount, 3);
    assert.equal(result.maxTimestamp, nowMs + 2);
    assert.equal(result.offsetOfMaxTimestamp, 1);
    assert.equal(result.logAppendTimeMs, -1);
  }
});

test('F6: no batch, a cut-off batch and an empty request are INVALID_RECORD', () => {
  const bytes = batchOf({});
  for (const length of [0, 11, 16, 60, bytes.length - 1]) {
    expectError(validateBatches(bytes.subarray(0, length), options), ErrorCode.INVALID_RECORD);
  }
});

test('F6: more than one batch is INVALID_RECORD; a cut-off second one is dropped', () => {
  const bytes = batchOf({});
  expectError(validateBatches(Buffer.concat([bytes, bytes]), options), ErrorCode.INVALID_RECORD);
  const cutOff = Buffer.concat([bytes, bytes.subarray(0, bytes.length - 1)]);
  assert.equal(expectValid(validateBatches(cutOff, options)).batches.length, bytes.length);
});

test('F6: impossible lengths and magics are CORRUPT_MESSAGE, the old formats INVALID_RECORD', () => {
  for (const magic of [3, 127, 128, 255]) {
    expectError(
      validateBatches(
        changed({}, (bytes) => (bytes[16] = magic)),
        options,
      ),
      ErrorCode.CORRUPT_MESSAGE,
    );
  }
  for (const magic of [0, 1]) {
    expectError(
      validateBatches(
        changed({}, (bytes) => (bytes[16] = magic)),
        options,
      ),
      ErrorCode.INVALID_RECORD,
    );
  }
  const short = changed({}, (bytes) => writeInt32(bytes, layout.lengthPosition, 13));
  expectError(validateBatches(short, options), ErrorCode.CORRUPT_MESSAGE);
  const negative = changed({}, (bytes) => writeInt32(bytes, layout.lengthPosition, -5));
  expectError(validateBatches(negative, options), ErrorCode.CORRUPT_MESSAGE);
  const headless = changed({}, (bytes) => writeInt32(bytes, layout.lengthPosition, 48)).subarray(0, 60);
  expectError(validateBatches(headless, options), ErrorCode.CORRUPT_MESSAGE);
});

test('F6: any flipped bit behind the leader epoch and magic is CORRUPT_MESSAGE', () => {
  const sound = batchOf({});
  for (let position = layout.crcPosition; position < sound.length; position++) {
    const bytes = Uint8Array.from(sound);
    bytes[position] = (bytes[position] as number) ^ (1 << (position % 8));
    expectError(validateBatches(bytes, options), ErrorCode.CORRUPT_MESSAGE);
  }
});

test('a batch above max.message.bytes is MESSAGE_TOO_LARGE, one of just that size is not', () => {
  const bytes = batchOf({});
  expectError(validateBatches(bytes, { ...options, maxMessageBytes: bytes.length - 1 }), ErrorCode.MESSAGE_TOO_LARGE);
  expectValid(validateBatches(bytes, { ...options, maxMessageBytes: bytes.length }));
});

test('F6: headers whose offsets, counts, ids or flags lie are INVALID_RECORD', () => {
  const lies: ((bytes: Uint8Array) => void)[] = [
    (bytes) => writeInt64(bytes, layout.baseOffsetPosition, 1),
    (bytes) => writeInt32(bytes, layout.lastOffsetDeltaPosition, -1),
    (bytes) => writeInt32(bytes, layout.lastOffsetDeltaPosition, 3),
    (bytes) => writeInt32(bytes, layout.lastOffsetDeltaPosition, 0x7fff_ffff),
    (bytes) => writeInt32(bytes, layout.recordsCountPosition, 0),
    (bytes) => writeInt32(bytes, layout.recordsCountPosition, -3),
    (bytes) => writeInt32(bytes, layout.recordsCountPosition, 4),
    (bytes) => setCount(bytes, 2),
    (bytes) => setCount(bytes, 4),
    (bytes) => setCount(bytes, 0x7fff_ffff),
    (bytes) => setFlag(bytes, layout.controlFlag),
    (bytes) => setFlag(bytes, layout.transactionalFlag),
    (bytes) => writeInt64(bytes, layout.producerIdPosition, 12),
    (bytes) => setProducer(bytes, { epoch: 0, sequence: -1 }),
    (bytes) => setProducer(bytes, { epoch: -1, sequence: 0 }),
    (bytes) => setProducer(bytes, { id: 2 ** 60, epoch: 0, sequence: 0 }),
  ];
  for (const lie of lies) {
    for (const codec of [0, 1] as const) {
      expectError(validateBatches(changed({ codec }, lie), options), ErrorCode.INVALID_RECORD);
    }
  }
  expectValid(
    validateBatches(
      changed({}, (bytes) => setProducer(bytes, { epoch: 0, sequence: 0 })),
      options,
    ),
  );
});

test('F6: records whose lengths, offsets or counts lie are INVALID_RECORD', () => {
  // One record: length 8, attributes, timestamp delta, offset delta, key −1, value "ab", no headers.
  const sound = '10' + '00' + '00' + '00' + '01' + '04' + '6162' + '00';
  expectValid(validateBatches(rawBatch(sound, 1), options));
  const lies: [string, number][] = [
    ['', 1],
    ['12' + sound.slice(2), 1],
    ['0e' + sound.slice(2), 1],
    ['01' + sound.slice(2), 1],
    ['00', 1],
    [sound + '00', 1],
    [sound + sound, 1],
    [sound + sound, 2],
    ['10' + '00' + '00' + '02' + '01' + '04' + '6162' + '00', 1],
    ['10' + '00' + '00' + '01' + '01' + '04' + '6162' + '00', 1],
    ['10' + '00' + '00' + '00' + '03' + '04' + '6162' + '00', 1],
    ['10' + '00' + '00' + '00' + '01' + '08' + '6162' + '00', 1],
    ['10' + '00' + '00' + '00' + '01' + '04' + '6162' + '01', 1],
    ['10' + '00' + '00' + '00' + '01' + '04' + '6162' + '02', 1],
    ['14' + '00' + '00' + '00' + '01' + '04' + '6162' + '02' + '01' + '01', 1],
    ['ffffffffff', 1],
  ];
  for (const [hex, count] of lies) {
    expectError(validateBatches(rawBatch(hex, count), options), ErrorCode.INVALID_RECORD);
    const packed = gzipSync(Buffer.from(hex, 'hex')).toString('hex');
    expectError(validateBatches(rawBatch(packed, count, 1), options), ErrorCode.INVALID_RECORD);
  }
});

test('codecs that are unknown or too new for the request are UNSUPPORTED_COMPRESSION_TYPE, damaged data INVALID_RECORD', () => {
  for (const codec of [5, 6, 7]) {
    expectError(validateBatches(rawBatch('00', 1, codec), options), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
  }
  const zstd = rawBatch('00', 1, 4);
  expectError(validateBatches(zstd, { ...options, requestVersion: 6 }), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
  expectError(validateBatches(zstd, { ...options, requestVersion: 7 }), ErrorCode.INVALID_RECORD);
  expectError(validateBatches(rawBatch('1f8b0800', 1, 1), options), ErrorCode.INVALID_RECORD);
});

test('F6: a batch that inflates beyond the limit is MESSAGE_TOO_LARGE', () => {
  const bytes = batchOf({ codec: 1, records: [{ key: null, value: Buffer.alloc(5_000_000), timestamp: nowMs }] });
  assert.ok(bytes.length < 10_000);
  expectError(validateBatches(bytes, { ...options, maxDecompressedBytes: 4_999_999 }), ErrorCode.MESSAGE_TOO_LARGE);
  expectValid(validateBatches(bytes, options));
});

test('timestamps out of range are INVALID_TIMESTAMP, with each record at fault', () => {
  const sent = [nowMs, nowMs + 3_600_001, nowMs - 5_000, -1, nowMs - 60_001].map(at);
  const strict = { ...options, beforeMaxMs: 60_000 };
  const refused = expectError(validateBatches(batchOf({ records: sent }), strict), ErrorCode.INVALID_TIMESTAMP);
  assert.deepEqual(
    refused.recordErrors.map((error) => error.batchIndex),
    [1, 4],
  );
  assert.match(refused.recordErrors[0]?.message ?? '', /1700003600001.*\[1699999940000, 1700003600000\]/);
  expectValid(validateBatches(batchOf({ records: [nowMs + 3_600_000, nowMs - 60_000].map(at) }), strict));
  // Where the log sets the time, the producer's does not matter.
  expectValid(validateBatches(batchOf({ records: sent }), { ...strict, timestampType: 'LogAppendTime' }));
});

test('a record without a key on a compacted topic is INVALID_RECORD, and a bad timestamp beside it decides the code', () => {
  const keyed = { key: Buffer.from('k'), value: null, timestamp: nowMs };
  const compacted = { ...options, isCompacted: true };
  expectValid(validateBatches(batchOf({ records: [keyed, keyed] }), compacted));
  const empty = { ...keyed, key: Buffer.alloc(0) };
  expectValid(validateBatches(batchOf({ records: [empty] }), compacted));
  const mixed = batchOf({ records: [keyed, at(nowMs), keyed, at(nowMs)] });
  const refused = expectError(validateBatches(mixed, compacted), ErrorCode.INVALID_RECORD);
  assert.deepEqual(
    refused.recordErrors.map((error) => error.batchIndex),
    [1, 3],
  );
  const late = batchOf({ records: [at(nowMs), { ...keyed, timestamp: nowMs + 9_999_999 }] });
  expectError(validateBatches(late, compacted), ErrorCode.INVALID_TIMESTAMP);
});

test('a refusal lists a bounded number of records and counts all', () => {
  const sent = Array.from({ length: 1_500 }, () => at(nowMs + 9_999_999));
  const refused = expectError(validateBatches(batchOf({ records: sent }), options), ErrorCode.INVALID_TIMESTAMP);
  assert.equal(refused.recordErrors.length, 1_000);
  assert.match(refused.message, /^1500 record/);
});

test('a LogAppendTime topic gets the time of the append, in attributes, maxTimestamp and checksum', () => {
  for (const codec of [0, 1] as const) {
    const bytes = batchOf({ codec });
    const result = expectValid(validateBatches(bytes, { ...options, timestampType: 'LogAppendTime', nowMs: nowMs + 77 }));
    assert.equal(result.maxTimestamp, nowMs + 77);
    assert.equal(result.logAppendTimeMs, nowMs + 77);
    assert.equal(readBatchHeader(result.batches, 0).timestampType, 'LogAppendTime');
    assert.ok(isValidCrc(result.batches, 0));
    assert.equal(result.batches.buffer, bytes.buffer);
    for (const record of decodeRecords(result.batches, gzipCodecs, limits)) assert.equal(record.timestamp, nowMs + 77);
  }
});

test('a producer that sets LogAppendTime itself is treated as Kafka treats it', () => {
  const flagged = (maxTimestamp: number): Uint8Array => batchOf({ timestampType: 'LogAppendTime', maxTimestamp });
  // On a CreateTime topic the flag is taken back; its records all count as having the batch's maxTimestamp.
  const result = expectValid(validateBatches(flagged(nowMs + 5), options));
  assert.equal(readBatchHeader(result.batches, 0).timestampType, 'CreateTime');
  assert.ok(isValidCrc(result.batches, 0));
  expectError(validateBatches(flagged(-1), options), ErrorCode.INVALID_TIMESTAMP);
  const appendTime = { ...options, timestampType: 'LogAppendTime' } as const;
  const refused = expectError(validateBatches(flagged(nowMs), appendTime), ErrorCode.INVALID_TIMESTAMP);
  assert.equal(refused.recordErrors.length, 3);
});

test('a false maxTimestamp is set right', () => {
  for (const maxTimestamp of [-1, 0, nowMs + 1, 2 ** 60]) {
    const result = expectValid(validateBatches(batchOf({ maxTimestamp }), options));
    assert.equal(readBatchHeader(result.batches, 0).maxTimestamp, nowMs + 2);
    assert.ok(isValidCrc(result.batches, 0));
  }
});

test('compression.type other than producer compresses anew and keeps the records', () => {
  for (const [codec, compressionType, expected] of [
    [0, 'gzip', 1],
    [1, 'uncompressed', 0],
    [1, 'gzip', 1],
    [0, 'uncompressed', 0],
  ] as const) {
    const bytes = changed({ codec }, (sent) => setProducer(sent, { epoch: 3, sequence: 70 }));
    const original = Buffer.from(bytes);
    const result = expectValid(validateBatches(bytes, { ...options, compressionType }));
    const header = readBatchHeader(result.batches, 0);
    assert.equal(header?.codec, expected);
    assert.equal(header.baseSequence, 70);
    assert.equal(header.sizeInBytes, result.batches.length);
    assert.ok(isValidCrc(result.batches, 0));
    assert.equal(result.batches.buffer === bytes.buffer, codec === expected);
    const kept = normal(decodeRecords(result.batches, gzipCodecs, limits));
    assert.deepEqual(kept, normal(decodeRecords(original, gzipCodecs, limits)));
  }
});

test('a batch that grows above the limit when compressed anew is MESSAGE_TOO_LARGE', () => {
  const bytes = batchOf({ codec: 1, records: [{ key: null, value: Buffer.alloc(50_000), timestamp: nowMs }] });
  const small = { ...options, maxMessageBytes: 10_000 };
  expectValid(validateBatches(bytes, small));
  expectError(validateBatches(bytes, { ...small, compressionType: 'uncompressed' }), ErrorCode.MESSAGE_TOO_LARGE);
});

test('coordinators may write control records, and those are not compressed', () => {
  const control = batchOf({ isControl: true, isTransactional: true, producerId: 4, producerEpoch: 0, records: [at(nowMs)] });
  expectError(validateBatches(control, options), ErrorCode.INVALID_RECORD);
  const result = expectValid(validateBatches(control, { ...options, origin: 'coordinator', compressionType: 'gzip' }));
  assert.equal(readBatchHeader(result.batches, 0).codec, 0);
});

function at(timestamp: number): RecordToWrite {
  return { key: null, value: Buffer.from('value'), timestamp };
}

/** Three records without keys, the second the latest. */
function batchOf(batch: Partial<BatchToWrite>): Uint8Array {
  return encodeBatch({ records: [nowMs, nowMs + 2, nowMs + 1].map(at), ...batch }, gzipCodecs);
}

/** A batch with `change` made to it and a checksum that is right for the result. */
function changed(batch: Partial<BatchToWrite>, change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = batchOf(batch);
  const size = bytes.length;
  change(bytes);
  if (readBatchHeader(bytes, 0).sizeInBytes === size) patchCrc(bytes, 0);
  return bytes;
}

/** A batch with a sound header around arbitrary record bytes. */
function rawBatch(recordsHex: string, count: number, codec = 0): Uint8Array {
  const head = encodeBatch({ records: [], maxTimestamp: nowMs, baseTimestamp: nowMs });
  const bytes = new Uint8Array(Buffer.concat([head, Buffer.from(recordsHex, 'hex')]));
  writeInt32(bytes, layout.lengthPosition, bytes.length - layout.lengthOverheadBytes);
  writeInt16(bytes, layout.attributesPosition, codec);
  setCount(bytes, count);
  patchCrc(bytes, 0);
  return bytes;
}

function setCount(bytes: Uint8Array, count: number): void {
  writeInt32(bytes, layout.recordsCountPosition, count);
  writeInt32(bytes, layout.lastOffsetDeltaPosition, count - 1);
}

function setFlag(bytes: Uint8Array, flag: number): void {
  bytes[layout.attributesPosition + 1] = (bytes[layout.attributesPosition + 1] as number) | flag;
}

function setProducer(bytes: Uint8Array, producer: { id?: number; epoch: number; sequence: number }): void {
  writeInt64(bytes, layout.producerIdPosition, producer.id ?? 5);
  writeInt16(bytes, layout.producerEpochPosition, producer.epoch);
  writeInt32(bytes, layout.baseSequencePosition, producer.sequence);
}

function expectValid(result: ValidBatches | RefusedBatches): ValidBatches {
  if (result.error !== null) assert.fail(`refused with ${result.error}: ${result.message}`);
  return result;
}

function expectError(result: ValidBatches | RefusedBatches, error: number): RefusedBatches {
  if (result.error === null) assert.fail('passed');
  assert.equal(result.error, error, result.message);
  assert.ok(result.message.length > 0);
  return result;
}

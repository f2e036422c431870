/**
 * Encoding and decoding of batches: identity, agreement with two other encoders, headers, patches, control records.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import fc from 'fast-check';

import * as records from '../../src/records/exports.ts';
import { anyRecord, gzipCodecs, limits, normal } from './support.ts';

const require = createRequire(import.meta.url);

type Encoder = { buffer: Buffer };
const kafkajsBatch = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
  RecordBatch(batch: Record<string, unknown>): Promise<Encoder>;
};
const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (record: unknown) => Encoder;

test('records are what they were, compressed or not', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 20 }), fc.nat(2 ** 40), fc.boolean(), (sent, baseOffset, gzip) => {
      const codec = gzip ? records.codecGzip : records.codecNone;
      const bytes = records.encodeBatch({ records: sent, baseOffset, codec, leaderEpoch: 7 }, gzipCodecs);
      assert.ok(records.isValidCrc(bytes, 0));
      const expected = sent.map((record, index) => ({ ...record, offset: baseOffset + index }));
      assert.deepEqual(normal(records.decodeRecords(bytes, gzipCodecs, limits)), normal(expected));
      const header = records.readBatchHeader(bytes, 0);
      assert.equal(header.recordsCount, sent.length);
      assert.equal(header.lastOffset, baseOffset + sent.length - 1);
      assert.equal(header.maxTimestamp, Math.max(...sent.map((record) => record.timestamp)));
      assert.equal(header.sizeInBytes, bytes.length);
    }),
  );
});

test('kafkajs encodes the same batch to the same bytes', async () => {
  const sent = fc.array(anyRecord, { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(sent, fc.boolean(), fc.nat(100_000), async (list, transactional, producerId) => {
      // kafkajs cannot write null header values, nor two headers of one name in any order but by name.
      const plain = list.map((record) => ({ ...record, headers: [] }));
      const baseTimestamp = plain[0]?.timestamp ?? 0;
      const maxTimestamp = Math.max(...plain.map((record) => record.timestamp));
      const theirs = await kafkajsBatch.RecordBatch({
        firstTimestamp: baseTimestamp,
        maxTimestamp,
        lastOffsetDelta: plain.length - 1,
        transactional,
        producerId,
        producerEpoch: 3,
        firstSequence: 11,
        partitionLeaderEpoch: -1,
        records: plain.map((record, offsetDelta) =>
          kafkajsRecord({ ...record, headers: {}, offsetDelta, timestampDelta: record.timestamp - baseTimestamp }),
        ),
      });
      const ours = records.encodeBatch({
        records: plain,
        isTransactional: transactional,
        producerId,
        producerEpoch: 3,
        baseSequence: 11,
      });
      assert.equal(Buffer.from(ours).toString('hex'), theirs.buffer.toString('hex'));
    }),
    { numRuns: 100 },
  );
});

test('a batch with headers has the bytes that @platformatic/kafka writes', () => {
  // createRecordsBatch of version 1.35.0: two records, headers, times 1700000000000 and 1700000000123, epoch 0.
  const ours = records.encodeBatch({
    records: [
      { key: Buffer.from('k1'), value: Buffer.from('value one'), timestamp: 1_700_000_000_000, headers: [] },
      {
        key: null,
        value: Buffer.from('value two'),
        timestamp: 1_700_000_000_123,
        headers: [
          { key: 'trace', value: Buffer.from('abc') },
          { key: 'ünïcode', value: Buffer.from('') },
        ],
      },
    ],
    leaderEpoch: 0,
    producerId: 4_000_000_000,
    producerEpoch: 2,
    baseSequence: 0,
  });
  assert.equal(Buffer.from(ours).toString('hex'), platformaticHex);
});

test('header fields are read where they lie', () => {
  const before = Buffer.alloc(5);
  const batch = records.encodeBatch({
    records: [{ key: null, value: null, timestamp: 5 }],
    codec: records.codecNone,
    baseOffset: 2 ** 45 + 3,
    baseTimestamp: 4,
    maxTimestamp: 2 ** 42,
    leaderEpoch: 77,
    producerId: 2 ** 50 + 1,
    producerEpoch: 32_767,
    baseSequence: 0x7fff_ffff,
    isTransactional: true,
    isControl: true,
    timestampType: 'LogAppendTime',
  });
  const bytes = Buffer.concat([before, batch]);
  assert.deepEqual(records.readBatchHeader(bytes, 5), {
    position: 5,
    baseOffset: 2 ** 45 + 3,
    sizeInBytes: batch.length,
    leaderEpoch: 77,
    magic: 2,
    crc: records.computeBatchCrc(bytes, 5),
    attributes: 0x38,
    codec: 0,
    timestampType: 'LogAppendTime',
    isTransactional: true,
    isControl: true,
    hasDeleteHorizon: false,
    lastOffsetDelta: 0,
    lastOffset: 2 ** 45 + 3,
    baseTimestamp: 4,
    maxTimestamp: 2 ** 42,
    producerId: 2 ** 50 + 1,
    producerEpoch: 32_767,
    baseSequence: 0x7fff_ffff,
    recordsCount: 1,
  });
  assert.equal(records.decodeRecords(batch, gzipCodecs, limits)[0]?.timestamp, 2 ** 42);
});

test('offset and epoch are patched without touching the checksum, timestamps with it', () => {
  const bytes = records.encodeBatch({ records: [{ key: null, value: Buffer.from('v'), timestamp: 9 }], isTransactional: true });
  records.patchBaseOffset(bytes, 0, 123_456_789_012);
  records.patchLeaderEpoch(bytes, 0, 42);
  assert.ok(records.isValidCrc(bytes, 0));
  assert.equal(records.batchBaseOffset(bytes, 0), 123_456_789_012);
  assert.equal(records.batchLeaderEpoch(bytes, 0), 42);
  assert.equal(records.patchMaxTimestampAndAttributes(bytes, 0, { timestampType: 'CreateTime', maxTimestamp: 9 }), false);
  assert.equal(records.patchMaxTimestampAndAttributes(bytes, 0, { timestampType: 'LogAppendTime', maxTimestamp: 99 }), true);
  assert.ok(records.isValidCrc(bytes, 0));
  assert.equal(records.batchMaxTimestamp(bytes, 0), 99);
  assert.equal(records.batchTimestampType(bytes, 0), 'LogAppendTime');
  assert.ok(records.isTransactionalBatch(bytes, 0));
});

test('batches follow each other, and a cut-off one at the end is not seen', () => {
  const one = records.encodeBatch({ records: [{ key: null, value: Buffer.from('one') }] });
  const two = records.encodeBatch({ records: [{ key: null, value: Buffer.from('second') }], baseOffset: 1 });
  const both = Buffer.concat([one, two]);
  assert.deepEqual([...records.eachBatch(both)], [0, one.length]);
  for (let length = one.length; length < both.length; length++) {
    assert.deepEqual([...records.eachBatch(both.subarray(0, length))], [0]);
  }
  assert.deepEqual([...records.eachBatch(Buffer.alloc(0))], []);
  const shortLength = Buffer.from(both);
  shortLength.writeInt32BE(13, 8);
  assert.throws(() => [...records.eachBatch(shortLength)], records.CorruptRecordError);
  const oldMagic = Buffer.from(both);
  oldMagic[16] = 1;
  assert.throws(() => [...records.eachBatch(oldMagic)], records.CorruptRecordError);
});

test('compaction can keep offsets with gaps, the last offset and a delete horizon', () => {
  const bytes = records.encodeBatch({
    records: [
      { key: Buffer.from('a'), value: null, timestamp: 1_000, offset: 12 },
      { key: Buffer.from('b'), value: null, timestamp: 1_005, offset: 17 },
    ],
    baseOffset: 10,
    lastOffset: 19,
    deleteHorizonMs: 5_000,
  });
  assert.ok(records.hasDeleteHorizon(bytes, 0));
  assert.equal(records.batchBaseTimestamp(bytes, 0), 5_000);
  assert.equal(records.batchLastOffset(bytes, 0), 19);
  const decoded = records.decodeRecords(bytes, gzipCodecs, limits);
  assert.deepEqual(
    decoded.map((record) => [record.offset, record.timestamp]),
    [
      [12, 1_000],
      [17, 1_005],
    ],
  );
  const empty = records.encodeBatch({ records: [], baseOffset: 10, lastOffset: 19, maxTimestamp: 1_005 });
  assert.deepEqual(records.decodeRecords(empty, gzipCodecs, limits), []);
  assert.equal(records.batchLastOffset(empty, 0), 19);
});

test('the end of a transaction is written and read as Kafka does', () => {
  const marker = { producerId: 9, producerEpoch: 4, isCommit: true, coordinatorEpoch: 3 };
  const bytes = records.encodeEndTxnMarker({ ...marker, timestamp: 1_700_000_000_000, leaderEpoch: 1 });
  assert.deepEqual(records.readEndTxnMarker(bytes), marker);
  assert.ok(records.isControlBatch(bytes, 0) && records.isTransactionalBatch(bytes, 0));
  assert.equal(records.batchBaseSequence(bytes, 0), -1);
  const [record] = records.decodeRecords(bytes, gzipCodecs, limits);
  assert.equal(Buffer.from(record?.key ?? []).toString('hex'), '00000001');
  assert.equal(Buffer.from(record?.value ?? []).toString('hex'), '000000000003');
  const abort = records.encodeEndTxnMarker({ ...marker, isCommit: false, timestamp: 1 });
  assert.equal(records.readEndTxnMarker(Buffer.concat([Buffer.alloc(3), abort]), 3)?.isCommit, false);
  const other = records.encodeBatch({ records: [{ key: Buffer.from('00000002', 'hex'), value: null }], isControl: true });
  assert.equal(records.readEndTxnMarker(other), null);
});

test('sequences start again after the largest one', () => {
  assert.equal(records.incrementSequence(5, 3), 8);
  assert.equal(records.incrementSequence(0x7fff_ffff, 1), 0);
  assert.equal(records.incrementSequence(0x7fff_fffe, 4), 2);
});

const platformaticHex =
  '0000000000000000000000690000000002669458580000000000010000018bcfe568000000018bcfe5687b00000000ee6b28' +
  '000002000000000000000222000000046b311276616c7565206f6e65004a00f60102011276616c75652074776f040a747261' +
  '63650661626312c3bc6ec3af636f646500';

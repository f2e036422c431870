/**
 * Record batches that lie: checksum, counts, offsets, sizes, compressed bytes. Each has its Kafka error, costs neither the
 * memory that it claims nor the event loop, and leaves nothing behind in the log.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodeBatch, ErrorCode, patchCrc, type CodecId } from '@jackdaw/protocol';
import { nodeCodecs } from '@jackdaw/broker';
import { batchOf, createTopic, fetch, produce } from './broker-probe.ts';
import { liveBroker } from './live-broker.ts';

const broker = liveBroker({ topics: ['damaged'] });
const mebibyte = 1_048_576;

/** Field positions in a batch's header (Kafka's DefaultRecordBatch). */
const positions = {
  baseOffset: 0,
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  recordsCount: 57,
  records: 61,
};

interface Damage {
  readonly what: string;
  readonly expected: number;
  readonly records: () => Uint8Array | null;
  readonly version?: number;
}

/** A sound batch of three records, changed, with the checksum made right again unless `keepCrc`. */
function changed(change: (view: DataView, bytes: Uint8Array) => void, options: { keepCrc?: boolean } = {}): () => Uint8Array {
  return () => {
    const records = [1, 2, 3].map((i) => ({ key: null, value: Buffer.from(`value ${i}`), timestamp: Date.now() }));
    const bytes = encodeBatch({ records }, nodeCodecs);
    change(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes);
    if (options.keepCrc !== true) patchCrc(bytes, 0);
    return bytes;
  };
}

/** A batch whose compressed part is whatever is given. */
function withCompressed(codec: CodecId, payload: Uint8Array, recordsCount = 1): Uint8Array {
  const bytes = Buffer.concat([batchOf('x').subarray(0, positions.records), payload]);
  bytes.writeInt32BE(bytes.length - 12, positions.length);
  bytes.writeInt16BE(codec, positions.attributes);
  bytes.writeInt32BE(recordsCount - 1, positions.lastOffsetDelta);
  bytes.writeInt32BE(recordsCount, positions.recordsCount);
  patchCrc(bytes, 0);
  return bytes;
}

const damages: readonly Damage[] = [
  {
    what: 'a flipped bit in a record (bad CRC)',
    expected: ErrorCode.CORRUPT_MESSAGE,
    records: changed((_view, bytes) => (bytes[70] = (bytes[70] ?? 0) ^ 1), { keepCrc: true }),
  },
  {
    what: 'a wrong CRC',
    expected: ErrorCode.CORRUPT_MESSAGE,
    records: changed((view) => view.setUint32(positions.crc, 0xdead_beef), { keepCrc: true }),
  },
  { what: 'no records', expected: ErrorCode.INVALID_RECORD, records: () => null },
  { what: 'empty bytes', expected: ErrorCode.INVALID_RECORD, records: () => new Uint8Array(0) },
  { what: 'a cut-off batch', expected: ErrorCode.INVALID_RECORD, records: () => batchOf('cut').subarray(0, 60) },
  {
    what: 'a negative batch length',
    expected: ErrorCode.CORRUPT_MESSAGE,
    records: changed((view) => view.setInt32(positions.length, -1)),
  },
  {
    what: 'a batch length beyond the request',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((view) => view.setInt32(positions.length, 0x7fff_ffff), { keepCrc: true }),
  },
  {
    what: 'magic 1',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((view) => view.setInt8(positions.magic, 1), { keepCrc: true }),
  },
  {
    what: 'magic 9',
    expected: ErrorCode.CORRUPT_MESSAGE,
    records: changed((view) => view.setInt8(positions.magic, 9), { keepCrc: true }),
  },
  { what: 'more records claimed than there are', expected: ErrorCode.INVALID_RECORD, records: claimed(4) },
  { what: 'fewer records claimed than there are', expected: ErrorCode.INVALID_RECORD, records: claimed(2) },
  { what: '2^31 − 1 records claimed', expected: ErrorCode.INVALID_RECORD, records: claimed(0x7fff_ffff) },
  { what: '0 records claimed', expected: ErrorCode.INVALID_RECORD, records: claimed(0) },
  { what: '−1 records claimed', expected: ErrorCode.INVALID_RECORD, records: claimed(-1) },
  {
    what: 'a last offset delta that does not fit the count',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((view) => view.setInt32(positions.lastOffsetDelta, 1_000_000)),
  },
  {
    what: 'a base offset',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((view) => view.setBigInt64(positions.baseOffset, 42n)),
  },
  {
    what: 'a record length of 2^31 − 1',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((_view, bytes) => bytes.set([0xfe, 0xff, 0xff, 0xff, 0x0f], positions.records)),
  },
  {
    what: 'the control flag',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((view) => view.setInt16(positions.attributes, 0x20)),
  },
  {
    what: 'the transactional flag without a producer',
    expected: ErrorCode.INVALID_RECORD,
    records: changed((view) => view.setInt16(positions.attributes, 0x10)),
  },
  {
    what: 'an unknown codec',
    expected: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
    records: changed((view) => view.setInt16(positions.attributes, 7)),
  },
  {
    what: 'zstd in version 6',
    expected: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
    records: () => batchOf('z', { codec: 4 }),
    version: 6,
  },
  { what: 'two batches', expected: ErrorCode.INVALID_RECORD, records: () => Buffer.concat([batchOf('a'), batchOf('b')]) },
  {
    what: 'a batch larger than max.message.bytes',
    expected: ErrorCode.MESSAGE_TOO_LARGE,
    records: () => batchOf('x'.repeat(2 * mebibyte)),
  },
  ...([1, 2, 3, 4] as const).map((codec) => ({
    what: `bytes that are not ${['', 'gzip', 'snappy', 'lz4', 'zstd'][codec]}`,
    expected: ErrorCode.INVALID_RECORD,
    records: () => withCompressed(codec, Buffer.from('this was never compressed by anything')),
  })),
];

function claimed(count: number): () => Uint8Array {
  return changed((view) => {
    view.setInt32(positions.lastOffsetDelta, count - 1);
    view.setInt32(positions.recordsCount, count);
  });
}

for (const { what, expected, records, version = 9 } of damages) {
  test(`F6: a batch with ${what} is refused with error ${expected}, and nothing is appended`, async () => {
    const connection = await broker.open();
    const outcome = await produce(connection, { topic: 'damaged', records: records(), version });
    assert.equal(outcome.errorCode, expected, outcome.errorMessage ?? '');
    assert.equal(outcome.baseOffset, -1);
    const read = await fetch(connection, { topic: 'damaged', offset: 0, maxWaitMs: 0 });
    assert.deepEqual([read.errorCode, read.highWatermark], [ErrorCode.NONE, 0]);
  });
}

test('F6: the bad partitions of a request are refused and its good ones appended', async () => {
  const connection = await broker.open();
  const bad = await produce(connection, { topic: 'damaged', partition: 99, records: batchOf('x') });
  assert.equal(bad.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  await broker.expectServing();
});

test('a record without a key on a compacted topic is INVALID_RECORD, and the answer names it', async () => {
  await createTopic(broker.port, 'compacted', { configs: { 'cleanup.policy': 'compact' } });
  const connection = await broker.open();
  const outcome = await produce(connection, { topic: 'compacted', records: batchOf('x') });
  assert.equal(outcome.errorCode, ErrorCode.INVALID_RECORD);
  assert.deepEqual(
    outcome.recordErrors.map(({ batchIndex }) => batchIndex),
    [0],
  );
});

for (const [name, codec] of [
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
] as const) {
  test(`F6: a ${name} bomb is refused with MESSAGE_TOO_LARGE within bounds of memory and time`, async () => {
    const connection = await broker.open();
    const bomb = withCompressed(codec, bombOf(codec));
    const before = broker.process.residentBytes;
    const start = performance.now();
    let highest = before;
    for (let i = 0; i < 10; i++) {
      const outcome = await produce(connection, { topic: 'damaged', records: bomb });
      assert.equal(outcome.errorCode, ErrorCode.MESSAGE_TOO_LARGE, outcome.errorMessage ?? '');
      highest = Math.max(highest, broker.process.residentBytes);
    }
    const [grownMiB, seconds] = [(highest - before) / mebibyte, (performance.now() - start) / 1000];
    // One that is being inflated and one that the collector has not met yet, however many come; the output of each grows by
    // doubling, so that all its buffers together are twice the limit.
    assert.ok(grownMiB < 2 * 2 * 100, `the broker grew by ${Math.round(grownMiB)} MiB`);
    assert.ok(seconds < 20, `ten refusals took ${seconds} s`);
    await broker.expectServing();
  });
}

/** Some hundred KB or less that inflate to far more than max.decompressed.message.bytes of the broker (100 MiB). */
function bombOf(codec: 1 | 2 | 3 | 4): Uint8Array {
  if (codec === 1) return gzipSync(Buffer.alloc(200 * mebibyte), { level: 9 });
  // The other codecs repeat well enough: one frame of 1 MiB of zeros, many times over, or one announced as huge.
  const one = nodeCodecs.compress(codec, new Uint8Array(mebibyte));
  if (codec === 4) return Buffer.concat(Array.from({ length: 300 }, () => one));
  return codec === 3 ? lz4Bomb() : snappyBomb();
}

/** One LZ4 frame whose blocks of 4 MiB hold one run of zeros each. */
function lz4Bomb(): Uint8Array {
  const frame = Buffer.from(nodeCodecs.compress(3, new Uint8Array(mebibyte)));
  // Magic, FLG, BD, (size), HC: then blocks, then the end mark of four zero bytes.
  const headerBytes = 7;
  const end = frame.length - 4;
  const blocks = frame.subarray(headerBytes, end);
  return Buffer.concat([frame.subarray(0, headerBytes), ...Array.from({ length: 200 }, () => blocks), Buffer.alloc(4)]);
}

/** Xerial framing: a header of 16 bytes, then length and block, again and again. */
function snappyBomb(): Uint8Array {
  const stream = Buffer.from(nodeCodecs.compress(2, new Uint8Array(mebibyte)));
  const isXerial = stream.subarray(1, 7).toString() === 'SNAPPY';
  if (!isXerial) {
    // A raw block starts with its size: claim 2 GiB.
    return Buffer.concat([Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07), stream.subarray(3)]);
  }
  const blocks = stream.subarray(16);
  return Buffer.concat([stream.subarray(0, 16), ...Array.from({ length: 200 }, () => blocks)]);
}

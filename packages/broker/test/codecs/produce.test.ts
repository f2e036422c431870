/**
 * Produced batches with the codecs that a broker has: all four are checked, compressed anew, bounded, and survive damage.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Prng } from '@jackdaw/base';
import {
  batchCodec,
  codecIdOf,
  codecNames,
  crc32c,
  decodeRecords,
  encodeBatch,
  ErrorCode,
  installNativeCrc32c,
  isValidCrc,
  patchCrc,
  validateBatches,
  type CodecId,
  type ValidateOptions,
} from '@jackdaw/protocol';

import { nodeCodecs } from '../../src/codecs/codecs.ts';
import { installNodeRsCrc32c } from '../../src/codecs/native-crc32c.ts';
import { javaBatches } from './vectors.ts';

const nowMs = 1_700_000_000_000;
const codecIds: readonly CodecId[] = [1, 2, 3, 4];
const options: ValidateOptions = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  beforeMaxMs: Infinity,
  afterMaxMs: 3_600_000,
  nowMs,
  compressionType: 'producer',
  isCompacted: false,
  codecs: nodeCodecs,
  maxDecompressedBytes: 8_388_608,
};
const limits = { maxDecompressedBytes: 100_000 };

test('a batch of any codec passes unchanged, and is turned into any other', () => {
  for (const from of codecIds) {
    const sent = batchOf(from);
    const kept = validateBatches(sent, options);
    assert.ok(kept.error === null && kept.batches.buffer === sent.buffer);
    for (const compressionType of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const result = validateBatches(batchOf(from), { ...options, compressionType });
      assert.ok(result.error === null);
      assert.equal(batchCodec(result.batches, 0), codecIdOf(compressionType) ?? 0);
      assert.ok(isValidCrc(result.batches, 0));
      assert.deepEqual(valuesOf(result.batches), valuesOf(sent));
    }
  }
});

test('batches of the Java client pass and decode', () => {
  for (const [index, hex] of javaBatches.entries()) {
    const result = validateBatches(new Uint8Array(Buffer.from(hex, 'hex')), options);
    assert.ok(result.error === null);
    assert.equal(batchCodec(result.batches, 0), index + 1);
    const decoded = decodeRecords(result.batches, nodeCodecs, limits);
    assert.deepEqual(
      decoded.map((record) => [record.offset, record.timestamp, Buffer.from(record.key ?? []).toString()]),
      Array.from({ length: 60 }, (_, offset) => [offset, nowMs + offset, `key ${offset % 7}`]),
    );
  }
});

test('F6: a produced bomb of any codec is MESSAGE_TOO_LARGE', () => {
  for (const codec of codecIds) {
    const bomb = encodeBatch({ records: [{ key: null, value: Buffer.alloc(9_000_000), timestamp: nowMs }], codec }, nodeCodecs);
    const result = validateBatches(bomb, options);
    assert.equal(result.error, ErrorCode.MESSAGE_TOO_LARGE, codecNames[codec]);
  }
});

test('F6: 20,000 damaged compressed batches are refused or whole, and nothing is thrown', () => {
  const prng = new Prng(4);
  const seeds = codecIds.map(batchOf);
  let valid = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from(prng.shuffled(seeds)[0] as Uint8Array);
    for (let changes = prng.between(1, 3); changes > 0; changes--) {
      bytes[prng.between(21, bytes.length - 1)] = prng.below(256);
    }
    patchCrc(bytes, 0);
    const result = validateBatches(bytes, { ...options, maxDecompressedBytes: limits.maxDecompressedBytes });
    if (result.error !== null) continue;
    valid++;
    assert.equal(decodeRecords(result.batches, nodeCodecs, limits).length, result.recordsCount);
  }
  assert.ok(valid > 100 && valid < 19_000, `${valid} passed`);
});

test('the native checksum agrees with the JavaScript one, where it loads', (t) => {
  t.after(() => installNativeCrc32c(undefined));
  const bytes = Buffer.from(batchOf(1));
  const expected = [crc32c(bytes), crc32c(bytes, 7, 200), crc32c(bytes, 200, bytes.length, crc32c(bytes, 0, 200))];
  if (!installNodeRsCrc32c()) return t.skip('no native checksum on this platform');
  assert.deepEqual([crc32c(bytes), crc32c(bytes, 7, 200), crc32c(bytes, 200, bytes.length, crc32c(bytes, 0, 200))], expected);
});

function batchOf(codec: CodecId): Uint8Array {
  const records = Array.from({ length: 40 }, (_, index) => ({
    key: Buffer.from(`key ${index % 7}`),
    value: Buffer.from(`{"index":${index},"name":"jackdaw ${index * 31}"}`),
    timestamp: nowMs + index,
  }));
  return encodeBatch({ records, codec }, nodeCodecs);
}

function valuesOf(batch: Uint8Array): string[] {
  return decodeRecords(batch, nodeCodecs, limits).map(
    (record) => `${record.offset} ${Buffer.from(record.value ?? []).toString()}`,
  );
}

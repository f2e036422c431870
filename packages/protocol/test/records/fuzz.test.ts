/**
 * Damaged batches: 200,000 mutations of sound ones, half of them with a checksum made right again so that the damage
 * gets past it. Whatever the bytes, readers throw `CorruptRecordError` (or a codec's error) or give an answer; validation
 * never throws.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Prng } from '@jackdaw/base';

import * as records from '../../src/records/exports.ts';
import { gzipCodecs } from './support.ts';

const mutations = 200_000;
const nowMs = 1_700_000_000_000;
const limits = { maxDecompressedBytes: 20_000 };
const options: records.ValidateOptions = {
  maxMessageBytes: 10_000,
  timestampType: 'CreateTime',
  beforeMaxMs: Infinity,
  afterMaxMs: 1_000,
  nowMs,
  compressionType: 'producer',
  isCompacted: false,
  codecs: gzipCodecs,
  maxDecompressedBytes: limits.maxDecompressedBytes,
};

test('F6: 200,000 damaged batches are read, refused or found corrupt, and nothing else happens', () => {
  const prng = new Prng(20_261_122);
  const seeds = soundBatches();
  const seen = { valid: 0, refused: 0, decoded: 0, corrupt: 0 };
  for (let round = 0; round < mutations; round++) {
    // Inflating costs fifty times what walking costs, so the compressed seed (the last) gets one round in twenty.
    const choice = prng.below(20) === 0 ? seeds.length - 1 : prng.below(seeds.length - 1);
    const bytes = mutate(seeds[choice] as Uint8Array, prng);
    try {
      readEverything(bytes);
      seen.decoded++;
    } catch (error) {
      if (!isDocumented(error)) throw new Error(`round ${round}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
      seen.corrupt++;
    }
    const result = records.validateBatches(bytes, { ...options, isCompacted: (round & 1) === 0 });
    if (result.error !== null) {
      seen.refused++;
      continue;
    }
    seen.valid++;
    // What passed is whole: it decodes, and to as many records as it says.
    assert.ok(records.isValidCrc(result.batches, 0));
    assert.equal(records.decodeRecords(result.batches, gzipCodecs, limits).length, result.recordsCount);
  }
  for (const [outcome, count] of Object.entries(seen)) assert.ok(count > 1_000, `${outcome}: only ${count}`);
});

function readEverything(bytes: Uint8Array): void {
  for (const position of records.eachBatch(bytes)) {
    const header = records.readBatchHeader(bytes, position);
    const batch = bytes.subarray(position, position + header.sizeInBytes);
    if (header.isControl) records.readEndTxnMarker(bytes, position);
    const decoded = records.decodeRecords(batch, gzipCodecs, limits);
    assert.equal(decoded.length, header.recordsCount);
  }
}

function isDocumented(error: unknown): boolean {
  return (
    error instanceof records.CorruptRecordError ||
    error instanceof records.CorruptCompressedError ||
    error instanceof records.DecompressedTooLargeError
  );
}

/** One to four changes: a random byte, a flipped bit, an extreme byte, or a cut; then perhaps a right checksum. */
function mutate(sound: Uint8Array, prng: Prng): Uint8Array {
  let bytes = Uint8Array.from(sound);
  for (let changes = prng.between(1, 4); changes > 0; changes--) {
    const position = prng.below(bytes.length);
    const kind = prng.below(20);
    if (kind < 8) bytes[position] = prng.below(256);
    else if (kind < 14) bytes[position] = (bytes[position] as number) ^ (1 << prng.below(8));
    else if (kind < 19) bytes[position] = prng.chance(0.5) ? 0xff : 0x80;
    else bytes = bytes.slice(0, position + 1);
  }
  const isWhole = bytes.length >= records.batchHeaderBytes && records.batchSizeInBytes(bytes, 0) <= bytes.length;
  if (isWhole && records.batchSizeInBytes(bytes, 0) >= records.batchHeaderBytes && prng.chance(0.5)) records.patchCrc(bytes, 0);
  return bytes;
}

function soundBatches(): Uint8Array[] {
  const sent: records.RecordToWrite[] = Array.from({ length: 4 }, (_, index) => ({
    key: index === 2 ? null : Buffer.from(`key ${index}`),
    value: index === 3 ? null : Buffer.from(`value ${index}`),
    timestamp: nowMs + index,
    headers: index === 1 ? [{ key: 'h', value: Buffer.from('x') }] : [],
  }));
  const marker = { producerId: 1, producerEpoch: 0, isCommit: true, coordinatorEpoch: 0, timestamp: nowMs };
  return [
    records.encodeBatch({ records: sent }),
    records.encodeBatch({ records: sent.slice(0, 2), producerId: 7, producerEpoch: 1, baseSequence: 0, isTransactional: true }),
    Buffer.concat([records.encodeBatch({ records: sent.slice(0, 1) }), records.encodeBatch({ records: sent.slice(1) })]),
    records.encodeEndTxnMarker(marker),
    records.encodeBatch({ records: sent, codec: records.codecGzip }, gzipCodecs),
  ];
}

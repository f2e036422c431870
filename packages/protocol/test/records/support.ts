/**
 * What the tests of record batches share: codecs by Node's zlib alone, and generators of records.
 */
import { gunzipSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { codecGzip, CorruptCompressedError, DecompressedTooLargeError, type Codecs } from '../../src/records/codecs.ts';
import type { RecordToWrite } from '../../src/records/encode.ts';

/** gzip only; the broker's codecs are tested where they are. */
export const gzipCodecs: Codecs = {
  compress: (_codec, bytes, level = -1) => gzipSync(bytes, { level }),
  decompress: (_codec, bytes, maxBytes) => {
    try {
      return gunzipSync(bytes, { maxOutputLength: maxBytes });
    } catch (error) {
      if (error instanceof RangeError) throw new DecompressedTooLargeError(codecGzip, maxBytes);
      throw new CorruptCompressedError(codecGzip, String(error), { cause: error });
    }
  },
};

export const limits = { maxDecompressedBytes: 1_000_000 };

const payload = fc.option(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
);

/** A record as a producer could send it. */
export const anyRecord: fc.Arbitrary<Required<Omit<RecordToWrite, 'offset'>>> = fc.record({
  key: payload,
  value: payload,
  timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 20 }), value: payload }), { maxLength: 4 }),
});

/** Comparable: bytes as hex, whatever kind of array they are. */
export function normal(list: readonly (RecordToWrite & { offset: number })[]): unknown {
  const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
  return list.map((record) => ({
    offset: record.offset,
    timestamp: record.timestamp,
    key: hex(record.key),
    value: hex(record.value),
    headers: (record.headers ?? []).map((header) => [header.key, hex(header.value)]),
  }));
}

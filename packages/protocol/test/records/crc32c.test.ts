/**
 * CRC-32C against published values, against another implementation, and with a native one installed.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import fc from 'fast-check';

import { crc32c, crc32cInJavaScript, installNativeCrc32c, nativeCrc32cThresholdBytes } from '../../src/crc32c.ts';

const require = createRequire(import.meta.url);
const kafkajsCrc32c = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (bytes: Buffer) => number;

test('the sums of RFC 3720 come out', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index))), 0x46dd794e);
  assert.equal(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index))), 0x113fdb5c);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
});

test('any bytes have the sum that kafkajs computes, in one piece or in two', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), fc.nat(), (bytes, seed) => {
      const expected = kafkajsCrc32c(Buffer.from(bytes)) >>> 0;
      assert.equal(crc32c(bytes), expected);
      const middle = seed % (bytes.length + 1);
      assert.equal(crc32c(bytes, middle, bytes.length, crc32c(bytes, 0, middle)), expected);
    }),
  );
});

test('a native implementation is asked above the threshold only, and sees just the range', (t) => {
  const lengths: number[] = [];
  t.after(() => installNativeCrc32c(undefined));
  installNativeCrc32c((bytes, seed = 0) => {
    lengths.push(bytes.length);
    // As a signed number, which some implementations return.
    return crc32cInJavaScript(bytes, { start: 0, end: bytes.length, seed }) | 0;
  });
  const bytes = Buffer.alloc(1_000, 0xa5);
  const expected = kafkajsCrc32c(bytes.subarray(10, 900)) >>> 0;
  assert.equal(crc32c(bytes, 10, 900), expected);
  assert.equal(crc32c(bytes, 0, nativeCrc32cThresholdBytes - 1), kafkajsCrc32c(bytes.subarray(0, 127)) >>> 0);
  assert.equal(crc32c(bytes, 500, 900, crc32c(bytes, 10, 500)), expected);
  assert.deepEqual(lengths, [890, 490, 400]);
});

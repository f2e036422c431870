/**
 * Zigzag varints: the bytes that Kafka writes, every value back, and refusal of what is too long or cut off.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { CorruptRecordError } from '../../src/records/record-errors.ts';
import { readVarint, readVarlong, sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from '../../src/records/varint.ts';

test('known values take known bytes', () => {
  const cases: [number, string][] = [
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [63, '7e'],
    [-64, '7f'],
    [64, '8001'],
    [-65, '8101'],
    [8191, 'fe7f'],
    [-8192, 'ff7f'],
    [2147483647, 'feffffff0f'],
    [-2147483648, 'ffffffff0f'],
  ];
  for (const [value, hex] of cases) {
    assert.equal(written(writeVarint, value), hex);
    assert.equal(written(writeVarlong, value), hex);
  }
});

test('every 32-bit value is read back from the bytes it takes', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const bytes = Buffer.from(written(writeVarint, value), 'hex');
      assert.equal(bytes.length, sizeOfVarint(value));
      const cursor = { bytes, position: 0, end: bytes.length };
      assert.equal(readVarint(cursor), value);
      assert.equal(cursor.position, bytes.length);
    }),
  );
});

test('every safe integer is read back from the bytes it takes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -300, max: 300 })), (value) => {
      const bytes = Buffer.from(written(writeVarlong, value), 'hex');
      assert.equal(bytes.length, sizeOfVarlong(value));
      const cursor = { bytes, position: 0, end: bytes.length };
      assert.equal(readVarlong(cursor), value);
      assert.equal(cursor.position, bytes.length);
      // The same bytes as 64-bit zigzag arithmetic gives.
      const wide = BigInt(value);
      assert.equal(bytes.toString('hex'), plainVarint(BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))));
    }),
  );
});

test('a varint that is cut off or too long is refused', () => {
  for (const hex of ['', '80', 'ffffffff', '808080808001', 'ffffffffff']) {
    assert.throws(() => readVarint(cursorOf(hex)), CorruptRecordError);
  }
  for (const hex of ['', '80', 'ffffffffffffffff', '8080808080808080808001']) {
    assert.throws(() => readVarlong(cursorOf(hex)), CorruptRecordError);
  }
  // The end of the cursor counts, not that of the bytes.
  assert.throws(() => readVarint({ bytes: Buffer.from('8001', 'hex'), position: 0, end: 1 }), CorruptRecordError);
});

test('the largest 64-bit values are read, rounded', () => {
  assert.equal(readVarlong(cursorOf('feffffffffffffffff01')), 2 ** 63);
  assert.equal(readVarlong(cursorOf('ffffffffffffffffff01')), -(2 ** 63));
});

function written(write: (bytes: Uint8Array, position: number, value: number) => number, value: number): string {
  const bytes = Buffer.alloc(16);
  return bytes.subarray(0, write(bytes, 0, value)).toString('hex');
}

function plainVarint(value: bigint): string {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  bytes.push(Number(value));
  return Buffer.from(bytes).toString('hex');
}

function cursorOf(hex: string): { bytes: Uint8Array; position: number; end: number } {
  const bytes = Buffer.from(hex, 'hex');
  return { bytes, position: 0, end: bytes.length };
}

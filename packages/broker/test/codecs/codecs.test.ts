/**
 * The codecs: what others write is read, what is written others read (its shape is checked here, the round trip by
 * property), bombs stop at the limit, and nothing but the two documented errors comes out of damaged input.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import {
  codecIdOf,
  codecNames,
  CorruptCompressedError,
  DecompressedTooLargeError,
  type CodecId,
  type CodecName,
} from '@jackdaw/protocol';
import fc from 'fast-check';

import { nodeCodecs } from '../../src/codecs/codecs.ts';
import { compressZstdByWasm, decompressZstdByWasm } from '../../src/codecs/zstd-wasm.ts';
import { scanZstd } from '../../src/codecs/zstd.ts';
import { large, small, vectors } from './vectors.ts';

type Packing = Exclude<CodecName, 'none'>;

const kinds: readonly Packing[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const megabyte = 1_048_576;

for (const vector of vectors) {
  test(`${vector.codec} as others write it is read: ${vector.name}`, () => {
    const content = vector.content === 'small' ? small : large;
    const compressed = Buffer.from(vector.hex, 'hex');
    assert.deepEqual(Buffer.from(inflate(vector.codec, compressed, content.length)), content);
    assert.throws(() => inflate(vector.codec, compressed, content.length - 1), DecompressedTooLargeError);
    for (let length = 0; length < compressed.length; length += 1 + Math.floor(length / 16)) {
      expectSoundOrRefused(vector.codec, compressed.subarray(0, length));
    }
  });
}

for (const name of kinds) {
  test(`${name} gives back what it was given, whatever that is`, () => {
    const repetitive = fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 400 })), { maxLength: 40 })
      .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))));
    const random = fc.uint8Array({ maxLength: 2_000, size: 'max' }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(repetitive, random), (bytes) => {
        const compressed = nodeCodecs.compress(idOf(name), bytes);
        assert.ok(Buffer.from(inflate(name, compressed, bytes.length)).equals(bytes));
      }),
      { numRuns: 150 },
    );
  });

  test(`${name} compresses long input in blocks and reads it back`, () => {
    const long = Buffer.concat(Array.from({ length: 12 }, () => large));
    const compressed = nodeCodecs.compress(idOf(name), long);
    assert.ok(compressed.length < long.length / 8, `${compressed.length} bytes`);
    assert.ok(Buffer.from(inflate(name, compressed, long.length)).equals(long));
  });

  test(`F6: a ${name} bomb is refused at the limit, without inflating what lies beyond it`, () => {
    const limit = megabyte;
    const bomb = bombs[name]();
    const before = process.memoryUsage();
    assert.throws(() => inflate(name, bomb, limit), DecompressedTooLargeError);
    const after = process.memoryUsage();
    const growth = after.arrayBuffers + after.external - before.arrayBuffers - before.external;
    assert.ok(growth < 24 * megabyte, `${growth} bytes were set aside for a limit of ${limit}`);
  });

  test(`F6: ${name} inflates one layer only, so a bomb inside a bomb stays a value`, () => {
    const inner = bombs[name]();
    const outer = nodeCodecs.compress(idOf(name), inner);
    assert.ok(Buffer.from(inflate(name, outer, inner.length)).equals(inner));
  });

  test(`F6: damaged ${name} is sound, malformed or too large, and nothing else`, () => {
    const sound = Buffer.from(nodeCodecs.compress(idOf(name), large.subarray(0, 5_000)));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (damage) => {
        const bytes = Buffer.from(sound);
        for (const [position, value] of damage) bytes[position] = value;
        expectSoundOrRefused(name, bytes);
      }),
      { numRuns: 5_000 },
    );
  });
}

test('snappy and lz4 are framed as the Java client frames them', () => {
  const snappy = Buffer.from(nodeCodecs.compress(2, large));
  assert.equal(snappy.subarray(0, 16).toString('hex'), '82534e41505059000000000100000001');
  const lz4 = Buffer.from(nodeCodecs.compress(3, large));
  assert.equal(lz4.subarray(0, 7).toString('hex'), '04224d18604082');
  assert.equal(lz4.readUInt32LE(lz4.length - 4), 0);
});

test('an lz4 frame with a wrong descriptor checksum is refused', () => {
  const frame = Buffer.from(nodeCodecs.compress(3, small));
  frame[6] = (frame[6] as number) ^ 1;
  assert.throws(() => inflate('lz4', frame, small.length), CorruptCompressedError);
});

test('zstd by WebAssembly reads and refuses as the native one does', () => {
  for (const vector of vectors.filter((candidate) => candidate.codec === 'zstd')) {
    const content = vector.content === 'small' ? small : large;
    const bytes = Buffer.from(vector.hex, 'hex');
    const { bound } = scanZstd(bytes, content.length);
    assert.deepEqual(decompressZstdByWasm(bytes, { maxBytes: content.length, bound }), content);
  }
  const packed = compressZstdByWasm(large, 9);
  assert.deepEqual(Buffer.from(inflate('zstd', packed, large.length)), large);
  assert.throws(() => decompressZstdByWasm(packed, { maxBytes: 1_000, bound: large.length }), DecompressedTooLargeError);
});

test('a zstd frame that declares more than the limit is refused by its header', () => {
  // Single segment, 8-byte content size of 2^40, no block needed.
  const frame = Buffer.from('28b52ffd' + 'e0' + '0000000000010000' + '010000', 'hex');
  assert.throws(() => inflate('zstd', frame, megabyte), DecompressedTooLargeError);
});

/** Small inputs that inflate to far more than a megabyte: as far above 1000:1 as each format can go. */
const bombs: Record<Packing, () => Buffer> = {
  gzip: () => gzipSync(Buffer.alloc(64 * megabyte), { level: 9 }),
  // Snappy cannot exceed 22:1 in truth; the bomb is its claim, here 500,000:1.
  snappy: () => Buffer.concat([Buffer.from('8080808004', 'hex'), Buffer.alloc(2_000)]),
  // LZ4 reaches 255:1 at most: one literal, and a match whose length goes on for 60,000 bytes in each block of 4 MiB.
  lz4: () => lz4Bomb(),
  // A run-length block takes 4 bytes and yields 128 KiB: 32,768:1.
  zstd: () =>
    Buffer.concat([
      Buffer.from('28b52ffd' + '0058', 'hex'),
      ...Array.from({ length: 1_000 }, (_, index) => Buffer.from([index === 999 ? 3 : 2, 0, 0x10, 0])),
    ]),
};

function lz4Bomb(): Buffer {
  const block = Buffer.concat([Buffer.from('1f000100', 'hex'), Buffer.alloc(16_000, 255), Buffer.from([0, 0])]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  // Independent blocks of up to 4 MiB.
  const header = Buffer.from('04224d18607073', 'hex');
  return Buffer.concat([header, ...Array.from({ length: 16 }, () => Buffer.concat([size, block])), Buffer.alloc(4)]);
}

function inflate(name: CodecName, bytes: Uint8Array, maxBytes: number): Uint8Array {
  return nodeCodecs.decompress(idOf(name), bytes, maxBytes);
}

function expectSoundOrRefused(name: CodecName, bytes: Uint8Array): void {
  try {
    assert.ok(inflate(name, bytes, 100_000).length <= 100_000);
  } catch (error) {
    if (error instanceof CorruptCompressedError || error instanceof DecompressedTooLargeError) return;
    throw error;
  }
}

function idOf(name: CodecName): CodecId {
  const id = codecIdOf(name);
  assert.ok(id !== undefined && codecNames[id] === name);
  return id;
}

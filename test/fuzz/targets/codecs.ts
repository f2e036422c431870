/**
 * Compressed bytes of every codec, bombs among them: inflated up to the limit or refused, and what inflates to little can be
 * compressed and inflated again to the same (F6).
 */
import type { Prng } from '@jackdaw/base';
import { nodeCodecs } from '@jackdaw/broker';
import {
  codecGzip,
  codecLz4,
  codecNames,
  codecSnappy,
  codecZstd,
  CorruptCompressedError,
  DecompressedTooLargeError,
  type CodecId,
} from '@jackdaw/protocol';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { bombs } from './batches.ts';

const maxBytes = 262_144;

function inflate(codec: CodecId, input: Uint8Array): Outcome {
  let inflated: Uint8Array;
  try {
    inflated = nodeCodecs.decompress(codec, input, maxBytes);
  } catch (error) {
    if (error instanceof CorruptCompressedError || error instanceof DecompressedTooLargeError) return 'refused';
    throw error;
  }
  expect(inflated.length <= maxBytes, `${inflated.length} bytes were inflated, more than the limit`);
  if (inflated.length <= 4_096) {
    const again = nodeCodecs.decompress(codec, nodeCodecs.compress(codec, inflated), maxBytes);
    expect(Buffer.compare(again, inflated) === 0, 'compressed and inflated, the bytes are others');
  }
  return 'accepted';
}

function payloads(prng: Prng): Uint8Array[] {
  return [
    new Uint8Array(0),
    Buffer.from('a'),
    Buffer.from('hello, hello, hello, hello'),
    Buffer.from('abcdefgh'.repeat(300)),
    prng.bytes(200),
    Buffer.concat([prng.bytes(70), Buffer.alloc(1_000), prng.bytes(70)]),
    new Uint8Array(maxBytes),
    new Uint8Array(maxBytes + 1),
  ];
}

/** Raw snappy, without the framing of xerial that Java's clients put around it. */
const rawSnappy = [
  Uint8Array.of(0x00),
  Uint8Array.of(0x05, 0x10, 0x61, 0x62, 0x63, 0x64, 0x65),
  // Copies of one, two and four bytes of offset.
  Uint8Array.of(0x0a, 0x04, 0x61, 0x62, 0x11, 0x02),
  Uint8Array.of(0x0a, 0x04, 0x61, 0x62, 0x1e, 0x02, 0x00),
  Uint8Array.of(0x0a, 0x04, 0x61, 0x62, 0x1f, 0x02, 0x00, 0x00, 0x00),
];

function codecTarget(codec: CodecId): Target {
  const extra = bombs()
    .filter((bomb) => bomb.codec === codec)
    .map(({ payload }) => payload);
  return {
    name: `codec-${codecNames[codec]}`,
    what: `bytes compressed by ${codecNames[codec]}, through nodeCodecs.decompress`,
    seeds: (prng) => [
      ...payloads(prng).map((payload) => nodeCodecs.compress(codec, payload)),
      ...extra,
      ...(codec === codecSnappy ? rawSnappy : []),
    ],
    run: (input) => inflate(codec, input),
    maxInputBytes: 8_192,
    allocation: { fixedBytes: 16 * 1_048_576, bytesPerInputByte: 256 },
  };
}

export const codecTargets: readonly Target[] = ([codecGzip, codecSnappy, codecLz4, codecZstd] as const).map(codecTarget);

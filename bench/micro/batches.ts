/**
 * Micro-benchmarks of record batches: their sum, the walk over their headers, what a leader checks.
 */
import { createRequire } from 'node:module';
import { installNodeRsCrc32c, nodeCodecs } from '@jackdaw/broker/codecs';
import { batchLastOffset, crc32c, eachBatch, encodeBatch, validateBatches, type ValidateOptions } from '@jackdaw/protocol';
import { BenchError } from '../run/bench-error.ts';
import type { Micro } from './micro-bench.ts';
import { repeat } from './wire.ts';

/** A batch of `count` records of 1 KiB. */
export function batchOf(count: number): Uint8Array {
  const value = Buffer.alloc(1024, 'jackdaw ');
  const records = Array.from({ length: count }, () => ({ key: null, value, timestamp: 1_700_000_000_000 }));
  return Buffer.from(encodeBatch({ records }));
}

export function batchMicros(): Micro[] {
  const native = nativeCrc32c();
  return [sum(1, native), sum(16, native), walk(), validate(native)];
}

type Sum = (bytes: Uint8Array) => number;

/** The package by itself: what the broker's own function is measured against. */
function nativeCrc32c(): Sum {
  if (!installNodeRsCrc32c())
    throw new BenchError('@node-rs/crc32 has no binary for this platform, so there is no limit for CRC');
  const require = createRequire(new URL('../../../packages/broker/package.json', import.meta.url));
  return (require('@node-rs/crc32') as { crc32c: Sum }).crc32c;
}

function sum(kib: number, native: Sum): Micro {
  const bytes = Buffer.alloc(kib << 10, 'jackdaw ');
  return {
    name: `CRC-32C of ${kib} KiB`,
    bytes: bytes.length,
    limit: 'the native function by itself',
    run: (calls) => repeat(calls, () => crc32c(bytes)),
    runLimit: (calls) => repeat(calls, () => native(bytes)),
  };
}

function walk(): Micro {
  const batch = batchOf(16);
  const batches = 64;
  const bytes = Buffer.concat(Array.from({ length: batches }, () => batch));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    name: 'header walk: 64 batches',
    limit: 'three fields of each read',
    run: (calls) =>
      repeat(calls, () => {
        let last = 0;
        for (const position of eachBatch(bytes)) last += batchLastOffset(bytes, position);
        return last;
      }),
    runLimit: (calls) =>
      repeat(calls, () => {
        let last = 0;
        for (let at = 0; at < bytes.length; at += 12 + view.getInt32(at + 8))
          last += view.getInt32(at + 4) + view.getInt32(at + 23);
        return last;
      }),
  };
}

function validate(native: Sum): Micro {
  const bytes = batchOf(120);
  const options: ValidateOptions = {
    ...{ maxMessageBytes: 1 << 20, timestampType: 'CreateTime', beforeMaxMs: Infinity, afterMaxMs: Infinity },
    ...{ nowMs: 1_700_000_000_000, compressionType: 'producer', isCompacted: false, codecs: nodeCodecs },
    ...{ maxDecompressedBytes: 100 << 20 },
  };
  const refused = validateBatches(bytes, options).error;
  if (refused !== null) throw new BenchError(`the batch to measure is refused: ${JSON.stringify(refused)}`);
  return {
    name: 'validate: a batch of 120 × 1 KiB',
    bytes: bytes.length,
    limit: 'its CRC',
    run: (calls) => repeat(calls, () => validateBatches(bytes, options)),
    runLimit: (calls) => repeat(calls, () => native(bytes)),
  };
}

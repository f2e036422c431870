/**
 * Micro-benchmarks of the log: appends to the page cache of a real disk, and the offset index.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLogConfig, LogFlusher, NodeFs, OpenSegments, PartitionLog, TailCacheBudget } from '@jackdaw/log';
import type * as OffsetIndexModule from '../../packages/log/src/offset-index.ts';
import { makeDirectory, removeDirectory } from '../cluster/leftovers.ts';
import { BenchError } from '../run/bench-error.ts';
import { batchOf } from './batches.ts';
import { internal } from './internals.ts';
import type { Micro } from './micro-bench.ts';
import { repeat } from './wire.ts';

const { OffsetIndex } = await internal<typeof OffsetIndexModule>('log/offset-index');

const tailBytes = 8 << 20;
/** Bytes that one sample may append: all samples together stay far below a segment. */
const maxSampleBytes = 32 << 20;

export async function logMicros(): Promise<Micro[]> {
  return [await appends(1), await appends(120), indexAppends(), indexLookups()];
}

async function appends(records: number): Promise<Micro> {
  const directory = makeDirectory();
  const log = await openLog(join(directory, 'orders-0'));
  const batch = batchOf(records);
  const file = openSync(join(directory, 'plain'), 'w');
  let position = 0;
  return {
    name: `append: a batch of ${records} × 1 KiB, page cache`,
    bytes: batch.length,
    maxCalls: Math.ceil(maxSampleBytes / batch.length),
    limit: 'the same bytes written to a file',
    run: (calls) =>
      repeat(calls, () => {
        const result = log.appendAsLeader(batch, { leaderEpoch: 0, nowMs: 0 });
        if (result.kind !== 'appended') throw new BenchError('an append was refused');
        return result;
      }),
    runLimit: (calls) =>
      repeat(calls, () => {
        position += writeSync(file, batch, 0, batch.length, position);
        return position;
      }),
    async close() {
      closeSync(file);
      await log.close();
      removeDirectory(directory);
    },
  };
}

async function openLog(directory: string): Promise<PartitionLog> {
  return await PartitionLog.open({
    fs: new NodeFs(),
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    ...{ name: 'orders-0', directory, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
    config: { ...defaultLogConfig, flushMode: 'pageCache' },
    ...{ recoveryPoint: 0, logStartOffset: 0, hadCleanShutdown: true },
    maxProducerIdExpirationMs: () => 86_400_000,
    flusher: new LogFlusher<PartitionLog>({ onDurable: () => {}, defer: setImmediate }),
    tailCache: new TailCacheBudget({ maxTotalBytes: tailBytes, maxBytesPerLog: tailBytes }),
    openSegments: new OpenSegments(),
  });
}

const indexEntries = 10_000;

function indexAppends(): Micro {
  const plain = new DataView(new ArrayBuffer(indexEntries * 8));
  return {
    name: `index: ${indexEntries} appends`,
    limit: 'two 32-bit words written for each',
    run: (calls) =>
      repeat(calls, () => {
        const index = new OffsetIndex(0);
        for (let i = 0; i < indexEntries; i++) index.append(i * 10, i * 4096);
        return index;
      }),
    runLimit: (calls) =>
      repeat(calls, () => {
        for (let i = 0; i < indexEntries; i++) {
          plain.setInt32(i * 8, i * 10);
          plain.setInt32(i * 8 + 4, i * 4096);
        }
        return plain;
      }),
  };
}

function indexLookups(): Micro {
  const index = new OffsetIndex(0);
  const plain = new Int32Array(indexEntries);
  for (let i = 0; i < indexEntries; i++) {
    index.append(i * 10, i * 4096);
    plain[i] = i * 10;
  }
  let turn = 0;
  const wanted = (): number => (turn = (turn + 7_919) % (indexEntries * 10));
  return {
    name: `index: a lookup in ${indexEntries}`,
    limit: 'binary search in an Int32Array',
    run: (calls) => repeat(calls, () => index.lookup(wanted())),
    runLimit: (calls) => repeat(calls, () => floor(plain, wanted())),
  };
}

function floor(values: Int32Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

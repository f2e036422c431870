/**
 * What the tests of this package share: batches to append and a log on any file system.
 */

import { ManualClock } from '@jackdaw/base';
import { encodeBatch, type BatchToWrite } from '@jackdaw/protocol';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Fs } from '../src/fs.ts';
import { defaultLogConfig, type LogConfig } from '../src/log-config.ts';
import { LogFlusher } from '../src/log-flusher.ts';
import type { ReadResult } from '../src/log-types.ts';
import { OpenSegments } from '../src/open-segments.ts';
import { PartitionLog, type PartitionLogOptions } from '../src/partition-log.ts';
import { TailCacheBudget } from '../src/tail-cache.ts';

export const startMs = 1_700_000_000_000;

/** A batch of `values`, one record each, as a producer sends it. */
export function batchOf(values: readonly string[], options: Partial<BatchToWrite> & { timestamp?: number } = {}): Uint8Array {
  const { timestamp = startMs, ...rest } = options;
  const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp }));
  return encodeBatch({ records, ...rest });
}

/** A batch of one record of about `sizeBytes`. */
export function batchOfSize(sizeBytes: number, options: Partial<BatchToWrite> & { timestamp?: number } = {}): Uint8Array {
  return batchOf(['x'.repeat(Math.max(0, sizeBytes - 70))], options);
}

/** A new directory on the real disk, removed when the file's tests are over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-log-'));
  temporaryDirectories.push(directory);
  return directory;
}

const temporaryDirectories: string[] = [];
after(() => {
  for (const directory of temporaryDirectories) rmSync(directory, { recursive: true });
});

export interface TestLog {
  log: PartitionLog;
  flusher: LogFlusher<PartitionLog>;
  durable: PartitionLog[];
  failures: Error[];
  clock: ManualClock;
}

export type TestLogOptions = Partial<PartitionLogOptions> & { settings?: Partial<LogConfig>; tailBytes?: number };

export async function openTestLog(fs: Fs, options: TestLogOptions = {}): Promise<TestLog> {
  const { settings, tailBytes = 1 << 20, ...rest } = options;
  const clock = new ManualClock(0, startMs);
  const durable: PartitionLog[] = [];
  const failures: Error[] = [];
  const flusher = new LogFlusher<PartitionLog>({ onDurable: (log) => durable.push(log), defer: setImmediate });
  const log = await PartitionLog.open({
    fs,
    clock,
    name: 'topic-0',
    directory: '/data/topic-0',
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    config: { ...defaultLogConfig, ...settings },
    recoveryPoint: 0,
    logStartOffset: 0,
    hadCleanShutdown: true,
    maxProducerIdExpirationMs: () => 86_400_000,
    flusher,
    tailCache: new TailCacheBudget({ maxTotalBytes: tailBytes, maxBytesPerLog: tailBytes }),
    openSegments: new OpenSegments(),
    onFailure: (_log, error) => failures.push(error),
    ...rest,
  });
  return { log, flusher, durable, failures, clock };
}

/** Appends as leader and returns the base offset; fails when the append is refused. */
export function append(log: PartitionLog, batch: Uint8Array, leaderEpoch = 0): number {
  const result = log.appendAsLeader(batch, { leaderEpoch, nowMs: startMs });
  if (result.kind !== 'appended') throw new Error(`append was refused: ${JSON.stringify(result)}`);
  return result.baseOffset;
}

/** All bytes from `fetchOffset` on, joined. */
export async function readAll(log: PartitionLog, fetchOffset = log.logStartOffset): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let offset = fetchOffset; offset < log.logEndOffset;) {
    const result = await log.read({ fetchOffset: offset, maxOffset: log.logEndOffset, maxBytes: 1 << 20, minOneBatch: true });
    if (result.kind !== 'data' || result.sizeBytes === 0) throw new Error(`nothing at offset ${offset}: ${result.kind}`);
    chunks.push(...result.chunks);
    offset = result.nextOffset;
  }
  return Buffer.concat(chunks);
}

export function expectData(result: ReadResult): Extract<ReadResult, { kind: 'data' }> {
  if (result.kind !== 'data') throw new Error(`no data: ${result.kind}`);
  return result;
}

/** Changes one byte of a file in place. */
export function flipByte(fs: Fs, path: string, position: number): void {
  const file = fs.open(path, 'write');
  const byte = new Uint8Array(1);
  fs.readSmall(file, byte, position);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  fs.write(file, [byte], position);
  fs.close(file);
}

/** Replaces a file's content. */
export function putFile(fs: Fs, path: string, bytes: Uint8Array): void {
  const file = fs.open(path, 'write');
  fs.truncate(file, 0);
  if (bytes.length > 0) fs.write(file, [bytes], 0);
  fs.close(file);
}

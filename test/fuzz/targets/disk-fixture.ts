/**
 * A log directory as a broker leaves it: one partition of three segments with producers, an aborted transaction and three
 * leader epochs; once closed in order, and once as a crash leaves it. Targets put one file of it at stake.
 */
import { ManualClock, Prng } from '@jackdaw/base';
import { nodeCodecs } from '@jackdaw/broker';
import { defaultLogConfig, LogManager, MemoryFs, type Fs, type LogManagerOptions, type PartitionLog } from '@jackdaw/log';
import { codecLz4, encodeBatch, encodeEndTxnMarker } from '@jackdaw/protocol';
import { nowMs, sampleRecords } from './batches.ts';

export const root = '/data';
export const topic = 'orders';
export const partitionDirectory = `${root}/${topic}-0`;
const topicId = 'BBBBBBBBBBBBBBBBBBBBBA';
const config = { ...defaultLogConfig, segmentBytes: 700, indexIntervalBytes: 100, flushMode: 'pageCache' as const };

/** Path → content; null for a directory. */
export type Files = ReadonlyMap<string, Uint8Array | null>;

export interface Fixture {
  readonly files: Files;
  readonly logEndOffset: number;
  /** The bytes of all segments, one after the other. */
  readonly content: Uint8Array;
  readonly segments: readonly { readonly baseOffset: number; readonly path: string; readonly bytes: Uint8Array }[];
}

export function managerOptions(fs: Fs): LogManagerOptions {
  let uuids = 0;
  return {
    fs,
    clock: new ManualClock(0, nowMs),
    directories: [root],
    clusterId: 'cluster',
    nodeId: 1,
    configOf: () => config,
    maxProducerIdExpirationMs: () => 86_400_000,
    tailCache: { maxTotalBytes: 65_536, maxBytesPerLog: 65_536 },
    codecs: nodeCodecs,
    processes: { self: { processId: 7, startTime: '1', bootId: 'boot' }, isAlive: ({ processId }) => processId === 8 },
    newUuid: () => `C${String(++uuids).padStart(20, '0')}A`,
    onDurable: () => undefined,
    onDirectoryOffline: () => undefined,
    defer: queueMicrotask,
  };
}

/** A disk with these files on it. */
export function diskOf(files: Files): MemoryFs {
  const fs = new MemoryFs({ nowMs: () => nowMs });
  for (const [path, bytes] of files) {
    if (bytes === null) fs.makeDirectory(path);
    else put(fs, path, bytes);
  }
  return fs;
}

export function put(fs: Fs, path: string, bytes: Uint8Array): void {
  const file = fs.open(path, 'write');
  fs.truncate(file, 0);
  if (bytes.length > 0) fs.write(file, [bytes], 0);
  fs.close(file);
}

function filesOn(fs: Fs, path: string, files: Map<string, Uint8Array | null> = new Map()): Map<string, Uint8Array | null> {
  files.set(path, null);
  for (const name of fs.list(path).toSorted()) {
    const child = `${path}/${name}`;
    if (fs.stat(child)?.isDirectory === true) filesOn(fs, child, files);
    else files.set(child, contentOf(fs, child));
  }
  return files;
}

function contentOf(fs: Fs, path: string): Uint8Array {
  const file = fs.open(path, 'read');
  const bytes = new Uint8Array(fs.size(file));
  fs.readSmall(file, bytes, 0);
  fs.close(file);
  return bytes;
}

/** `clean`: closed in order. `crashed`: everything is written, nothing marked. */
export async function makeFixture(kind: 'clean' | 'crashed'): Promise<Fixture> {
  const fs = new MemoryFs({ nowMs: () => nowMs });
  const manager = await LogManager.open(managerOptions(fs));
  const log = await manager.getOrCreate({ topicName: topic, topicId, partition: 0 }, config);
  fill(log);
  await manager.checkpointRecoveryPoints();
  await manager.checkpointHighWatermarks(() => log.logEndOffset - 1);
  await manager.checkpointLogStartOffsets();
  const { logEndOffset, segmentBaseOffsets } = log;
  if (kind === 'clean') await manager.shutdown({ brokerEpoch: 12 });
  else {
    await log.writeLeaderEpochs();
    manager.abandon();
  }
  const files = filesOn(fs, root);
  files.delete(`${root}/.lock`);
  // A crash may take what was written after the last checkpoint, so a crashed one is walked from its first byte.
  if (kind === 'crashed') files.delete(`${root}/recovery-point-offset-checkpoint`);
  const segments = segmentBaseOffsets.map((baseOffset) => {
    const path = `${partitionDirectory}/${String(baseOffset).padStart(20, '0')}.log`;
    return { baseOffset, path, bytes: files.get(path) ?? new Uint8Array(0) };
  });
  return { files, logEndOffset, content: Buffer.concat(segments.map(({ bytes }) => bytes)), segments };
}

function fill(log: PartitionLog): void {
  const prng = new Prng(3);
  const append = (batch: Uint8Array, leaderEpoch: number): void => {
    const result = log.appendAsLeader(batch, { leaderEpoch, nowMs, origin: 'coordinator' });
    if (result.kind !== 'appended') throw new Error(`the fixture was refused: ${JSON.stringify(result)}`);
  };
  const transactional = { producerId: 9, producerEpoch: 0, isTransactional: true };
  const marker = { producerId: 9, producerEpoch: 0, coordinatorEpoch: 1, timestamp: nowMs };
  let sequence = 0;
  for (let i = 0; i < 9; i++) {
    const leaderEpoch = Math.floor(i / 3) * 2;
    append(encodeBatch({ records: sampleRecords(2, prng) }), leaderEpoch);
    append(encodeBatch({ records: sampleRecords(1, prng), producerId: 8, producerEpoch: 1, baseSequence: i }), leaderEpoch);
    if (i % 3 === 1) {
      append(encodeBatch({ records: sampleRecords(2, prng), ...transactional, baseSequence: sequence }), leaderEpoch);
      sequence += 2;
      append(encodeEndTxnMarker({ ...marker, isCommit: i > 4 }), leaderEpoch);
    }
    if (i === 7) append(encodeBatch({ records: sampleRecords(3, prng), codec: codecLz4 }, nodeCodecs), leaderEpoch);
  }
}

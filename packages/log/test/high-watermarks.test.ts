/** Which high watermark a log begins with: its own, in its own directory, and not that of a former log of its name. */
import { ManualClock, Prng } from '@jackdaw/base';
import { uuidOf } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLogConfig } from '../src/log-config.ts';
import { LogManager } from '../src/log-manager.ts';
import { MemoryFs } from '../src/memory-fs.ts';
import type { PartitionLog } from '../src/partition-log.ts';
import { append, batchOfSize, startMs } from './support.ts';

const prng = new Prng(12);

function newUuid(): string {
  return uuidOf(Uint8Array.from({ length: 16 }, () => prng.below(256)));
}

function open(fs: MemoryFs): Promise<LogManager> {
  return LogManager.open({
    fs,
    clock: new ManualClock(0, startMs),
    directories: ['/first', '/second'],
    clusterId: null,
    nodeId: 1,
    configOf: () => defaultLogConfig,
    maxProducerIdExpirationMs: () => 86_400_000,
    tailCache: { maxTotalBytes: 1 << 20, maxBytesPerLog: 1 << 16 },
    processes: { self: { processId: 1, startTime: 'now', bootId: 'boot' }, isAlive: () => false },
    newUuid,
    defer: setImmediate,
    onDurable: () => {},
    onDirectoryOffline: () => {},
  });
}

function created(manager: LogManager, topicName: string): Promise<PartitionLog> {
  return manager.getOrCreate({ topicName, topicId: newUuid(), partition: 0 }, defaultLogConfig);
}

/** A second start, with `orders` and `b` in the first directory and `a` and `c` in the second; that of `orders` is 17. */
async function restarted(fs: MemoryFs): Promise<LogManager> {
  const manager = await open(fs);
  const orders = await created(manager, 'orders');
  for (const topicName of ['a', 'b', 'c']) await created(manager, topicName);
  for (let i = 0; i < 20; i++) append(orders, batchOfSize(500));
  await manager.checkpointHighWatermarks((log) => (log === orders ? 17 : 0));
  manager.abandon();
  const again = await open(fs);
  assert.equal(again.highWatermarkCheckpoint('orders', 0), 17);
  return again;
}

test('A20: a log that is made again in its directory does not begin with the high watermark of the old one', async () => {
  const manager = await restarted(new MemoryFs());
  await manager.remove('orders', 0);
  await manager.remove('b', 0);
  assert.match((await created(manager, 'orders')).directory, /^\/first/);
  assert.equal(manager.highWatermarkCheckpoint('orders', 0), 0);
});

test('A20: a log that is made again in another directory does not either, also after a crash', async () => {
  const fs = new MemoryFs();
  const manager = await restarted(fs);
  for (const topicName of ['orders', 'a', 'c']) await manager.remove(topicName, 0);
  const orders = await created(manager, 'orders');
  assert.match(orders.directory, /^\/second/);
  assert.equal(manager.highWatermarkCheckpoint('orders', 0), 0);
  for (let i = 0; i < 20; i++) append(orders, batchOfSize(500));
  manager.abandon();
  const again = await open(fs);
  assert.deepEqual([again.get('orders', 0)?.logEndOffset, again.highWatermarkCheckpoint('orders', 0)], [20, 0]);
});

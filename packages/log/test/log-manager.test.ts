/** The logs of one data directory: its identity and lock, clean and unclean starts, removal, failed disks, checkpoints. */
import { ManualClock, Prng } from '@jackdaw/base';
import { batchLeaderEpoch, eachBatch, ErrorCode, isUuid, patchBaseOffset, uuidOf } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOffsetCheckpoint } from '../src/checkpoint-file.ts';
import { lockDirectory, type Processes } from '../src/directory-lock.ts';
import { readSmallFile, StorageError, type Fs } from '../src/fs.ts';
import { defaultLogConfig } from '../src/log-config.ts';
import { LogManager, TopicIdMismatchError, type LogManagerOptions } from '../src/log-manager.ts';
import { MemoryFs } from '../src/memory-fs.ts';
import { readMetaProperties } from '../src/meta-properties.ts';
import type { PartitionLog } from '../src/partition-log.ts';
import { append, batchOf, batchOfSize, putFile, readAll, startMs } from './support.ts';

const topicId = uuidOf(new Uint8Array(16).fill(7));
const config = { ...defaultLogConfig, segmentBytes: 2000, fileDeleteDelayMs: 1000 };
const marker = '/data/.kafka_cleanshutdown';

function processesNamed(processId: number, alive: number[]): Processes {
  return {
    self: { processId, startTime: 'now', bootId: 'boot' },
    isAlive: (identity) => alive.includes(identity.processId),
  };
}

const prng = new Prng(11);

function newUuid(): string {
  return uuidOf(Uint8Array.from({ length: 16 }, () => prng.below(256)));
}

function open(fs: Fs, options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  return LogManager.open({
    fs,
    clock: new ManualClock(0, startMs),
    directories: ['/data'],
    clusterId: null,
    nodeId: 1,
    configOf: () => config,
    maxProducerIdExpirationMs: () => 86_400_000,
    tailCache: { maxTotalBytes: 1 << 20, maxBytesPerLog: 1 << 16 },
    processes: processesNamed(1, []),
    newUuid,
    defer: setImmediate,
    onDurable: () => {},
    onDirectoryOffline: () => {},
    ...options,
  });
}

/** A log of 20 batches in several segments, synced, with its recovery point on disk. */
async function openWithSegments(): Promise<{ fs: MemoryFs; manager: LogManager; log: PartitionLog }> {
  const fs = new MemoryFs();
  const manager = await open(fs);
  const log = await manager.getOrCreate(key, config);
  for (let i = 0; i < 20; i++) append(log, batchOfSize(500));
  await log.flush();
  await manager.checkpointRecoveryPoints();
  return { fs, manager, log };
}

const key = { topicName: 'orders', topicId, partition: 0 };
const isStorageError = (pattern: RegExp) => (error: unknown) => error instanceof StorageError && pattern.test(error.message);

test('logs, high watermarks and the broker epoch come back after a clean shutdown, without recovery', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  assert.equal(manager.previousBrokerEpoch, null);
  const log = await manager.getOrCreate(key, config);
  for (let i = 0; i < 20; i++) append(log, batchOfSize(500));
  const bytes = await readAll(log);
  log.advanceLogStartOffset(1, 20);
  await manager.checkpointHighWatermarks(() => 17);
  await manager.shutdown({ brokerEpoch: 42 });
  assert.equal(Buffer.from(readSmallFile(fs, marker) ?? []).toString(), '{"version":0,"brokerEpoch":42}');
  const again = await open(fs);
  assert.equal(again.previousBrokerEpoch, 42);
  assert.equal(again.clusterId, manager.clusterId);
  const found = again.get('orders', 0);
  assert.ok(found !== undefined);
  assert.equal(found.topicId, topicId);
  assert.equal(found.recovery.wasUnclean, false);
  assert.deepEqual([found.logStartOffset, found.logEndOffset, found.recoveryPoint], [1, 20, 20]);
  assert.equal(again.highWatermarkCheckpoint('orders', 0), 17);
  assert.deepEqual((await readAll(found, 1)).length, bytes.length - bytes.length / 20);
});

test('B7: the clean-shutdown marker is gone, durably, before anything can be appended or truncated', async () => {
  const fs = new MemoryFs();
  const first = await open(fs);
  const log = await first.getOrCreate(key, config);
  append(log, batchOf(['a']));
  await first.shutdown({ brokerEpoch: 1 });
  fs.syncDirectoryNow('/');
  await open(fs);
  fs.crash('loseUnsynced', prng);
  assert.equal(fs.stat(marker), null);
  const again = await open(fs);
  assert.equal(again.previousBrokerEpoch, null);
  assert.equal(again.get('orders', 0)?.recovery.wasUnclean, true);
  assert.equal(again.get('orders', 0)?.logEndOffset, 1);
});

for (const isKilled of [false, true]) {
  const when = isKilled ? ', also when the process that made it was killed' : '';
  test(`B8: what a new partition has acknowledged survives a power loss, directory and all${when}`, async () => {
    const fs = new MemoryFs();
    let manager = await open(fs);
    fs.syncDirectoryNow('/');
    let log = await manager.getOrCreate(key, config);
    if (isKilled) {
      fs.crash('processOnly', prng);
      manager = await open(fs);
      log = manager.get('orders', 0) ?? assert.fail('the log is gone');
    }
    append(log, batchOf(['a']));
    await log.flush();
    fs.crash('loseUnsynced', prng);
    const again = await open(fs);
    assert.equal(again.get('orders', 0)?.logEndOffset, 1);
    assert.equal(again.get('orders', 0)?.topicId, topicId);
  });
}

test('a directory of another cluster or node is refused, naming both ids', async () => {
  const fs = new MemoryFs();
  await (await open(fs, { clusterId: 'alpha' })).shutdown({ brokerEpoch: 1 });
  await assert.rejects(open(fs, { clusterId: 'beta' }), isStorageError(/alpha.*beta/));
  await assert.rejects(open(fs, { nodeId: 2 }), isStorageError(/node 1.*node 2/));
  assert.equal((await open(fs)).clusterId, 'alpha');
});

test('a second process on the same directory is refused while the first lives, and not after', async () => {
  const fs = new MemoryFs();
  await open(fs, { processes: processesNamed(100, [100]) });
  await assert.rejects(open(fs, { processes: processesNamed(200, [100, 200]) }), isStorageError(/in use by process 100/));
  const manager = await open(fs, { processes: processesNamed(200, [200]) });
  await manager.shutdown({ brokerEpoch: 1 });
  assert.equal(fs.stat('/data/.lock'), null);
});

test('a lock that was cut off while it was written keeps nobody out', () => {
  const fs = new MemoryFs();
  fs.makeDirectory('/data');
  putFile(fs, '/data/.lock', Buffer.from('{"processId":1'));
  lockDirectory(fs, '/data', { processes: processesNamed(1, [1]), token: 'a' });
  assert.throws(() => lockDirectory(fs, '/data', { processes: processesNamed(2, [1]), token: 'b' }), StorageError);
});

test('A25: a directory that belongs to another topic id is reported, not used', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  await manager.getOrCreate(key, config);
  const other = { ...key, topicId: uuidOf(new Uint8Array(16).fill(9)) };
  await assert.rejects(manager.getOrCreate(other, config), TopicIdMismatchError);
  await manager.remove('orders', 0);
  assert.equal((await manager.getOrCreate(other, config)).logEndOffset, 0);
});

test('B19: a wall clock that jumps before retention has run for the first time expires nothing either', async () => {
  const clock = new ManualClock(0, startMs);
  const manager = await open(new MemoryFs(), { clock });
  const log = await manager.getOrCreate(key, config);
  for (let i = 0; i < 10; i++) append(log, batchOfSize(500));
  const monthMs = 30 * 86_400_000;
  clock.advance(1_000);
  await manager.runRetention(clock.wallMs() + monthMs, () => log.logEndOffset);
  assert.equal(log.logStartOffset, 0);
  clock.advance(monthMs);
  await manager.runRetention(clock.wallMs(), () => log.logEndOffset);
  assert.equal(log.logStartOffset, log.logEndOffset);
});

test('a removed log is renamed at once and deleted after the delay, also over a restart', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  const log = await manager.getOrCreate(key, config);
  append(log, batchOf(['a']));
  await manager.remove('orders', 0);
  assert.equal(manager.get('orders', 0), undefined);
  const deleted = () => fs.list('/data').filter((name) => /^orders-0\.[^.]+-delete$/.test(name));
  assert.equal(deleted().length, 1);
  await manager.runRetention(startMs + 999, () => 0);
  assert.equal(deleted().length, 1);
  await manager.runRetention(startMs + 1000, () => 0);
  assert.equal(deleted().length, 0);
  await manager.getOrCreate(key, config);
  await manager.remove('orders', 0);
  await manager.shutdown({ brokerEpoch: 1 });
  const again = await open(fs);
  await again.runRetention(startMs, () => 0);
  assert.equal(deleted().length, 0);
});

test('B2: a log that is made again under its name begins without what the checkpoints say of the old one', async () => {
  const { fs, manager, log } = await openWithSegments();
  log.advanceLogStartOffset(13, 20);
  await manager.checkpointLogStartOffsets();
  await manager.checkpointHighWatermarks(() => 20);
  const inCheckpoints = () =>
    ['recovery-point', 'log-start', 'replication'].map(
      (name) => readOffsetCheckpoint(fs, `/data/${name}-offset-checkpoint`).size,
    );
  assert.deepEqual(inCheckpoints(), [1, 1, 1]);
  await manager.remove('orders', 0);
  const again = await manager.getOrCreate({ ...key, topicId: newUuid() }, config);
  assert.deepEqual(inCheckpoints(), [0, 0, 0]);
  for (let i = 0; i < 20; i++) append(again, batchOfSize(500));
  manager.abandon();
  const reopened = (await open(fs)).get('orders', 0);
  assert.deepEqual([reopened?.logStartOffset, reopened?.logEndOffset], [0, 20]);
});

test('B16: a log that nobody knows is put aside and never deleted', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  append(await manager.getOrCreate(key, config), batchOf(['a']));
  const path = await manager.quarantine('orders', 0);
  assert.match(path ?? '', /^\/data\/orders-0\.[^.]+-stray$/);
  await manager.runRetention(startMs + 1e9, () => 0);
  await manager.shutdown({ brokerEpoch: 1 });
  const again = await open(fs);
  await again.runRetention(startMs + 1e9, () => 0);
  assert.ok(fs.stat(`${path}/00000000000000000000.log`) !== null);
  assert.equal(again.get('orders', 0), undefined);
});

test('a partition whose metadata file is unreadable is left alone and named; the others open', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  await manager.getOrCreate(key, config);
  await manager.getOrCreate({ ...key, partition: 1 }, config);
  await manager.shutdown({ brokerEpoch: 1 });
  putFile(fs, '/data/orders-0/partition.metadata', Buffer.from('nonsense'));
  const again = await open(fs);
  assert.deepEqual(
    again.unreadable.map(({ directory }) => directory),
    ['/data/orders-0'],
  );
  assert.ok(again.get('orders', 1) !== undefined);
  // When the partition is created anew, the old directory is put aside.
  await again.getOrCreate(key, config);
  assert.ok(fs.list('/data').some((name) => name.startsWith('orders-0.') && name.endsWith('-stray')));
});

test('B9: a log that cannot be created takes its directory offline', async () => {
  const fs = new MemoryFs();
  const offline: string[] = [];
  const manager = await open(fs, { onDirectoryOffline: (directory) => offline.push(directory.path) });
  fs.failWriteAfter = 0;
  const key = { topicName: 'topic', topicId: newUuid(), partition: 0 };
  await assert.rejects(manager.getOrCreate(key, defaultLogConfig), isStorageError(/write/));
  assert.equal(offline.length, 1);
});

test('B9: a failed sync takes every log of its directory offline and no log of another', async () => {
  const fs = new MemoryFs();
  const offline: string[] = [];
  const directories = ['/data', '/more'];
  const manager = await open(fs, { directories, onDirectoryOffline: (directory) => offline.push(directory.path) });
  const logs: PartitionLog[] = [];
  for (let partition = 0; partition < 4; partition++) logs.push(await manager.getOrCreate({ ...key, partition }, config));
  fs.failSyncAfter = 0;
  const victim = logs[0];
  assert.ok(victim !== undefined);
  append(victim, batchOf(['a']));
  await assert.rejects(victim.flush(), StorageError);
  const failed = victim.directory.startsWith('/data') ? '/data' : '/more';
  assert.deepEqual(offline, [failed]);
  for (const log of logs) assert.equal(log.isOffline, log.directory.startsWith(failed));
  assert.equal(manager.directoryIds.length, 1);
  const next = await manager.getOrCreate({ ...key, partition: 9 }, config);
  assert.ok(!next.directory.startsWith(failed));
  await manager.shutdown({ brokerEpoch: 1 });
  assert.equal(fs.stat(`${failed}/.kafka_cleanshutdown`), null);
});

test('a cut across segments lowers the recovery point on disk before anything is removed', async () => {
  const { fs, log } = await openWithSegments();
  const onDisk = () => readOffsetCheckpoint(fs, '/data/recovery-point-offset-checkpoint').get('orders-0');
  assert.equal(onDisk(), 20);
  log.truncateTo(5);
  // The start of the segment that was cut: recovery will look at all of it.
  assert.equal(onDisk(), 4);
});

test('B10: a cut for which a full disk cannot keep the recovery point changes nothing (seed 110884)', async () => {
  const { fs, log } = await openWithSegments();
  const bytes = await readAll(log);
  const { segmentCount } = log;
  fs.capacityBytes = fs.usedBytes;
  assert.throws(() => log.truncateTo(5), { kind: 'noSpace' });
  assert.throws(() => log.truncateFullyAndStartAt(30), { kind: 'noSpace' });
  assert.deepEqual([log.logEndOffset, log.durableOffset, log.recoveryPoint, log.segmentCount], [20, 20, 20, segmentCount]);
  assert.deepEqual(await readAll(log), bytes);
  assert.equal(log.isOffline, false);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  log.truncateTo(5);
  assert.equal(log.logEndOffset, 5);
});

test('a checkpoint that is written at once is not overwritten by an older one that was waiting', async () => {
  const { fs, manager, log } = await openWithSegments();
  fs.holdSyncs = true;
  const waiting = manager.checkpointRecoveryPoints();
  await new Promise((resolve) => setImmediate(resolve));
  log.truncateTo(5);
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await waiting;
  assert.equal(readOffsetCheckpoint(fs, '/data/recovery-point-offset-checkpoint').get('orders-0'), 4);
});

test('B2: a recovery point that is on its way to the disk is lowered, too, when the log is cut below it and rolls', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  const log = await manager.getOrCreate(key, config);
  for (let i = 0; i < 3; i++) append(log, batchOfSize(500));
  await log.flush();
  log.roll(startMs);
  await manager.checkpointRecoveryPoints();
  append(log, batchOfSize(500));
  append(log, batchOfSize(500));
  await log.flush();
  fs.holdSyncs = true;
  const waiting = manager.checkpointRecoveryPoints();
  await new Promise((resolve) => setImmediate(resolve));
  log.truncateTo(4);
  log.roll(startMs);
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await waiting;
  // All of the segment that was cut: the cut is not synced yet.
  assert.equal(readOffsetCheckpoint(fs, '/data/recovery-point-offset-checkpoint').get('orders-0'), 3);
});

test('B6: a log that lowers its recovery point raises no other one past epochs that are in no file (seed 2512)', async () => {
  const { fs, manager, log } = await openWithSegments();
  const other = await manager.getOrCreate({ ...key, partition: 1 }, config);
  append(other, batchOf(['a']), 0);
  await other.flush();
  await manager.checkpointRecoveryPoints();
  append(other, batchOf(['b']), 4);
  await other.flush();
  const onDisk = () => readOffsetCheckpoint(fs, '/data/recovery-point-offset-checkpoint').get('orders-1');
  log.truncateTo(1);
  assert.equal(onDisk(), 1, 'epoch 4 begins there');
  await manager.checkpointRecoveryPoints();
  assert.equal(onDisk(), 2);
  manager.abandon();
});

test('B2: a recovery point that another log has put on the disk along with its own is lowered, too', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  const log = await manager.getOrCreate(key, config);
  const other = await manager.getOrCreate({ ...key, partition: 1 }, config);
  for (const each of [log, other]) {
    for (let i = 0; i < 20; i++) append(each, batchOfSize(500));
    await each.flush();
  }
  await manager.checkpointRecoveryPoints();
  append(other, batchOfSize(300));
  append(other, batchOfSize(300));
  await other.flush();
  log.truncateTo(5);
  const onDisk = () => readOffsetCheckpoint(fs, '/data/recovery-point-offset-checkpoint').get('orders-1');
  assert.equal(onDisk(), 22);
  other.truncateTo(21);
  fs.holdSyncs = true;
  other.roll(startMs);
  assert.ok((onDisk() ?? 22) <= other.recoveryPoint);
  fs.holdSyncs = false;
  fs.releaseSyncs();
});

/** One run of random work on a log with power losses in between; `seed` decides everything. */
async function runCrashes(seed: number): Promise<{ truncations: number; crashes: number }> {
  const random = new Prng(seed);
  const fs = new MemoryFs();
  let manager = await open(fs.mount());
  fs.syncDirectoryNow('/');
  await manager.getOrCreate(key, config);
  const seen = { truncations: 0, crashes: 0 };
  let model: Uint8Array[] = [];
  let epoch = 0;
  for (let step = 0; step < 60; step++) {
    const log = manager.get('orders', 0);
    assert.ok(log !== undefined);
    const dice = random.below(20);
    if (dice < 10) {
      const batch = batchOfSize(random.chance(0.5) ? 300 : random.between(100, 900));
      append(log, batch, epoch);
      model.push(batch);
    } else if (dice < 13) {
      await log.flush();
    } else if (dice < 15) {
      await manager.checkpointRecoveryPoints();
    } else if (dice < 17) {
      const offset = random.below(log.logEndOffset + 1);
      log.truncateTo(offset);
      model = model.slice(0, offset);
      epoch++;
      seen.truncations++;
    } else if (dice < 18) {
      await new Promise((resolve) => setImmediate(resolve));
    } else {
      const durable = log.durableOffset;
      fs.crash('random', random);
      manager = await open(fs.mount());
      const again = manager.get('orders', 0) ?? (await manager.getOrCreate(key, config));
      const label = `seed ${seed} step ${step}`;
      assert.ok(again.logEndOffset >= durable, `${label}: ${again.logEndOffset} < ${durable}`);
      const bytes = await readAll(again);
      const positions = [...eachBatch(bytes)];
      assert.deepEqual(bytes.subarray(0, positions[durable] ?? bytes.length), Buffer.concat(model.slice(0, durable)), label);
      const epochs = positions.map((position) => batchLeaderEpoch(bytes, position));
      assert.deepEqual(
        epochs,
        epochs.toSorted((a, b) => a - b),
        label,
      );
      model = positions.map((position, i) => bytes.subarray(position, positions[i + 1]));
      epoch++;
      seen.crashes++;
    }
  }
  return seen;
}

test('B1, B2, B7, B8: whatever happens between crashes, durable records stay and epochs never go down', async () => {
  const seen = { truncations: 0, crashes: 0 };
  for (let seed = 0; seed < 80; seed++) {
    const run = await runCrashes(seed);
    seen.truncations += run.truncations;
    seen.crashes += run.crashes;
  }
  assert.ok(seen.truncations > 150 && seen.crashes > 150, JSON.stringify(seen));
});

test('B9: what a failed sync left in the page cache is written again before it counts as durable', async () => {
  for (const failSyncAfter of [0, 1, 2]) {
    const fs = new MemoryFs();
    const first = await open(fs.mount());
    fs.syncDirectoryNow('/');
    const log = await first.getOrCreate(key, config);
    for (let i = 0; i < 3; i++) append(log, batchOf([`durable ${i}`]));
    await log.flush();
    await first.checkpointRecoveryPoints();
    for (let i = 0; i < 12; i++) append(log, batchOfSize(400));
    fs.failSyncAfter = failSyncAfter;
    await assert.rejects(log.flush(), isStorageError(/offline/));
    const whole = fs.files().filter(({ path }) => path.endsWith('.log')).length;
    assert.ok(whole > 1, 'several segments');
    fs.crash('processOnly', new Prng(1));
    const second = await open(fs.mount());
    const { durableOffset } = second.get('orders', 0) ?? assert.fail();
    assert.equal(durableOffset, 15);
    fs.crash('loseUnsynced', new Prng(1));
    const third = await open(fs.mount());
    assert.equal(third.get('orders', 0)?.logEndOffset, 15);
    assert.deepEqual(third.directories[0]?.hadFailed, false);
  }
});

test('a meta.properties in which a bit has flipped is refused with its path, or names something else', async () => {
  const whole = new MemoryFs();
  (await open(whole)).abandon();
  const { length } = readSmallFile(whole, '/data/meta.properties') ?? assert.fail();
  for (let bit = 0; bit < length * 8; bit++) {
    const fs = new MemoryFs();
    (await open(fs)).abandon();
    const bytes = readSmallFile(fs, '/data/meta.properties') ?? assert.fail();
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    fs.unlink('/data/meta.properties');
    putFile(fs, '/data/meta.properties', bytes);
    try {
      const found = readMetaProperties(fs, '/data') ?? assert.fail();
      assert.match(found.clusterId, /^[\x20-\x7e]+$/);
      assert.ok(isUuid(found.directoryId));
    } catch (error) {
      assert.ok(isStorageError(/^\/data\/meta\.properties is not/)(error), String(error));
    }
  }
});

test('B10: below the floor of free space records are refused; deletion and the cluster’s own topics go on', async () => {
  const fs = new MemoryFs({ capacityBytes: 100_000 });
  const manager = await open(fs, { minFreeBytes: () => 4000 });
  const log = await manager.getOrCreate(key, config);
  const offsets = await manager.getOrCreate({ ...key, topicName: '__consumer_offsets' }, config);
  const appendOne = (to: PartitionLog) => to.appendAsLeader(batchOfSize(500), { leaderEpoch: 0, nowMs: startMs });
  while (appendOne(log).kind === 'appended');
  assert.ok(fs.usedBytes > 90_000 && fs.usedBytes <= 96_000, `${fs.usedBytes} bytes`);
  const { logEndOffset } = log;
  const refused = appendOne(log);
  assert.equal(refused.kind === 'error' && refused.error, ErrorCode.KAFKA_STORAGE_ERROR);
  const next = batchOfSize(500);
  patchBaseOffset(next, 0, logEndOffset);
  assert.throws(() => log.appendAsFollower(next), isStorageError(/kept free/));
  assert.equal(appendOne(offsets).kind, 'appended');
  assert.equal(log.isOffline, false);
  await manager.checkpointRecoveryPoints();
  await log.retain(startMs + 10 ** 12, logEndOffset);
  await log.removeDueFiles(startMs + 10 ** 12);
  assert.equal(appendOne(log).kind, 'appended');
});

test('B10: a sync after a roll on a full disk leaves the epochs for later, and the recovery point with them', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  const log = await manager.getOrCreate(key, config);
  append(log, batchOfSize(900), 0);
  await log.flush();
  await manager.checkpointRecoveryPoints();
  for (let i = 0; i < 3; i++) append(log, batchOfSize(900), 1);
  assert.ok(log.segmentCount > 1);
  fs.capacityBytes = fs.usedBytes;
  await log.flush();
  await manager.checkpointRecoveryPoints();
  assert.equal(log.isOffline, false);
  assert.deepEqual([log.durableOffset, log.recoveryPoint], [4, 1], 'records are durable, and would be walked again');
  fs.capacityBytes = Infinity;
  await manager.checkpointRecoveryPoints();
  assert.equal(log.recoveryPoint, 4);
  assert.equal(log.isOffline, false);
});

test('B10: when others have filled the disk, what is free next is for metadata and not for records', async () => {
  const fs = new MemoryFs({ capacityBytes: 1_000_000 });
  const manager = await open(fs, { minFreeBytes: () => 50_000 });
  const log = await manager.getOrCreate(key, config);
  append(log, batchOfSize(500), 0);
  const ballast = fs.open('/ballast', 'write');
  const ballastBytes = fs.capacityBytes - fs.usedBytes;
  fs.write(ballast, [new Uint8Array(ballastBytes)], 0);
  const appendOne = () => log.appendAsLeader(batchOfSize(500), { leaderEpoch: 0, nowMs: startMs });
  assert.equal(appendOne().kind, 'error');
  fs.truncate(ballast, ballastBytes - 20_000);
  assert.equal(appendOne().kind, 'error', 'less than the floor is free');
  fs.truncate(ballast, 0);
  assert.equal(appendOne().kind, 'appended');
});

test('B3: a partition whose directory is gone from the disk is missed, one that was removed on purpose is not', async () => {
  const fs = new MemoryFs();
  const manager = await open(fs);
  for (const topicName of ['lost', 'removed', 'aside', 'empty']) {
    const log = await manager.getOrCreate({ ...key, topicName }, config);
    if (topicName !== 'empty') append(log, batchOf(['a']));
  }
  await Promise.all([...manager.logs()].map((log) => log.flush()));
  await manager.checkpointRecoveryPoints();
  await manager.remove('removed', 0);
  await manager.quarantine('aside', 0);
  await manager.runRetention(startMs + 10_000, () => 0);
  assert.ok(!fs.list('/data').some((name) => name.startsWith('removed')));
  manager.abandon();
  for (const topicName of ['lost', 'empty']) {
    for (const name of fs.list(`/data/${topicName}-0`)) fs.unlink(`/data/${topicName}-0/${name}`);
    fs.removeDirectory(`/data/${topicName}-0`);
  }
  const again = await open(fs);
  assert.deepEqual([again.missing, again.damagedLogs], [['/data/lost-0'], 1]);
});

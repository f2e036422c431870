/** The simulated disk: it passes what every disk must, and loses in a crash exactly what a real one may lose. */
import { Prng, type Scheduler } from '@jackdaw/base';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDirectoryDurable, readSmallFile, StorageError, writeFully } from '../src/fs.ts';
import { MemoryFs, type CrashMode } from '../src/memory-fs.ts';
import { fsConformance } from './fs-conformance.ts';

const isKind = (kind: string) => (error: unknown) => error instanceof StorageError && error.kind === kind;

fsConformance('MemoryFs', () => {
  const fs = new MemoryFs();
  fs.makeDirectory('/root');
  return { fs, root: '/root' };
});

fsConformance('A mount of MemoryFs', () => {
  const fs = new MemoryFs().mount();
  fs.makeDirectory('/root');
  return { fs, root: '/root' };
});

test('a process that died with its disk writes nothing to it any more', async () => {
  const fs = new MemoryFs();
  const dead = fs.mount();
  fs.crash('processOnly', new Prng(1));
  assert.throws(() => dead.open('/f', 'write'), isKind('io'));
  await assert.rejects(dead.syncDirectory('/'), isKind('io'));
  assert.deepEqual(fs.mount().list('/'), []);
});

test('B8: a crash loses unsynced content and unsynced names, and keeps synced ones', async () => {
  const fs = new MemoryFs();
  fs.makeDirectory('/d');
  fs.syncDirectoryNow('/');
  const kept = fs.open('/d/kept', 'write');
  writeFully(fs, kept, [Buffer.from('durable')], 0);
  await fs.dataSync(kept);
  await fs.syncDirectory('/d');
  writeFully(fs, kept, [Buffer.from('lost')], 7);
  fs.close(fs.open('/d/lost', 'write'));
  fs.crash('loseUnsynced', new Prng(1));
  assert.deepEqual(fs.list('/d'), ['kept']);
  assert.equal(Buffer.from(readSmallFile(fs, '/d/kept') ?? []).toString(), 'durable');
});

test('a random crash tears writes at 512 bytes, differently for each seed', () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const fs = new MemoryFs();
    const file = fs.open('/f', 'write');
    fs.syncDirectoryNow('/');
    writeFully(fs, file, [Buffer.alloc(2048, 1)], 0);
    fs.crash('random', new Prng(seed));
    outcomes.add(Buffer.from(readSmallFile(fs, '/f') ?? []).toString('hex'));
  }
  assert.ok(outcomes.size > 5, `${outcomes.size} outcomes`);
});

test('a full disk takes what fits and then refuses; freed space is usable again', () => {
  const fs = new MemoryFs({ capacityBytes: 10 });
  const file = fs.open('/f', 'write');
  assert.equal(fs.write(file, [Buffer.alloc(16)], 0), 10);
  assert.throws(() => fs.write(file, [Buffer.alloc(1)], 10), isKind('noSpace'));
  fs.truncate(file, 4);
  assert.equal(fs.write(file, [Buffer.alloc(6)], 4), 6);
});

test('B2: a torn write lands or not by whole sectors of the device, wherever it begins', () => {
  for (let seed = 0; seed < 60; seed++) {
    const fs = new MemoryFs();
    const file = fs.open('/f', 'write');
    writeFully(fs, file, [Buffer.alloc(3000, 1)], 0);
    fs.dataSyncNow(file);
    fs.syncDirectoryNow('/');
    writeFully(fs, file, [Buffer.alloc(2000, 2)], 300);
    fs.crash('random', new Prng(seed));
    const bytes = readSmallFile(fs, '/f') ?? new Uint8Array();
    for (let start = 0; start < 3000; start += 512) {
      const inside = bytes.subarray(Math.max(start, 300), Math.min(start + 512, 2300));
      assert.ok(new Set(inside).size <= 1, `sector at ${start} is torn with seed ${seed}`);
    }
  }
});

test('B9: what a failed sync covered is not made durable by a later one that succeeds', async () => {
  const fs = new MemoryFs();
  const file = fs.open('/f', 'write');
  fs.syncDirectoryNow('/');
  writeFully(fs, file, [Buffer.from('one')], 0);
  await fs.dataSync(file);
  writeFully(fs, file, [Buffer.from('two')], 3);
  fs.failSyncAfter = 0;
  await assert.rejects(fs.dataSync(file), isKind('io'));
  writeFully(fs, file, [Buffer.from('end')], 6);
  await fs.dataSync(file);
  assert.equal(Buffer.from(readSmallFile(fs, '/f') ?? []).toString(), 'onetwoend', 'the page cache still has it');
  fs.crash('loseUnsynced', new Prng(1));
  assert.equal(Buffer.from(readSmallFile(fs, '/f') ?? []).toString(), 'one\0\0\0end');
});

test('a sync covers what was written before it began, also when another one ends in between', async () => {
  const fs = new MemoryFs();
  const file = fs.open('/f', 'write');
  fs.syncDirectoryNow('/');
  fs.holdSyncs = true;
  writeFully(fs, file, [Buffer.from('a')], 0);
  const first = fs.dataSync(file);
  writeFully(fs, file, [Buffer.from('b')], 1);
  const second = fs.dataSync(file);
  writeFully(fs, file, [Buffer.from('c')], 2);
  await Promise.resolve();
  fs.releaseSyncs();
  await Promise.all([first, second]);
  fs.crash('loseUnsynced', new Prng(1));
  assert.equal(Buffer.from(readSmallFile(fs, '/f') ?? []).toString(), 'ab');
});

test('after a crash no handle from before it works, and no sync from before it has an effect', async () => {
  const modes: CrashMode[] = ['loseUnsynced', 'random', 'processOnly'];
  for (const mode of modes) {
    const fs = new MemoryFs();
    const file = fs.open('/f', 'write');
    fs.syncDirectoryNow('/');
    writeFully(fs, file, [Buffer.from('a')], 0);
    fs.holdSyncs = true;
    const syncing = fs.dataSync(file);
    await Promise.resolve();
    fs.crash(mode, new Prng(1));
    await assert.rejects(syncing, isKind('io'));
    assert.throws(() => fs.size(file), isKind('io'));
    assert.notEqual(fs.open('/f', 'read'), file);
    if (mode !== 'processOnly') continue;
    assert.equal(fs.stat('/f')?.sizeBytes, 1);
    fs.crash('loseUnsynced', new Prng(1));
    assert.equal(fs.stat('/f')?.sizeBytes, 0);
  }
});

test('windows of failures and single failures are EIO, of reads, writes and syncs', async () => {
  const fs = new MemoryFs();
  const file = fs.open('/f', 'write');
  const target = new Uint8Array(1);
  fs.failing.add('read').add('write').add('sync');
  for (let i = 0; i < 2; i++) {
    assert.throws(() => fs.write(file, [target], 0), isKind('io'));
    assert.throws(() => fs.readSmall(file, target, 0), isKind('io'));
    await assert.rejects(fs.read(file, target, 0), isKind('io'));
    await assert.rejects(fs.dataSync(file), isKind('io'));
    assert.throws(() => fs.syncDirectoryNow('/'), isKind('io'));
  }
  fs.failing.clear();
  fs.failWriteAfter = 1;
  fs.failReadAfter = 0;
  fs.write(file, [target], 0);
  assert.throws(() => fs.write(file, [target], 0), isKind('io'));
  fs.write(file, [target], 0);
  assert.throws(() => fs.readSmall(file, target, 0), isKind('io'));
  assert.equal(fs.readSmall(file, target, 0), 1);
});

test('with a scheduler, what the disk does takes the time that it is told', async () => {
  const timers: { delayMs: number; callback: () => void }[] = [];
  const scheduler: Scheduler = {
    setTimer: (delayMs, callback) => {
      timers.push({ delayMs, callback });
      return { cancel: () => {} };
    },
    defer: (callback) => timers.push({ delayMs: 0, callback }),
  };
  const fs = new MemoryFs({ scheduler, latencyMs: (operation) => (operation === 'sync' ? 7 : 0) });
  const file = fs.open('/f', 'write');
  let isSynced = false;
  const syncing = fs.dataSync(file).then(() => (isSynced = true));
  const reading = fs.read(file, new Uint8Array(1), 0);
  assert.deepEqual(
    timers.map(({ delayMs }) => delayMs),
    [7, 0],
  );
  timers[1]?.callback();
  assert.equal(await reading, 0);
  assert.equal(isSynced, false);
  timers[0]?.callback();
  await syncing;
});

test('images, rot, a new disk, and a list of all files', async () => {
  const fs = new MemoryFs();
  fs.makeDirectory('/d');
  const file = fs.open('/d/f', 'write');
  writeFully(fs, file, [Buffer.from('old')], 0);
  await fs.dataSync(file);
  fs.syncDirectoryNow('/');
  fs.syncDirectoryNow('/d');
  writeFully(fs, file, [Buffer.from('NEW')], 0);
  const image = fs.cloneDurable();
  await fs.dataSync(file);
  assert.equal(Buffer.from(readSmallFile(image, '/d/f') ?? []).toString(), 'old');
  image.crash('loseUnsynced', new Prng(1));
  assert.equal(Buffer.from(readSmallFile(image, '/d/f') ?? []).toString(), 'old');
  fs.flipBit('/d/f', 8);
  fs.crash('loseUnsynced', new Prng(1));
  assert.equal(Buffer.from(readSmallFile(fs, '/d/f') ?? []).toString(), 'NDW');
  assert.throws(() => fs.flipBit('/d/f', 24), isKind('notFound'));
  assert.deepEqual(fs.files(), [{ path: '/d/f', sizeBytes: 3 }]);
  assert.equal(fs.usedBytes, 3);
  fs.wipe();
  assert.deepEqual([fs.files(), fs.list('/'), fs.usedBytes], [[], [], 0]);
});

test('a file counts for the space as long as it has a name', () => {
  const fs = new MemoryFs({ capacityBytes: 8 });
  const file = fs.open('/a', 'write');
  writeFully(fs, file, [Buffer.alloc(8)], 0);
  fs.link('/a', '/b');
  fs.unlink('/a');
  assert.equal(fs.usedBytes, 8);
  fs.close(fs.open('/c', 'write'));
  fs.rename('/c', '/b');
  assert.equal(fs.usedBytes, 0);
});

test('B8: a directory that was made durable is there after a crash, with its missing parents', () => {
  const fs = new MemoryFs();
  makeDirectoryDurable(fs, '/var/lib/data');
  fs.crash('loseUnsynced', new Prng(1));
  assert.deepEqual(fs.list('/var/lib'), ['data']);
  fs.makeDirectory('/var/lib/other');
  fs.crash('loseUnsynced', new Prng(1));
  assert.deepEqual(fs.list('/var/lib'), ['data']);
});

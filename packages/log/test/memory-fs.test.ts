/** The simulated disk: it passes what every disk must, and loses in a crash exactly what a real one may lose. */
import { Prng } from '@jackdaw/base';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSmallFile, StorageError, writeFully } from '../src/fs.ts';
import { MemoryFs } from '../src/memory-fs.ts';
import { fsConformance } from './fs-conformance.ts';

fsConformance('MemoryFs', () => {
  const fs = new MemoryFs();
  fs.makeDirectory('/root');
  return { fs, root: '/root' };
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
  assert.throws(
    () => fs.write(file, [Buffer.alloc(1)], 10),
    (error) => error instanceof StorageError && error.kind === 'noSpace',
  );
  fs.truncate(file, 4);
  assert.equal(fs.write(file, [Buffer.alloc(6)], 4), 6);
});

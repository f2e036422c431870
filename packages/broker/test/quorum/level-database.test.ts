/** The quorum's database on a disk that is full to the last byte. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '@jackdaw/log';
import { openLevelDatabase } from '../../src/quorum/level-database.ts';
import { expectSoundTables } from '../../src/quorum/level-tables.ts';

function smallDisk(context: TestContext): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'jackdaw-level-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'jackdaw-test', path], { stdio: 'pipe' });
  } catch {
    rmdirSync(path);
    context.skip('tmpfs cannot be mounted here');
    return undefined;
  }
  context.after(() => {
    execFileSync('umount', ['-l', path], { stdio: 'pipe' });
    rmdirSync(path);
  });
  return path;
}

/** Leaves nothing; `spareBytes` can be had back with `free`. */
function fill(path: string): { free: () => void } {
  const ballast = join(path, 'ballast');
  for (const size of [1 << 20, 4_096]) {
    for (let left = statfsSync(path).bavail * statfsSync(path).bsize; left >= size; left -= size) {
      appendFileSync(ballast, Buffer.alloc(size));
    }
  }
  return { free: () => rmSync(ballast) };
}

const value = Buffer.alloc(3_000, 7);

test('B10: the quorum writes on when the disk is full to the last byte, and keeps everything', async (context) => {
  const disk = smallDisk(context);
  if (disk === undefined) return;
  const directory = join(disk, 'raft');
  execFileSync('mkdir', [directory]);
  const db = await openLevelDatabase(directory);
  const put = (key: string): Promise<void> => db.write([{ type: 'put', key, value }], true);
  for (let i = 0; i < 20; i++) await put(`before-${i}`);
  const ballast = fill(disk);
  assert.equal(statfsSync(disk).bavail, 0);
  // Together, as a snapshot and an entry may come.
  await Promise.all([put('full-a'), put('full-b')]);
  for (let i = 0; i < 100; i++) await put(`full-${i}`);
  await db.close();
  ballast.free();
  const again = await openLevelDatabase(directory);
  const keys = (await again.entries('', '~')).map(([key]) => key);
  assert.equal(keys.filter((key) => key.startsWith('before-')).length, 20);
  assert.equal(keys.filter((key) => key.startsWith('full-')).length, 102);
  assert.ok(existsSync(join(directory, 'reserved-space')), 'there is a reserve for the next time');
  await again.close();
});

test('B10: once there is space the reserve is taken again, write or none: the disk may be full again soon', async (context) => {
  const disk = smallDisk(context);
  if (disk === undefined) return;
  const directory = join(disk, 'raft');
  execFileSync('mkdir', [directory]);
  const reserve = join(directory, 'reserved-space');
  const db = await openLevelDatabase(directory);
  const put = (key: string): Promise<void> => db.write([{ type: 'put', key, value }], true);
  const { size } = statSync(reserve);
  for (let round = 0; round < 3; round++) {
    const ballast = fill(disk);
    await put(`full-${round}`);
    assert.ok(!existsSync(reserve), 'it was needed');
    ballast.free();
    const deadline = performance.now() + 10_000;
    while (!existsSync(reserve) || statSync(reserve).size < size) {
      assert.ok(performance.now() < deadline, 'the space was not taken again');
      await sleep(10);
    }
  }
  await db.close();
});

test('B10: when the reserve is used up, too, the write is refused as one for a full disk', async (context) => {
  const disk = smallDisk(context);
  if (disk === undefined) return;
  const directory = join(disk, 'raft');
  execFileSync('mkdir', [directory]);
  const db = await openLevelDatabase(directory);
  fill(disk);
  const writeUntilRefused = async (): Promise<never> => {
    for (let i = 0; ; i++) await db.write([{ type: 'put', key: `${i}`, value: Buffer.alloc(100_000, i) }], true);
  };
  await assert.rejects(writeUntilRefused(), (error) => error instanceof StorageError && error.kind === 'noSpace');
  await db.close();
});

test('B16: a database in which a file is damaged or missing is refused with its directory, as damage', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-level-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const db = await openLevelDatabase(directory);
  await db.write([{ type: 'put', key: 'a', value }], true);
  await db.close();
  const manifest = readdirSync(directory).find((name) => name.startsWith('MANIFEST')) ?? assert.fail();
  const isDamage = (error: unknown): boolean =>
    error instanceof StorageError && error.kind === 'corrupt' && error.message.includes(directory);
  const whole = readFileSync(join(directory, manifest));
  const flipped = Buffer.from(whole);
  flipped[12] = (flipped[12] ?? 0) ^ 1;
  writeFileSync(join(directory, manifest), flipped);
  await assert.rejects(openLevelDatabase(directory), isDamage);
  writeFileSync(join(directory, manifest), whole);
  writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000999\n');
  await assert.rejects(openLevelDatabase(directory), isDamage);
  writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000999');
  await assert.rejects(openLevelDatabase(directory), isDamage);
});

test('a table that cannot be read is a failing disk, with its file', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-level-'));
  context.after(() => rmSync(directory, { recursive: true }));
  // What cannot be read as a file, whoever asks.
  mkdirSync(join(directory, '000005.ldb'));
  assert.throws(
    () => expectSoundTables(directory, '--- level 0 ---\n 5:100[a .. b]\n'),
    (error) => error instanceof StorageError && error.kind === 'io' && error.message.includes('000005.ldb'),
  );
});

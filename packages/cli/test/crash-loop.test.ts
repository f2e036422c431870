/**
 * A broker that crashes right after each start is not started for ever (B18).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CrashLoop, fastCrashMs, maxFastCrashes } from '../src/commands/server/crash-loop.ts';
import { jackdaw } from './jackdaw-process.ts';

const directories: string[] = [];
const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-crash-loop-'));
  directories.push(directory);
  return directory;
};
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** One life of a broker that ends in a crash after `livedMs`. */
function crashAfter(directory: string, livedMs: number): void {
  let nowMs = 1_000;
  const loop = new CrashLoop(directory, () => nowMs);
  loop.expectEnded();
  nowMs += livedMs;
  loop.onCrash(new Error('log directory failed', { cause: new Error('EIO: i/o error, fdatasync') }));
}

test('B18: after ten fast crashes in a row a start is refused, with the last error', () => {
  const directory = newDirectory();
  for (let i = 0; i < maxFastCrashes; i++) crashAfter(directory, 100);
  assert.throws(() => crashAfter(directory, 100), /last 10 starts ended in a crash.*log directory failed: EIO: i\/o error/);
  rmSync(join(directory, 'crashes.json'));
  crashAfter(directory, 100);
});

test('B18: a broker that lived for a while, or was stopped in order, starts the count again', () => {
  const directory = newDirectory();
  for (let i = 0; i < 3 * maxFastCrashes; i++) crashAfter(directory, i % maxFastCrashes === 7 ? fastCrashMs : 100);
  new CrashLoop(directory, () => 0).onStopped();
  for (let i = 0; i < maxFastCrashes; i++) crashAfter(directory, 0);
});

test('B18: a file that is damaged, or a disk that takes none, stops no start', () => {
  const directory = newDirectory();
  for (const content of ['', '{"count":', '[]', '{"count":"many","lastError":1}']) {
    writeFileSync(join(directory, 'crashes.json'), content);
    new CrashLoop(directory, () => 0).expectEnded();
  }
  const file = join(directory, 'crashes.json');
  const loop = new CrashLoop(join(file, 'below-a-file'), () => 0);
  loop.onCrash('no error object');
  loop.expectEnded();
});

test('B18: the command says what to do, and serves nobody', async () => {
  const directory = newDirectory();
  writeFileSync(
    join(directory, 'crashes.json'),
    JSON.stringify({ count: maxFastCrashes, lastError: 'the disk is full of holes' }),
  );
  const sets = [`log.dirs=${directory}`, 'node.id=1', 'listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0'];
  const { code, stderr } = await jackdaw(['server', 'start', ...sets.flatMap((set) => ['--set', set])]);
  assert.equal(code, 1);
  assert.match(stderr, /error: CRASH_LOOP: .*the disk is full of holes\nhint: .*remove .*crashes\.json/);
});

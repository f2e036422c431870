/**
 * The power cut itself, with the real library under a small process where there is a compiler: what was synced stays, what
 * was not can go, and nothing else happens.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Prng } from '@jackdaw/base';
import type { BrokerLayout } from '../cluster.ts';
import { whyNoLibraries } from '../preload/compile.ts';
import { buildShim, cutPowerOf, underShim } from './shim.ts';
import { withoutChanges } from './undo.ts';

const base = mkdtempSync(join(tmpdir(), 'jackdaw-undo-'));
after(() => rmSync(base, { recursive: true }));
const library = whyNoLibraries() === undefined ? buildShim(base) : undefined;
const skip = library === undefined ? 'no C compiler' : false;

/** Runs the script under the library, then cuts the power; returns the data directory, which the script knows as `dir`. */
function cutAfter(name: string, script: string, seed: number): string {
  const dataDir = join(base, `${name}-${seed}`, 'data');
  mkdirSync(dataDir, { recursive: true });
  const broker: BrokerLayout = { nodeId: 1, host: '127.0.0.1', port: 0, controllerPort: 0, dataDir, outputFile: '' };
  const code = `const fs = require('node:fs'); const dir = process.argv[1]; ${script}; process.kill(process.pid, 'SIGKILL');`;
  const plain = { file: process.execPath, args: ['-e', code, dataDir], env: process.env };
  const { file, args, env } = underShim({ library: library ?? '', isLying: name === 'lying' }, broker, plain);
  const run = spawnSync(file, args, { env, encoding: 'utf8' });
  assert.equal(run.signal, 'SIGKILL', run.stderr);
  cutPowerOf(broker, new Prng(seed));
  return dataDir;
}

const syncDirectory = 'const d = fs.openSync(dir); fs.fsyncSync(d);';
const writeAndSync = `const f = fs.openSync(dir + '/a', 'w+'); fs.writeSync(f, 'synced'); fs.fdatasyncSync(f); ${syncDirectory}`;
const seeds = Array.from({ length: 8 }, (_, seed) => seed);

test('B1: what was synced, with its directory, survives every power cut', { skip }, () => {
  for (const seed of seeds) assert.equal(readFileSync(join(cutAfter('synced', writeAndSync, seed), 'a'), 'utf8'), 'synced');
});

test('B2: of what was appended and overwritten after the sync, some cuts keep all, some nothing, some a part', { skip }, () => {
  const script = `${writeAndSync}; fs.writeSync(f, 'X', 0); fs.writeSync(f, 'y'.repeat(3000), 6)`;
  const contents = seeds.map((seed) => readFileSync(join(cutAfter('appended', script, seed), 'a'), 'utf8'));
  assert.ok(contents.includes('synced'));
  assert.ok(contents.includes(`Xynced${'y'.repeat(3000)}`));
  assert.ok(contents.some((content) => content.length > 6 && content.length < 3006));
});

test('B2: what was cut off after the sync can come back', { skip }, () => {
  const script = `${writeAndSync}; fs.ftruncateSync(f, 2)`;
  const contents = seeds.map((seed) => readFileSync(join(cutAfter('cut', script, seed), 'a'), 'utf8'));
  assert.ok(contents.includes('synced'));
  assert.ok(contents.includes('sy'));
});

test('B8: a file, a rename and a removal whose directory was not synced can be undone', { skip }, () => {
  const script = `${writeAndSync}; fs.writeFileSync(dir + '/b', 'b', { flush: true }); fs.renameSync(dir + '/b', dir + '/a')`;
  const names = seeds.map((seed) => {
    const dir = cutAfter('renamed', script, seed);
    return `${readdirSync(dir).sort().join()}=${existsSync(join(dir, 'a')) ? readFileSync(join(dir, 'a'), 'utf8') : ''}`;
  });
  // The sync of b's content does not make its name durable.
  assert.deepEqual([...new Set(names)].sort(), ['a,b=synced', 'a=b', 'a=synced']);
  const removed = seeds.map((seed) =>
    existsSync(join(cutAfter('removed', `${writeAndSync}; fs.unlinkSync(dir + '/a')`, seed), 'a')),
  );
  assert.deepEqual(new Set(removed), new Set([true, false]));
});

test('B1: with a disk that lies, what was synced can go: the cut is seen to cut', { skip }, () => {
  assert.ok(seeds.some((seed) => !existsSync(join(cutAfter('lying', writeAndSync, seed), 'a'))));
});

test('undoing changes from the last to the first gives the content before them', () => {
  const changes = [
    { kind: 'write', inode: 1, offset: 2, oldSize: 4, data: Buffer.from('cd') },
    { kind: 'truncate', inode: 1, offset: 1, oldSize: 6, data: Buffer.from('bXXYY') },
  ] as const;
  assert.equal(withoutChanges(Buffer.from('a'), changes).toString(), 'abcd');
});

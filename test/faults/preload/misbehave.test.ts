/**
 * The library misbehave.c under a small process, where there is a compiler: what an order says happens, to the files that it
 * is about and as often as it says, and nothing else does.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { BrokerLayout } from '../cluster.ts';
import { whyNoLibraries } from './compile.ts';
import { buildMisbehaviour, misbehave, shiftClock, struckOf, underMisbehaviour } from './misbehave.ts';

const base = mkdtempSync(join(tmpdir(), 'jackdaw-misbehave-test-'));
after(() => rmSync(base, { recursive: true }));
const library = whyNoLibraries() === undefined ? buildMisbehaviour(base) : '';
const skip = library === '' ? 'no C compiler' : false;

function brokerAt(name: string): BrokerLayout {
  const dataDir = join(base, name, 'data');
  mkdirSync(dataDir, { recursive: true });
  const broker = { nodeId: 1, host: '127.0.0.1', port: 0, controllerPort: 0, dataDir, outputFile: '' };
  underMisbehaviour(library, broker, { file: '', args: [], env: {} });
  return broker;
}

/** What the script, in which `dir` is the data directory and `tell` prints the outcome of a function, has printed. */
function outputOf(broker: BrokerLayout, script: string): string[] {
  const helpers = `const fs = require('node:fs'); const dir = process.argv[1];
    const tell = (f) => { try { console.log(f()); } catch (error) { console.log(error.code); } };`;
  const plain = { file: process.execPath, args: ['-e', `${helpers} ${script}`, broker.dataDir], env: process.env };
  const { file, args, env } = underMisbehaviour(library, broker, plain);
  const run = spawnSync(file, args, { env, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.trim().split('\n');
}

test('a call fails as often as the order says, in the files whose path it names', { skip }, () => {
  const broker = brokerAt('failing');
  misbehave(broker, [
    { call: 'sync', error: 'EIO', times: 1, part: '/a' },
    { call: 'write', error: 'ENOSPC', times: 2, part: '/b' },
    { call: 'read', error: 'EIO', times: 1, part: '/a' },
  ]);
  const script = `const a = fs.openSync(dir + '/a', 'w+'), b = fs.openSync(dir + '/b', 'w+');
    for (let i = 0; i < 2; i++) tell(() => fs.fdatasyncSync(a) ?? 'synced');
    for (const file of [a, b, b, b]) tell(() => fs.writeSync(file, 'x', 0));
    for (let i = 0; i < 2; i++) tell(() => fs.readSync(a, Buffer.alloc(1), 0, 1, 0));
    tell(() => fs.fsyncSync(b) ?? 'synced');`;
  assert.deepEqual(outputOf(broker, script), ['EIO', 'synced', '1', 'ENOSPC', 'ENOSPC', '1', 'EIO', '1', 'synced']);
  assert.equal(struckOf(broker), 4);
  misbehave(broker, []);
  assert.equal(struckOf(broker), 0);
  const allWell = ['synced', 'synced', '1', '1', '1', '1', '1', '1', 'synced'];
  assert.deepEqual(outputOf(broker, script), allWell);
});

test('a call takes longer', { skip }, () => {
  const broker = brokerAt('slow');
  misbehave(broker, [{ call: 'sync', delayMs: [60, 90] }]);
  const script = `const a = fs.openSync(dir + '/a', 'w+');
    const timed = (f) => { const began = performance.now(); f(); return performance.now() - began; };
    console.log(Math.min(timed(() => fs.fdatasyncSync(a)), timed(() => fs.fsyncSync(a))));`;
  assert.ok(Number(outputOf(broker, script)[0]) >= 60);
});

test('B19: the wall clock is shifted, the monotonic one is not', { skip }, () => {
  const broker = brokerAt('clock');
  const hourMs = 3_600_000;
  shiftClock(broker, -hourMs);
  const [wall, monotonic] = outputOf(broker, 'console.log(Date.now()); console.log(String(process.hrtime.bigint() / 1000000n));');
  const behindMs = Date.now() - Number(wall);
  assert.ok(behindMs >= hourMs && behindMs < hourMs + 60_000, `${behindMs} ms`);
  assert.ok(Math.abs(Number(process.hrtime.bigint() / 1_000_000n) - Number(monotonic)) < 60_000);
});

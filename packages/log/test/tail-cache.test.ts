/** What the tail cache holds on to, counted in whole buffers, and what it lets go first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TailCache, TailCacheBudget } from '../src/tail-cache.ts';

const kib = 1024;

function entry(baseOffset: number, bytes: Uint8Array): { baseOffset: number; nextOffset: number; bytes: Uint8Array } {
  return { baseOffset, nextOffset: baseOffset + 1, bytes };
}

test('batches of one request are kept where they are, and their buffer counts once until the last of them is gone', () => {
  const budget = new TailCacheBudget({ maxTotalBytes: 64 * kib, maxBytesPerLog: kib });
  const [one, other] = [new TailCache(budget), new TailCache(budget)];
  const request = new Uint8Array(4 * kib);
  const views = [0, 1, 2].map((i) => request.subarray(i * kib, (i + 1) * kib));
  one.append(entry(0, views[0] as Uint8Array));
  other.append(entry(0, views[1] as Uint8Array));
  assert.equal(budget.totalBytes, 4 * kib);
  assert.equal(one.at(one.indexOf(0))?.bytes, views[0]);
  one.append(entry(1, views[2] as Uint8Array));
  assert.deepEqual([one.indexOf(0), budget.totalBytes], [-1, 4 * kib]);
  one.clear();
  assert.equal(budget.totalBytes, 4 * kib);
  other.clear();
  assert.equal(budget.totalBytes, 0);
});

test('a small batch is copied out of a buffer that is large for the cache', () => {
  const budget = new TailCacheBudget({ maxTotalBytes: 64 * kib, maxBytesPerLog: 64 * kib });
  const cache = new TailCache(budget);
  const request = new Uint8Array(5 * kib).fill(7);
  cache.append(entry(0, request.subarray(0, 100)));
  assert.equal(budget.totalBytes, 100);
  assert.deepEqual(cache.at(0)?.bytes, new Uint8Array(100).fill(7));
  cache.append(entry(1, request.subarray(0, 3 * kib)));
  assert.equal(budget.totalBytes, 100 + 5 * kib);
});

test('over the limit of all logs, what came first goes first, whosever it is', () => {
  const budget = new TailCacheBudget({ maxTotalBytes: 4 * kib, maxBytesPerLog: 4 * kib });
  const [one, other] = [new TailCache(budget), new TailCache(budget)];
  one.append(entry(0, new Uint8Array(2 * kib)));
  other.append(entry(0, new Uint8Array(2 * kib)));
  other.append(entry(1, new Uint8Array(kib)));
  assert.deepEqual([one.indexOf(0), other.indexOf(0), budget.totalBytes], [-1, 0, 3 * kib]);
});

test('a truncation forgets what reaches above it', () => {
  const budget = new TailCacheBudget({ maxTotalBytes: 4 * kib, maxBytesPerLog: 4 * kib });
  const cache = new TailCache(budget);
  cache.append(entry(0, new Uint8Array(kib)));
  cache.append(entry(1, new Uint8Array(kib)));
  cache.truncateTo(1);
  assert.deepEqual([cache.indexOf(0), cache.indexOf(1), budget.totalBytes, cache.sizeBytes], [0, -1, kib, kib]);
});

test('F11: what was let go is held by nothing, though a quiet log has not moved on since', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const budget = new TailCacheBudget({ maxTotalBytes: 1024 * kib, maxBytesPerLog: 1024 * kib });
  const [quiet, busy] = [new TailCache(budget), new TailCache(budget)];
  quiet.append(entry(0, new Uint8Array(kib)));
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 640; i++) busy.append(entry(i, new Uint8Array(64 * kib)));
  const held = (): number => (collect(), (process.memoryUsage().arrayBuffers - before) / kib);
  let heldKib = held();
  // Buffers are swept in another thread.
  for (let tries = 0; tries < 100 && heldKib >= 2048; tries++) {
    await new Promise((resolve) => setImmediate(resolve));
    heldKib = held();
  }
  assert.ok(heldKib < 2048, `${heldKib} KiB are held, and the limit is 1024 KiB`);
  assert.equal(quiet.indexOf(0), -1);
});

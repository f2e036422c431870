/** When a broker's young buffers are looked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { youngBufferWatch } from '../src/heap-settings.ts';

const mib = 1024 * 1024;

/** A process with so many bytes outside of its heap, of which `live` stay when they are looked for. */
function heapOf(bytes: number, live: number): { bytes: number; collections: number; look: () => number } {
  const heap = { bytes, collections: 0, look: (): number => 0 };
  heap.look = youngBufferWatch({
    externalBytes: () => heap.bytes,
    collectYoung: () => {
      heap.collections++;
      heap.bytes = live;
    },
  });
  return heap;
}

test('a process without traffic is looked at seldom, and nothing is collected', () => {
  const heap = heapOf(20 * mib, 20 * mib);
  assert.equal(heap.look(), 250);
  heap.bytes += 1_000;
  assert.equal(heap.look(), 250);
  assert.equal(heap.collections, 0);
});

test('young buffers are looked for when 8 MiB have come since the last time, whatever lives', () => {
  const heap = heapOf(2 * mib, 5 * mib);
  heap.bytes += 4 * mib;
  assert.equal(heap.look(), 25);
  assert.equal(heap.collections, 0);
  heap.bytes += 4 * mib;
  heap.look();
  assert.deepEqual([heap.collections, heap.bytes], [1, 5 * mib]);
  heap.bytes += 7 * mib;
  heap.look();
  assert.equal(heap.collections, 1);
  heap.bytes += 1 * mib;
  heap.look();
  assert.equal(heap.collections, 2);
});

test('what V8 frees by itself counts from there on', () => {
  const heap = heapOf(10 * mib, 1 * mib);
  heap.bytes = 2 * mib;
  heap.look();
  heap.bytes = 11 * mib;
  heap.look();
  assert.equal(heap.collections, 1);
});

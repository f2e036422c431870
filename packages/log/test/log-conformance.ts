/**
 * What a partition log must do on every disk, as a function that runs over any `Fs` (architecture idea 9).
 */

import { batchBaseOffset, batchLeaderEpoch, eachBatch } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fs } from '../src/fs.ts';
import { append, batchOf, batchOfSize, expectData, openTestLog, readAll, startMs, type TestLogOptions } from './support.ts';

interface Place {
  fs: Fs;
  directory: string;
}

function open(at: Place, options: TestLogOptions = {}) {
  return openTestLog(at.fs, { directory: at.directory, ...options });
}

export function logConformance(name: string, setUp: () => Place): void {
  describe(`a partition log on ${name}`, () => {
    testReads(setUp);
    testDurability(setUp);
    testTruncation(setUp);
  });
}

function testReads(setUp: () => Place): void {
  test('an append gets the next offsets and the leader epoch, and is read back as it is', async () => {
    const { log } = await open(setUp());
    assert.equal(append(log, batchOf(['a', 'b']), 3), 0);
    assert.equal(append(log, batchOf(['c']), 3), 2);
    assert.equal(log.logEndOffset, 3);
    const bytes = await readAll(log);
    assert.deepEqual(
      [...eachBatch(bytes)].map((position) => batchBaseOffset(bytes, position)),
      [0, 2],
    );
    assert.equal(batchLeaderEpoch(bytes, 0), 3);
    await log.close();
  });

  test('A27: a fetch inside a batch returns the whole batch, from memory and from disk', async () => {
    for (const tailBytes of [1 << 20, 0]) {
      const { log } = await open(setUp(), { tailBytes });
      append(log, batchOf(['a', 'b', 'c']));
      append(log, batchOf(['d', 'e', 'f']));
      for (const [fetchOffset, baseOffset] of [
        [1, 0],
        [2, 0],
        [3, 3],
        [5, 3],
      ] as const) {
        const read = await log.read({ fetchOffset, maxOffset: 6, maxBytes: 1 << 20, minOneBatch: true });
        assert.equal(expectData(read).startPositionOffset, baseOffset);
        assert.equal(expectData(read).nextOffset, 6);
      }
      await log.close();
    }
  });

  test('a read honours maxBytes, minOneBatch and maxOffset alike from memory and from disk', async () => {
    const at = setUp();
    const results: unknown[][] = [];
    for (const tailBytes of [1 << 20, 0]) {
      const { log } = await open(at, { tailBytes });
      if (log.logEndOffset === 0) for (let i = 0; i < 20; i++) append(log, batchOfSize(1000));
      const seen: unknown[] = [];
      for (const maxBytes of [0, 10, 999, 1001, 5000, 100_000]) {
        for (const minOneBatch of [true, false]) {
          for (const maxOffset of [4, 10, 20]) {
            const read = expectData(await log.read({ fetchOffset: 4, maxOffset, maxBytes, minOneBatch }));
            seen.push([maxBytes, minOneBatch, maxOffset, read.sizeBytes, read.nextOffset, Buffer.concat(read.chunks).length]);
          }
        }
      }
      results.push(seen);
      await log.close();
    }
    assert.deepEqual(results[0], results[1]);
  });

  test('offsets outside the log are out of range; the log end is empty', async () => {
    const { log } = await open(setUp());
    append(log, batchOf(['a']));
    const read = (fetchOffset: number) => log.read({ fetchOffset, maxOffset: 10, maxBytes: 100, minOneBatch: true });
    assert.deepEqual(await read(2), { kind: 'outOfRange' });
    assert.equal(expectData(await read(1)).sizeBytes, 0);
    log.advanceLogStartOffset(1, 1);
    assert.deepEqual(await read(0), { kind: 'outOfRange' });
    await log.close();
  });
}

function testDurability(setUp: () => Place): void {
  test('segments roll by size and the log reads the same across them, before and after a reopen', async () => {
    const at = setUp();
    const settings = { segmentBytes: 4096, indexIntervalBytes: 512 };
    const first = await open(at, { settings, tailBytes: 0 });
    for (let i = 0; i < 50; i++) append(first.log, batchOfSize(500, { timestamp: startMs + i }));
    assert.ok(first.log.segmentCount >= 6, `${first.log.segmentCount} segments`);
    const before = await readAll(first.log);
    await first.log.close();
    for (const hadCleanShutdown of [true, false]) {
      const { log } = await open(at, { settings, tailBytes: 0, hadCleanShutdown });
      assert.equal(log.logEndOffset, 50);
      assert.deepEqual(await readAll(log), before);
      assert.equal(append(log, batchOf(['next'])), 50);
      log.truncateTo(50);
      await log.close();
    }
  });

  test('durableOffset follows once the flusher has synced', async () => {
    const { log, flusher, durable } = await open(setUp());
    append(log, batchOf(['a']));
    assert.equal(log.durableOffset, 0);
    append(log, batchOf(['b']));
    await flusher.whenIdle();
    assert.equal(log.durableOffset, 2);
    assert.deepEqual(new Set(durable), new Set([log]));
    await log.close();
  });

  test('in page-cache mode what is written counts as durable at once', async () => {
    const { log } = await open(setUp(), { settings: { flushMode: 'pageCache' } });
    append(log, batchOf(['a']));
    assert.equal(log.durableOffset, 1);
    assert.equal(log.recoveryPoint, 0);
    await log.flush();
    await log.writeLeaderEpochs();
    assert.equal(log.recoveryPoint, 1);
    await log.close();
  });
}

function testTruncation(setUp: () => Place): void {
  test('truncation removes the end, in the active segment and across segments, and appends go on there', async () => {
    const at = setUp();
    const settings = { segmentBytes: 2048, indexIntervalBytes: 256 };
    const { log } = await open(at, { settings });
    for (let i = 0; i < 30; i++) append(log, batchOfSize(300), i < 15 ? 1 : 2);
    const whole = await readAll(log);
    for (const offset of [29, 14, 13, 3]) {
      log.truncateTo(offset);
      assert.equal(log.logEndOffset, offset);
      assert.ok(log.recoveryPoint <= offset);
      assert.deepEqual(await readAll(log), whole.subarray(0, (whole.length / 30) * offset));
    }
    assert.equal(log.latestEpoch(), 1);
    assert.equal(append(log, batchOf(['new']), 5), 3);
    const after = await readAll(log);
    await log.close();
    const again = await open(at, { settings, tailBytes: 0, hadCleanShutdown: false });
    assert.deepEqual(await readAll(again.log), after);
    assert.deepEqual(again.log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 3 });
    await again.log.close();
  });

  test('a truncation inside a batch removes the whole batch', async () => {
    const { log } = await open(setUp());
    append(log, batchOf(['a', 'b']));
    append(log, batchOf(['c', 'd', 'e']));
    log.truncateTo(3);
    assert.equal(log.logEndOffset, 2);
    await log.close();
  });

  test('a full truncation starts the log again where it is told', async () => {
    const at = setUp();
    const { log } = await open(at);
    append(log, batchOf(['a', 'b']));
    log.truncateFullyAndStartAt(100);
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.latestEpoch()], [100, 100, null]);
    assert.equal(append(log, batchOf(['c'])), 100);
    await log.close();
    const again = await open(at, { hadCleanShutdown: false, logStartOffset: 100 });
    assert.deepEqual([again.log.logStartOffset, again.log.logEndOffset], [100, 101]);
    await again.log.close();
  });
}

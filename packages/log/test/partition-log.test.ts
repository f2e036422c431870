/** One partition's log beyond the conformance suite: follower appends, failing and full disks, group commit, retention. */
import { Prng } from '@jackdaw/base';
import { CorruptRecordError, ErrorCode, patchBaseOffset, patchCrc, patchLeaderEpoch } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { StorageError } from '../src/fs.ts';
import { UnexpectedOffsetError } from '../src/log-append.ts';
import { MemoryFs } from '../src/memory-fs.ts';
import { NodeFs } from '../src/node-fs.ts';
import { logConformance } from './log-conformance.ts';
import {
  append,
  batchOf,
  batchOfSize,
  expectData,
  flipByte,
  openTestLog,
  readAll,
  startMs,
  temporaryDirectory,
} from './support.ts';

logConformance('a memory disk', () => ({ fs: new MemoryFs(), directory: '/data/topic-0' }));
logConformance('B12: a memory disk with short writes', () => {
  const fs = new MemoryFs();
  fs.maxWriteBytes = 37;
  return { fs, directory: '/data/topic-0' };
});
logConformance('a real disk', () => {
  return { fs: new NodeFs(), directory: join(temporaryDirectory(), 'topic-0') };
});

const logFile = '/data/topic-0/00000000000000000000.log';

function follower(batch: Uint8Array, baseOffset: number, leaderEpoch = 0): Uint8Array {
  patchBaseOffset(batch, 0, baseOffset);
  patchLeaderEpoch(batch, 0, leaderEpoch);
  return batch;
}

test('a follower keeps offsets and epochs, gaps included, and refuses what does not continue its log', async () => {
  const { log } = await openTestLog(new MemoryFs(), { settings: { isCompact: true } });
  assert.deepEqual(log.appendAsFollower(follower(batchOf(['a', 'b']), 0, 1)), { lastOffset: 1 });
  assert.deepEqual(log.appendAsFollower(follower(batchOf(['c']), 10, 2)), { lastOffset: 10 });
  assert.equal(log.latestEpoch(), 2);
  assert.throws(() => log.appendAsFollower(follower(batchOf(['d']), 9, 2)), UnexpectedOffsetError);
  // A reader inside the gap gets the next batch.
  const read = log.read({ fetchOffset: 5, maxOffset: 11, maxBytes: 1000, minOneBatch: true });
  assert.equal(expectData(await read).startPositionOffset, 10);
});

test('what a leader appends is read from memory, what a follower appends from the disk, also when it led before', async () => {
  const { log } = await openTestLog(new MemoryFs());
  const readAt = (fetchOffset: number): ReturnType<typeof log.read> =>
    log.read({ fetchOffset, maxOffset: log.logEndOffset, maxBytes: 1000, minOneBatch: true });
  append(log, batchOf(['led']));
  assert.ok(!(readAt(0) instanceof Promise));
  log.appendAsFollower(follower(batchOf(['followed']), 1, 1));
  for (const offset of [0, 1]) assert.ok(readAt(offset) instanceof Promise);
  append(log, batchOf(['led again']), 2);
  assert.ok(!(readAt(2) instanceof Promise));
  assert.equal(expectData(await readAt(0)).sizeBytes, log.sizeBytes);
});

test('F14, B3: a follower never appends a batch whose CRC is wrong', async () => {
  const { log } = await openTestLog(new MemoryFs());
  const good = follower(batchOf(['good']), 0);
  const bad = follower(batchOf(['bad']), 1);
  bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
  assert.throws(() => log.appendAsFollower(Buffer.concat([good, bad])), CorruptRecordError);
  assert.equal(log.logEndOffset, 0);
  assert.throws(() => log.appendAsFollower(good.subarray(0, good.length - 3)), CorruptRecordError);
});

test('F14: a follower refuses a batch whose checksum is right and whose offsets no log can have', async () => {
  const { log } = await openTestLog(new MemoryFs());
  log.appendAsFollower(follower(batchOf(['a', 'b', 'c']), 0));
  const endsBefore = follower(batchOf(['d', 'e']), 3);
  new DataView(endsBefore.buffer, endsBefore.byteOffset).setInt32(23, -3);
  patchCrc(endsBefore, 0);
  assert.throws(() => log.appendAsFollower(endsBefore), CorruptRecordError);
  const beyond = follower(batchOf(['f']), Number.MAX_SAFE_INTEGER);
  assert.throws(() => log.appendAsFollower(beyond), CorruptRecordError);
  assert.equal(log.logEndOffset, 3);
});

test('one replicated append is split over segments', async () => {
  const { log } = await openTestLog(new MemoryFs(), { settings: { segmentBytes: 1000 } });
  const batches = Array.from({ length: 10 }, (_, i) => follower(batchOfSize(300), i));
  log.appendAsFollower(Buffer.concat(batches));
  assert.equal(log.logEndOffset, 10);
  assert.equal(log.segmentCount, 4);
  assert.deepEqual(await readAll(log), Buffer.concat(batches));
});

test('B9: a failed sync takes the log offline at once and is never retried', async () => {
  const fs = new MemoryFs();
  const { log, flusher, failures } = await openTestLog(fs);
  append(log, batchOf(['a']));
  await flusher.whenIdle();
  fs.failSyncAfter = 0;
  append(log, batchOf(['b']));
  await flusher.whenIdle();
  assert.equal(failures.length, 1);
  assert.ok(log.isOffline);
  assert.equal(log.durableOffset, 1);
  const syncs = fs.syncCount;
  await assert.rejects(log.flush(), StorageError);
  const result = log.appendAsLeader(batchOf(['c']), { leaderEpoch: 0, nowMs: startMs });
  assert.ok(result.kind === 'error' && result.error === ErrorCode.KAFKA_STORAGE_ERROR);
  await log.close();
  assert.equal(fs.syncCount, syncs);
});

test('B10: on a full disk an append is cut back, nothing is assigned, and the log goes on once there is space', async () => {
  const fs = new MemoryFs();
  const { log, failures } = await openTestLog(fs);
  append(log, batchOf(['a']));
  const sizeBytes = log.sizeBytes;
  fs.capacityBytes = (fs.stat(logFile)?.sizeBytes ?? 0) + 50;
  const result = log.appendAsLeader(batchOfSize(1000), { leaderEpoch: 0, nowMs: startMs });
  assert.ok(result.kind === 'error' && result.error === ErrorCode.KAFKA_STORAGE_ERROR);
  assert.equal(fs.stat(logFile)?.sizeBytes, sizeBytes);
  assert.throws(
    () => log.appendAsFollower(follower(batchOfSize(1000), 1)),
    (error) => error instanceof StorageError && error.kind === 'noSpace',
  );
  assert.equal(log.logEndOffset, 1);
  assert.equal(log.isOffline, false);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  assert.equal(append(log, batchOf(['b'])), 1);
  assert.equal(failures.length, 0);
  assert.equal((await readAll(log)).length, fs.stat(logFile)?.sizeBytes);
});

test('a write error takes the directory offline, and so does a cut that fails after a full disk', async () => {
  for (const cause of ['write', 'cut'] as const) {
    const fs = new MemoryFs();
    const { log, failures } = await openTestLog(fs);
    if (cause === 'write') fs.failWriteAfter = 0;
    else {
      fs.capacityBytes = 50;
      fs.failTruncate = true;
    }
    const result = log.appendAsLeader(batchOf(['a']), { leaderEpoch: 0, nowMs: startMs });
    assert.equal(result.kind, 'error');
    assert.ok(log.isOffline);
    assert.equal(failures.length, 1);
  }
});

test('group commit: appends during a sync share the next one', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs);
  append(log, batchOf(['first']));
  await flusher.whenIdle();
  fs.holdSyncs = true;
  append(log, batchOf(['second']));
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 100; i++) append(log, batchOf([`more ${i}`]));
  const before = fs.syncCount;
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await flusher.whenIdle();
  assert.equal(log.durableOffset, 102);
  assert.equal(fs.syncCount - before, 2);
});

test('B1: a log that is given up during a sync does not say that what it has not synced is durable', async () => {
  const fs = new MemoryFs();
  const durations: number[] = [];
  const { log, flusher } = await openTestLog(fs, { onSynced: (durationMs) => void durations.push(durationMs) });
  append(log, batchOf(['a']));
  await flusher.whenIdle();
  assert.deepEqual([log.durableOffset, durations.length], [1, 1]);
  fs.holdSyncs = true;
  append(log, batchOf(['b']));
  log.roll(startMs);
  append(log, batchOf(['c']));
  await new Promise((resolve) => setImmediate(resolve));
  const over = log.abandon();
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await over;
  assert.deepEqual([log.durableOffset, durations.length], [1, 1]);
});

test('B1: a log that is given up while it is being closed ends the close (seed 17364)', async () => {
  for (const mayRename of [false, true]) {
    const fs = new MemoryFs();
    const { log, durable } = await openTestLog(fs);
    fs.holdSyncs = true;
    append(log, batchOf(['a']));
    const closed = log.close();
    const { directory } = log;
    const over = log.abandon();
    fs.holdSyncs = false;
    fs.releaseSyncs();
    await over;
    if (mayRename) fs.rename(directory, `${directory}.gone`);
    await closed;
    assert.deepEqual([log.durableOffset, durable.length], [0, 0]);
    await log.close();
    assert.equal(fs.stat(directory) === null, mayRename);
  }
});

test('A2, A3: a truncation at the log end takes no record, but the epoch that begins there', async () => {
  const { log } = await openTestLog(new MemoryFs(), { isNew: true });
  append(log, batchOf(['a']));
  log.assignEpochStartOffset(3, 1);
  assert.equal(log.latestEpoch(), 3);
  log.truncateTo(1);
  assert.deepEqual([log.logEndOffset, log.latestEpoch()], [1, 0]);
});

test('a sync that was under way during a truncation does not count what was appended after it', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs);
  append(log, batchOf(['a']));
  await flusher.whenIdle();
  append(log, batchOf(['b']));
  append(log, batchOf(['c']));
  fs.holdSyncs = true;
  const sync = log.syncOnce();
  await new Promise((resolve) => setImmediate(resolve));
  log.truncateTo(1);
  append(log, batchOf(['d']));
  append(log, batchOf(['e']));
  fs.releaseSyncs();
  await sync;
  assert.equal(log.durableOffset, 1);
  fs.holdSyncs = false;
  await flusher.whenIdle();
});

test('B14: retention by time and size deletes whole segments, oldest first, never past the high watermark', async () => {
  const fs = new MemoryFs();
  const settings = { segmentBytes: 1000, retentionMs: 1000, fileDeleteDelayMs: 500 };
  const { log, clock } = await openTestLog(fs, { settings });
  for (let i = 0; i < 9; i++) append(log, batchOfSize(400, { timestamp: startMs + i }));
  clock.advance(10_000);
  const nowMs = clock.wallMs();
  await log.retain(nowMs, 3);
  assert.equal(log.logStartOffset, 2);
  const { deletedSegments } = await log.retain(nowMs, 9);
  assert.ok(deletedSegments > 0);
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.segmentCount], [9, 9, 1]);
  assert.deepEqual(await log.read({ fetchOffset: 3, maxOffset: 9, maxBytes: 100, minOneBatch: true }), { kind: 'outOfRange' });
  assert.ok(fs.list('/data/topic-0').some((name) => name.endsWith('.log.deleted')));
  await log.removeDueFiles(clock.wallMs() + 499);
  assert.ok(fs.list('/data/topic-0').some((name) => name.endsWith('.deleted')));
  await log.removeDueFiles(clock.wallMs() + 500);
  assert.equal(fs.list('/data/topic-0').filter((name) => name.endsWith('.deleted')).length, 0);
});

test('a compacted topic that is not deleted from keeps every record: there is no compaction yet', async () => {
  const settings = { segmentBytes: 1000, retentionMs: 1, retentionBytes: 1, isDelete: false, isCompact: true };
  const { log } = await openTestLog(new MemoryFs(), { settings });
  for (let i = 0; i < 10; i++) append(log, batchOfSize(500));
  assert.equal((await log.retain(startMs + 10_000, 10)).deletedSegments, 0);
  assert.equal(log.logStartOffset, 0);
});

test('every group commit is told with its duration', async () => {
  const durations: number[] = [];
  const { log, flusher } = await openTestLog(new MemoryFs(), { onSynced: (durationMs) => durations.push(durationMs) });
  append(log, batchOfSize(500));
  await flusher.whenIdle();
  append(log, batchOfSize(500));
  await flusher.whenIdle();
  assert.deepEqual(durations, [0, 0], 'the clock of the test stands still');
});

test('B14: retention.bytes keeps at least that much', async () => {
  const { log } = await openTestLog(new MemoryFs(), { settings: { segmentBytes: 1000, retentionBytes: 2500, retentionMs: -1 } });
  for (let i = 0; i < 20; i++) append(log, batchOfSize(400));
  await log.retain(startMs, 20);
  assert.ok(log.sizeBytes >= 2500 && log.sizeBytes < 3500, `${log.sizeBytes}`);
});

test('B14: a read that holds a segment while it is deleted gets sound data or OFFSET_OUT_OF_RANGE', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, { settings: { segmentBytes: 1000, retentionMs: 0 }, tailBytes: 0 });
  for (let i = 0; i < 9; i++) append(log, batchOfSize(400));
  await log.writeLeaderEpochs();
  const read = log.read({ fetchOffset: 0, maxOffset: 9, maxBytes: 800, minOneBatch: true });
  await log.retain(startMs + 10_000, 9);
  assert.deepEqual(await read, { kind: 'outOfRange' });
});

test('B14: the log start never goes back and never passes the high watermark', async () => {
  const { log } = await openTestLog(new MemoryFs());
  append(log, batchOf(['a', 'b', 'c']));
  assert.equal(log.advanceLogStartOffset(3, 2), ErrorCode.OFFSET_OUT_OF_RANGE);
  assert.equal(log.advanceLogStartOffset(2, 2), ErrorCode.NONE);
  assert.equal(log.advanceLogStartOffset(1, 2), ErrorCode.NONE);
  assert.equal(log.logStartOffset, 2);
});

test('B19: records from the future do not keep a segment for ever', async () => {
  const { log } = await openTestLog(new MemoryFs(), { settings: { retentionMs: 1000 } });
  append(log, batchOf(['a'], { timestamp: startMs + 1e12 }));
  await log.retain(startMs + 500, 1);
  assert.equal(log.logStartOffset, 0);
  await log.retain(startMs + 1501, 1);
  assert.equal(log.logStartOffset, 1);
});

test('B13: a batch too far from the base offset for an index starts a segment of its own', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, { settings: { isCompact: true } });
  const far = 0x7fff_ffff + 10;
  log.appendAsFollower(follower(batchOf(['a']), 0));
  log.appendAsFollower(follower(batchOf(['b']), far));
  log.appendAsFollower(follower(batchOf(['c']), far * 4));
  assert.equal(log.segmentCount, 3);
  const bytes = await readAll(log);
  await log.close();
  const again = await openTestLog(fs, { tailBytes: 0, hadCleanShutdown: false, settings: { isCompact: true } });
  assert.equal(again.log.logEndOffset, far * 4 + 1);
  assert.deepEqual(await readAll(again.log), bytes);
});

test('B13: a full index rolls the segment', async () => {
  const settings = { segmentIndexBytes: 64, indexIntervalBytes: 100 };
  const { log } = await openTestLog(new MemoryFs(), { settings });
  for (let i = 0; i < 40; i++) append(log, batchOfSize(200, { timestamp: startMs + i }));
  assert.ok(log.segmentCount >= 4, `${log.segmentCount} segments`);
});

test('segments roll by record time, with jitter taken off', async () => {
  const { log } = await openTestLog(new MemoryFs(), { settings: { segmentMs: 1000 } });
  append(log, batchOf(['a'], { timestamp: 1000 }));
  append(log, batchOf(['b'], { timestamp: 2000 }));
  assert.equal(log.segmentCount, 1);
  append(log, batchOf(['c'], { timestamp: 2001 }));
  assert.equal(log.segmentCount, 2);
  assert.equal(log.rollIfNeeded(startMs + 1), false);
  assert.equal(log.rollIfNeeded(startMs + 1001), true);
});

test('B3: a batch that rots on disk is not served, and the log says so', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, { tailBytes: 0 });
  for (let i = 0; i < 5; i++) append(log, batchOfSize(300));
  flipByte(fs, logFile, 2 * (log.sizeBytes / 5) + 100);
  const read = (fetchOffset: number) => log.read({ fetchOffset, maxOffset: 5, maxBytes: 1 << 20, minOneBatch: true });
  assert.equal(expectData(await read(0)).nextOffset, 2);
  assert.equal(log.corruptOffset, null);
  assert.deepEqual(await read(2), { kind: 'corrupt', baseOffset: 2 });
  assert.equal(log.corruptOffset, 2);
  log.truncateTo(2);
  assert.equal(log.corruptOffset, null);
});

test('timestamps are found in batches, across segments, and below a bound', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, { settings: { segmentBytes: 1500, indexIntervalBytes: 200 } });
  for (let i = 0; i < 30; i++) append(log, batchOf(['x'.repeat(100), 'y'], { timestamp: 1000 + i * 10 }), 7);
  assert.deepEqual(await log.offsetForTimestamp(0, 60), { offset: 0, timestamp: 1000, leaderEpoch: 7 });
  for (const i of [1, 13, 29]) {
    assert.deepEqual(await log.offsetForTimestamp(1000 + i * 10 - 5, 60), {
      offset: 2 * i,
      timestamp: 1000 + i * 10,
      leaderEpoch: 7,
    });
  }
  assert.equal(await log.offsetForTimestamp(1291, 60), null);
  assert.equal(await log.offsetForTimestamp(1200, 40), null);
  assert.deepEqual(await log.maxTimestampOffset(), { offset: 58, timestamp: 1290, leaderEpoch: 7 });
});

test('sealed segments close again when too many are open', async () => {
  const { OpenSegments } = await import('../src/open-segments.ts');
  const openSegments = new OpenSegments({ maxOpenSegments: 3, maxIndexBytes: 1 << 20 });
  const { log, flusher } = await openTestLog(new MemoryFs(), { settings: { segmentBytes: 1000 }, tailBytes: 0, openSegments });
  for (let i = 0; i < 40; i++) append(log, batchOfSize(400));
  await flusher.whenIdle();
  await readAll(log);
  assert.ok(openSegments.count <= 3, `${openSegments.count} open`);
});

test('the tail cache stays within its budget and serves the newest appends without waiting', async () => {
  const { log } = await openTestLog(new MemoryFs(), { tailBytes: 2000 });
  const prng = new Prng(7);
  for (let i = 0; i < 50; i++) append(log, batchOfSize(prng.between(100, 500)));
  const newest = log.read({ fetchOffset: 49, maxOffset: 50, maxBytes: 1000, minOneBatch: true });
  assert.ok(!(newest instanceof Promise));
  const oldest = log.read({ fetchOffset: 0, maxOffset: 50, maxBytes: 1000, minOneBatch: true });
  assert.ok(oldest instanceof Promise);
  assert.equal(expectData(await oldest).startPositionOffset, 0);
});

test('B11: while a sync hangs, appends and reads go on; only what is durable waits', async () => {
  const fs = new MemoryFs();
  const { log, durable, failures } = await openTestLog(fs, { tailBytes: 0 });
  append(log, batchOf(['a']));
  fs.holdSyncs = true;
  const flushing = log.flush();
  for (let i = 0; i < 10; i++) append(log, batchOf(['b']));
  assert.deepEqual([log.logEndOffset, log.durableOffset], [11, 0]);
  assert.equal(
    expectData(await log.read({ fetchOffset: 3, maxOffset: 11, maxBytes: 1 << 20, minOneBatch: true })).nextOffset,
    11,
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(durable.length, 0);
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await flushing;
  await log.flush();
  assert.deepEqual([log.durableOffset, failures.length], [11, 0]);
});

test('B6: two writes of the leader epochs at a time, on a slow disk, do not take each other’s file away', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs);
  append(log, batchOf(['a']));
  await flusher.whenIdle();
  await log.writeLeaderEpochs();
  fs.holdSyncs = true;
  log.assignEpochStartOffset(3, 1);
  const first = log.writeLeaderEpochs();
  log.assignEpochStartOffset(4, 1);
  const second = log.writeLeaderEpochs();
  let isThirdDone = false;
  const third = log.writeLeaderEpochs().then(() => (isThirdDone = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isThirdDone, false, 'the file does not show the epochs yet');
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await Promise.all([first, second, third]);
  const written = fs.contentOf(join(log.directory, 'leader-epoch-checkpoint'));
  assert.equal(Buffer.from(written ?? []).toString(), '0\n2\n0 0\n4 1\n');
});

test('B9: a disk that fails a read takes the log offline, so that another replica leads', async () => {
  const fs = new MemoryFs();
  const { log, failures } = await openTestLog(fs, { tailBytes: 0 });
  append(log, batchOf(['a']));
  fs.failReadAfter = 0;
  await assert.rejects(async () => readAll(log), StorageError);
  assert.equal(log.isOffline, true);
  assert.equal(failures.length, 1);
});

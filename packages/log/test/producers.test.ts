/** Idempotent and transactional producers in the log: duplicates, sequences, epochs, snapshots, the last stable offset. */
import { Prng } from '@jackdaw/base';
import { encodeBatch, encodeEndTxnMarker, ErrorCode } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSmallFile } from '../src/fs.ts';
import type { LeaderAppendOptions } from '../src/log-types.ts';
import { MemoryFs } from '../src/memory-fs.ts';
import type { PartitionLog } from '../src/partition-log.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../src/producer-snapshot.ts';
import { append, batchOf, batchOfSize, flipByte, openTestLog, putFile, startMs } from './support.ts';

const maxSequence = 0x7fff_ffff;
const directory = '/data/topic-0';

interface Send {
  sequence: number;
  count?: number;
  epoch?: number;
  producerId?: number;
  isTransactional?: boolean;
}

function produce(log: PartitionLog, send: Send, options: Partial<LeaderAppendOptions> = {}) {
  const { sequence, count = 1, epoch = 0, producerId = 7, isTransactional = false } = send;
  const values = Array.from({ length: count }, (_, i) => `value ${sequence + i}`);
  const batch = batchOf(values, { producerId, producerEpoch: epoch, baseSequence: sequence, isTransactional });
  return log.appendAsLeader(batch, { leaderEpoch: 0, nowMs: startMs, ...options });
}

/** Base offset of an append or a duplicate, or the error code as a negative number. */
function outcome(log: PartitionLog, send: Send, options: Partial<LeaderAppendOptions> = {}): string {
  const result = produce(log, send, options);
  return result.kind === 'error' ? `error ${result.error}` : `${result.kind} ${result.baseOffset}`;
}

function endTransaction(log: PartitionLog, isCommit: boolean, marker: Marker = {}) {
  const batch = encodeEndTxnMarker({
    producerId: 7,
    producerEpoch: marker.epoch ?? 0,
    isCommit,
    coordinatorEpoch: marker.coordinatorEpoch ?? 0,
    timestamp: startMs,
  });
  const transactionVersion = marker.version ?? 0;
  return log.appendAsLeader(batch, { leaderEpoch: 0, nowMs: startMs, origin: 'coordinator', transactionVersion });
}

interface Marker {
  epoch?: number;
  coordinatorEpoch?: number;
  version?: number;
}

const outOfOrder = `error ${ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER}`;
const duplicateSequence = `error ${ErrorCode.DUPLICATE_SEQUENCE_NUMBER}`;
const invalidEpoch = `error ${ErrorCode.INVALID_PRODUCER_EPOCH}`;

test('C1: batches of several producers in one append are remembered, each of its own', async () => {
  const { log } = await openTestLog(new MemoryFs());
  const sent = [
    { producerId: 7, sequence: 0 },
    { producerId: 8, sequence: 5 },
    { producerId: 7, sequence: 1 },
    { producerId: 9, sequence: 0 },
    { producerId: 8, sequence: 6 },
  ];
  const batches = sent.map(({ producerId, sequence }, offset) => {
    const batch = batchOf(['value'], {
      producerId,
      producerEpoch: 0,
      baseSequence: sequence,
      baseOffset: offset,
      leaderEpoch: 0,
    });
    return Buffer.from(batch);
  });
  log.appendAsFollower(Buffer.concat(batches));
  assert.deepEqual(
    log.activeProducers().map(({ producerId, lastSequence }) => [producerId, lastSequence]),
    [
      [7, 1],
      [8, 6],
      [9, 0],
    ],
  );
  for (const [offset, send] of sent.entries()) assert.equal(outcome(log, send), `duplicate ${offset}`);
  assert.equal(outcome(log, { producerId: 10, sequence: 0 }), 'appended 5');
  assert.equal(log.activeProducers().length, 4);
});

test('C1: a retry of one of the last five batches gets its first offset and timestamp, also after a restart', async () => {
  for (const restart of ['none', 'clean', 'crash', 'truncation'] as const) {
    const fs = new MemoryFs();
    let { log, flusher } = await openTestLog(fs, { isNew: true });
    fs.syncDirectoryNow('/');
    for (let i = 0; i < 8; i++) assert.equal(outcome(log, { sequence: i * 2, count: 2 }), `appended ${i * 2}`);
    if (restart === 'clean') {
      await log.close();
      ({ log } = await openTestLog(fs));
    } else if (restart === 'crash') {
      await flusher.whenIdle();
      fs.crash('random', new Prng(3));
      ({ log, flusher } = await openTestLog(fs, { hadCleanShutdown: false }));
    } else if (restart === 'truncation') {
      append(log, batchOf(['unrelated']));
      log.truncateTo(16);
    }
    for (let i = 3; i < 8; i++) {
      const again = produce(log, { sequence: i * 2, count: 2 });
      assert.deepEqual(again, {
        kind: 'duplicate',
        baseOffset: i * 2,
        lastOffset: i * 2 + 1,
        timestamp: startMs,
        logStartOffset: 0,
      });
    }
    assert.equal(outcome(log, { sequence: 4, count: 2 }), duplicateSequence, restart);
    assert.equal(log.logEndOffset, 16);
    assert.equal(outcome(log, { sequence: 16 }), 'appended 16');
  }
});

test('C2: sequence numbers that a leader skipped, as it had forgotten the producer, do not pass for written ones', async () => {
  const { log } = await openTestLog(new MemoryFs(), { isNew: true });
  for (const [baseOffset, baseSequence] of [0, 1, 10, 11, 12, 13, 14].entries()) {
    log.appendAsFollower(batchOf(['value'], { producerId: 7, producerEpoch: 0, baseSequence, baseOffset, leaderEpoch: 0 }));
  }
  assert.equal(outcome(log, { sequence: 5 }), outOfOrder);
  assert.equal(outcome(log, { sequence: 1 }), outOfOrder);
  assert.equal(outcome(log, { sequence: 10 }), 'duplicate 2');
  assert.equal(outcome(log, { sequence: 15 }), 'appended 7');
  assert.equal(outcome(log, { sequence: 10 }), duplicateSequence);
});

test('C1: a follower that becomes leader knows the batches that it has replicated', async () => {
  const { log: leader } = await openTestLog(new MemoryFs(), { isNew: true });
  const { log: follower } = await openTestLog(new MemoryFs(), { isNew: true });
  for (let i = 0; i < 5; i++) {
    const batch = batchOf([`value ${i}`], { producerId: 7, producerEpoch: 0, baseSequence: i });
    leader.appendAsLeader(batch, { leaderEpoch: 0, nowMs: startMs });
    follower.appendAsFollower(batch);
  }
  for (let i = 0; i < 5; i++) assert.equal(outcome(follower, { sequence: i }, { leaderEpoch: 1 }), `duplicate ${i}`);
});

test('C2: a gap is out of order; an unknown producer may start anywhere, under version 2 only at 0', async () => {
  const { log } = await openTestLog(new MemoryFs());
  assert.equal(outcome(log, { sequence: 5 }), 'appended 0');
  assert.equal(outcome(log, { sequence: 7 }), outOfOrder);
  assert.equal(outcome(log, { sequence: 6 }), 'appended 1');
  const verification = { lowestSequence: 9, supportsEpochBump: true };
  assert.equal(outcome(log, { sequence: 9, producerId: 8 }, { verification }), outOfOrder);
  assert.equal(outcome(log, { sequence: 0, producerId: 8 }, { verification }), 'appended 2');
  const legacy = { lowestSequence: 3, supportsEpochBump: false };
  assert.equal(outcome(log, { sequence: 4, producerId: 9 }, { verification: legacy }), outOfOrder);
  assert.equal(outcome(log, { sequence: 3, producerId: 9 }, { verification: legacy }), 'appended 3');
});

test('C2: what comes before the first batch that is known of a producer was never seen: it is no duplicate', async () => {
  for (const isReopened of [false, true]) {
    const fs = new MemoryFs();
    let { log } = await openTestLog(fs, { isNew: true });
    fs.syncDirectoryNow('/');
    for (let i = 0; i < 8; i++) assert.equal(outcome(log, { sequence: 5 + i }), `appended ${i}`);
    if (isReopened) {
      await log.close();
      ({ log } = await openTestLog(fs));
    }
    // Sent first and overtaken: an acknowledgement would lose it.
    assert.equal(outcome(log, { sequence: 0 }), outOfOrder);
    assert.equal(outcome(log, { sequence: 4 }), outOfOrder);
    assert.equal(outcome(log, { sequence: 5 }), duplicateSequence);
    assert.equal(outcome(log, { sequence: 13 }), 'appended 8');
  }
});

test('C2: sequence numbers wrap from 2^31 − 1 to 0, inside a batch and between batches', async () => {
  const { log } = await openTestLog(new MemoryFs());
  assert.equal(outcome(log, { sequence: maxSequence - 1, count: 2 }), 'appended 0');
  assert.equal(outcome(log, { sequence: 0, count: 3 }), 'appended 2');
  assert.equal(outcome(log, { sequence: maxSequence - 1, count: 2 }), 'duplicate 0');
  const other = { producerId: 8 };
  assert.equal(outcome(log, { ...other, sequence: maxSequence - 1, count: 4 }), 'appended 5');
  assert.equal(outcome(log, { ...other, sequence: 2 }), 'appended 9');
  assert.equal(outcome(log, { ...other, sequence: maxSequence - 1, count: 4 }), 'duplicate 5');
  for (let i = 0; i < 6; i++) outcome(log, { ...other, sequence: 3 + i });
  assert.equal(outcome(log, { ...other, sequence: maxSequence }), duplicateSequence);
  assert.equal(outcome(log, { ...other, sequence: maxSequence - 5 }), outOfOrder);
});

test('C3: an older producer epoch is refused; a new one starts at sequence 0', async () => {
  const { log } = await openTestLog(new MemoryFs());
  assert.equal(outcome(log, { sequence: 0, epoch: 2 }), 'appended 0');
  assert.equal(outcome(log, { sequence: 1, epoch: 1 }), invalidEpoch);
  assert.equal(outcome(log, { sequence: 1, epoch: 3 }), outOfOrder);
  assert.equal(outcome(log, { sequence: 0, epoch: 3 }), 'appended 1');
  assert.equal(outcome(log, { sequence: 1, epoch: 2 }), invalidEpoch);
});

test('C14: an append that fails on the disk leaves no trace in the producer state', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs);
  assert.equal(outcome(log, { sequence: 0 }), 'appended 0');
  fs.capacityBytes = 0;
  assert.equal(outcome(log, { sequence: 1 }), `error ${ErrorCode.KAFKA_STORAGE_ERROR}`);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  assert.equal(outcome(log, { sequence: 1 }), 'appended 1');
});

test('B5: producer state survives snapshots that are missing, damaged or newer than the log', async () => {
  for (const damage of ['missing', 'damaged', 'newer'] as const) {
    for (const hadCleanShutdown of [true, false]) {
      const fs = new MemoryFs();
      const settings = { segmentBytes: 1000 };
      const { log } = await openTestLog(fs, { settings });
      for (let i = 0; i < 20; i++) assert.equal(outcome(log, { sequence: i }), `appended ${i}`);
      for (let i = 0; i < 5; i++) append(log, batchOfSize(300));
      await log.close();
      for (const name of fs.list(directory).filter((file) => file.endsWith('.snapshot'))) {
        if (damage === 'missing') fs.unlink(`${directory}/${name}`);
        if (damage === 'damaged') flipByte(fs, `${directory}/${name}`, 3);
      }
      if (damage === 'newer') {
        const entry = {
          producerId: 7,
          producerEpoch: 9,
          coordinatorEpoch: -1,
          lastTimestamp: startMs,
          currentTxnFirstOffset: -1,
          batches: [],
          startSequence: -1,
        };
        putFile(fs, `${directory}/00000000000000000099.snapshot`, encodeProducerSnapshot([entry]));
      }
      const again = await openTestLog(fs, { settings, hadCleanShutdown });
      assert.equal(outcome(again.log, { sequence: 17 }), 'duplicate 17', `${damage} ${hadCleanShutdown}`);
      assert.equal(outcome(again.log, { sequence: 20 }), 'appended 25', `${damage} ${hadCleanShutdown}`);
    }
  }
});

test('a snapshot holds every producer, and Kafka reads its part of it', () => {
  const batches = [0, 1, 2].map((i) => ({ lastSequence: i, lastOffset: 100 + i, offsetDelta: 0, timestamp: startMs + i }));
  const entries = [
    {
      producerId: 2 ** 40 + 3,
      producerEpoch: 4,
      coordinatorEpoch: 5,
      lastTimestamp: startMs + 2,
      currentTxnFirstOffset: 77,
      batches,
      startSequence: 0,
    },
    {
      producerId: 1,
      producerEpoch: 0,
      coordinatorEpoch: -1,
      lastTimestamp: -1,
      currentTxnFirstOffset: -1,
      batches: [],
      startSequence: -1,
    },
  ];
  const bytes = encodeProducerSnapshot(entries);
  assert.deepEqual(decodeProducerSnapshot(bytes), entries);
  for (let i = 0; i < bytes.length; i++) {
    const damaged = bytes.slice();
    damaged[i] = (damaged[i] ?? 0) ^ 0x10;
    assert.equal(decodeProducerSnapshot(damaged), null, `byte ${i}`);
    assert.equal(decodeProducerSnapshot(bytes.subarray(0, i)), null);
  }
});

test('producers are forgotten when they expire, but not while a transaction is open', async () => {
  const { log } = await openTestLog(new MemoryFs(), { maxProducerIdExpirationMs: () => 1000 });
  produce(log, { sequence: 0 });
  produce(log, { sequence: 0, producerId: 8, isTransactional: true });
  await log.retain(startMs + 999, 0);
  assert.equal(log.activeProducers().length, 2);
  await log.retain(startMs + 1000, 0);
  assert.deepEqual(
    log.activeProducers().map((producer) => producer.producerId),
    [8],
  );
});

test('C8: the last stable offset is the start of the oldest undecided transaction, until its marker is replicated', async () => {
  const { log } = await openTestLog(new MemoryFs());
  append(log, batchOf(['plain']));
  assert.equal(log.lastStableOffset(1), 1);
  produce(log, { sequence: 0, count: 2, isTransactional: true });
  append(log, batchOf(['plain']));
  assert.equal(log.lastStableOffset(4), 1);
  assert.ok(log.hasOpenTransaction(7, 0));
  assert.equal(endTransaction(log, true).kind, 'appended');
  assert.equal(log.lastStableOffset(4), 1);
  assert.equal(log.lastStableOffset(5), 5);
  assert.deepEqual(log.abortedTransactions(0, 5), []);
});

test('C9, B6: aborted transactions are listed for every range they overlap, after clean and unclean restarts', async () => {
  const fs = new MemoryFs();
  const settings = { segmentBytes: 1000 };
  let { log } = await openTestLog(fs, { settings });
  produce(log, { sequence: 0, count: 2, isTransactional: true });
  for (let i = 0; i < 5; i++) append(log, batchOfSize(400));
  endTransaction(log, false);
  const expected = [{ producerId: 7, firstOffset: 0, lastOffset: 7, lastStableOffset: 8 }];
  for (const restart of ['none', 'clean', 'unclean', 'noIndex'] as const) {
    if (restart !== 'none') {
      await log.close();
      const names = fs.list(directory).filter((name) => name.endsWith('.txnindex'));
      assert.equal(names.length, 1);
      if (restart === 'noIndex') putFile(fs, `${directory}/${names[0]}`, new Uint8Array(35));
      ({ log } = await openTestLog(fs, { settings, hadCleanShutdown: restart !== 'unclean', recoveryPoint: 0 }));
    }
    for (const [from, to] of [
      [0, 1],
      [1, 3],
      [7, 8],
      [0, 8],
    ] as const) {
      assert.deepEqual(log.abortedTransactions(from, to), expected, restart);
    }
    assert.equal(log.lastStableOffset(8), 8);
  }
  assert.ok((readSmallFile(fs, `${directory}/leader-epoch-checkpoint`)?.length ?? 0) > 0);
});

test('C5: markers are fenced by coordinator epoch, and under version 2 need a newer producer epoch', async () => {
  const { log } = await openTestLog(new MemoryFs());
  produce(log, { sequence: 0, isTransactional: true });
  assert.equal(endTransaction(log, true, { coordinatorEpoch: 3 }).kind, 'appended');
  produce(log, { sequence: 1, isTransactional: true });
  const fenced = endTransaction(log, true, { coordinatorEpoch: 2 });
  assert.ok(fenced.kind === 'error' && fenced.error === ErrorCode.TRANSACTION_COORDINATOR_FENCED);
  const sameEpoch = endTransaction(log, true, { coordinatorEpoch: 3, version: 2 });
  assert.ok(sameEpoch.kind === 'error' && sameEpoch.error === ErrorCode.INVALID_PRODUCER_EPOCH);
  assert.equal(endTransaction(log, true, { epoch: 1, coordinatorEpoch: 3, version: 2 }).kind, 'appended');
  assert.equal(endTransaction(log, true, { epoch: 1, coordinatorEpoch: 3, version: 2 }).kind, 'appended');
  const outside = produce(log, { sequence: 0, epoch: 1, isTransactional: true });
  assert.equal(outside.kind, 'appended');
  assert.equal(outcome(log, { sequence: 1, epoch: 1 }), `error ${ErrorCode.INVALID_TXN_STATE}`);
});

test('B5: a marker that cannot be read, in a batch that is sound otherwise, does not keep a log from opening', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs);
  append(log, batchOf(['first']));
  produce(log, { sequence: 0, isTransactional: true });
  const value = Buffer.from('no marker');
  const marker = encodeBatch({
    records: [{ key: Buffer.from('x'), value, timestamp: startMs }],
    baseOffset: log.logEndOffset,
    leaderEpoch: 0,
    producerId: 7,
    producerEpoch: 0,
    isTransactional: true,
    isControl: true,
  });
  const path = `${directory}/00000000000000000000.log`;
  const file = fs.open(path, 'write');
  fs.write(file, [marker], log.sizeBytes);
  fs.close(file);
  await log.abandon();
  for (const hadCleanShutdown of [false, true]) {
    const { log: opened } = await openTestLog(fs, { hadCleanShutdown });
    assert.equal(opened.logEndOffset, 3);
    assert.equal(opened.hasOpenTransaction(7, 0), true, 'it ends no transaction');
    await opened.abandon();
  }
});

test('B10: a snapshot for which the disk has no room leaves no part of it behind (seed 1575)', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs);
  produce(log, { sequence: 0 });
  fs.capacityBytes = fs.usedBytes + 20;
  assert.throws(() => log.roll(startMs), { kind: 'noSpace' });
  const snapshots = (): string[] => fs.list(directory).filter((name) => name.endsWith('.snapshot'));
  assert.deepEqual(snapshots(), []);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  log.roll(startMs);
  assert.deepEqual(snapshots(), ['00000000000000000001.snapshot']);
});

test('C1, B5: what a producer wrote last outlives a power cut although retention has taken all its records', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const fs = new MemoryFs();
    const settings = { retentionMs: 1_000 };
    const { log, flusher } = await openTestLog(fs, { settings, isNew: true });
    fs.syncDirectoryNow('/');
    for (let sequence = 0; sequence < 6; sequence++) produce(log, { sequence });
    await flusher.whenIdle();
    assert.equal((await log.retain(startMs + 10_000, 6)).deletedSegments, 1);
    await flusher.whenIdle();
    fs.crash('random', new Prng(seed));
    const { log: again } = await openTestLog(fs, { settings, hadCleanShutdown: false, recoveryPoint: 6, logStartOffset: 6 });
    assert.equal(again.logEndOffset, 6, `seed ${seed}`);
    assert.equal(outcome(again, { sequence: 5 }), 'duplicate 5', `seed ${seed}`);
    assert.equal(outcome(again, { sequence: 1 }), 'duplicate 1', `seed ${seed}`);
    assert.equal(outcome(again, { sequence: 6 }), 'appended 6', `seed ${seed}`);
    await again.close();
  }
});

test('C1, B5: the snapshot at a roll is on the disk with the first record behind it, and outlives a power cut', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs, { isNew: true });
  fs.syncDirectoryNow('/');
  for (let sequence = 0; sequence < 3; sequence++) produce(log, { sequence });
  log.roll(startMs);
  append(log, batchOf(['behind the roll']));
  await flusher.whenIdle();
  fs.crash('loseUnsynced', new Prng(1));
  const snapshot = decodeProducerSnapshot(readSmallFile(fs, `${directory}/00000000000000000003.snapshot`) ?? new Uint8Array(0));
  assert.deepEqual(
    snapshot?.map(({ producerId }) => producerId),
    [7],
  );
});

test('C1: retention that waits for the disk leaves a log alone that was closed meanwhile', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs, { settings: { retentionMs: 1_000 } });
  produce(log, { sequence: 0 });
  await flusher.whenIdle();
  fs.holdSyncs = true;
  const retained = log.retain(startMs + 10_000, 1);
  const abandoned = log.abandon();
  fs.holdSyncs = false;
  fs.releaseSyncs();
  await abandoned;
  assert.equal((await retained).deletedSegments, 0);
});

test('C1: records that DeleteRecords took out of the midst of a segment are known to their producers after a kill', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs);
  for (let sequence = 0; sequence < 4; sequence++) produce(log, { sequence });
  log.roll(startMs);
  for (let sequence = 4; sequence < 8; sequence++) produce(log, { sequence });
  produce(log, { sequence: 0, producerId: 8 });
  append(log, batchOf(['plain']));
  await flusher.whenIdle();
  assert.equal(log.advanceLogStartOffset(9, 10), ErrorCode.NONE);
  await log.retain(startMs, 10);
  await log.abandon();
  fs.crash('processOnly', new Prng(1));
  const { log: again } = await openTestLog(fs, { hadCleanShutdown: false, recoveryPoint: 10, logStartOffset: 9 });
  assert.deepEqual([again.logStartOffset, again.logEndOffset], [9, 10]);
  assert.equal(outcome(again, { sequence: 7 }), 'duplicate 7');
  assert.equal(outcome(again, { sequence: 3 }), 'duplicate 3', 'of a segment that is gone: the snapshot says so');
  assert.equal(outcome(again, { sequence: 0, producerId: 8 }), 'duplicate 8');
});

/** Three segments, from 0, 3 and 5 on, with the records 0 to 5 of one producer, all on the disk. */
async function openThreeSegments(fs: MemoryFs) {
  const { log, flusher } = await openTestLog(fs, { settings: { retentionMs: 1_000 }, isNew: true });
  fs.syncDirectoryNow('/');
  for (let sequence = 0; sequence < 6; sequence++) {
    produce(log, { sequence });
    if (sequence === 2 || sequence === 4) log.roll(startMs);
  }
  await flusher.whenIdle();
  return log;
}

const longAfter = startMs + 10_000;

test('C1: producers outlive retention and a second crash when recovery has walked several segments (seed 2503)', async () => {
  const fs = new MemoryFs();
  const settings = { retentionMs: 1_000 };
  await (await openThreeSegments(fs)).abandon();
  const { log } = await openTestLog(fs, { settings, hadCleanShutdown: false, recoveryPoint: 1 });
  assert.equal((await log.retain(longAfter, 5)).deletedSegments, 2);
  await log.abandon();
  fs.crash('loseUnsynced', new Prng(1));
  const { log: again } = await openTestLog(fs, { settings, hadCleanShutdown: false, recoveryPoint: 5, logStartOffset: 5 });
  assert.deepEqual([again.logStartOffset, again.logEndOffset], [5, 6]);
  assert.equal(outcome(again, { sequence: 4 }), 'duplicate 4');
  assert.equal(outcome(again, { sequence: 6 }), 'appended 6');
});

test('C1: retention takes nothing up to a segment without a snapshot at its start', async () => {
  const fs = new MemoryFs();
  await (await openThreeSegments(fs)).close();
  fs.unlink(`${directory}/00000000000000000003.snapshot`);
  const { log } = await openTestLog(fs, { settings: { retentionMs: 1_000 }, recoveryPoint: 6 });
  assert.equal((await log.retain(longAfter, 3)).deletedSegments, 0);
  assert.equal((await log.retain(longAfter, 5)).deletedSegments, 2);
  assert.equal(log.logStartOffset, 5);
});

test('C1: recovery on a full disk makes no snapshots, and retention waits for the next ones', async () => {
  const fs = new MemoryFs();
  await (await openThreeSegments(fs)).abandon();
  fs.capacityBytes = 0;
  const { log } = await openTestLog(fs, { settings: { retentionMs: 1_000 }, hadCleanShutdown: false, recoveryPoint: 1 });
  assert.equal((await log.retain(longAfter, 5)).deletedSegments, 0);
  fs.capacityBytes = Number.POSITIVE_INFINITY;
  assert.equal((await log.retain(longAfter, 6)).deletedSegments, 3);
  assert.equal(outcome(log, { sequence: 4 }), 'duplicate 4');
});

test('C1, B6: a damaged transaction index makes nobody forget producers whose records retention has taken', async () => {
  for (const hadCleanShutdown of [true, false]) {
    const fs = new MemoryFs();
    const settings = { retentionMs: 1_000 };
    const log = await openThreeSegments(fs);
    assert.equal((await log.retain(longAfter, 3)).deletedSegments, 1);
    await log.close();
    putFile(fs, `${directory}/00000000000000000003.txnindex`, new Uint8Array(7));
    const { log: again } = await openTestLog(fs, { settings, hadCleanShutdown, recoveryPoint: 6, logStartOffset: 3 });
    assert.equal(outcome(again, { sequence: 2 }), 'duplicate 2', `clean ${hadCleanShutdown}`);
  }
});

test('B3: a bit that rots into the mark of a transaction hides no records from read_committed (seed 2919)', async () => {
  const attributesByte = 22;
  const transactionalBit = 4;
  for (const way of ['truncation', 'start'] as const) {
    const fs = new MemoryFs();
    const { log } = await openTestLog(fs);
    for (let sequence = 0; sequence < 4; sequence++) produce(log, { sequence });
    fs.flipBit(`${directory}/00000000000000000000.log`, attributesByte * 8 + transactionalBit);
    if (way === 'truncation') {
      log.truncateTo(3);
      assert.equal(log.lastStableOffset(3), 3);
      continue;
    }
    await log.close();
    for (const name of fs.list(directory)) if (name.endsWith('.snapshot')) fs.unlink(`${directory}/${name}`);
    const { log: again } = await openTestLog(fs, { recoveryPoint: 4 });
    assert.deepEqual([again.logEndOffset, again.lastStableOffset(4)], [4, 4]);
  }
});

test('C1: a replica that begins anew is told the producers of what has been deleted, and keeps them in a power cut', async () => {
  for (const way of ['retention', 'DeleteRecords', 'both'] as const) {
    const leader = await openThreeSegments(new MemoryFs());
    if (way !== 'DeleteRecords') await leader.retain(longAfter, 3);
    if (way !== 'retention') assert.equal(leader.advanceLogStartOffset(4, 6), ErrorCode.NONE);
    const { offset, snapshot } = await leader.producersAtStart();
    assert.equal(offset, way === 'retention' ? 3 : 4);
    const fs = new MemoryFs();
    const { log: follower } = await openTestLog(fs, { isNew: true });
    for (const parent of ['/', '/data']) fs.syncDirectoryNow(parent);
    follower.truncateFullyAndStartAt(offset, snapshot);
    assert.equal(outcome(follower, { sequence: offset - 1 }), `duplicate ${offset - 1}`, way);
    await follower.abandon();
    fs.crash('loseUnsynced', new Prng(1));
    const { log: again } = await openTestLog(fs, { hadCleanShutdown: false, recoveryPoint: offset, logStartOffset: offset });
    assert.equal(again.logEndOffset, offset);
    assert.equal(outcome(again, { sequence: offset - 1 }), `duplicate ${offset - 1}`, way);
    assert.equal(outcome(again, { sequence: offset }), `appended ${offset}`, 'and nothing of what the leader still has');
  }
});

test('C1, B14: what is known of producers is looked for again when retention takes segments meanwhile (seed 394)', async () => {
  const leader = await openThreeSegments(new MemoryFs());
  assert.equal(leader.advanceLogStartOffset(6, 6), ErrorCode.NONE);
  const told = leader.producersAtStart();
  assert.equal((await leader.retain(longAfter, 6)).deletedSegments, 3);
  const { offset, snapshot } = await told;
  assert.equal(leader.isOffline, false);
  const { log: follower } = await openTestLog(new MemoryFs(), { isNew: true });
  follower.truncateFullyAndStartAt(offset, snapshot);
  assert.equal(outcome(follower, { sequence: 5 }), 'duplicate 5');
});

test('a log that knows no producers has none to tell, and a damaged snapshot tells of none', async () => {
  const { log } = await openTestLog(new MemoryFs());
  append(log, batchOf(['plain']));
  assert.deepEqual(await log.producersAtStart(), { offset: 0, snapshot: null });
  log.truncateFullyAndStartAt(7, new Uint8Array([1, 2, 3]));
  assert.deepEqual([log.logEndOffset, log.activeProducers().length], [7, 0]);
});

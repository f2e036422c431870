/** Opening a log after a crash or with damaged files: what is kept, what is cut off and what is rebuilt. */
import { Prng } from '@jackdaw/base';
import { batchBaseOffset, batchLeaderEpoch, eachBatch, isValidCrc } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSmallFile } from '../src/fs.ts';
import { MemoryFs } from '../src/memory-fs.ts';
import { append, batchOf, batchOfSize, expectData, flipByte, openTestLog, putFile, readAll, startMs } from './support.ts';

const directory = '/data/topic-0';
const settings = { segmentBytes: 3000, indexIntervalBytes: 300 };
const cold = { settings, tailBytes: 0 };

function baseOf(name: string): string {
  return `${directory}/${name}`;
}

test('B2, B8: after a power loss at any moment the log is an unbroken prefix that holds all that was durable', async () => {
  let torn = 0;
  for (let seed = 0; seed < 150; seed++) {
    const prng = new Prng(seed);
    const fs = new MemoryFs();
    const { log, flusher } = await openTestLog(fs, { ...cold, isNew: true });
    fs.syncDirectoryNow('/');
    const appended: Uint8Array[] = [];
    const flushes = prng.below(4);
    for (let round = 0; round <= flushes; round++) {
      for (let i = prng.below(12); i > 0; i--) {
        const batch = batchOfSize(prng.between(80, 1400));
        append(log, batch, round);
        appended.push(batch);
      }
      if (round < flushes) await flusher.whenIdle();
    }
    const durable = log.durableOffset;
    const checkpoint = prng.chance(0.5) ? durable : 0;
    fs.crash('random', prng);
    const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false, recoveryPoint: checkpoint });
    const { logEndOffset } = again.log;
    assert.ok(logEndOffset >= durable, `seed ${seed}: ${logEndOffset} < ${durable}`);
    assert.deepEqual(await readAll(again.log), Buffer.concat(appended.slice(0, logEndOffset)), `seed ${seed}`);
    assert.equal(again.log.recovery.lostDurableRecords, false);
    assert.equal(append(again.log, batchOf(['after']), 9), logEndOffset);
    torn += again.log.recovery.truncatedBytes > 0 ? 1 : 0;
    await again.log.close();
  }
  assert.ok(torn > 20, `only ${torn} of the crashes tore something`);
});

test('B8: a log that was begun anew at an offset ends there also after a power loss at the next moment', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const fs = new MemoryFs();
    const { log, flusher } = await openTestLog(fs, { ...cold, isNew: true });
    fs.syncDirectoryNow('/');
    for (let i = 0; i < 5; i++) append(log, batchOfSize(1_000));
    await flusher.whenIdle();
    log.truncateFullyAndStartAt(100);
    assert.equal(log.durableOffset, 100);
    fs.crash('random', new Prng(seed));
    const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false });
    assert.deepEqual([again.log.logEndOffset, again.log.recovery.lostDurableRecords], [100, false], `seed ${seed}`);
    await again.log.close();
  }
});

test('B8: retention takes the last records only when the name of the segment that stays is on disk', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs, { ...cold, settings: { ...settings, retentionMs: 1_000 }, isNew: true });
  append(log, batchOfSize(1_000));
  await flusher.whenIdle();
  const calls: string[] = [];
  const syncDirectoryNow = fs.syncDirectoryNow.bind(fs);
  fs.syncDirectoryNow = (path) => {
    calls.push('sync');
    syncDirectoryNow(path);
  };
  const rename = fs.rename.bind(fs);
  fs.rename = (from, to) => {
    if (from.endsWith('.log')) calls.push('rename');
    rename(from, to);
  };
  await log.retain(startMs + 10_000, log.logEndOffset);
  assert.deepEqual([log.logStartOffset, log.logEndOffset], [1, 1]);
  assert.deepEqual(calls, ['sync', 'rename']);
  await log.close();
});

test('B2: every cut of the last bytes leaves the longest prefix of whole batches', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  for (let i = 0; i < 3; i++) append(log, batchOf([`value ${i}`]));
  const bytes = await readAll(log);
  const ends = [...eachBatch(bytes)].slice(1).concat(bytes.length);
  for (let length = 0; length <= bytes.length; length++) {
    const disk = new MemoryFs();
    disk.makeDirectory(directory);
    putFile(disk, baseOf('00000000000000000000.log'), bytes.subarray(0, length));
    const again = await openTestLog(disk, { ...cold, hadCleanShutdown: false });
    assert.equal(again.log.logEndOffset, ends.filter((end) => end <= length).length);
    assert.deepEqual(await readAll(again.log), bytes.subarray(0, ends.filter((end) => end <= length).at(-1) ?? 0));
  }
});

test('B3: damage below the recovery point ends the log there and is reported', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, { tailBytes: 0 });
  for (let i = 0; i < 10; i++) append(log, batchOfSize(400));
  await log.close();
  flipByte(fs, baseOf('00000000000000000000.log'), 4 * 400 + 90);
  const again = await openTestLog(fs, { tailBytes: 0, hadCleanShutdown: false, recoveryPoint: 10 });
  assert.ok(again.log.logEndOffset < 10);
  assert.equal(again.log.recovery.lostDurableRecords, true);
  assert.ok(isValidCrc(await readAll(again.log), 0));
});

test('B3: damage above the recovery point is told from a torn end by the sound batch behind it', async () => {
  for (const [damaged, wasCutInTheMiddle] of [
    [4, true],
    [9, false],
  ] as const) {
    const fs = new MemoryFs();
    const { log } = await openTestLog(fs, { tailBytes: 0 });
    for (let i = 0; i < 10; i++) append(log, batchOfSize(400));
    const position = [...eachBatch(await readAll(log))][damaged] ?? 0;
    await log.close();
    flipByte(fs, baseOf('00000000000000000000.log'), position + 90);
    const again = await openTestLog(fs, { tailBytes: 0, hadCleanShutdown: false, recoveryPoint: 0 });
    assert.equal(again.log.logEndOffset, damaged);
    assert.equal(again.log.recovery.lostDurableRecords, false);
    assert.equal(again.log.recovery.wasCutInTheMiddle, wasCutInTheMiddle);
  }
});

test('B3: damage in a segment drops the segments behind it', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  for (let i = 0; i < 20; i++) append(log, batchOfSize(700));
  await log.close();
  const names = fs
    .list(directory)
    .filter((name) => name.endsWith('.log'))
    .sort();
  flipByte(fs, baseOf(names[1] ?? ''), 800);
  const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false });
  assert.equal(again.log.segmentCount, 2);
  assert.ok(again.log.recovery.deletedSegments >= 2);
  assert.equal(again.log.logEndOffset, Number.parseInt(names[1] ?? '', 10) + 1);
});

test('a file whose name is not an offset in twenty digits is no segment', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  append(log, batchOf(['a']));
  const content = await readAll(log);
  await log.close();
  putFile(fs, baseOf('1.log'), content);
  putFile(fs, baseOf('7.snapshot'), content);
  const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false });
  assert.equal(again.log.segmentCount, 1);
  assert.equal(again.log.logEndOffset, 1);
  assert.deepEqual(await readAll(again.log), content);
});

test('B4: positions that are a little wrong cost no record, neither in sealed segments nor in the active one', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  for (let i = 0; i < 60; i++) append(log, batchOfSize(200, { timestamp: startMs + i * 10 }));
  await log.close();
  const indexes = fs.list(directory).filter((file) => file.endsWith('.index'));
  for (const name of indexes) {
    const bytes = (readSmallFile(fs, baseOf(name)) ?? new Uint8Array(0)).slice();
    for (let at = 7; at < bytes.length; at += 8) bytes[at] = (bytes[at] ?? 0) ^ 4;
    putFile(fs, baseOf(name), bytes);
  }
  const again = await openTestLog(fs, { ...cold, hadCleanShutdown: true, recoveryPoint: 60 });
  for (let i = 0; i < 60; i++) {
    const read = await again.log.read({ fetchOffset: i, maxOffset: 60, maxBytes: 1, minOneBatch: true });
    assert.equal(expectData(read).startPositionOffset, i);
  }
  await again.log.close();
});

test('B4: indexes that are missing, cut, garbage or out of order are rebuilt, with the results of a full scan', async () => {
  const damages: [string, (bytes: Uint8Array) => Uint8Array | null][] = [
    ['missing', () => null],
    ['empty', () => new Uint8Array(0)],
    ['cut at an entry', (bytes) => bytes.slice(0, Math.floor(bytes.length / 24) * 12 || 8)],
    ['cut inside an entry', (bytes) => bytes.slice(0, bytes.length - 3)],
    ['garbage', (bytes) => bytes.map((_, i) => (i * 151 + 17) & 0xff)],
    ['zeros behind', (bytes) => Buffer.concat([bytes, new Uint8Array(48)])],
    ['reversed', (bytes) => bytes.slice().reverse()],
  ];
  for (const [what, damage] of damages) {
    for (const suffix of ['.index', '.timeindex']) {
      for (const hadCleanShutdown of [true, false]) {
        const fs = new MemoryFs();
        const { log } = await openTestLog(fs, cold);
        for (let i = 0; i < 60; i++) append(log, batchOfSize(200, { timestamp: startMs + i * 10 }));
        const whole = await readAll(log);
        await log.close();
        for (const name of fs.list(directory).filter((file) => file.endsWith(suffix))) {
          const damaged = damage(readSmallFile(fs, baseOf(name)) ?? new Uint8Array(0));
          if (damaged === null) fs.unlink(baseOf(name));
          else putFile(fs, baseOf(name), damaged);
        }
        const again = await openTestLog(fs, { ...cold, hadCleanShutdown, recoveryPoint: 60 });
        const label = `${suffix} ${what} ${hadCleanShutdown}`;
        assert.equal(again.log.logEndOffset, 60, label);
        assert.deepEqual(await readAll(again.log), whole, label);
        for (const i of [0, 17, 41, 59]) {
          const read = await again.log.read({ fetchOffset: i, maxOffset: 60, maxBytes: 1, minOneBatch: true });
          assert.equal(expectData(read).startPositionOffset, i, label);
          assert.equal((await again.log.offsetForTimestamp(startMs + i * 10 - 3, 60))?.offset, i, label);
        }
        assert.equal((await again.log.maxTimestampOffset())?.offset, 59, label);
        await again.log.close();
      }
    }
  }
});

test('B6: a lost or damaged epoch checkpoint is read from the batches; it never says more than the log holds', async () => {
  for (const content of [null, 'garbage', '0\n1\n0 0\n', '0\n3\n0 0\n1 10\n9 50\n']) {
    const fs = new MemoryFs();
    const { log } = await openTestLog(fs, cold);
    for (let i = 0; i < 30; i++) append(log, batchOfSize(300), Math.floor(i / 10));
    await log.close();
    if (content === null) fs.unlink(baseOf('leader-epoch-checkpoint'));
    else putFile(fs, baseOf('leader-epoch-checkpoint'), Buffer.from(content));
    const again = await openTestLog(fs, { ...cold, hadCleanShutdown: content !== '0\n1\n0 0\n' });
    const latest = again.log.latestEpoch();
    assert.ok(latest !== null && latest <= 2, `epoch ${latest}`);
    if (content === null || content === 'garbage') {
      assert.deepEqual(again.log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 10 });
      assert.deepEqual(again.log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 20 });
    }
  }
});

test('B6: epochs that a crash left out of the file come back from the batches behind the recovery point', async () => {
  const fs = new MemoryFs();
  const { log, flusher } = await openTestLog(fs, { ...cold, isNew: true });
  fs.syncDirectoryNow('/');
  for (let epoch = 0; epoch < 6; epoch++) for (let i = 0; i < 5; i++) append(log, batchOfSize(300), epoch);
  await flusher.whenIdle();
  const recoveryPoint = log.recoveryPoint;
  fs.crash('loseUnsynced', new Prng(1));
  const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false, recoveryPoint });
  for (let epoch = 0; epoch < 6; epoch++) assert.equal(again.log.endOffsetForEpoch(epoch).endOffset, (epoch + 1) * 5);
});

test('B6, A4: an epoch that begins where a log was cut outlives a recovery point from before the cut (seed 39713)', async () => {
  const fs = new MemoryFs();
  let recoveryPoint = 0;
  const persistRecoveryPoint = (_log: unknown, offset: number): void => void (recoveryPoint = offset);
  const { log } = await openTestLog(fs, { persistRecoveryPoint });
  for (const text of ['first', 'second', 'cut']) append(log, batchOf([text]));
  await log.flush();
  await log.writeLeaderEpochs();
  recoveryPoint = log.recoveryPoint;
  log.onRecoveryPointCheckpointed(recoveryPoint);
  log.truncateTo(2);
  append(log, batchOf(['of the next leader']), 1);
  await log.flush();
  log.roll(startMs);
  append(log, batchOf(['behind the roll']), 1);
  await log.flush();
  await log.abandon();
  fs.crash('processOnly', new Prng(1));
  const { log: again } = await openTestLog(fs, { hadCleanShutdown: false, recoveryPoint });
  assert.equal(again.logEndOffset, 4);
  assert.deepEqual(again.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 2 });
  assert.deepEqual(again.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 4 });
});

test('B6: the last epoch outlives a power cut although retention has taken all its records (seed 24844)', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const fs = new MemoryFs();
    const retention = { settings: { retentionMs: 1_000 } };
    const { log, flusher } = await openTestLog(fs, { ...retention, isNew: true });
    fs.syncDirectoryNow('/');
    append(log, batchOf(['a']), 1);
    await log.flush();
    await log.writeLeaderEpochs();
    append(log, batchOf(['b']), 3);
    await flusher.whenIdle();
    assert.equal((await log.retain(startMs + 10_000, 2)).deletedSegments, 1);
    fs.crash('random', new Prng(seed));
    const { log: again } = await openTestLog(fs, { ...retention, hadCleanShutdown: false, recoveryPoint: 1 });
    assert.equal(again.logEndOffset, 2, `seed ${seed}`);
    assert.equal(again.latestEpoch(), 3, `seed ${seed}`);
    await again.close();
  }
});

test('B13: a log whose files end below its start begins again at its start', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  for (let i = 0; i < 5; i++) append(log, batchOf(['a']));
  await log.close();
  const again = await openTestLog(fs, { ...cold, logStartOffset: 40 });
  assert.deepEqual([again.log.logStartOffset, again.log.logEndOffset], [40, 40]);
  assert.equal(append(again.log, batchOf(['b'])), 40);
});

test('B13: an empty active segment is kept over a restart', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  append(log, batchOf(['a', 'b']));
  log.roll(startMs);
  await log.close();
  for (const hadCleanShutdown of [true, false]) {
    const again = await openTestLog(fs, { ...cold, hadCleanShutdown, recoveryPoint: 2 });
    assert.deepEqual([again.log.logEndOffset, again.log.segmentCount], [2, 2]);
    await again.log.close();
  }
});

test('a segment whose predecessor lost its end in the crash goes, unless the topic is compacted', async () => {
  for (const isCompact of [false, true]) {
    const fs = new MemoryFs();
    const { log } = await openTestLog(fs, cold);
    for (let i = 0; i < 6; i++) append(log, batchOfSize(900));
    await log.close();
    const first = baseOf('00000000000000000000.log');
    const bytes = readSmallFile(fs, first) ?? new Uint8Array(0);
    // A whole batch is missing, so the file looks sound by itself.
    const lastBatch = [...eachBatch(bytes)].at(-1) ?? 0;
    putFile(fs, first, bytes.slice(0, lastBatch));
    const again = await openTestLog(fs, { settings: { ...settings, isCompact }, tailBytes: 0, hadCleanShutdown: false });
    assert.equal(again.log.logEndOffset, isCompact ? 6 : batchBaseOffset(bytes, lastBatch));
  }
});

test('B15: what an interrupted swap left is finished, and unfinished cleanings go', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  for (let i = 0; i < 12; i++) append(log, batchOfSize(700));
  const whole = await readAll(log);
  await log.close();
  const names = fs
    .list(directory)
    .filter((name) => name.endsWith('.log'))
    .sort();
  const second = readSmallFile(fs, baseOf(names[1] ?? '')) ?? new Uint8Array(0);
  putFile(fs, baseOf(`${names[1]}.swap`), second);
  putFile(fs, baseOf(`${names[2]}.cleaned`), new Uint8Array(100));
  putFile(fs, baseOf(`${names[0]}.deleted`), new Uint8Array(100));
  const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false });
  assert.deepEqual(await readAll(again.log), whole);
  assert.equal(fs.list(directory).filter((name) => /swap|cleaned|deleted/.test(name)).length, 0);
});

test('recovery reads only past the recovery point', async () => {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, cold);
  for (let i = 0; i < 40; i++) append(log, batchOfSize(700));
  await log.close();
  const again = await openTestLog(fs, { ...cold, hadCleanShutdown: false, recoveryPoint: 40 });
  assert.ok(again.log.recovery.scannedBytes <= 3000, `${again.log.recovery.scannedBytes} bytes`);
  const clean = await openTestLog(fs, { ...cold, recoveryPoint: 40 });
  assert.equal(clean.log.recovery.scannedBytes, 0);
});

test('B10, B2: what a full disk made the log refuse does not come back in a crash, behind what was appended later', async () => {
  let kept = 0;
  for (let seed = 0; seed < 60; seed++) {
    const fs = new MemoryFs();
    const { log } = await openTestLog(fs.mount(), { tailBytes: 0, isNew: true });
    fs.syncDirectoryNow('/');
    append(log, batchOf(['first']));
    await log.flush();
    // Of two batches of one append the first fits, and some of the second.
    const [a, b] = [batchOf(['refused a']), batchOf(['refused b'])];
    fs.capacityBytes = fs.usedBytes + a.length + b.length - 1;
    const refused = log.appendAsLeader(Buffer.concat([a, b]), { leaderEpoch: 0, nowMs: startMs });
    assert.equal(refused.kind, 'error');
    fs.capacityBytes = Number.POSITIVE_INFINITY;
    append(log, batchOf(['later  a']));
    fs.crash('random', new Prng(seed));
    const again = await openTestLog(fs.mount(), { tailBytes: 0, hadCleanShutdown: false, recoveryPoint: 1 });
    const text = (await readAll(again.log)).toString();
    assert.ok(!text.includes('refused'), `seed ${seed}`);
    kept += text.includes('later') ? 1 : 0;
  }
  assert.ok(kept > 5 && kept < 60, `${kept} of 60`);
});

test('A1, B2: what a truncation has cut off does not come back in front of what was appended after it', async () => {
  let kept = 0;
  for (let seed = 0; seed < 60; seed++) {
    const fs = new MemoryFs();
    const { log } = await openTestLog(fs.mount(), { tailBytes: 0, isNew: true });
    fs.syncDirectoryNow('/');
    for (const text of ['first', 'cut a', 'cut b']) append(log, batchOf([text]));
    await log.flush();
    log.truncateTo(1);
    append(log, batchOf(['new a']), 1);
    append(log, batchOf(['new b']), 1);
    fs.crash('random', new Prng(seed));
    const again = await openTestLog(fs.mount(), { tailBytes: 0, hadCleanShutdown: false, recoveryPoint: 0 });
    const bytes = await readAll(again.log);
    const epochs = [...eachBatch(bytes)].map((position) => batchLeaderEpoch(bytes, position));
    assert.ok(!(epochs.includes(1) && bytes.toString().includes('cut')), `seed ${seed}: epochs ${epochs.join()}`);
    kept += epochs.includes(1) ? 1 : 0;
  }
  assert.ok(kept > 5 && kept < 60, `${kept} of 60`);
});

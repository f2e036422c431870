/**
 * Bit by bit, every header field of a batch on disk is damaged: a read gives the records that were written, or says that
 * the log is damaged, and never passes over any (B3). The same for recovery, truncation and a clean start.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchLeaderEpoch, eachBatch, patchBaseOffset, patchLeaderEpoch } from '@jackdaw/protocol';
import { MemoryFs } from '../src/memory-fs.ts';
import type { PartitionLog } from '../src/partition-log.ts';
import { append, batchOf, openTestLog, readAll, startMs, type TestLogOptions } from './support.ts';

const directory = '/data/topic-0';
const headerBits = 61 * 8;
const batches = 7;
const recordsPerBatch = 2;
const endOffset = batches * recordsPerBatch;
/** Fields of a batch header with their positions, for the names of failures. */
const fields: [string, number][] = [
  ['baseOffset', 0],
  ['batchLength', 8],
  ['partitionLeaderEpoch', 12],
  ['magic', 16],
  ['crc', 17],
  ['attributes', 21],
  ['lastOffsetDelta', 23],
  ['timestamps and producer', 27],
  ['recordsCount', 57],
];

interface Image {
  fs: MemoryFs;
  whole: Buffer;
  /** The batch's place in the log, and in which file and where. */
  at: { file: string; position: number; batch: number }[];
}

/** A log of several segments and epochs, closed in order. All batches have one size, so a length can be that of two. */
async function makeImage(indexIntervalBytes?: number): Promise<Image> {
  const fs = new MemoryFs();
  const { log } = await openTestLog(fs, options({}, indexIntervalBytes));
  for (let i = 0; i < batches; i++)
    append(log, batchOf(['first', `value ${i % 10}`], { timestamp: startMs + i }), Math.floor(i / 2));
  const whole = await readAll(log);
  await log.close();
  const at: Image['at'] = [];
  const files = fs.files().filter(({ path }) => path.endsWith('.log'));
  const sizeBytes = whole.length / batches;
  let batch = 0;
  for (const { path, sizeBytes: fileBytes } of files) {
    for (let position = 0; position < fileBytes; position += sizeBytes) at.push({ file: path, position, batch: batch++ });
  }
  assert.equal(batch, batches);
  for (const { path } of fs.files()) fs.dataSyncNow(fs.open(path, 'read'));
  for (const name of ['/', '/data', directory]) fs.syncDirectoryNow(name);
  return { fs, whole, at };
}

function options(more: Partial<TestLogOptions> = {}, indexIntervalBytes = 100): TestLogOptions {
  const settings = { segmentBytes: 500, indexIntervalBytes };
  return { settings, tailBytes: 0, recoveryPoint: endOffset, ...more };
}

/** All bits that the CRC does not cover, and those of the last offset; of the others, one in each byte. */
const bits = Array.from({ length: headerBits }, (_, bit) => bit).filter(
  (bit) => bit < 17 * 8 || isOfLastOffset(bit) || bit % 8 === 3,
);

function isOfLastOffset(bit: number): boolean {
  return bit >= 23 * 8 && bit < 27 * 8;
}

function labelOf(batch: number, bit: number): string {
  return `batch ${batch}, ${fields.findLast(([, start]) => start <= bit / 8)?.[0]}, bit ${bit}`;
}

/** Damages one bit at a time, on a fresh copy of the disk. */
async function eachFlip(image: Image, visit: (fs: MemoryFs, label: string, batch: number) => Promise<void>): Promise<void> {
  for (const { file, position, batch } of image.at) {
    for (const bit of bits) {
      const fs = image.fs.cloneDurable();
      fs.flipBit(file, position * 8 + bit);
      await visit(fs, labelOf(batch, bit), batch);
    }
  }
}

/** Reads from `fetchOffset` to the end: the bytes from there on, or those before the first damage. */
async function readUntilDamage(log: PartitionLog, fetchOffset: number): Promise<{ bytes: Buffer; isCorrupt: boolean }> {
  const chunks: Uint8Array[] = [];
  const maxOffset = log.logEndOffset;
  for (let offset = fetchOffset; offset < maxOffset;) {
    const read = await log.read({ fetchOffset: offset, maxOffset, maxBytes: 1 << 20, minOneBatch: true });
    if (read.kind !== 'data') return { bytes: Buffer.concat(chunks), isCorrupt: true };
    assert.ok(read.sizeBytes > 0 && read.nextOffset > offset, `nothing at ${offset}`);
    chunks.push(...read.chunks);
    offset = read.nextOffset;
  }
  return { bytes: Buffer.concat(chunks), isCorrupt: false };
}

/**
 * What is read from each of several places is what was written there, all of it or up to the damage. Only an epoch that
 * fits between those of its neighbours may be another one: nothing tells.
 */
async function expectSoundReads(image: Image, log: PartitionLog, label: string): Promise<number> {
  let damaged = 0;
  for (const from of [0, Math.floor(batches / 2), batches - 1]) {
    const { bytes, isCorrupt } = await readUntilDamage(log, from * recordsPerBatch + 1);
    const isDamaged = isCorrupt || log.logEndOffset < endOffset;
    const expected = image.whole.subarray((image.whole.length / batches) * from);
    assert.deepEqual(withoutEpochs(bytes), withoutEpochs(isDamaged ? expected.subarray(0, bytes.length) : expected), label);
    const epochs = [...eachBatch(bytes)].map((position) => batchLeaderEpoch(bytes, position));
    const ascending = epochs.toSorted((a, b) => a - b);
    assert.deepEqual(epochs, ascending, label);
    damaged += isDamaged ? 1 : 0;
  }
  return damaged;
}

function withoutEpochs(batchBytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(batchBytes);
  for (const position of eachBatch(copy)) patchLeaderEpoch(copy, position, 0);
  return copy;
}

/** Damage that is not in the log any more was noticed. */
function expectNotice(log: PartitionLog, label: string): void {
  const { lostDurableRecords, wasCutInTheMiddle } = log.recovery;
  assert.ok(log.logEndOffset === endOffset || lostDurableRecords || wasCutInTheMiddle, label);
}

test('B3: a damaged header is never served and never makes a read pass over records', async () => {
  const image = await makeImage();
  let damaged = 0;
  await eachFlip(image, async (fs, label) => {
    const { log } = await openTestLog(fs, options());
    expectNotice(log, label);
    damaged += await expectSoundReads(image, log, label);
  });
  assert.ok(damaged > 1000, `${damaged} reads met the damage`);
});

test('B3: a header that rots under an open log is neither served nor passed over, wherever it lies', async () => {
  const image = await makeImage();
  const { fs } = image;
  const { log } = await openTestLog(fs, options());
  for (const { file, position, batch } of image.at) {
    for (const bit of bits) {
      fs.flipBit(file, position * 8 + bit);
      await expectSoundReads(image, log, labelOf(batch, bit));
      fs.flipBit(file, position * 8 + bit);
    }
  }
});

test('B3: recovery that has to read everything keeps no damaged header, and says that it was no torn end', async () => {
  const image = await makeImage();
  let flips = 0;
  await eachFlip(image, async (fs, label, batch) => {
    const recoveryPoint = ++flips % 2 === 0 ? 0 : endOffset;
    const { log } = await openTestLog(fs, options({ hadCleanShutdown: false, recoveryPoint }));
    if (batch < batches - 1 || recoveryPoint > 0) expectNotice(log, label);
    await expectSoundReads(image, log, label);
  });
});

test('B3: a log that is cut where a read says that it is damaged ends with a sound whole batch (seed 13476)', async () => {
  // Without entries between, so that a read walks from the start of each segment.
  const interval = 10_000;
  const image = await makeImage(interval);
  let cuts = 0;
  await eachFlip(image, async (fs, label, batch) => {
    const { log } = await openTestLog(fs, options({}, interval));
    if (log.logEndOffset < endOffset) return;
    for (let offset = endOffset - 1; offset > 0; offset--) {
      const read = await log.read({ fetchOffset: offset, maxOffset: endOffset, maxBytes: 1, minOneBatch: true });
      if (read.kind !== 'corrupt') continue;
      log.truncateTo(Math.min(read.baseOffset, offset));
      const end = log.logEndOffset;
      assert.ok(end % recordsPerBatch === 0 && end <= batch * recordsPerBatch, `${label}: ends at ${end}`);
      const { bytes, isCorrupt } = await readUntilDamage(log, 0);
      assert.ok(!isCorrupt, label);
      assert.deepEqual(bytes, image.whole.subarray(0, (end / recordsPerBatch) * (image.whole.length / batches)), label);
      cuts++;
      return;
    }
  });
  assert.ok(cuts > 500, `${cuts} logs were cut`);
});

test('B3: a log that is cut where a header is damaged ends before the damage or still holds it; nothing is missing', async () => {
  const image = await makeImage();
  for (const cut of [5]) {
    await eachFlip(image, async (fs, label, batch) => {
      if (batch > cut) return;
      const { log } = await openTestLog(fs, options());
      if (log.logEndOffset < endOffset) return;
      log.truncateTo(cut * recordsPerBatch);
      assert.ok(log.logEndOffset <= cut * recordsPerBatch, label);
      const { bytes, isCorrupt } = await readUntilDamage(log, 0);
      const kept = (log.logEndOffset / recordsPerBatch) * (image.whole.length / batches);
      assert.deepEqual(bytes, image.whole.subarray(0, isCorrupt ? bytes.length : kept), label);
    });
  }
});

test('B3: a sound batch from lower offsets at the end of a closed log takes no later record with it', async () => {
  const { fs, whole } = await makeImage();
  const sizeBytes = whole.length / batches;
  const last = fs.files().findLast(({ path }) => path.endsWith('.log'))?.path ?? '';
  const file = fs.open(last, 'write');
  const foreign = Buffer.from(whole.subarray(-sizeBytes));
  patchBaseOffset(foreign, 0, 0);
  fs.write(file, [foreign], fs.size(file));
  fs.close(file);
  // No entry of the index points behind it.
  const settings = { segmentBytes: 5_000, indexIntervalBytes: 5_000 };
  const { log } = await openTestLog(fs, options({ settings }));
  assert.equal(log.logEndOffset, endOffset);
  append(log, batchOf(['acknowledged']), 9);
  await log.close();
  const { log: again } = await openTestLog(fs, options({ settings, recoveryPoint: endOffset + 1 }));
  assert.equal(again.logEndOffset, endOffset + 1);
  assert.deepEqual((await readAll(again)).subarray(0, whole.length), whole);
});

/** Checkpoints that are replaced by the clock: what is on the disk already is not written again, and an order is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointWriter } from '../src/checkpoint-writer.ts';
import { readOffsetCheckpoint } from '../src/checkpoint-file.ts';
import { MemoryFs } from '../src/memory-fs.ts';

const path = '/data/checkpoint';

const of = (offset: number): Map<string, number> => new Map([['orders-0', offset]]);

function newWriter() {
  const fs = new MemoryFs();
  fs.makeDirectory('/data');
  let renames = 0;
  const rename = fs.rename.bind(fs);
  fs.rename = (from, to) => {
    renames++;
    rename(from, to);
  };
  const end = (): number | undefined => readOffsetCheckpoint(fs, path).get('orders-0');
  return { fs, writer: new CheckpointWriter(fs, path, new Map()), end, renames: () => renames };
}

test('a checkpoint that says what the disk says is not written', async () => {
  const { writer, end, renames } = newWriter();
  await writer.write(() => of(1));
  await writer.write(() => of(1));
  assert.deepEqual([end(), renames()], [1, 1]);
  await writer.write(() => of(2));
  assert.deepEqual([end(), renames()], [2, 2]);
  writer.writeNow(of(3));
  await writer.write(() => of(3));
  assert.deepEqual([end(), renames()], [3, 3]);
  await writer.write(() => of(2));
  assert.deepEqual([end(), renames()], [2, 4]);
});

test('a checkpoint written at once is not put away by one that was waiting for the disk', async () => {
  const { writer, end } = newWriter();
  let content = 10;
  const waiting = writer.write(() => of(content));
  await Promise.resolve();
  await Promise.resolve();
  content = 20;
  writer.writeNow(of(content));
  await waiting;
  assert.equal(end(), 20);
  await writer.write(() => of(10));
  assert.equal(end(), 10);
});

test('after a write that failed, nothing is believed of the disk', async () => {
  const { fs, writer, end } = newWriter();
  await writer.write(() => of(1));
  const syncDirectory = fs.syncDirectory.bind(fs);
  fs.syncDirectory = () => Promise.reject(new Error('broken'));
  await assert.rejects(writer.write(() => of(2)));
  fs.syncDirectory = syncDirectory;
  await writer.write(() => of(1));
  assert.equal(end(), 1);
});

test('what is forgotten has left the disk, also when a write with it was under way', async () => {
  const { fs, writer, end } = newWriter();
  const waiting = writer.write(() => of(7));
  await writer.forget('orders-0');
  assert.equal(end(), undefined);
  await waiting;
  const next = new CheckpointWriter(fs, path, of(7));
  await next.forget('payments-0');
  await next.forget('orders-0');
  assert.equal(end(), undefined);
  next.writeNow(of(8));
  fs.syncDirectory = () => Promise.reject(new Error('broken'));
  await assert.rejects(next.forget('orders-0'));
});

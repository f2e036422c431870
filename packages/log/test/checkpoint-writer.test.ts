/** Checkpoints that are replaced by the clock: what is on the disk already is not written again, and an order is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8Encode } from '@jackdaw/base';
import { CheckpointWriter } from '../src/checkpoint-writer.ts';
import { readSmallFile } from '../src/fs.ts';
import { MemoryFs } from '../src/memory-fs.ts';

const path = '/data/checkpoint';

function newWriter() {
  const fs = new MemoryFs();
  fs.makeDirectory('/data');
  let renames = 0;
  const rename = fs.rename.bind(fs);
  fs.rename = (from, to) => {
    renames++;
    rename(from, to);
  };
  const text = (): string => Buffer.from(readSmallFile(fs, path) ?? []).toString();
  return { fs, writer: new CheckpointWriter(fs, path), text, renames: () => renames };
}

test('a checkpoint that says what the disk says is not written', async () => {
  const { writer, text, renames } = newWriter();
  await writer.write(() => utf8Encode('one'));
  await writer.write(() => utf8Encode('one'));
  assert.deepEqual([text(), renames()], ['one', 1]);
  await writer.write(() => utf8Encode('two'));
  assert.deepEqual([text(), renames()], ['two', 2]);
  writer.writeNow(utf8Encode('three'));
  await writer.write(() => utf8Encode('three'));
  assert.deepEqual([text(), renames()], ['three', 3]);
  await writer.write(() => utf8Encode('two'));
  assert.deepEqual([text(), renames()], ['two', 4]);
});

test('a checkpoint written at once is not put away by one that was waiting for the disk', async () => {
  const { writer, text } = newWriter();
  let content = 'old';
  const waiting = writer.write(() => utf8Encode(content));
  await Promise.resolve();
  await Promise.resolve();
  content = 'new';
  writer.writeNow(utf8Encode(content));
  await waiting;
  assert.equal(text(), 'new');
  await writer.write(() => utf8Encode('old'));
  assert.equal(text(), 'old');
});

test('after a write that failed, nothing is believed of the disk', async () => {
  const { fs, writer, text } = newWriter();
  await writer.write(() => utf8Encode('one'));
  const syncDirectory = fs.syncDirectory.bind(fs);
  fs.syncDirectory = () => Promise.reject(new Error('broken'));
  await assert.rejects(writer.write(() => utf8Encode('two')));
  fs.syncDirectory = syncDirectory;
  await writer.write(() => utf8Encode('one'));
  assert.equal(text(), 'one');
});

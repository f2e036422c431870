/**
 * What every `Fs` must do, as a function that runs over any of them (architecture idea 9).
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFully, readSmallFile, StorageError, writeFully, type Fs } from '../src/fs.ts';

interface Place {
  fs: Fs;
  root: string;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const isKind = (kind: string) => (error: unknown) => error instanceof StorageError && error.kind === kind;

export function fsConformance(name: string, setUp: () => Place): void {
  describe(`${name} keeps the contract of Fs`, () => {
    testContents(setUp);
    testNames(setUp);
  });
}

function testContents(setUp: () => Place): void {
  test('what is written is read back, at its position and across buffers', async () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/a`, 'write');
    assert.equal(writeFully(fs, file, [bytes('one'), bytes('two'), bytes('three')], 0), 11);
    writeFully(fs, file, [bytes('TWO')], 3);
    assert.equal(fs.size(file), 11);
    const target = new Uint8Array(20);
    assert.equal(await readFully(fs, file, target, 3), 8);
    assert.equal(Buffer.from(target.subarray(0, 8)).toString(), 'TWOthree');
    assert.equal(fs.readSmall(file, target, 11), 0);
    fs.close(file);
  });

  test('truncating shortens a file and extends it with zeros', () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/a`, 'write');
    writeFully(fs, file, [bytes('abcdef')], 0);
    fs.truncate(file, 2);
    fs.truncate(file, 4);
    fs.close(file);
    assert.deepEqual(readSmallFile(fs, `${root}/a`), new Uint8Array([97, 98, 0, 0]));
  });

  test('a file that is open stays readable after it was unlinked', async () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/a`, 'write');
    writeFully(fs, file, [bytes('still here')], 0);
    fs.unlink(`${root}/a`);
    const target = new Uint8Array(10);
    assert.equal(await fs.read(file, target, 0), 10);
    assert.equal(Buffer.from(target).toString(), 'still here');
    fs.close(file);
  });

  test('syncs of files and directories succeed', async () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/a`, 'write');
    writeFully(fs, file, [bytes('x')], 0);
    await fs.dataSync(file);
    fs.dataSyncNow(file);
    await fs.syncDirectory(root);
    fs.syncDirectoryNow(root);
    fs.close(file);
  });
}

function testNames(setUp: () => Place): void {
  test('modes: read needs the file, exclusive needs its absence', () => {
    const { fs, root } = setUp();
    assert.throws(() => fs.open(`${root}/a`, 'read'), isKind('notFound'));
    fs.close(fs.open(`${root}/a`, 'exclusive'));
    assert.throws(() => fs.open(`${root}/a`, 'exclusive'), isKind('exists'));
    fs.close(fs.open(`${root}/a`, 'read'));
  });

  test('rename replaces, link does not, unlink of nothing is fine', () => {
    const { fs, root } = setUp();
    for (const name of ['a', 'b']) {
      const file = fs.open(`${root}/${name}`, 'write');
      writeFully(fs, file, [bytes(name)], 0);
      fs.close(file);
    }
    assert.throws(() => fs.link(`${root}/a`, `${root}/b`), isKind('exists'));
    fs.rename(`${root}/a`, `${root}/b`);
    assert.equal(fs.stat(`${root}/a`), null);
    assert.deepEqual(readSmallFile(fs, `${root}/b`), Uint8Array.from(bytes('a')));
    fs.link(`${root}/b`, `${root}/c`);
    fs.unlink(`${root}/b`);
    fs.unlink(`${root}/b`);
    assert.deepEqual(fs.list(root), ['c']);
    assert.throws(() => fs.rename(`${root}/x`, `${root}/y`), isKind('notFound'));
  });

  test('directories are made with their parents, listed, moved with what they hold, and removed when empty', () => {
    const { fs, root } = setUp();
    fs.makeDirectory(`${root}/d/e`);
    fs.makeDirectory(`${root}/d/e`);
    fs.close(fs.open(`${root}/d/e/f`, 'write'));
    assert.equal(fs.stat(`${root}/d/e`)?.isDirectory, true);
    fs.rename(`${root}/d`, `${root}/g`);
    assert.deepEqual(fs.list(`${root}/g/e`), ['f']);
    assert.throws(() => fs.removeDirectory(`${root}/g/e`), StorageError);
    fs.unlink(`${root}/g/e/f`);
    fs.removeDirectory(`${root}/g/e`);
    fs.removeDirectory(`${root}/g/e`);
    assert.deepEqual(fs.list(`${root}/g`), []);
  });
}

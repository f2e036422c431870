/** What can be asked for, and what is answered to what makes no sense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { works } from '../rows/table.ts';
import { BenchError } from './bench-error.ts';
import { readCommandLine } from './command-line.ts';

const names = (...argv: string[]): string[] => readCommandLine(argv).works.map(({ name }) => name);

test('no word asks for everything', () => {
  const request = readCommandLine([]);
  assert.deepEqual(request.works, works);
  assert.equal(request.hasMicro, true);
});

test('rows and names of works are chosen, each once, in the order of the table', () => {
  assert.deepEqual(names('P3', 'P2', 'p1'), ['produce-1kib', 'produce-100b']);
  assert.deepEqual(names('failover'), ['failover']);
  assert.deepEqual(names('micro'), []);
  assert.deepEqual(names('load'), ['load-sweep']);
});

test('every row has a work, and every work has a row and a name of its own', () => {
  for (const row of ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11', 'P12', 'P13']) {
    assert.notEqual(names(row).length, 0, row);
  }
  assert.equal(new Set(works.map(({ name }) => name)).size, works.length);
  const keys = works.flatMap(({ figures }) => figures.map(({ key }) => key));
  assert.equal(new Set(keys).size, keys.length, 'keys of figures are unique');
});

test('the peer is one more side', () => {
  assert.deepEqual(
    readCommandLine(['--peer', 'kafka']).sides.map(({ id }) => id),
    ['jackdaw', 'page-cache', 'kafka'],
  );
  assert.deepEqual(
    readCommandLine(['--sides', 'page-cache']).sides.map(({ id }) => id),
    ['page-cache'],
  );
});

test('profiles go where they are told to, or below tmp', () => {
  assert.equal(readCommandLine([]).profileDirectory, undefined);
  assert.equal(readCommandLine(['--profile', './here', 'P1']).profileDirectory, './here');
  const plain = readCommandLine(['--profile', 'P1']);
  assert.match(plain.profileDirectory ?? '', /tmp.bench.profiles-/);
  assert.deepEqual(
    plain.works.map(({ name }) => name),
    ['produce-1kib'],
  );
});

test('what makes no sense is said, with what there is', () => {
  assert.throws(
    () => readCommandLine(['P99']),
    (error) => error instanceof BenchError && /P1, P2/.test(error.hint),
  );
  assert.throws(() => readCommandLine(['--peer', 'redpanda']), /there is no peer "redpanda"/);
  assert.throws(() => readCommandLine(['--rounds', '0']), /--rounds takes a positive number/);
  assert.throws(() => readCommandLine(['--sides', 'x']), /there is no side "x"/);
  assert.throws(() => readCommandLine(['--what']), BenchError);
});

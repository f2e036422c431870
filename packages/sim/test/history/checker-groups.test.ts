/**
 * Doctored histories of a consumer group: owners, commits, questions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupCommitted, HistoryEvent, Polled } from '../../src/history/history.ts';
import { kindsOf } from './kinds.ts';

const key = 't/0';
const group = 'g';

function own(process: string, generation: number, keys: readonly string[] = [key]): HistoryEvent {
  return { op: 'own', process, group, generation, keys, reader: `${process}@${generation}` };
}

function commit(type: GroupCommitted['type'], offset: number, generation: number): HistoryEvent {
  return { op: 'group-commit', type, process: 'm', group, generation, key, offset };
}

function committed(offset: number, generation: number, process = 'm'): HistoryEvent[] {
  return [
    { ...commit('invoke', offset, generation), process } as HistoryEvent,
    { ...commit('ok', offset, generation), process } as HistoryEvent,
  ];
}

function read(offset: number): HistoryEvent[] {
  const line = { op: 'group-read', process: 'r', group, key } as const;
  return [
    { ...line, type: 'invoke', offset: -1 },
    { ...line, type: 'ok', offset },
  ];
}

test('D5: two members that own one partition in one generation are found, and in two generations they are not', () => {
  assert.deepEqual(kindsOf([own('m', 1), own('n', 1)]), ['double-owner']);
  assert.deepEqual(kindsOf([own('m', 1), own('n', 1, ['t/1'])]), []);
  assert.deepEqual(kindsOf([own('m', 1), own('n', 2), own('m', 1)]), []);
});

test('D1: an acknowledged commit of a generation that was over when it was sent is stale', () => {
  assert.deepEqual(kindsOf([own('m', 1), own('n', 2), ...committed(5, 1)]), ['stale-commit']);
  assert.deepEqual(kindsOf([own('m', 1), own('n', 2), commit('invoke', 5, 1), commit('fail', 5, 1)]), []);
  // It may have come first, although its answer comes late.
  assert.deepEqual(kindsOf([own('m', 1), commit('invoke', 5, 1), own('n', 2), commit('ok', 5, 1)]), []);
});

test('D2: an acknowledged commit below an earlier one shows that the group went back', () => {
  assert.deepEqual(kindsOf([own('m', 1), ...committed(5, 1), own('n', 2), ...committed(3, 2, 'n')]), ['commit-went-back']);
  assert.deepEqual(kindsOf([own('m', 1), ...committed(5, 1), own('n', 2), ...committed(7, 2, 'n')]), []);
});

test('D2: an attempt of unknown fate may come true as long as its generation lasts, and no longer', () => {
  const unknown = [own('m', 1), commit('invoke', 3, 1), commit('info', 3, 1), ...committed(5, 1)];
  assert.deepEqual(kindsOf([...unknown, ...read(3)]), []);
  assert.deepEqual(kindsOf([...unknown, own('n', 2), ...committed(4, 2, 'n')]), []);
  assert.deepEqual(kindsOf([...unknown, own('n', 2), ...committed(6, 2, 'n'), ...read(3)]), ['lost-commit']);
});

test('D2: a generation that was formed and never written may be forgotten, and the one before goes on', () => {
  // Member n commits in generation 2 while the next rebalance begins; nobody has got an assignment in it.
  const forgotten = [own('m', 1), ...committed(4, 2, 'n')];
  assert.deepEqual(kindsOf([...forgotten, ...committed(6, 1), ...read(6)]), []);
  assert.deepEqual(kindsOf([...forgotten, ...committed(6, 1), ...read(4)]), ['lost-commit']);
  assert.deepEqual(kindsOf([...forgotten, ...committed(6, 1), ...committed(3, 1)]), ['commit-went-back']);
  // Of two that race either may be the last, until a later one follows.
  const racing = [own('m', 1), commit('invoke', 6, 1), ...committed(4, 2, 'n'), commit('ok', 6, 1)];
  assert.deepEqual(kindsOf([...racing, ...read(4)]), []);
  assert.deepEqual(kindsOf([...racing, ...read(6)]), []);
  assert.deepEqual(kindsOf([...racing, ...committed(8, 1), ...read(4)]), ['lost-commit']);
  // Once it is written, it was the later one.
  const written = [own('m', 1), commit('invoke', 3, 1), own('n', 2), ...committed(4, 2, 'n'), commit('ok', 3, 1)];
  assert.deepEqual(kindsOf([...written, ...read(3)]), ['lost-commit']);
  assert.deepEqual(kindsOf([...written, ...read(4)]), []);
});

test('D2: a question is answered by an acknowledged offset, or by one under way', () => {
  assert.deepEqual(kindsOf([own('m', 1), ...committed(5, 1), ...read(5)]), []);
  assert.deepEqual(kindsOf([own('m', 1), ...committed(5, 1), ...read(-1)]), ['lost-commit']);
  assert.deepEqual(kindsOf([own('m', 1), ...committed(2, 1), ...committed(5, 1), ...read(2)]), ['lost-commit']);
  assert.deepEqual(kindsOf([own('m', 1), ...committed(5, 1), commit('invoke', 9, 1), ...read(9)]), []);
  const [asked, answered] = read(9) as [HistoryEvent, HistoryEvent];
  assert.deepEqual(kindsOf([own('m', 1), asked, ...committed(9, 1), answered]), []);
});

test('D2: a new owner that begins behind records which nobody committed has skipped them', () => {
  const sends = [0, 1, 2].flatMap((offset): HistoryEvent[] => [
    { op: 'send', type: 'invoke', process: 'p', key, value: `p-${offset}` },
    { op: 'send', type: 'ok', value: `p-${offset}`, offset },
  ]);
  const poll = (process: string, offsets: readonly number[]): Polled => {
    const records = offsets.map((offset) => [offset, `p-${offset}`] as const);
    return { op: 'poll', process, key, records, isFinal: false };
  };
  const before = [...sends, own('m', 1), poll('m@1', [0, 1, 2]), ...committed(1, 1), own('n', 2)];
  assert.deepEqual(kindsOf([...before, poll('n@2', [1, 2])]), []);
  assert.deepEqual(kindsOf([...before, poll('n@2', [0, 1])]), []);
  assert.deepEqual(kindsOf([...before, poll('n@2', [2])]), ['group-skip']);
});

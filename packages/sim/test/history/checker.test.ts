/**
 * Doctored histories: each breaks one promise, and the checker must name it; a clean one must pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory, describeVerdict } from '../../src/history/checker.ts';
import type { HistoryEvent } from '../../src/history/history.ts';
import { kindsOf } from './kinds.ts';

const key = 't/0';

/** Sends of `sender`, each ended before the next begins, acknowledged at the given offsets. */
function acknowledged(sender: string, offsets: readonly number[], first = 0): HistoryEvent[] {
  return offsets.flatMap((offset, i): HistoryEvent[] => {
    const value = `${sender}-${first + i}`;
    return [invoke(sender, value), { op: 'send', type: 'ok', value, offset }];
  });
}

function invoke(process: string, value: string, to = key): HistoryEvent {
  return { op: 'send', type: 'invoke', process, key: to, value };
}

function poll(process: string, records: readonly (readonly [number, string])[], isFinal = false): HistoryEvent {
  return { op: 'poll', process, key, records, isFinal };
}

function assigned(process: string): HistoryEvent {
  return { op: 'assign', process, key };
}

const threeSent = acknowledged('i', [0, 1, 2]);
const threeRead = poll(
  'r',
  [
    [0, 'i-0'],
    [1, 'i-1'],
    [2, 'i-2'],
  ],
  true,
);

test('A20, A21: a history without faults passes, and its counts are right', () => {
  const events: HistoryEvent[] = [
    assigned('r'),
    ...acknowledged('i', [0, 1]),
    poll('r', [[0, 'i-0']]),
    invoke('p', 'p-0'),
    { op: 'send', type: 'info', value: 'p-0', error: 'timeout' },
    poll('r', [
      [1, 'i-1'],
      [2, 'p-0'],
    ]),
    ...acknowledged('p', [4], 1),
    assigned('r'),
    poll(
      'r',
      [
        [0, 'i-0'],
        [1, 'i-1'],
        [2, 'p-0'],
        [3, 'p-1'],
        [4, 'p-1'],
      ],
      true,
    ),
  ];
  const verdict = checkHistory({ idempotent: new Set(['i']), events });
  assert.deepEqual(describeVerdict(verdict), []);
  assert.deepEqual(verdict.counts, { sent: 4, acknowledged: 3, unknown: 1, read: 4, repeated: 1 });
});

test('A21: two values at one offset are inconsistent, whoever learned of them', () => {
  assert.deepEqual(kindsOf([...threeSent, threeRead, poll('q', [[1, 'i-2']])]), ['duplicate', 'inconsistent-offset']);
  assert.deepEqual(kindsOf([...threeSent, ...acknowledged('p', [2]), threeRead]), ['inconsistent-offset', 'nonmonotonic-send']);
});

test('C1: a record of an idempotent sender at two offsets is a duplicate, of a plain sender it is counted', () => {
  assert.deepEqual(
    kindsOf([
      ...threeSent,
      poll(
        'r',
        [
          [0, 'i-0'],
          [1, 'i-1'],
          [2, 'i-2'],
          [3, 'i-0'],
        ],
        true,
      ),
    ]),
    ['duplicate'],
  );
  assert.deepEqual(
    kindsOf([
      ...acknowledged('p', [1]),
      poll(
        'r',
        [
          [0, 'p-0'],
          [1, 'p-0'],
        ],
        true,
      ),
    ]),
    [],
  );
});

test('B1: an acknowledged record below the highest read one that nobody read is lost', () => {
  assert.deepEqual(
    kindsOf([
      ...threeSent,
      poll('r', [
        [0, 'i-0'],
        [2, 'i-2'],
      ]),
    ]),
    ['lost-write'],
  );
});

test('B1: an acknowledged record of unknown offset that nobody read by the end is lost', () => {
  const repeated = [invoke('i', 'i-3'), { op: 'send', type: 'ok', value: 'i-3', offset: -1 } as const];
  assert.deepEqual(kindsOf([...threeSent, ...repeated, threeRead]), ['lost-write']);
  assert.deepEqual(kindsOf([...threeSent, ...repeated, threeRead, poll('r', [[3, 'i-3']], true)]), []);
});

test('B1: an acknowledged record behind the end of the final reads is unseen', () => {
  assert.deepEqual(
    kindsOf([
      ...threeSent,
      poll(
        'r',
        [
          [0, 'i-0'],
          [1, 'i-1'],
        ],
        true,
      ),
    ]),
    ['unseen'],
  );
});

test('A20: a record that was read once and is missing in the final reads is unseen', () => {
  const before = poll('q', [
    [0, 'i-0'],
    [1, 'i-1'],
    [2, 'i-2'],
  ]);
  assert.deepEqual(
    kindsOf([
      ...threeSent,
      before,
      poll(
        'r',
        [
          [0, 'i-0'],
          [1, 'i-1'],
        ],
        true,
      ),
    ]),
    ['unseen'],
  );
});

test('a record that is acknowledged at one offset and read only at another has moved', () => {
  assert.deepEqual(kindsOf([...acknowledged('p', [0]), poll('r', [[5, 'p-0']], true)]), ['moved']);
});

test('a record that is read in another partition has moved', () => {
  assert.ok(kindsOf([invoke('p', 'p-0', 't/1'), poll('r', [[0, 'p-0']])]).includes('moved'));
});

test('A21: records of one idempotent sender in another order than they were sent in are reordered', () => {
  const events = [invoke('i', 'i-0'), invoke('i', 'i-1')];
  const ends: HistoryEvent[] = [
    { op: 'send', type: 'ok', value: 'i-0', offset: 1 },
    { op: 'send', type: 'ok', value: 'i-1', offset: 0 },
  ];
  assert.deepEqual(
    kindsOf([
      ...events,
      ...ends,
      poll(
        'r',
        [
          [0, 'i-1'],
          [1, 'i-0'],
        ],
        true,
      ),
    ]),
    ['reordered'],
  );
});

test('A21: a send that begins after another was acknowledged and gets a smaller offset is out of order', () => {
  const events = [...acknowledged('p', [7]), ...acknowledged('q', [3])];
  assert.deepEqual(
    kindsOf([
      ...events,
      poll(
        'r',
        [
          [3, 'q-0'],
          [7, 'p-0'],
        ],
        true,
      ),
    ]),
    ['nonmonotonic-send'],
  );
});

test('a value that was never sent is a phantom, one that was refused an aborted read', () => {
  assert.deepEqual(kindsOf([poll('r', [[0, 'x-0']])]), ['phantom-read']);
  const refused = [invoke('p', 'p-0'), { op: 'send', type: 'fail', value: 'p-0', error: 'too large' } as const];
  assert.deepEqual(kindsOf([...refused, poll('r', [[0, 'p-0']])]), ['aborted-read']);
});

test('A20: a consumer that skips a record, goes back or sees one twice is found, within a poll and between polls', () => {
  const all = [...threeSent, threeRead, assigned('q')];
  assert.deepEqual(
    kindsOf([
      ...all,
      poll('q', [
        [0, 'i-0'],
        [2, 'i-2'],
      ]),
    ]),
    ['int-poll-skip'],
  );
  assert.deepEqual(kindsOf([...all, poll('q', [[1, 'i-1']])]), ['poll-skip']);
  assert.deepEqual(
    kindsOf([
      ...all,
      poll('q', [
        [0, 'i-0'],
        [1, 'i-1'],
        [0, 'i-0'],
      ]),
    ]),
    ['int-nonmonotonic-poll'],
  );
  assert.deepEqual(kindsOf([...all, poll('q', [[0, 'i-0']]), poll('q', [[0, 'i-0']])]), ['nonmonotonic-poll']);
  assert.deepEqual(kindsOf([...all, poll('q', [[0, 'i-0']]), assigned('q'), poll('q', [[0, 'i-0']])]), []);
});

test('A20: a position that falls out of the log is found', () => {
  assert.deepEqual(kindsOf([{ op: 'read-error', process: 'r', error: 't-0: 17' }]), ['read-error']);
});

test('A19: an end that goes back, and one that hides an acknowledged record, are found', () => {
  const ask: HistoryEvent = { op: 'end', type: 'invoke', process: 'w' };
  const answer = (offset: number): HistoryEvent => ({ op: 'end', type: 'ok', process: 'w', key, offset });
  assert.deepEqual(kindsOf([ask, answer(5), ask, answer(4)]), ['nonmonotonic-end']);
  assert.deepEqual(kindsOf([...acknowledged('p', [3]), ask, answer(3)]), ['end-before-acknowledged']);
  assert.deepEqual(kindsOf([ask, ...acknowledged('p', [3]), answer(3)]), []);
});

test('A19: a leader that was replaced may answer an end of its own epoch, and may not go back', () => {
  const ask: HistoryEvent = { op: 'end', type: 'invoke', process: 'w' };
  const answer = (offset: number, leaderEpoch: number): HistoryEvent => {
    return { op: 'end', type: 'ok', process: 'w', key, offset, leaderEpoch };
  };
  const readIn = (leaderEpoch: number): HistoryEvent => {
    return { op: 'poll', process: 'r', key, records: [[0, 'p-0', leaderEpoch]], isFinal: false };
  };
  const sent = acknowledged('p', [0]);
  assert.deepEqual(kindsOf([...sent, readIn(2), ask, answer(0, 1)]), []);
  assert.deepEqual(kindsOf([...sent, ask, answer(0, 1), readIn(2)]), [], 'the new epoch shows soon after');
  assert.deepEqual(kindsOf([...sent, readIn(2), ask, answer(0, 2)]), ['end-before-acknowledged']);
  assert.deepEqual(kindsOf([...sent, readIn(1), ask, answer(0, 2)]), ['end-before-acknowledged']);
  const later = [ask, answer(1, 1), ask, answer(1, 1), ask, answer(1, 1), ask, answer(1, 2)];
  assert.deepEqual(kindsOf([...sent, readIn(1), ask, answer(0, 1), ...later]), ['end-before-acknowledged']);
  assert.deepEqual(kindsOf([...sent, readIn(1), ask, answer(4, 1), ask, answer(9, 2), ask, answer(3, 1)]), ['nonmonotonic-end']);
});

test('D2: a group that reads back an older offset than the acknowledged one is found', () => {
  const commit = (type: 'invoke' | 'ok' | 'info' | 'read', offset: number): HistoryEvent => ({
    op: 'commit',
    type,
    process: 'g',
    key,
    offset,
  });
  const done = [commit('invoke', 1), commit('ok', 1), commit('invoke', 2), commit('ok', 2)];
  assert.deepEqual(kindsOf([...done, commit('read', 1)]), ['lost-commit']);
  assert.deepEqual(kindsOf([...done, commit('read', 2)]), []);
  assert.deepEqual(kindsOf([...done, commit('invoke', 3), commit('info', 3), commit('read', 2), commit('read', 3)]), []);
});

/**
 * Doctored histories in which records go: deleted on request, with their topic, or acknowledged by nobody who counts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEvent, Trimmed } from '../../src/history/history.ts';
import { kindsOf } from './kinds.ts';

const key = 't/0';

function sent(offset: number, isWeak = false): HistoryEvent[] {
  const value = `p-${offset}`;
  return [
    { op: 'send', type: 'invoke', process: 'p', key, value, ...(isWeak ? { isWeak } : {}) },
    { op: 'send', type: 'ok', value, offset },
  ];
}

function poll(process: string, offsets: readonly number[], isFinal = false): HistoryEvent {
  return { op: 'poll', process, key, records: offsets.map((offset) => [offset, `p-${offset}`] as const), isFinal };
}

function trim(type: Trimmed['type'], offset: number): HistoryEvent {
  return { op: 'trim', type, process: 't', key, offset };
}

const assigned: HistoryEvent = { op: 'assign', process: 'r', key };
const threeSent = [...sent(0), ...sent(1), ...sent(2)];

test('A20: a record that was read once and is missing in the final read is found, acknowledged or not', () => {
  const unknown: HistoryEvent[] = [
    { op: 'send', type: 'invoke', process: 'p', key, value: 'p-3' },
    { op: 'send', type: 'info', value: 'p-3', error: 'timeout' },
  ];
  assert.deepEqual(kindsOf([...threeSent, ...unknown, poll('q', [0, 1, 2, 3]), poll('r', [0, 1, 2], true)]), ['unseen']);
  assert.deepEqual(kindsOf([...threeSent, ...unknown, poll('q', [0, 1, 2]), poll('r', [0, 1, 2], true)]), []);
  assert.deepEqual(kindsOf([...threeSent, poll('q', [0, 1, 2]), poll('r', [], true)]), ['unseen']);
});

test('acks 1 and 0: a record may be lost, and another may stand where it was said to be', () => {
  assert.deepEqual(kindsOf([...sent(0), ...sent(1, true), poll('r', [0], true)]), []);
  const other: HistoryEvent[] = [
    { op: 'send', type: 'invoke', process: 'q', key, value: 'q-0' },
    { op: 'send', type: 'ok', value: 'q-0', offset: 1 },
  ];
  const both: HistoryEvent = {
    op: 'poll',
    process: 'r',
    key,
    records: [
      [0, 'p-0'],
      [1, 'q-0'],
    ],
    isFinal: true,
  };
  assert.deepEqual(kindsOf([...sent(0), ...sent(1, true), ...other, both]), []);
  // What somebody has read is committed, whatever its sender asked for.
  assert.deepEqual(kindsOf([...sent(0), ...sent(1, true), poll('q', [0, 1]), poll('r', [0], true)]), ['unseen']);
});

test('B14: records before an offset that somebody wished gone need not be there, those behind it must', () => {
  const before = [...threeSent, poll('q', [0, 1, 2])];
  assert.deepEqual(kindsOf([...before, trim('invoke', 1), trim('ok', 1), poll('r', [1, 2], true)]), []);
  assert.deepEqual(kindsOf([...before, trim('invoke', 1), trim('info', 1), poll('r', [0, 1, 2], true)]), []);
  assert.deepEqual(kindsOf([...before, trim('invoke', 1), trim('ok', 1), poll('r', [2], true)]), ['unseen']);
  assert.deepEqual(kindsOf([...threeSent, trim('invoke', 1), trim('ok', 1), poll('r', [2], true)]), ['lost-write']);
});

test('B14: deleted records that are read again have come back', () => {
  const events = [...threeSent, poll('q', [0, 1, 2]), trim('invoke', 2), trim('ok', 2), poll('r', [1, 2], true)];
  assert.deepEqual(kindsOf(events), ['resurrected']);
  assert.deepEqual(kindsOf([...events.slice(0, -1), { op: 'crashed' }, ...events.slice(-1)]), []);
});

test('B14: deleted records may come back if a replica that can lead was not waited for, and no others', () => {
  const read = [...threeSent, poll('q', [0, 1, 2])];
  const loose: HistoryEvent[] = [trim('invoke', 2), { op: 'trim', type: 'ok', process: 't', key, offset: 2, mayComeBack: true }];
  assert.deepEqual(kindsOf([...read, ...loose, poll('r', [0, 1, 2], true)]), []);
  assert.deepEqual(kindsOf([...read, ...loose, poll('r', [2], true)]), []);
  const firm = [trim('invoke', 1), trim('ok', 1)];
  assert.deepEqual(kindsOf([...read, ...firm, ...loose, poll('r', [1, 2], true)]), []);
  assert.deepEqual(kindsOf([...read, ...firm, ...loose, poll('r', [0, 1, 2], true)]), ['resurrected']);
  const sameAgain = [trim('invoke', 2), trim('ok', 2)];
  assert.deepEqual(kindsOf([...read, ...loose, ...sameAgain, poll('r', [1, 2], true)]), ['resurrected']);
});

test('B14: a reader may be thrown out of a part of the log that is deleted, and begins where it begins now', () => {
  const error: HistoryEvent = { op: 'read-error', process: 'r', error: 'out of range', key, offset: 1 };
  const before = [...threeSent, poll('q', [0, 1, 2]), assigned, poll('r', [0])];
  assert.deepEqual(kindsOf([...before, trim('invoke', 2), error, assigned, poll('r', [2])]), []);
  assert.deepEqual(kindsOf([...before, error, trim('invoke', 2), assigned, poll('r', [2])]), ['read-error']);
  assert.deepEqual(kindsOf([...before, trim('invoke', 1), assigned, poll('r', [2])]), ['poll-skip']);
});

test('A25: records of a topic that is being deleted may go, and may not turn up in its successor', () => {
  const doomed: HistoryEvent = { op: 'doomed', topic: 't' };
  assert.deepEqual(kindsOf([...threeSent, poll('q', [0, 1, 2]), doomed, poll('r', [2], true)]), []);
  const inSuccessor: HistoryEvent = { op: 'poll', process: 'r', key: 't#2/0', records: [[0, 'p-0']], isFinal: false };
  assert.deepEqual(kindsOf([...threeSent, poll('q', [0, 1, 2]), doomed, inSuccessor]), ['moved']);
});

test('a cluster that may lose records may not invent any', () => {
  const lost = [...threeSent, poll('r', [0, 1], true)];
  assert.deepEqual(kindsOf(lost), ['unseen']);
  assert.deepEqual(kindsOf(lost, true), []);
  assert.deepEqual(kindsOf([...lost, poll('q', [7])], true), ['phantom-read']);
});

/**
 * Doctored histories of what administrators and probes are told.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEvent, SettingChanged } from '../../src/history/history.ts';
import { noValue, unknownValue } from '../../src/history/register.ts';
import { kindsOf } from './kinds.ts';

const key = 't/0';

function setting(type: SettingChanged['type'], value: string): HistoryEvent {
  return { op: 'setting', type, process: 'a', name: 'topic x', value };
}

function set(value: string, type: 'ok' | 'fail' | 'info' = 'ok'): HistoryEvent[] {
  return [setting('invoke', value), setting(type, value)];
}

test('E11: a setting that was acknowledged and is another in the end is lost', () => {
  assert.deepEqual(kindsOf([...set('1'), setting('read', '1')]), []);
  assert.deepEqual(kindsOf([...set('1'), setting('read', noValue)]), ['lost-setting']);
  assert.deepEqual(kindsOf([...set('1'), ...set('2'), setting('read', '1')]), ['lost-setting']);
  assert.deepEqual(kindsOf([...set('1'), ...set('2', 'info'), setting('read', '1')]), []);
  assert.deepEqual(kindsOf([...set('1'), ...set('2', 'info'), setting('read', '2')]), []);
  assert.deepEqual(kindsOf([...set('1'), ...set('2', 'fail'), setting('read', '2')]), ['lost-setting']);
});

test('E11: an attempt whose value its caller does not know stands for any value, and not for none', () => {
  const made = [setting('invoke', unknownValue), setting('ok', 'id-1')];
  assert.deepEqual(kindsOf([...made, setting('read', 'id-1')]), []);
  assert.deepEqual(kindsOf([...made, setting('read', 'id-2')]), ['lost-setting']);
  assert.deepEqual(kindsOf([...made, setting('read', noValue)]), ['lost-setting']);
  assert.deepEqual(kindsOf([...made, ...set(noValue), setting('read', 'id-1')]), ['lost-setting']);
  assert.deepEqual(kindsOf([...set(unknownValue, 'info'), setting('read', 'id-3')]), []);
  assert.deepEqual(kindsOf([...set(unknownValue, 'info'), setting('read', noValue)]), []);
});

test('C4: a producer id that is given twice is found', () => {
  const given = (process: string, id: number): HistoryEvent => ({ op: 'producer-id', process, id });
  assert.deepEqual(kindsOf([given('a', 1), given('b', 2)]), []);
  assert.deepEqual(kindsOf([given('a', 1), given('b', 1)]), ['producer-id-repeated']);
});

test('A4: an epoch is not said to end before a record of it that was read earlier', () => {
  const sent: HistoryEvent[] = [0, 1].flatMap((offset): HistoryEvent[] => [
    { op: 'send', type: 'invoke', process: 'p', key, value: `p-${offset}` },
    { op: 'send', type: 'ok', value: `p-${offset}`, offset },
  ]);
  const poll: HistoryEvent = {
    op: 'poll',
    process: 'r',
    key,
    records: [
      [0, 'p-0', 1],
      [1, 'p-1', 3],
    ],
    isFinal: false,
  };
  const ask: HistoryEvent = { op: 'epoch-end', type: 'invoke', process: 'x' };
  const answer = (epoch: number, endOffset: number): HistoryEvent => {
    return { op: 'epoch-end', type: 'ok', process: 'x', key, epoch, endOffset };
  };
  assert.deepEqual(kindsOf([...sent, poll, ask, answer(1, 1), ask, answer(2, 1), ask, answer(3, 2)]), []);
  assert.deepEqual(kindsOf([...sent, poll, ask, answer(2, 0)]), ['epoch-end']);
  assert.deepEqual(kindsOf([...sent, poll, ask, answer(3, 1)]), ['epoch-end']);
  assert.deepEqual(kindsOf([...sent, ask, poll, answer(3, 1)]), []);
});

test('an answer that no fault explains is found', () => {
  assert.deepEqual(kindsOf([{ op: 'unexpected', process: 'a', error: 'what?' }]), ['unexpected-answer']);
});

test('A19: an end that a replaced leader answered is not bound by what others acknowledge', () => {
  const events: HistoryEvent[] = [
    { op: 'send', type: 'invoke', process: 'p', key, value: 'p-3' },
    { op: 'send', type: 'ok', value: 'p-3', offset: 3 },
    { op: 'end', type: 'invoke', process: 'w' },
  ];
  const answer = { op: 'end', type: 'ok', process: 'w', key, offset: 3, leaderEpoch: 1 } as const;
  assert.deepEqual(kindsOf([...events, answer]), ['end-before-acknowledged']);
  assert.deepEqual(kindsOf([...events, { ...answer, isReplaced: true }]), []);
});

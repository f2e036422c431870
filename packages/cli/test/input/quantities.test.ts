/**
 * Durations, times, numbers and pairs as people type them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/failure.ts';
import {
  formatBytes,
  formatDuration,
  parseDuration,
  parseInteger,
  parseIsoDuration,
  parsePairs,
  parseTimestamp,
} from '../../src/input/quantities.ts';

test('durations are read with units, or as bare milliseconds', () => {
  assert.deepEqual(
    ['30s', '500ms', '1h30m', '2d', '250'].map((text) => parseDuration(text, '--x')),
    [30_000, 500, 5_400_000, 172_800_000, 250],
  );
  for (const text of ['', '5x', 's', '1h 30m', '-5s']) assert.throws(() => parseDuration(text, '--x'), UsageError, text);
});

test('ISO-8601 durations are read as kafka-consumer-groups reads them', () => {
  assert.deepEqual(
    ['PT1H30M', 'P2DT3H', 'PT0.5S', '90m'].map((text) => parseIsoDuration(text, '--x')),
    [5_400_000, 183_600_000, 500, 5_400_000],
  );
  for (const text of ['P', 'PT', 'P1Y']) assert.throws(() => parseIsoDuration(text, '--x'), UsageError, text);
});

test('a time without a zone is UTC', () => {
  const expected = Date.UTC(2026, 10, 22, 8, 0, 0);
  const texts = [
    '2026-11-22T08:00:00',
    '2026-11-22 08:00',
    '2026-11-22T08:00:00.000Z',
    '2026-11-22T10:00:00+02:00',
    '2026-11-22T10:00:00+0200',
    String(expected),
  ];
  for (const text of texts) assert.equal(parseTimestamp(text, '--x'), expected, text);
  assert.throws(() => parseTimestamp('yesterday', '--x'), /--x: "yesterday" is not a time/);
});

test('numbers are whole and within their range, and the message names the option', () => {
  assert.equal(parseInteger('-3', '--shift-by'), -3);
  assert.throws(() => parseInteger('3.5', '--partitions'), /--partitions: "3.5" is not a whole number/);
  assert.throws(() => parseInteger('0', '--partitions', { min: 1, max: 9 }), /outside 1\.\.9/);
});

test('pairs keep "=" in values and may be empty', () => {
  assert.deepEqual(
    [...parsePairs(['a=b=c', 'd='], '--config')],
    [
      ['a', 'b=c'],
      ['d', ''],
    ],
  );
  assert.throws(() => parsePairs(['nonsense'], '--config'), /--config: "nonsense" is not key=value/);
});

test('sizes and durations for people', () => {
  assert.deepEqual([0, 1023, 1536, 1024 ** 3 * 12].map(formatBytes), ['0 B', '1023 B', '1.5 KiB', '12 GiB']);
  assert.deepEqual([5, 1500, 60_000, 93_784_000, 3_600_000].map(formatDuration), ['5ms', '1s', '1m', '1d2h', '1h']);
});

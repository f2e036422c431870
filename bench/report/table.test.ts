/** The table of a run: columns, ratios, goals, verdicts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeasuredFigure } from './bench-record.ts';
import { recordOf } from './record-fixture.ts';
import { figureTable, isReached, microTable, ratio, short } from './table.ts';

const record = recordOf();
const [own, pageCache, peer] = record.sides as [
  (typeof record.sides)[number],
  (typeof record.sides)[number],
  (typeof record.sides)[number],
];

function figure(changes: Partial<MeasuredFigure>): MeasuredFigure {
  const base = { row: 'P1', key: 'k', label: 'l', unit: 'MB/s', better: 'more' } as const;
  return { ...base, values: { jackdaw: [90, 100, 110], 'page-cache': [160], kafka: [100] }, ...changes };
}

test('a ratio is that of medians, and none where a side has no value', () => {
  assert.equal(ratio(figure({}), own, peer), 1);
  assert.equal(ratio(figure({ values: { jackdaw: [1] } }), own, peer), undefined);
});

test('the goal of page-cache mode is its own where it has one', () => {
  const goal = { ratio: 1, pageCacheRatio: 1.7 };
  assert.equal(isReached(figure({ goal }), own, peer), true);
  assert.equal(isReached(figure({ goal }), pageCache, peer), false);
  assert.equal(isReached(figure({ goal: { ratio: 1 } }), pageCache, peer), true);
});

test('less is better where a figure says so, and value and ratio must both be reached', () => {
  const times = { better: 'less', unit: 's', values: { jackdaw: [0.25], kafka: [5] } } as const;
  assert.equal(isReached(figure({ ...times, goal: { ratio: 0.1, value: 0.3 } }), own, peer), true);
  assert.equal(isReached(figure({ ...times, goal: { ratio: 0.1, value: 0.2 } }), own, peer), false);
  assert.equal(isReached(figure({ ...times, goal: { ratio: 0.01, value: 0.3 } }), own, peer), false);
});

test('without a peer a value is judged and a ratio is not', () => {
  assert.equal(isReached(figure({ goal: { value: 50 } }), own, undefined), true);
  assert.equal(isReached(figure({ goal: { ratio: 1 } }), own, undefined), undefined);
});

test('the table has a line for each figure that was measured', () => {
  const lines = figureTable(record).split('\n');
  assert.equal(lines.length, 2 + 2);
  assert.match(lines[0] ?? '', /^\| row \| figure .*Jackdaw, fsync ÷ Kafka 4\.3\.1 .*goal .*reached +\|$/);
  assert.match(
    lines[2] ?? '',
    /produce 1 KiB +\| MB\/s \| 100 ± 10 % .*\| 50\.0 +\| 2\.00 .*≥ 1 ×; page cache ≥ 1\.5 × +\| yes, yes/,
  );
  assert.match(lines[3] ?? '', /event-loop delay.* – /);
  assert.equal(new Set(lines.map(({ length }) => length)).size, 1, 'columns are aligned');
});

test('a figure of a row that a side cannot do is a dash', () => {
  const line = figureTable({ ...record, figures: [figure({ values: { jackdaw: [1] } })] }).split('\n')[2] ?? '';
  assert.match(line, /\| 1\.00 +\| – +\| – +\|/);
});

test('micro-benchmarks are told as multiples of their limit', () => {
  const text = microTable([
    { name: 'crc', unit: 'ns', nanoseconds: 2_000, limitNanoseconds: 1_000, limit: 'a sum', bytes: 16_384 },
    { name: 'index', unit: 'ns', nanoseconds: 50, limitNanoseconds: 40, limit: 'a search', bytes: 0 },
  ]);
  assert.match(text, /\| crc +\| 2,000 \| 8,192 \| 1,000 +\| 2\.00 +\| a sum/);
  assert.match(text, /\| index +\| 50\.0 +\| {7}\| 40\.0 +\| 1\.25/);
});

test('numbers have three digits that count', () => {
  assert.deepEqual([0.1234, 1.234, 12.34, 123.4, 12_345, Number.NaN].map(short), ['0.123', '1.23', '12.3', '123', '12,345', '–']);
});

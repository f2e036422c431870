/** The table of faults itself: names that can be typed, texts that can be read, and what is asked of a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './program-options.ts';
import { listOf, verdictOf } from './report.ts';
import { chooseRows, table } from './table.ts';

const families: readonly string[] = ['process', 'network', 'disk', 'resource', 'clock'];

test('every row has a name of its own, which is not that of a family', () => {
  const names = table.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const name of names) assert.match(name, /^[a-z]+(-[a-z0-9]+)*$/);
  assert.deepEqual(
    names.filter((name) => families.includes(name)),
    [],
  );
});

test('every row says what is done, what must hold, and which statements of correctness it is about', () => {
  for (const { name, fault, expected, statements, cycles } of table) {
    assert.ok(fault.length > 10 && expected.length > 10 && cycles > 0, name);
    assert.ok(statements.length > 0 && statements.every((statement) => /^[A-F]\d+$/.test(statement)), name);
  }
  assert.equal(listOf(table).length, 2 * table.length);
});

test('rows that could not be run are named in the verdict, and a run of none but these does not pass', () => {
  const [first, second] = table;
  assert.ok(first !== undefined && second !== undefined);
  const kept = { row: first, verdict: 'kept' } as const;
  const skipped = { row: second, verdict: 'SKIPPED' } as const;
  const failed = { row: first, verdict: 'FAILED' } as const;
  assert.deepEqual(verdictOf([kept]), { verdict: 'every promise kept', exitCode: 0 });
  const broken = { row: first, verdict: 'broken' } as const;
  assert.deepEqual(verdictOf([broken]), { verdict: `broken, as expected: ${first.name}`, exitCode: 0 });
  assert.deepEqual(verdictOf([kept, skipped]), { verdict: `every promise kept; SKIPPED: ${second.name}`, exitCode: 0 });
  assert.deepEqual(verdictOf([skipped]), { verdict: `nothing was tested; SKIPPED: ${second.name}`, exitCode: 77 });
  assert.deepEqual(verdictOf([failed, skipped]), { verdict: `FAILED: ${first.name}; SKIPPED: ${second.name}`, exitCode: 1 });
});

test('rows are chosen by name and by family, and a word that is neither is refused', () => {
  assert.deepEqual(
    chooseRows(['kill-leader', 'power-cut']).map(({ name }) => name),
    ['kill-leader', 'power-cut'],
  );
  assert.ok(chooseRows(['network']).length >= 7);
  assert.equal(chooseRows([]).length, table.length);
  assert.throws(() => chooseRows(['kill-everybody']), /neither a row nor a family/);
});

test('the command line is read whole, and what makes no sense is refused', () => {
  const options = readOptions([
    '--only',
    'stop,network',
    '--cycles',
    '3',
    '--schedule',
    '60m',
    '--with',
    'disk=lying',
    '--seed',
    '7',
  ]);
  assert.deepEqual([options.only, options.cycles, options.scheduleMs, options.row.seed], [['stop', 'network'], 3, 3_600_000, 7]);
  assert.deepEqual([options.row.text('disk', 'honest'), options.row.text('victims', '3')], ['lying', '3']);
  for (const wrong of [
    ['--brokers', '2'],
    ['--schedule', 'long'],
    ['--side', 'nobody'],
    ['--cycles', '0'],
    ['--with', 'x'],
  ]) {
    assert.throws(() => readOptions(wrong), RangeError, wrong.join(' '));
  }
});

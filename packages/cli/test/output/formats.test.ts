/**
 * One result in every output format, and when there are colours.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listingLines, sheetLines, type Listing, type OutputFormat } from '../../src/output/output.ts';
import { paintNothing, wantsColor } from '../../src/output/style.ts';

const listing: Listing<{ readonly id: number; readonly name: string }> = {
  rows: [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ],
  columns: [
    { header: 'ID', value: (row) => row.id },
    { header: 'NAME', value: (row) => row.name },
  ],
  name: (row) => row.name,
  kafka: () => ['kafka text'],
};

test('a listing has a text in every format', async () => {
  const lines = (format: OutputFormat): Promise<string[]> => listingLines(listing, format, paintNothing);
  assert.deepEqual(await lines('table'), ['ID  NAME', '1   a', '2   b']);
  assert.deepEqual(JSON.parse((await lines('json')).join('\n')), listing.rows);
  assert.deepEqual(await lines('ndjson'), ['{"id":1,"name":"a"}', '{"id":2,"name":"b"}']);
  assert.equal((await lines('yaml')).join('\n'), '- id: 1\n  name: a\n- id: 2\n  name: b');
  assert.deepEqual(await lines('kafka'), ['kafka text']);
  assert.deepEqual(await lines('name'), ['a', 'b']);
});

test('an empty listing prints nothing for people and an empty list for programs', async () => {
  const empty = { ...listing, rows: [], whenEmpty: 'none' };
  assert.deepEqual(await listingLines(empty, 'table', paintNothing), []);
  assert.deepEqual(await listingLines(empty, 'json', paintNothing), ['[]']);
  assert.deepEqual(await listingLines(empty, 'ndjson', paintNothing), []);
});

test('a sheet without Kafka text falls back to its lines', async () => {
  const sheet = { data: { a: 1 }, name: 'n', lines: () => ['line'] };
  assert.deepEqual(await sheetLines(sheet, 'kafka', paintNothing), ['line']);
  assert.deepEqual(await sheetLines(sheet, 'ndjson', paintNothing), ['{"a":1}']);
});

test('colours: --no-color, then NO_COLOR, then FORCE_COLOR, then the terminal', () => {
  const base = { disabled: false, isTTY: true, env: {} };
  assert.equal(wantsColor(base), true);
  assert.equal(wantsColor({ ...base, isTTY: false }), false);
  assert.equal(wantsColor({ ...base, isTTY: false, env: { FORCE_COLOR: '1' } }), true);
  assert.equal(wantsColor({ ...base, env: { NO_COLOR: '1', FORCE_COLOR: '1' } }), false);
  assert.equal(wantsColor({ ...base, env: { TERM: 'dumb' } }), false);
  assert.equal(wantsColor({ ...base, disabled: true, env: { FORCE_COLOR: '1' } }), false);
});

/**
 * Tables for people: alignment, wide characters, hostile text.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, escapeControls, renderFacts, renderTable, type Column } from '../../src/output/table.ts';
import { paintAnsi } from '../../src/output/style.ts';

interface Row {
  readonly name: string;
  readonly count: number | null;
}

const colours = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

const columns: readonly Column<Row>[] = [
  { header: 'NAME', value: (row) => row.name },
  { header: 'COUNT', align: 'right', value: (row) => row.count, tone: () => 'bad' },
  { header: 'EXTRA', value: () => 'x', wide: true },
];

test('columns are as wide as their widest cell, numbers stand to the right, nothing is a dash', () => {
  const rows = [
    { name: 'a', count: 12345678 },
    { name: 'longer', count: null },
  ];
  assert.deepEqual(renderTable(rows, columns), ['NAME       COUNT', 'a       12345678', 'longer         -']);
});

test('wide columns show with wide only, and colours do not move anything', () => {
  const rows = [{ name: 'a', count: 1 }];
  assert.match(renderTable(rows, columns, { wide: true })[0] as string, /EXTRA$/);
  const plain = renderTable(rows, columns, { paint: paintAnsi }).map((line) => line.replaceAll(colours, ''));
  assert.deepEqual(plain, renderTable(rows, columns));
});

test('wide characters take two cells and combining marks none', () => {
  assert.equal(displayWidth('日本'), 4);
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(displayWidth('★'), 1);
});

test('control characters from the cluster cannot drive the terminal', () => {
  assert.equal(escapeControls('a\u001b[2Jb\nc\u0000'), 'a\\x1b[2Jb\\x0ac\\x00');
  const [, line] = renderTable([{ name: '\u001b]0;x\u0007', count: 1 }], columns);
  assert.ok(!(line as string).includes('\u001b'));
  assert.deepEqual(renderFacts([['Name', 'a\nb']]), ['Name: a\\x0ab']);
});

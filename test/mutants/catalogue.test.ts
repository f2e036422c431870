/**
 * The catalogue stays in step with the sources: a mutant that no longer applies would prove nothing, silently.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { choose, readCatalogue, repository } from './catalogue.ts';
import { orderOf } from './seed-order.ts';
import { applyHunks, MutantError, parseMutant } from './mutant.ts';

const header = 'bug: a bug\nseen: somewhere\nbreaks: A1, F15\n';
const hunk = '--- find\n  one();\n--- put\n  two();\n--- end\n';

test('every mutant applies to the sources, each hunk exactly once', () => {
  for (const mutant of readCatalogue()) {
    for (const file of mutant.files) applyHunks(mutant.name, file, readFileSync(repository + file.path, 'utf8'));
  }
});

test('the catalogue has at least forty mutants, and no two make the same change', () => {
  const catalogue = readCatalogue();
  assert.ok(catalogue.length >= 40, `${catalogue.length} mutants`);
  const changes = new Map<string, string>();
  for (const { name, files } of catalogue) {
    const change = JSON.stringify(files);
    assert.equal(changes.get(change), undefined, `${name} and ${changes.get(change)} are the same`);
    changes.set(change, name);
  }
});

test('a mutant file is read into its headers, files and hunks', () => {
  const mutant = parseMutant('m', `${header}\nfile: packages/x/src/a.ts\n${hunk}file: packages/y/src/b.ts\n${hunk}${hunk}`);
  assert.deepEqual(mutant.breaks, ['A1', 'F15']);
  assert.deepEqual(
    mutant.files.map(({ path, hunks }) => [path, hunks.length]),
    [
      ['packages/x/src/a.ts', 1],
      ['packages/y/src/b.ts', 2],
    ],
  );
  assert.deepEqual(mutant.files[0]?.hunks[0], { find: '  one();', put: '  two();' });
});

test('a mutant that the simulator cannot see names the test that does', () => {
  const mutant = parseMutant(
    'm',
    `${header}outside: no sockets\ntest: packages/x/test/a.test.ts\nneeds: a: b; c: d\nfile: a.ts\n${hunk}`,
  );
  assert.deepEqual([mutant.outside, mutant.test, mutant.needs], ['no sockets', 'packages/x/test/a.test.ts', ['a: b', 'c: d']]);
  for (const { name, test: path } of readCatalogue()) {
    assert.ok(path === '' || existsSync(repository + path), `${name}: there is no ${path}`);
  }
});

test('seeds that have what a mutant needs run first, else those that together come everywhere', () => {
  const run = (seed: number, ...places: string[]) => {
    return { seed, failure: null, hash: '', cpuMs: 1, sometimes: places.map((name) => [name, 1] as const) };
  };
  const plan = (maxRecords: number, ...kinds: string[]) => {
    const faults = kinds.map((kind) => ({ kind }));
    return { faults, settings: { 'log.roll.ms': '200' }, chaosMs: 0, nodes: [1, 2], workload: { maxRecords } };
  };
  const guides = [run(1, 'a: a'), run(2, 'a: a', 'b: b'), run(3, 'c: c'), run(4, 'a: a', 'b: b', 'd: d')];
  const plans = new Map([plan(9), plan(5, 'kill'), plan(7, 'kill', 'kill'), plan(1)].map((one, i) => [i + 1, one]));
  const order = (...needs: string[]) => orderOf({ plans, guides, needs });
  assert.deepEqual(order(), [4, 3, 1, 2]);
  assert.deepEqual(order('b: b'), [4, 2, 3, 1]);
  assert.deepEqual(order('fault kill', 'setting log.roll.ms=200', 'plan nodes.length=2'), [3, 2, 4, 1]);
});

test('a mutant file with a part missing, or one that is not known, is refused', () => {
  const file = 'file: packages/x/src/a.ts\n';
  const wrong: [string, RegExp][] = [
    [`bug: b\nbreaks: A1\n${file}${hunk}`, /no header seen/],
    [`${header}fix: f\n${file}${hunk}`, /fix is no header/],
    [`bug: b\nseen: s\nbreaks: G1\n${file}${hunk}`, /G1 is no statement/],
    [`${header}outside: o\n${file}${hunk}`, /belong together/],
    [`${header}${hunk}`, /a hunk before any file/],
    [`${header}${file}`, /a file without hunks/],
    [`${header}${file}--- find\none\n--- put\ntwo\n`, /without --- end/],
    [`${header}${file}--- find\none\n--- put\none\n--- end\n`, /changes nothing/],
    [`${header}${file}${hunk}stray\n`, /neither a header/],
  ];
  for (const [text, message] of wrong) assert.throws(() => parseMutant('m', text), message);
});

test('a hunk that is not found, or found twice, is refused', () => {
  const file = { path: 'a.ts', hunks: [{ find: 'one', put: 'two' }] };
  assert.equal(applyHunks('m', file, 'zero one three'), 'zero two three');
  assert.throws(() => applyHunks('m', file, 'zero'), /does not have: one/);
  assert.throws(() => applyHunks('m', file, 'one and one'), /more than once: one/);
});

test('a whole name chooses one mutant, a part of names chooses several', () => {
  const named = (name: string) => ({ name, bug: '', seen: '', breaks: [], needs: [], outside: '', test: '', files: [] });
  const catalogue = [named('vote'), named('vote-twice'), named('torn')];
  const names = (words: string[]) => choose(catalogue, words).map(({ name }) => name);
  assert.deepEqual(names(['vote']), ['vote']);
  assert.deepEqual(names(['twice', 'torn']), ['vote-twice', 'torn']);
  assert.deepEqual(names([]), ['vote', 'vote-twice', 'torn']);
  assert.throws(() => choose(catalogue, ['other']), MutantError);
});

/**
 * The list of rare places is that of the sources, neither more nor less.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rarestPlaces } from '../../src/batch/rarest-places.ts';
import { sometimesCatalogue } from '../../src/batch/sometimes-catalogue.ts';

const packages = fileURLToPath(new URL('../../../../', import.meta.url));

/** Names in all calls of `mark`, with the files that have them. */
function marksIn(mark: string): Map<string, string[]> {
  const call = new RegExp(`\\b${mark}\\(([^;{]*?)\\)`, 'g');
  const found = new Map<string, string[]>();
  for (const name of readdirSync(packages)) {
    for (const file of sourcesOf(`${packages}${name}/src/`)) {
      for (const [, argument = ''] of readFileSync(file, 'utf8').matchAll(call)) {
        for (const [, single, double] of argument.matchAll(/'([^']*: [^']*)'|"([^"]*: [^"]*)"/g)) {
          const text = single ?? double ?? '';
          found.set(text, [...(found.get(text) ?? []), file]);
        }
      }
    }
  }
  return found;
}

function sourcesOf(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => directory + name);
}

test('the catalogue has every rare place that the sources mark, and no other', () => {
  const marked = [...marksIn('sometimes').keys()].sort();
  assert.deepEqual(sometimesCatalogue, marked);
});

test('the rarest places are in it, and are few', () => {
  assert.deepEqual(
    [...rarestPlaces].filter((name) => !sometimesCatalogue.includes(name)),
    [],
  );
  assert.ok(rarestPlaces.size < sometimesCatalogue.length / 8);
});

test('a rare place has one name, and its name one place', () => {
  for (const mark of ['sometimes', 'buggify']) {
    for (const [name, files] of marksIn(mark)) assert.equal(files.length, 1, `${name}: ${files.join(', ')}`);
  }
});

test('there are enough rare places, and enough of them in each part of the product', () => {
  assert.ok(sometimesCatalogue.length >= 130, `${sometimesCatalogue.length} rare places`);
  for (const part of ['raft', 'replication', 'log', 'controller', 'groups', 'broker', 'fault']) {
    const count = sometimesCatalogue.filter((name) => name.startsWith(`${part}: `)).length;
    assert.ok(count >= 10, `${count} rare places in ${part}`);
  }
  assert.ok(marksIn('buggify').size >= 15);
});

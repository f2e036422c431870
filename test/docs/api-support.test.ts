/**
 * docs/api-support.md says which Kafka APIs are served, in which versions and where. This holds it to the code: the list
 * of served APIs, the versions of their tables, and the handler's file.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apiDefinitions } from '@jackdaw/protocol';
import { root, sourceFiles } from '../tidy/source-tree.ts';

const document = readFileSync(`${root}docs/api-support.md`, 'utf8');

/** Key, name, versions and handler's file of each API in the broker's list of what it serves. */
function servedRows(): string[] {
  const list = sourceFiles.find(({ path }) => path === 'packages/broker/src/api/served-apis.ts');
  const names = new Set([...(list?.text ?? '').matchAll(/ApiKey\.(\w+)/g)].map(([, name]) => name));
  return [...apiDefinitions.values()]
    .filter(({ name }) => names.has(name))
    .map(({ key, name, minVersion, maxVersion }) => {
      const versions = minVersion === maxVersion ? `${minVersion}` : `${minVersion}–${maxVersion}`;
      return `| ${key} | ${name} | ${versions} | ${handlerLink(key)} |`;
    });
}

function handlerLink(key: number): string {
  const prefix = `packages/broker/src/api/${String(key).padStart(2, '0')}-`;
  const path = sourceFiles.find((file) => file.path.startsWith(prefix))?.path ?? `${prefix}?`;
  return `[${path.slice(path.lastIndexOf('/') + 1)}](../${path})`;
}

test('the table of served APIs is the one that the broker advertises', () => {
  const rows = document.split('\n').filter((line) => /^\| \d/.test(line));
  const expected = servedRows();
  assert.ok(expected.length > 20);
  const facts = rows.map((row) => /^(?:\|[^|]*){4}\|/.exec(row)?.[0] ?? row);
  assert.deepEqual(facts, expected);
});

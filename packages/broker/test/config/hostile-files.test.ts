/** Files that are no configuration, or were made to hurt: a few short sentences, and the process lives. Found by the fuzzer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load-config.ts';

/** What is wrong with a file of this content. */
function errorsOf(file: 'c.yaml' | 'c.properties', text: string): readonly string[] {
  const loaded = loadConfig({ file, env: {}, readFile: () => text, hostname: 'machine' });
  assert.ok(!loaded.ok, 'the configuration is taken');
  return loaded.errors;
}

test('YAML that nests without end is refused before a parser recurses into it', () => {
  const staircase = Array.from({ length: 1_200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
  const texts = ['['.repeat(20_000), '- '.repeat(20_000), '? '.repeat(20_000), '{a: '.repeat(20_000), staircase];
  for (const text of texts) assert.match(errorsOf('c.yaml', text).join('\n'), /c\.yaml: line \d+: it is nested too deeply/);
  assert.match(errorsOf('c.yaml', 'log: { dirs: [[a]] }').join('\n'), /line 1: log\.dirs must be a list of plain values/);
});

test('two equal keys of one YAML map are refused with the line of the second', () => {
  assert.match(errorsOf('c.yaml', 'node.id: 1\nlog:\n  dirs: a\nnode.id: 2\n').join('\n'), /line 4: node\.id comes twice/);
});

test('a file that is no configuration gets a hundred errors and a question', () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `some.quite.long.name.that.is.no.key.of.anybody.${i}=1`).join('\n');
  const errors = errorsOf('c.properties', text);
  assert.equal(errors.length, 101);
  assert.match(errors.at(-1) ?? '', /4900 more .* is this a configuration/);
});

test('what goes to the terminal is one line each, without control characters and not endless', () => {
  const [first = '', second = ''] = errorsOf('c.properties', `a\\nb\\u001b[2J\\u202e=1\n${'k'.repeat(100_000)}=1\n`);
  assert.match(first, /^a\\u000ab\\u001b\[2J\\u202e \(from c\.properties line 1\): no such key/);
  assert.ok(second.length < 1_000, `${second.length} characters`);
});

test('runs of backslashes and of openings of references are read in one pass', () => {
  assert.match(errorsOf('c.properties', `x=${'\\'.repeat(400_001)}y`).join('\n'), /no such key/);
  assert.match(errorsOf('c.properties', `x=${'${env:'.repeat(100_000)}`).join('\n'), /no such key/);
});

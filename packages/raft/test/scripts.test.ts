/**
 * Golden scripts: testdata/*.txt, commands and what they print. REWRITE=1 writes what they print now into the files;
 * commit a rewrite only if you can explain each changed line.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from './script/commands.ts';
import { Environment } from './script/environment.ts';
import { parseScript, renderScript } from './script/parse.ts';

const directory = new URL('../../test/testdata/', import.meta.url);

for (const name of readdirSync(directory).toSorted()) {
  if (!name.endsWith('.txt')) continue;
  const file = new URL(name, directory);
  const text = readFileSync(file, 'utf8');
  const title = text.split('\n')[0]?.replace(/^# /, '') ?? name;

  test(`${name}: ${title}`, () => {
    const environment = new Environment();
    const blocks = parseScript(text).map((block) => {
      for (const command of block.commands) runCommand(environment, command);
      return { source: block.source, output: environment.takeOutput(), expected: block.expected };
    });
    if (process.env['REWRITE'] === '1') {
      writeFileSync(file, renderScript(blocks));
      return;
    }
    for (const block of blocks) assert.equal(block.output, block.expected, `after ${block.source.join('; ')}`);
  });
}

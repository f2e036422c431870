/**
 * The golden scripts in `test/testdata`: each must come out as it is recorded. `REWRITE=1 node --test …` records anew;
 * read the difference before you commit it.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runScript } from './script.ts';

const directory = new URL('../../../test/testdata/', import.meta.url);

for (const name of readdirSync(directory).filter((file) => file.endsWith('.txt'))) {
  const file = new URL(name, directory);
  const recorded = readFileSync(file, 'utf8');
  // The first line of a script says what it shows, and of which statements of correctness.
  const title = recorded.slice(2, recorded.indexOf('\n'));
  test(`${title} (${name})`, () => {
    const present = runScript(recorded);
    if (process.env['REWRITE'] === '1') writeFileSync(file, present);
    else assert.equal(present, recorded);
  });
}

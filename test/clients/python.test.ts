/**
 * The Python suites (test/clients/python/run.sh) as part of `npm test`, where there are Python and a package index.
 *
 * The virtual environment is kept beside npm's own caches, so only the first run fetches the clients. Where they cannot be
 * had the test is skipped, and says so.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const skippedCode = 77;

test('kafka-python and confluent-kafka work unchanged: tutorial, records, groups, admin, fail-over', async (context) => {
  const cache = `${root}node_modules/.cache/jackdaw`;
  mkdirSync(cache, { recursive: true });
  const env = { CLIENTS_VENV: `${cache}/python-clients`, ...process.env, NODE: process.execPath };
  const run = spawn('bash', [`${root}test/clients/python/run.sh`], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(run.stdout), text(run.stderr), once(run, 'close')]);
  const code = run.exitCode;
  if (code === skippedCode) {
    context.diagnostic(errors.trim());
    context.skip(errors.trim().split('\n').at(-1));
    return;
  }
  assert.equal(code, 0, `${output}\n${errors}`);
});

/**
 * The one file that `bin/jackdaw.js` starts says and does what the single modules do (docs/decisions/0010-one-file-to-start.md).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const binaries = new URL('../../bin/', import.meta.url);

/** What it prints on standard output, run as a user of the default locale. */
function outputOf(program: string, args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1' };
  return execFileSync(process.execPath, [fileURLToPath(new URL(program, binaries)), ...args], { env, encoding: 'utf8' });
}

test('npm run build has made the one file, and it is as new as the modules', () => {
  const made = statSync(new URL('../dist/jackdaw.mjs', binaries)).mtimeMs;
  const compiled = statSync(new URL('../dist/src.tsbuildinfo', binaries)).mtimeMs;
  assert.ok(made >= compiled, 'run npm run build');
});

for (const args of [['version'], ['--help'], ['server', 'start', '--help'], ['server', 'print-config', '-o', 'json']]) {
  test(`jackdaw ${args.join(' ')} says the same from the one file as from the modules`, () => {
    const said = outputOf('jackdaw.js', args);
    assert.ok(said.length > 0);
    assert.equal(said, outputOf('modules.js', args).replaceAll('modules.js', 'jackdaw.js'));
  });
}

/**
 * The one file that `bin/jackdaw.js` starts says and does what the single modules do (docs/decisions/0010-one-file-to-start.md).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const binaries = new URL('../../bin/', import.meta.url);

/** What it prints on standard output, run as a user of the default locale. */
function outputOf(program: string, args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1' };
  return execFileSync(process.execPath, [fileURLToPath(new URL(program, binaries)), ...args], { env, encoding: 'utf8' });
}

test('npm run build has made the one file, and it is as new as the modules', () => {
  const made = statSync(new URL('../dist/jackdaw.cjs', binaries)).mtimeMs;
  const compiled = statSync(new URL('../dist/src.tsbuildinfo', binaries)).mtimeMs;
  assert.ok(made >= compiled, 'run npm run build');
});

/** Starts the one file of a copy of the directory, as another installation would have it; says whether its cache was taken. */
function isCachedIn(directory: string, flags: readonly string[] = []): boolean {
  const code = `import { loadBundle } from ${JSON.stringify(pathToFileURL(join(directory, 'bin/bundle.js')).href)};
const { exports, isCached } = loadBundle();
process.stdout.write(typeof exports.main + isCached);`;
  const args = [...flags, '--input-type=module', '--eval', code];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  assert.ok(said.startsWith('function'), 'it runs, with or without a cache');
  return said === 'functiontrue';
}

test('V8 takes the bytecode that the build made, and does without where it does not fit', (context) => {
  const cli = fileURLToPath(new URL('..', binaries));
  assert.equal(isCachedIn(cli), true, 'run npm run build');
  assert.equal(isCachedIn(cli, ['--no-opt']), false, 'a process with other flags of V8');
  const copy = mkdtempSync(join(tmpdir(), 'jackdaw-one-file-'));
  context.after(() => rmSync(copy, { recursive: true }));
  for (const name of ['bin/bundle.js', 'dist/jackdaw.cjs']) cpSync(join(cli, name), join(copy, name));
  // Beside it there are no packages, so what it imports is looked for where it was.
  symlinkSync(fileURLToPath(new URL('../../../node_modules', binaries)), join(copy, 'node_modules'));
  assert.equal(isCachedIn(copy), false, 'there is none');
  const cache = readFileSync(join(cli, 'dist/jackdaw.cache'));
  writeFileSync(join(copy, 'dist/jackdaw.cache'), cache);
  assert.equal(isCachedIn(copy), true);
  writeFileSync(join(copy, 'dist/jackdaw.cache'), cache.subarray(0, cache.length / 2));
  assert.equal(isCachedIn(copy), false, 'it is not whole');
  cache[3] = (cache[3] as number) ^ 1;
  writeFileSync(join(copy, 'dist/jackdaw.cache'), cache);
  assert.equal(isCachedIn(copy), false, 'it belongs to another file');
});

for (const args of [['version'], ['--help'], ['server', 'start', '--help'], ['server', 'print-config', '-o', 'json']]) {
  test(`jackdaw ${args.join(' ')} says the same from the one file as from the modules`, () => {
    const said = outputOf('jackdaw.js', args);
    assert.ok(said.length > 0);
    assert.equal(said, outputOf('modules.js', args).replaceAll('modules.js', 'jackdaw.js'));
  });
}

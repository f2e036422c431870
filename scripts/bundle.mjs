// Puts the command line and all that it imports into one file, packages/cli/dist/jackdaw.cjs, and V8's bytecode of it beside
// that: a process that reads one file, compiled, starts in a third of the time of one that looks for seven hundred
// (docs/decisions/0010-one-file-to-start.md). Runs after tsc, and does nothing when the file is newer than what tsc has written.
//
// Left out is what loads native code. Code that asks where it is (`import.meta.url`, `__dirname`) is told where it
// was before: it looks for files beside it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { build, transform } from 'esbuild';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, codeCache, idLength, isBundleFresh } from '../packages/cli/bin/bundle.js';

const entry = fileURLToPath(new URL('../packages/cli/dist/src/main.js', import.meta.url));
const cacheMaker = fileURLToPath(new URL('code-cache.mjs', import.meta.url));

const ownPlace = {
  name: 'own place',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?js$/, namespace: 'file' }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!/\bimport\.meta\.url\b|\b__dirname\b|\b__filename\b/.test(source)) return undefined;
      const at = JSON.stringify(relative(dirname(bundle), path));
      // An ES module has no `__dirname` but one of its own making.
      const contents = source.includes('import.meta')
        ? source.replaceAll(/\bimport\.meta\.url\b/g, `__urlOf(${at})`)
        : source.replaceAll(/\b__dirname\b/g, `__directoryOf(${at})`).replaceAll(/\b__filename\b/g, `__fileOf(${at})`);
      return { contents, loader: 'js' };
    });
  },
};

/** Only help texts need it, and its regular expressions take 20 ms of CPU to compile; there are two versions of it. */
const lateStringWidth = {
  name: 'string-width when it is asked',
  setup({ onLoad, onResolve, resolve }) {
    onResolve({ filter: /^string-width$/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'real') return undefined;
      const real = await resolve(path, { importer, resolveDir, kind, pluginData: 'real' });
      return real.errors.length > 0 ? real : { path: real.path, namespace: 'late' };
    });
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      contents: `let real;
export default (text, options) => (real ??= require(${JSON.stringify(path)}).default)(text, options);`,
      resolveDir: dirname(path),
    }));
  },
};

/**
 * proto-loader describes every message once more as a message, for reflection, which no broker offers; the code for that
 * takes 40 ms of CPU to make itself and the descriptions. The services get none here.
 */
const noReflection = {
  name: 'no reflection',
  setup({ onLoad }) {
    onLoad({ filter: /protobufjs[/\\]ext[/\\]descriptor([/\\]index)?\.js$/, namespace: 'file' }, ({ path }) => ({
      contents: `const { Root, Type, Enum } = require('protobufjs');
const none = { $type: { toObject: () => ({}) }, file: [] };
for (const kind of [Root, Type, Enum]) kind.prototype.toDescriptor = () => none;`,
      resolveDir: dirname(path),
    }));
  },
};

/** classic-level is JavaScript but for this module, which looks for a binary in its own package. */
const nativeLevel = {
  name: 'native part of classic-level',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      /[/\\]classic-level[/\\][^/\\]+$/.test(importer) ? { path: 'classic-level/binding.js', external: true } : undefined,
    );
  },
};

/** Before the first statement: where this file's parts were. `__oneFile` is its own path; some parts have a `__dirname`. */
const prologue = `const __pathOf = require('node:path');
const __urls = require('node:url');
const __fileOf = (path) => __pathOf.join(__oneFile, '..', path);
const __urlOf = (path) => __urls.pathToFileURL(__fileOf(path)).href;
const __directoryOf = (path) => __pathOf.dirname(__fileOf(path));`;

async function bundled() {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: bundle,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    plugins: [ownPlace, lateStringWidth, noReflection, nativeLevel],
    banner: { js: prologue },
    legalComments: 'inline',
    logLevel: 'warning',
  });
  return asciiOf(outputFiles[0].text);
}

/** esbuild writes code in ASCII; what is left stands in comments. */
async function asciiOf(text) {
  const { code } = await transform(text, { minifyWhitespace: true, legalComments: 'none' });
  if (!isAscii(code)) throw new Error('the one file has code that is not ASCII');
  return Array.from(text, (character) => (isAscii(character) ? character : '?')).join('');
}

function isAscii(text) {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** A function expression, as {@link loadBundle} takes it, that begins with a name of its content. */
function wrapped(code) {
  const id = `/* ${createHash('sha256').update(code).digest('hex')} */`.padEnd(idLength);
  return `${id}(function (exports, require, module, __oneFile) {${code}\n})`;
}

/** At once: a process that starts now reads the old file or the new one. */
function write(file, content) {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

if (!isBundleFresh()) {
  const source = wrapped(await bundled());
  rmSync(codeCache, { force: true });
  write(bundle, source);
  // Without it a start takes longer, and is the same otherwise.
  const { status } = spawnSync(process.execPath, [cacheMaker], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.stderr.write('bundle: no code cache was made; commands will start more slowly\n');
}

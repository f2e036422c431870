// Puts the command line and all that it imports into one file, packages/cli/dist/jackdaw.mjs: a process that reads one file
// starts in half the time of one that looks for seven hundred (docs/decisions/0010-one-file-to-start.md). Runs after tsc, and
// does nothing when the file is newer than what tsc has written.
//
// Left out is what has native code of its own. Code that asks where it is (`import.meta.url`, `__dirname`) is told where it
// was before: it looks for files beside it.
import { build } from 'esbuild';
import { readFileSync, renameSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, isBundleFresh } from '../packages/cli/bin/bundle.js';

const entry = fileURLToPath(new URL('../packages/cli/dist/src/main.js', import.meta.url));
const output = fileURLToPath(bundle);

const ownPlace = {
  name: 'own place',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!/\bimport\.meta\.url\b|\b__dirname\b|\b__filename\b/.test(source)) return undefined;
      const at = JSON.stringify(relative(dirname(output), path));
      // An ES module has no `__dirname` but one of its own making.
      const contents = source.includes('import.meta')
        ? source.replaceAll(/\bimport\.meta\.url\b/g, `__urlOf(${at})`)
        : source.replaceAll(/\b__dirname\b/g, `__directoryOf(${at})`).replaceAll(/\b__filename\b/g, `__fileOf(${at})`);
      return { contents, loader: 'js' };
    });
  },
};

const banner = `import { createRequire as __createRequire } from 'node:module';
import { dirname as __dirnameOf } from 'node:path';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __urlOf = (path) => new URL(path, import.meta.url).href;
const __fileOf = (path) => __fileURLToPath(__urlOf(path));
const __directoryOf = (path) => __dirnameOf(__fileOf(path));`;

if (!isBundleFresh()) {
  const temporary = `${output}.${process.pid}.tmp`;
  await build({
    entryPoints: [entry],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['classic-level'],
    plugins: [ownPlace],
    banner: { js: banner },
    legalComments: 'inline',
    logLevel: 'warning',
  });
  // At once: a process that starts now reads the old file or the new one.
  renameSync(temporary, output);
}

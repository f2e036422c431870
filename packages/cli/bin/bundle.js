// The command line in one file, made by `npm run build` (scripts/bundle.mjs), and how it is started: with the bytecode that V8
// made of it at build time, where that fits (docs/decisions/0010-one-file-to-start.md).
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

export const bundle = new URL('../dist/jackdaw.cjs', import.meta.url);
/** The id of the file that it belongs to, then what `createCachedData` gave. */
export const codeCache = new URL('../dist/jackdaw.cache', import.meta.url);
const packages = new URL('../../', import.meta.url);

/** The file begins with a comment that names its content: V8 would take bytecode of any other file of the same length. */
export const idLength = 72;

/**
 * Whether the one file is what the sources were compiled to: after a `tsc -b` alone it is not, and the single modules are
 * run. True also where the compiler has left no notes, as in the image: there nothing is compiled any more.
 */
export function isBundleFresh() {
  const made = modifiedMs(bundle);
  return made > 0 && readdirSync(packages).every((name) => modifiedMs(new URL(`${name}/dist/src.tsbuildinfo`, packages)) <= made);
}

/** Evaluates the file: a function expression that takes what Node gives to a CommonJS module, and the file's own path. */
export function loadBundle({ withCache = true } = {}) {
  const filename = fileURLToPath(bundle);
  // All ASCII (the build sees to that): no decoding, and V8 uses the bytes where they are.
  const source = readFileSync(filename, 'latin1');
  const cachedData = withCache ? readCache(source) : undefined;
  const script = new Script(source, { filename, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename);
  const isCached = cachedData !== undefined && script.cachedDataRejected === false;
  return { exports: module.exports, id: source.slice(0, idLength), script, isCached };
}

/** Bytecode that belongs to this source. V8 itself refuses that of another version of itself, or of other flags. */
function readCache(source) {
  try {
    const bytes = readFileSync(codeCache);
    if (bytes.latin1Slice(0, idLength) === source.slice(0, idLength)) return bytes.subarray(idLength);
  } catch {
    // Never made, or not to be read: the source alone does.
  }
  return undefined;
}

/** 0 when there is no such file. */
function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

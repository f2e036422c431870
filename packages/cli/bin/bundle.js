// The command line in one file, made by `npm run build` (scripts/bundle.mjs), and how it is started: with the bytecode that V8
// made of it at build time, where that fits (docs/decisions/0010-one-file-to-start.md).
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

const bundle = path.join(__dirname, '../dist/jackdaw.cjs');
/** The id of the file that it belongs to, then what `createCachedData` gave. */
const codeCache = path.join(__dirname, '../dist/jackdaw.cache');
const packages = path.join(__dirname, '../..');

/** The file begins with a comment that names its content: V8 would take bytecode of any other file of the same length. */
const idLength = 72;

/**
 * Whether the one file is what the sources were compiled to: after a `tsc -b` alone it is not, and the single modules are
 * run. True also where the compiler has left no notes, as in the image: there nothing is compiled any more.
 */
function isBundleFresh() {
  const made = modifiedMs(bundle);
  return made > 0 && readdirSync(packages).every((name) => modifiedMs(path.join(packages, name, 'dist/src.tsbuildinfo')) <= made);
}

/** Evaluates the file: a function expression that takes what Node gives to a CommonJS module, and the file's own path. */
function loadBundle({ withCache = true } = {}) {
  // All ASCII (the build sees to that): no decoding, and V8 uses the bytes where they are.
  const source = readFileSync(bundle, 'latin1');
  const cachedData = withCache ? readCache(source) : undefined;
  const script = new Script(source, { filename: bundle, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle);
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

module.exports = { bundle, codeCache, idLength, isBundleFresh, loadBundle };

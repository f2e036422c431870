// The command line in one file, made by `npm run build` (scripts/bundle.mjs), and whether it is what the sources were compiled
// to: after a `tsc -b` alone it is not, and the single modules are run.
import { readdirSync, statSync } from 'node:fs';

export const bundle = new URL('../dist/jackdaw.mjs', import.meta.url);
const packages = new URL('../../', import.meta.url);

/** True also where the compiler has left no notes, as in the image: there nothing is compiled any more. */
export function isBundleFresh() {
  const made = modifiedMs(bundle);
  return made > 0 && readdirSync(packages).every((name) => modifiedMs(new URL(`${name}/dist/src.tsbuildinfo`, packages)) <= made);
}

/** 0 when there is no such file. */
function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

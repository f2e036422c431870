/**
 * Code that a package keeps to itself and that reads hostile bytes all the same: the fuzzer calls it where it stands.
 *
 * Tests of a package import its sources; this directory belongs to none. So the compiled file is loaded by its place, and
 * the caller says which source that is by its type: `await internal<typeof FrameReader>('broker/net/frame-reader')`.
 */

/** Compiled test files lie two directories below the root's `dist`. */
const packages = new URL('../../../packages/', import.meta.url);

/** The module at `packages/<package>/src/<place>.ts`, given as `<package>/<place>`. */
export async function internal<Module>(place: string): Promise<Module> {
  const slash = place.indexOf('/');
  const url = new URL(`${place.slice(0, slash)}/dist/src/${place.slice(slash + 1)}.js`, packages);
  return (await import(url.href)) as Module;
}

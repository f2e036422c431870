/**
 * Code that a package keeps to itself and that is hot all the same: it is measured where it stands.
 *
 * The compiled file is loaded by its place, and the caller says which source that is by its type:
 * `await internal<typeof FrameReaderModule>('broker/net/frame-reader')`.
 */

/** Compiled files of this directory lie two directories below the root's `dist`. */
const packages = new URL('../../../packages/', import.meta.url);

/** The module at `packages/<package>/src/<place>.ts`, given as `<package>/<place>`. */
export async function internal<Module>(place: string): Promise<Module> {
  const slash = place.indexOf('/');
  const url = new URL(`${place.slice(0, slash)}/dist/src/${place.slice(slash + 1)}.js`, packages);
  return (await import(url.href)) as Module;
}

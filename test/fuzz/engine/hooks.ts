/**
 * A hook of Node's module loader that puts probes into the packages' code as it is read; it runs in the loader's own thread.
 * `coverage.ts` registers it. What comes from elsewhere, tests and dependencies, is loaded as it is.
 */
import type { LoadFnOutput, LoadHookContext } from 'node:module';
import type { HooksData } from './coverage.ts';
import { instrument } from './instrument.ts';

const ourCode = /\/packages\/[a-z]+\/dist\/src\/[\w./-]+\.js$/;
let probes: Int32Array = new Int32Array(1);

export function initialize(data: HooksData): void {
  probes = new Int32Array(data.probes);
}

export async function load(
  url: string,
  context: LoadHookContext,
  nextLoad: (url: string, context?: LoadHookContext) => LoadFnOutput | Promise<LoadFnOutput>,
): Promise<LoadFnOutput> {
  const loaded = await nextLoad(url, context);
  if (!ourCode.test(url) || loaded.source === null || loaded.source === undefined) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString('utf8');
  const first = Atomics.load(probes, 0);
  const instrumented = instrument(text, first);
  Atomics.store(probes, 0, first + instrumented.probes);
  return { ...loaded, source: instrumented.code };
}

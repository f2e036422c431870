/**
 * Runs all micro-benchmarks, one after the other.
 */
import type { MicroResult } from '../report/bench-record.ts';
import type { Progress } from '../run/progress.ts';
import { batchMicros } from './batches.ts';
import { logMicros } from './log.ts';
import { measureMicro } from './micro-bench.ts';
import { wireMicros } from './wire.ts';

export async function runMicros(progress: Progress): Promise<MicroResult[]> {
  const results: MicroResult[] = [];
  for (const micro of [...wireMicros(), ...batchMicros(), ...(await logMicros())]) {
    progress.head(micro.name);
    try {
      results.push(measureMicro(micro));
    } finally {
      await micro.close?.();
    }
  }
  progress.end();
  return results;
}

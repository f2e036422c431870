/**
 * A micro-benchmark: a hot function and its limit, the plainest code that does what cannot be left out. Both are timed in
 * turn, so that what the machine does meanwhile meets both; the best of several samples counts.
 */
import type { MicroResult } from '../report/bench-record.ts';

export interface Micro {
  readonly name: string;
  /** What is timed: `calls` calls. Its result is kept, so that none can be left out. */
  run(calls: number): unknown;
  /** The same for the limit. */
  runLimit(calls: number): unknown;
  /** What the limit does, in a few words. */
  readonly limit: string;
  /** Bytes that one call handles; absent where they do not matter. */
  readonly bytes?: number;
  /** Most calls in a sample: where a call leaves something behind. */
  readonly maxCalls?: number;
  close?(): Promise<void>;
}

const samples = 7;
const minSampleMs = 25;
let sink: unknown;

export function measureMicro(micro: Micro): MicroResult {
  const calls = callsFor(micro, (count) => micro.run(count));
  const limitCalls = callsFor(micro, (count) => micro.runLimit(count));
  let best = Infinity;
  let bestLimit = Infinity;
  for (let i = 0; i < samples; i++) {
    best = Math.min(best, nanosecondsOf(() => micro.run(calls)) / calls);
    bestLimit = Math.min(bestLimit, nanosecondsOf(() => micro.runLimit(limitCalls)) / limitCalls);
  }
  return {
    name: micro.name,
    unit: 'ns',
    nanoseconds: best,
    limitNanoseconds: bestLimit,
    limit: micro.limit,
    bytes: micro.bytes ?? 0,
  };
}

/** So many that a sample is long enough for the clock; finding it warms the code up. */
function callsFor({ maxCalls = Infinity }: Micro, run: (calls: number) => unknown): number {
  let calls = 1;
  for (;;) {
    const ms = nanosecondsOf(() => run(calls)) / 1e6;
    if (ms >= minSampleMs || calls >= maxCalls) return calls;
    calls = Math.min(maxCalls, Math.ceil(calls * Math.min(10, Math.max(2, (minSampleMs * 1.2) / Math.max(ms, 0.01)))));
  }
}

function nanosecondsOf(work: () => unknown): number {
  const began = process.hrtime.bigint();
  sink = work();
  return Number(process.hrtime.bigint() - began);
}

/** What the last call gave: read by nobody, so that the compiler cannot know that. */
export function lastResult(): unknown {
  return sink;
}

/**
 * One execution and the oracles that hold for every target: nothing is thrown, it is quick, it allocates in proportion to its
 * input, and an input that is refused has not been changed.
 *
 * Time and memory are disturbed by collectors and neighbours, so a breach counts only when it comes again and again.
 */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { defaultAllocation, defaultMaxMs, OracleError, type Outcome, type Target } from './target.ts';

/** Times that a slow or hungry execution is repeated before it counts as one. */
const repetitions = 4;

/** The outcome, without a promise where the target needs none; throws, or rejects with, what is a finding. */
export function execute(target: Target, input: Uint8Array): Outcome | Promise<Outcome> {
  const measured = measure(target, input);
  return measured instanceof Promise ? measured.then((known) => judge(target, input, known)) : judge(target, input, measured);
}

interface Measured {
  readonly outcome: Outcome;
  readonly ms: number;
  /** Allocated; negative when the collector ran meanwhile. */
  readonly bytes: number;
}

function judge(target: Target, input: Uint8Array, measured: Measured): Outcome | Promise<Outcome> {
  return breachOf(target, input, measured) === null ? measured.outcome : judgeAgain(target, input, measured);
}

async function judgeAgain(target: Target, input: Uint8Array, first: Measured): Promise<Outcome> {
  let measured = first;
  for (let left = repetitions; left > 0 && breachOf(target, input, measured) !== null; left--) {
    const again = await measure(target, input);
    measured = {
      outcome: again.outcome,
      ms: Math.min(measured.ms, again.ms),
      bytes: Math.min(measured.bytes, again.bytes),
    };
  }
  const breach = breachOf(target, input, measured);
  if (breach !== null) throw new OracleError(breach);
  return measured.outcome;
}

function measure(target: Target, input: Uint8Array): Measured | Promise<Measured> {
  // Buffers are what sockets and files give, and views of larger ones.
  const given = Buffer.from(input);
  const bytesBefore = allocated();
  const started = performance.now();
  const measured = (outcome: Outcome): Measured => {
    const ms = performance.now() - started;
    const bytes = allocated() - bytesBefore;
    if (outcome === 'refused' && given.compare(input) !== 0) throw new OracleError('the input was refused, and changed');
    return { outcome, ms, bytes };
  };
  const result = target.run(given);
  return result instanceof Promise ? result.then(measured) : measured(result);
}

function allocated(): number {
  const { used_heap_size: heapBytes, external_memory: externalBytes } = getHeapStatistics();
  return heapBytes + externalBytes;
}

function breachOf(target: Target, input: Uint8Array, { ms, bytes }: Measured): string | null {
  const maxMs = target.maxMs ?? defaultMaxMs;
  if (ms > maxMs) return `took ${ms.toFixed(0)} ms, more than ${maxMs}`;
  const { fixedBytes, bytesPerInputByte } = target.allocation ?? defaultAllocation;
  const maxBytes = fixedBytes + bytesPerInputByte * input.length;
  if (bytes > maxBytes) return `allocated ${bytes} bytes for an input of ${input.length}, more than ${maxBytes}`;
  return null;
}

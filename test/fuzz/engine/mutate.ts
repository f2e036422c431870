/**
 * The byte-level mutators, and the choice between them, a target's own and splices with other inputs of the corpus.
 */
import type { Prng } from '@jackdaw/base';
import { mutateBytes, pick } from '../../hardening/mutations.ts';
import { defaultMaxInputBytes, type Target } from './target.ts';

/** A new input from one of the corpus; `other` is a second one to take parts from. */
export function mutateInput(target: Target, input: Uint8Array, { prng, other }: { prng: Prng; other: Uint8Array }): Uint8Array {
  let result: Uint8Array | null = null;
  if (target.mutate !== undefined && prng.chance(0.7)) {
    // A copy: mutators cut views out of what they are given, and the corpus must stay as it is.
    result = Uint8Array.from(input);
    for (let left = pick([1, 1, 1, 2, 3], prng); left > 0 && result !== null; left--) result = target.mutate(result, prng, other);
  }
  if (result === null || prng.chance(0.1)) {
    result = mutateOnBytes(target, Uint8Array.from(result ?? input), { prng, other });
  }
  const maxBytes = target.maxInputBytes ?? defaultMaxInputBytes;
  if (result.length > maxBytes) result = result.slice(0, maxBytes);
  if (target.repair !== undefined && prng.chance(0.9)) result = target.repair(result);
  return Uint8Array.from(result);
}

function mutateOnBytes(target: Target, input: Uint8Array, { prng, other }: { prng: Prng; other: Uint8Array }): Uint8Array {
  if (target.words !== undefined && prng.chance(0.25)) return withWord(input, target.words, prng);
  if (prng.chance(0.3)) return withArithmetic(input, prng);
  if (prng.chance(0.05)) return withRun(input, prng);
  return mutateBytes(input, prng, other);
}

/** Puts a word of the target's into the input, or over a part of it. */
function withWord(input: Uint8Array, words: readonly (string | Uint8Array)[], prng: Prng): Uint8Array {
  const chosen = pick(words, prng);
  const word = typeof chosen === 'string' ? Buffer.from(chosen) : chosen;
  const position = prng.below(input.length + 1);
  const replaced = prng.chance(0.5) ? 0 : Math.min(word.length, input.length - position);
  return Buffer.concat([input.subarray(0, position), word, input.subarray(position + replaced)]);
}

/** Adds a little to a number of 1, 2, 4 or 8 bytes of either endianness: off by one, off by a record. */
function withArithmetic(input: Uint8Array, prng: Prng): Uint8Array {
  const size = pick([1, 2, 4, 4, 8], prng);
  if (input.length < size) return input;
  const result = Uint8Array.from(input);
  const position = prng.below(input.length - size + 1);
  let carry = pick([1, -1, 2, -2, 8, -8, 16, -16, 61, -61, 255], prng);
  const isLittle = prng.chance(0.3);
  for (let i = 0; i < size && carry !== 0; i++) {
    const at = isLittle ? position + i : position + size - 1 - i;
    const sum = (result[at] as number) + carry;
    result[at] = sum;
    carry = Math.floor(sum / 256);
  }
  return result;
}

/** The same few bytes many times over: counts, nesting, tables that grow. */
function withRun(input: Uint8Array, prng: Prng): Uint8Array {
  const start = prng.below(input.length + 1);
  const piece = input.slice(start, start + pick([1, 1, 2, 4, 8, 32], prng));
  const run = Array.from({ length: pick([4, 16, 64, 512], prng) }, () => piece);
  return Buffer.concat([input.subarray(0, start), ...run, input.subarray(start)]);
}

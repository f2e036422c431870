/**
 * What the fuzzer can be pointed at: bytes in, and one of two words out. Everything else is a finding.
 */
import type { Prng } from '@jackdaw/base';

/** `refused`: one of the errors that the code declares; the input must be as it was then. */
export type Outcome = 'accepted' | 'refused';

export interface Target {
  /** Also the name of its file in `corpus/`. */
  readonly name: string;
  /** What is read by whom, for `--list`. */
  readonly what: string;
  /** Valid inputs to begin with. */
  readonly seeds: (prng: Prng) => readonly Uint8Array[];
  /**
   * Gives the bytes to the code and checks what comes out. Throws when anything is wrong: every error is a finding, but for
   * those that the code declares, which the target turns into `refused`. Keeps nothing from one call to the next.
   */
  readonly run: (input: Uint8Array) => Outcome | Promise<Outcome>;
  /** A change that knows the structure; null leaves this input to the byte-level mutators. */
  readonly mutate?: (input: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array | null;
  /** Makes checksums and outer lengths right again after a mutation; applied to most inputs, not to all. */
  readonly repair?: (input: Uint8Array) => Uint8Array;
  /** Byte strings that mean something here. */
  readonly words?: readonly (string | Uint8Array)[];
  /** Longer inputs are cut. Default 16,384. */
  readonly maxInputBytes?: number;
  /** What one execution may allocate: a fixed amount, and so much for each byte of input. */
  readonly allocation?: { readonly fixedBytes: number; readonly bytesPerInputByte: number };
  /** How many times as dear as most an execution is: a run gives the target so many times fewer of them. Default 1. */
  readonly cost?: number;
  /** What one execution may take, pauses of a busy machine excepted (it is repeated). Default 200. */
  readonly maxMs?: number;
}

export const defaultMaxInputBytes = 16_384;
export const defaultMaxMs = 200;
/** 64 bytes for each: an array of two-byte elements becomes objects of some forty. */
export const defaultAllocation = { fixedBytes: 8 * 1_048_576, bytesPerInputByte: 128 };

/** A wrong answer, as opposed to a wrong exception. */
export class OracleError extends Error {
  override readonly name = 'OracleError';
}

export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new OracleError(message);
}

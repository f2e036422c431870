/**
 * Where a decompressor writes: one buffer that grows by doubling and never past a limit.
 *
 * The limit is what makes a bomb harmless: the decoders ask for room before they write, so the most that is ever
 * allocated is the limit, and the refusal comes at the first byte beyond it.
 */
import { DecompressedTooLargeError, type CodecId } from '@jackdaw/protocol';

import type { Match } from './match-finder.ts';

/** First allocation, as a multiple of the input: what JSON usually inflates to. */
const expectedRatio = 4;
const minCapacityBytes = 4096;

export class BoundedOutput {
  /** Bytes `[0, length)` are written. Replaced when it grows: read it anew after every `reserve`. */
  bytes: Buffer;
  length = 0;
  readonly codec: CodecId;
  readonly #maxBytes: number;

  constructor(codec: CodecId, maxBytes: number, inputBytes: number) {
    this.codec = codec;
    this.#maxBytes = maxBytes;
    this.bytes = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(inputBytes * expectedRatio, minCapacityBytes)));
  }

  /** Throws `DecompressedTooLargeError` unless the limit leaves room for `count` bytes more. */
  expectRoom(count: number): void {
    if (this.length + count > this.#maxBytes) this.overflow();
  }

  /** Makes room for exactly `count` bytes more, or throws `DecompressedTooLargeError`. */
  reserve(count: number): void {
    this.expectRoom(count);
    this.#grow(this.length + count);
  }

  /** Makes room for up to `count` bytes, as far as the limit allows; returns where writing must stop. */
  reserveUpTo(count: number): number {
    const end = Math.min(this.length + count, this.#maxBytes);
    this.#grow(end);
    return end;
  }

  /** True when `end`, a result of `reserveUpTo`, is where the limit lies. */
  isLimit(end: number): boolean {
    return end === this.#maxBytes;
  }

  overflow(): never {
    throw new DecompressedTooLargeError(this.codec, this.#maxBytes);
  }

  result(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  #grow(capacity: number): void {
    if (capacity <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(capacity, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Runs up to this length are copied by hand, since a call out of JavaScript costs more than that. */
export const longRunBytes = 32;

/**
 * Repeats `length` bytes that lie `offset` bytes back, as LZ77 matches mean it: a match may overlap what it writes.
 * The caller has checked that there is room and that `offset` reaches no further back than it may. Returns the position
 * after the match.
 */
export function copyLongMatch(bytes: Uint8Array, position: number, match: Match): number {
  const start = position - match.offset;
  const end = position + match.length;
  // Each round doubles what can be copied at once: everything since the match's start repeats with period `offset`.
  while (position < end) {
    const count = Math.min(position - start, end - position);
    bytes.copyWithin(position, start, start + count);
    position += count;
  }
  return position;
}

/** Copies `source[start, start + count)` to `to` at `position`. */
export function copyLiterals(
  source: Uint8Array,
  start: number,
  target: { to: Uint8Array; position: number; count: number },
): void {
  const { to, position, count } = target;
  if (count > longRunBytes) {
    to.set(source.subarray(start, start + count), position);
    return;
  }
  for (let index = 0; index < count; index++) to[position + index] = source[start + index] as number;
}

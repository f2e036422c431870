/**
 * The LZ4 block format: sequences of a token, literals and a match.
 *
 * Own code, because a decoder for untrusted bytes must stop at a limit of the caller's choice and no library at hand
 * takes one. Format: lz4_Block_format.md of the LZ4 project.
 */
import { codecLz4, CorruptCompressedError } from '@jackdaw/protocol';

import { copyMatch } from './bounded-output.ts';
import { findMatches, type Match, type MatchSink } from './match-finder.ts';

const minMatchBytes = 4;
/** A nibble of this value continues in further bytes. */
const longLength = 15;

/** Largest size of `count` bytes when they do not compress. */
export function lz4BlockBound(count: number): number {
  return count + Math.ceil(count / 255) + 16;
}

export interface Lz4Target {
  bytes: Uint8Array;
  /** Where to write, and the first byte not to write. */
  position: number;
  limit: number;
  /** How far back a match may reach: the block's start, or the frame's when blocks depend on each other. */
  historyStart: number;
}

/**
 * Inflates one block. Returns the position after the output, or −1 when the output would pass `target.limit`. Throws
 * `CorruptCompressedError` on anything that is not a block.
 */
export function inflateLz4Block(block: Uint8Array, target: Lz4Target): number {
  const { bytes, limit, historyStart } = target;
  const end = block.length;
  const match: Match = { offset: 0, length: 0 };
  let position = target.position;
  let from = 0;
  while (from < end) {
    const token = block[from++] as number;
    let literals = token >>> 4;
    if (literals === longLength) {
      let byte: number;
      do {
        if (from >= end) corrupt('a literal length is cut off');
        byte = block[from++] as number;
        literals += byte;
      } while (byte === 255);
    }
    if (literals > end - from) corrupt('literals are cut off');
    if (literals > limit - position) return -1;
    copyLiterals(block, from, { to: bytes, position, count: literals });
    position += literals;
    from += literals;
    if (from === end) return position;
    if (end - from < 2) corrupt('a match offset is cut off');
    match.offset = (block[from] as number) | ((block[from + 1] as number) << 8);
    from += 2;
    if (match.offset === 0 || match.offset > position - historyStart) corrupt('a match starts before the data');
    match.length = (token & longLength) + minMatchBytes;
    if (match.length === longLength + minMatchBytes) {
      let byte: number;
      do {
        if (from >= end) corrupt('a match length is cut off');
        byte = block[from++] as number;
        match.length += byte;
      } while (byte === 255);
    }
    if (match.length > limit - position) return -1;
    copyMatch(bytes, position, match);
    position += match.length;
  }
  return corrupt('a block ends without its last literals');
}

/** Copies a run between buffers: by hand when short, since a call out of JavaScript costs more than 20 bytes. */
export function copyLiterals(
  source: Uint8Array,
  start: number,
  target: { to: Uint8Array; position: number; count: number },
): void {
  const { to, position, count } = target;
  if (count > 24) {
    to.set(source.subarray(start, start + count), position);
    return;
  }
  for (let index = 0; index < count; index++) to[position + index] = source[start + index] as number;
}

/** Deflates `source[start, end)`, at most 64 KiB, into `target` at `position`; returns the position after it. */
export function deflateLz4Block(
  source: Uint8Array,
  range: { start: number; end: number },
  target: { bytes: Uint8Array; position: number },
): number {
  const sink = new Lz4Sink(source, target.bytes, target.position);
  findMatches(source, range, sink);
  return sink.position;
}

class Lz4Sink implements MatchSink {
  position: number;
  readonly #source: Uint8Array;
  readonly #bytes: Uint8Array;

  constructor(source: Uint8Array, bytes: Uint8Array, position: number) {
    this.#source = source;
    this.#bytes = bytes;
    this.position = position;
  }

  onSequence(literalStart: number, literalEnd: number, match: Match): void {
    const count = literalEnd - literalStart;
    const extra = match.length - minMatchBytes;
    const isLast = match.length === 0;
    const lengthNibble = isLast ? 0 : Math.min(extra, longLength);
    this.#bytes[this.position++] = (Math.min(count, longLength) << 4) | lengthNibble;
    if (count >= longLength) this.#writeLength(count - longLength);
    copyLiterals(this.#source, literalStart, { to: this.#bytes, position: this.position, count });
    this.position += count;
    if (isLast) return;
    this.#bytes[this.position++] = match.offset;
    this.#bytes[this.position++] = match.offset >>> 8;
    if (extra >= longLength) this.#writeLength(extra - longLength);
  }

  #writeLength(rest: number): void {
    for (; rest >= 255; rest -= 255) this.#bytes[this.position++] = 255;
    this.#bytes[this.position++] = rest;
  }
}

function corrupt(detail: string): never {
  throw new CorruptCompressedError(codecLz4, detail);
}

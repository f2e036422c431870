/**
 * The LZ4 block format: sequences of a token, literals and a match.
 *
 * Own code, because a decoder for untrusted bytes must stop at a limit of the caller's choice and no library at hand
 * takes one. Format: lz4_Block_format.md of the LZ4 project.
 */
import { codecLz4, CorruptCompressedError } from '@jackdaw/protocol';

import { copyLiterals, copyLongMatch, longRunBytes } from './bounded-output.ts';
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
  let position = target.position;
  let from = 0;
  while (from < end) {
    const token = block[from++] as number;
    let literals = token >>> 4;
    if (literals === longLength) {
      const extra = readLongLength(block, from);
      literals += extra;
      from += bytesOfLongLength(extra);
    }
    if (literals > end - from) corrupt('literals are cut off');
    if (literals > limit - position) return -1;
    if (literals > longRunBytes) {
      bytes.set(block.subarray(from, from + literals), position);
      position += literals;
      from += literals;
    } else {
      for (const stop = from + literals; from < stop;) bytes[position++] = block[from++] as number;
    }
    if (from === end) return position;
    if (end - from < 2) corrupt('a match offset is cut off');
    const offset = (block[from] as number) | ((block[from + 1] as number) << 8);
    from += 2;
    if (offset === 0 || offset > position - historyStart) corrupt('a match starts before the data');
    let length = (token & longLength) + minMatchBytes;
    if (length === longLength + minMatchBytes) {
      const extra = readLongLength(block, from);
      length += extra;
      from += bytesOfLongLength(extra);
    }
    if (length > limit - position) return -1;
    if (length > longRunBytes) {
      position = copyLongMatch(bytes, position, { offset, length });
    } else {
      let source = position - offset;
      for (const stop = source + length; source < stop;) bytes[position++] = bytes[source++] as number;
    }
  }
  return corrupt('a block ends without its last literals');
}

/** What the bytes from `from` on add to a length: each 255 means that another one follows. */
function readLongLength(block: Uint8Array, from: number): number {
  let end = from;
  while (block[end] === 255) end++;
  if (end >= block.length) corrupt('a length is cut off');
  return (end - from) * 255 + (block[end] as number);
}

function bytesOfLongLength(extra: number): number {
  return Math.floor(extra / 255) + 1;
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

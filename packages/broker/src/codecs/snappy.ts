/**
 * Snappy, in the two shapes that Kafka clients send.
 *
 * The Java client frames it as the xerial library does: a 16-byte header and then blocks of at most 32 KiB, each behind
 * its length. librdkafka and others send one raw block. Both are read; the Java shape is written. A block declares what
 * it inflates to, so a bomb is refused by its first bytes. Format: format_description.txt of the Snappy project.
 */
import { codecSnappy, CorruptCompressedError } from '@jackdaw/protocol';

import { BoundedOutput, copyLiterals, copyLongMatch, longRunBytes } from './bounded-output.ts';
import { findMatches, type Match, type MatchSink } from './match-finder.ts';

/** 0x82 "SNAPPY" 0x00, then version 1 and the oldest compatible version 1, big-endian. */
const xerialHeader = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex');
const xerialMagicBytes = 8;
const writtenBlockBytes = 32_768;
/** No tag yields more than 64 bytes for its 2: a block that claims more for its size is not sound. */
const maxRatio = 32;

/** `bytes` in xerial framing. */
export function compressSnappy(bytes: Uint8Array): Buffer {
  const blocks = Math.ceil(bytes.length / writtenBlockBytes);
  const target = Buffer.allocUnsafe(xerialHeader.length + bytes.length + Math.ceil(bytes.length / 6) + blocks * 48);
  target.set(xerialHeader);
  let position = xerialHeader.length;
  for (let start = 0; start < bytes.length; start += writtenBlockBytes) {
    const end = Math.min(start + writtenBlockBytes, bytes.length);
    const blockEnd = deflateBlock(bytes, { start, end }, { bytes: target, position: position + 4 });
    target.writeInt32BE(blockEnd - position - 4, position);
    position = blockEnd;
  }
  return target.subarray(0, position);
}

/** The content of xerial-framed or raw Snappy. */
export function decompressSnappy(bytes: Uint8Array, maxBytes: number): Buffer {
  const output = new BoundedOutput(codecSnappy, maxBytes, bytes.length);
  if (!hasXerialMagic(bytes, 0)) {
    inflateBlock(bytes, output);
    return output.result();
  }
  let position = 0;
  while (position < bytes.length) {
    // Streams may have been joined, each with its header: a length cannot look like the magic, which is negative.
    if (hasXerialMagic(bytes, position)) {
      position += xerialHeader.length;
      if (position > bytes.length) corrupt('the header is cut off');
      continue;
    }
    if (bytes.length - position < 4) corrupt('a block length is cut off');
    const sizeInBytes = new DataView(bytes.buffer, bytes.byteOffset + position, 4).getInt32(0);
    position += 4;
    if (sizeInBytes < 0 || sizeInBytes > bytes.length - position) corrupt('a block is cut off');
    inflateBlock(bytes.subarray(position, position + sizeInBytes), output);
    position += sizeInBytes;
  }
  return output.result();
}

/** True when `bytes` has the first 8 bytes of the xerial header at `position`. */
function hasXerialMagic(bytes: Uint8Array, position: number): boolean {
  if (bytes.length - position < xerialMagicBytes) return false;
  for (let index = 0; index < xerialMagicBytes; index++) if (bytes[position + index] !== xerialHeader[index]) return false;
  return true;
}

/** Inflates one raw block to the end of `output`. */
function inflateBlock(block: Uint8Array, output: BoundedOutput): void {
  const { length, position: first } = readLength(block);
  // A claim above the limit is refused as a bomb, whether it is true or not; nothing has been set aside for it.
  output.expectRoom(length);
  if (length > block.length * maxRatio) corrupt(`a block of ${block.length} bytes claims to inflate to ${length}`);
  output.reserve(length);
  const start = output.length;
  const limit = start + length;
  const end = inflateTags(block, first, { bytes: output.bytes, position: start, limit });
  if (end !== limit) corrupt(`a block claims ${length} bytes but has ${end - start}`);
  output.length = end;
}

/** The tags of a block, from `from` on, into `target`; nothing is written past `limit`. Returns the end of the output. */
function inflateTags(block: Uint8Array, from: number, target: { bytes: Uint8Array; position: number; limit: number }): number {
  const { bytes, limit } = target;
  const start = target.position;
  const end = block.length;
  let position = start;
  while (from < end) {
    const tag = block[from++] as number;
    if ((tag & 3) === 0) {
      let count = (tag >>> 2) + 1;
      if (count > 60) {
        const lengthBytes = count - 60;
        count = littleEndian(block, from, lengthBytes) + 1;
        from += lengthBytes;
      }
      if (count > end - from || count > limit - position) corrupt('literals do not fit');
      if (count > longRunBytes) {
        bytes.set(block.subarray(from, from + count), position);
        position += count;
        from += count;
      } else {
        for (const stop = from + count; from < stop;) bytes[position++] = block[from++] as number;
      }
      continue;
    }
    const isShort = (tag & 3) === 1;
    const offsetBytes = (tag & 3) === 3 ? 4 : tag & 3;
    const length = isShort ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2);
    const offset = littleEndian(block, from, offsetBytes) + (isShort ? (tag >>> 5) << 8 : 0);
    from += offsetBytes;
    if (offset === 0 || offset > position - start) corrupt('a copy starts before the data');
    if (length > limit - position) corrupt('a copy does not fit');
    if (length > longRunBytes) {
      position = copyLongMatch(bytes, position, { offset, length });
    } else {
      let source = position - offset;
      for (const stop = source + length; source < stop;) bytes[position++] = bytes[source++] as number;
    }
  }
  return position;
}

/** The varint in front of a block: how many bytes it inflates to. */
function readLength(block: Uint8Array): { length: number; position: number } {
  let length = 0;
  for (let position = 0; position < 5; position++) {
    const byte = block[position] ?? corrupt('the data ends early');
    length += (byte & 0x7f) * 2 ** (7 * position);
    if (byte < 0x80) {
      if (length > 0xffff_ffff) break;
      return { length, position: position + 1 };
    }
  }
  return corrupt('the length is out of range');
}

/** An unsigned integer of 1 to 4 bytes. */
function littleEndian(bytes: Uint8Array, position: number, count: number): number {
  if (count > bytes.length - position) corrupt('a tag is cut off');
  let value = bytes[position] as number;
  if (count > 1) value |= (bytes[position + 1] as number) << 8;
  for (let index = 2; index < count; index++) value += (bytes[position + index] as number) * 2 ** (8 * index);
  return value;
}

/** Deflates `source[start, end)`, at most 64 KiB, as a raw block; returns the position after it. */
function deflateBlock(
  source: Uint8Array,
  range: { start: number; end: number },
  target: { bytes: Uint8Array; position: number },
): number {
  const sink = new SnappySink(source, target.bytes, target.position);
  sink.writeLength(range.end - range.start);
  findMatches(source, range, sink);
  return sink.position;
}

class SnappySink implements MatchSink {
  position: number;
  readonly #source: Uint8Array;
  readonly #bytes: Uint8Array;

  constructor(source: Uint8Array, bytes: Uint8Array, position: number) {
    this.#source = source;
    this.#bytes = bytes;
    this.position = position;
  }

  writeLength(length: number): void {
    for (; length > 0x7f; length >>>= 7) this.#bytes[this.position++] = (length & 0x7f) | 0x80;
    this.#bytes[this.position++] = length;
  }

  onSequence(literalStart: number, literalEnd: number, match: Match): void {
    const count = literalEnd - literalStart;
    if (count > 0) this.#writeLiterals(literalStart, count);
    let rest = match.length;
    // A copy holds at most 64 bytes, and at least 4 must be left for the last one.
    for (; rest >= 68; rest -= 64) this.#writeCopy(match.offset, 64);
    if (rest > 64) {
      this.#writeCopy(match.offset, 60);
      rest -= 60;
    }
    if (rest > 0) this.#writeCopy(match.offset, rest);
  }

  #writeLiterals(start: number, count: number): void {
    const last = count - 1;
    if (last < 60) {
      this.#bytes[this.position++] = last << 2;
    } else if (last < 256) {
      this.#bytes[this.position++] = 60 << 2;
      this.#bytes[this.position++] = last;
    } else {
      this.#bytes[this.position++] = 61 << 2;
      this.#bytes[this.position++] = last;
      this.#bytes[this.position++] = last >>> 8;
    }
    copyLiterals(this.#source, start, { to: this.#bytes, position: this.position, count });
    this.position += count;
  }

  #writeCopy(offset: number, length: number): void {
    if (length < 12 && offset < 2048) {
      this.#bytes[this.position++] = ((offset >>> 8) << 5) | ((length - 4) << 2) | 1;
      this.#bytes[this.position++] = offset;
      return;
    }
    this.#bytes[this.position++] = ((length - 1) << 2) | 2;
    this.#bytes[this.position++] = offset;
    this.#bytes[this.position++] = offset >>> 8;
  }
}

function corrupt(detail: string): never {
  throw new CorruptCompressedError(codecSnappy, detail);
}

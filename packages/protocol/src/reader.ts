/**
 * A position in a frame, and the reads that depend on lengths the peer chose.
 *
 * Every length is compared with the bytes that remain before anything is allocated or sliced (correctness F5), so a
 * 20-byte request cannot announce two billion elements. Compiled code asks `take` for the bytes of a run of fixed-size
 * fields and reads them through `view`; everything of variable size goes through a method here.
 */
import { utf8Decode, utf8Encode } from '@jackdaw/base';
import { ProtocolError } from './protocol-error.ts';
import { uuidBytes, uuidFromBytes } from './uuid.ts';

/**
 * Array elements that one message may announce in all its arrays together. It bounds what a frame of many tiny elements
 * can blow up to in memory; the largest honest message, metadata of some 200,000 partitions, stays below it.
 */
export const maxElementsPerMessage = 4_194_304;

/** Longest string that Kafka accepts, in bytes of UTF-8. */
export const maxStringBytes = 0x7fff;
/** Below this, building a string from character codes beats calling the decoder. */
const shortStringBytes = 40;

export class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Next byte to read; 0 ≤ position ≤ bytes.length. */
  position: number;
  #elementsLeft = maxElementsPerMessage;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  /** Moves past `size` bytes and returns where they begin. */
  take(size: number): number {
    const position = this.position;
    const next = position + size;
    if (next > this.bytes.length) throw this.#tooShort(size);
    this.position = next;
    return position;
  }

  int8(): number {
    return this.view.getInt8(this.take(1));
  }

  int16(): number {
    return this.view.getInt16(this.take(2));
  }

  int32(): number {
    return this.view.getInt32(this.take(4));
  }

  /** Rounded to the nearest number beyond ±2^53; Long.MAX_VALUE becomes 2^63. */
  int64(): number {
    const position = this.take(8);
    return this.view.getInt32(position) * 0x1_0000_0000 + this.view.getUint32(position + 4);
  }

  uint16(): number {
    return this.view.getUint16(this.take(2));
  }

  uint32(): number {
    return this.view.getUint32(this.take(4));
  }

  float64(): number {
    return this.view.getFloat64(this.take(8));
  }

  boolean(): boolean {
    return this.view.getInt8(this.take(1)) !== 0;
  }

  uuid(): string {
    return uuidFromBytes(this.bytes, this.take(uuidBytes));
  }

  /** An unsigned LEB128 number below 2^32, as lengths, tags and sizes are written in flexible versions. */
  unsignedVarint(): number {
    const first = this.bytes[this.take(1)] as number;
    return first < 0x80 ? first : this.#longVarint(first & 0x7f);
  }

  #longVarint(start: number): number {
    let value = start;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.view.getUint8(this.take(1));
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new ProtocolError(`varint longer than 32 bits before byte ${this.position}`);
  }

  string(): string {
    return this.#text(this.#length(this.int16()));
  }

  nullableString(): string | null {
    const length = this.int16();
    return length === -1 ? null : this.#text(this.#length(length));
  }

  compactString(): string {
    return this.#text(this.#length(this.unsignedVarint() - 1));
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1;
    return length === -1 ? null : this.#text(length);
  }

  byteString(): Uint8Array {
    return this.#slice(this.#length(this.int32()));
  }

  nullableByteString(): Uint8Array | null {
    const length = this.int32();
    return length === -1 ? null : this.#slice(this.#length(length));
  }

  compactByteString(): Uint8Array {
    return this.#slice(this.#length(this.unsignedVarint() - 1));
  }

  compactNullableByteString(): Uint8Array | null {
    const length = this.unsignedVarint() - 1;
    return length === -1 ? null : this.#slice(length);
  }

  /** How many elements follow; each takes `elementBytes` or more, which bounds the count by the bytes that remain. */
  count(elementBytes: number): number {
    return this.#checkedCount(this.int32(), elementBytes);
  }

  /** As `count`, with -1 for null. */
  nullableCount(elementBytes: number): number {
    const count = this.int32();
    return count === -1 ? -1 : this.#checkedCount(count, elementBytes);
  }

  compactCount(elementBytes: number): number {
    return this.#checkedCount(this.unsignedVarint() - 1, elementBytes);
  }

  compactNullableCount(elementBytes: number): number {
    const count = this.unsignedVarint() - 1;
    return count === -1 ? -1 : this.#checkedCount(count, elementBytes);
  }

  /** Whether a struct that may be null is there: one byte, negative for null. */
  isPresent(): boolean {
    return this.int8() >= 0;
  }

  /** How many tagged fields follow. */
  tagCount(): number {
    const count = this.unsignedVarint();
    if (count === 0) return 0;
    // A tagged field takes two bytes at least: its number and its size.
    if (count * 2 > this.remaining) throw new ProtocolError(`${count} tagged fields in ${this.remaining} bytes`);
    return count;
  }

  /** The number of the next tagged field, which must be above `previous`: KIP-482 wants them ascending and single. */
  tag(previous: number): number {
    const tag = this.unsignedVarint();
    if (tag <= previous) throw new ProtocolError(`tag ${tag} after tag ${previous}`);
    return tag;
  }

  /** Reads the size of a tagged field and returns the position where it ends. */
  tagEnd(): number {
    const size = this.unsignedVarint();
    if (size > this.remaining) throw this.#tooShort(size);
    return this.position + size;
  }

  /** A field whose content and announced size disagree would shift all that follows. */
  expectPosition(end: number): void {
    if (this.position !== end) throw new ProtocolError(`tagged field ends at byte ${this.position}, announced ${end}`);
  }

  /** Passes over a tagged section that has no field this version knows. */
  skipTags(): void {
    const count = this.tagCount();
    if (count > 0) this.#skipTags(count);
  }

  #skipTags(count: number): void {
    let previous = -1;
    for (let left = count; left > 0; left--) {
      previous = this.tag(previous);
      this.position = this.tagEnd();
    }
  }

  /** For messages that must fill their bytes exactly. */
  expectEnd(): void {
    if (this.remaining !== 0) throw new ProtocolError(`${this.remaining} bytes after the end of the message`);
  }

  #length(length: number): number {
    if (length < 0) throw new ProtocolError(`length ${length} before byte ${this.position}`);
    return length;
  }

  #checkedCount(count: number, elementBytes: number): number {
    if (count < 0 || count * elementBytes > this.remaining) {
      throw new ProtocolError(`${count} elements of ${elementBytes} bytes or more in ${this.remaining} bytes`);
    }
    this.#elementsLeft -= count;
    if (this.#elementsLeft < 0) throw new ProtocolError(`more than ${maxElementsPerMessage} array elements`);
    return count;
  }

  #slice(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  #text(length: number): string {
    if (length > maxStringBytes) throw new ProtocolError(`string of ${length} bytes`);
    const start = this.take(length);
    if (length <= shortStringBytes) {
      const text = asciiText(this.bytes, start, length);
      if (text !== null) return text;
    }
    const text = decodeText(this.bytes.subarray(start, start + length));
    if (length > maxStringBytes / replacementBytes) expectWritable(text);
    return text;
  }

  #tooShort(size: number): ProtocolError {
    return new ProtocolError(`${size} bytes wanted at byte ${this.position}, ${this.remaining} remain`);
  }
}

/** What stands for a malformed byte takes so many when it is written. */
const replacementBytes = 3;

/** Malformed bytes become longer when they are written again: what was read must never be a text that cannot be. */
function expectWritable(text: string): void {
  const length = text.includes('\ufffd') ? utf8Encode(text).length : 0;
  if (length > maxStringBytes) throw new ProtocolError(`string of ${length} bytes, with its malformed ones replaced`);
}

/** The text when all bytes are ASCII, else null. */
function asciiText(bytes: Uint8Array, start: number, length: number): string | null {
  const codes: number[] = [];
  for (let i = 0; i < length; i++) {
    const code = bytes[start + i] as number;
    if (code > 0x7f) return null;
    codes[i] = code;
  }
  return String.fromCharCode.apply(null, codes);
}

/** The platform's decoder swallows a leading byte order mark, which Java keeps; so it is put back. */
function decodeText(bytes: Uint8Array): string {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? `\ufeff${utf8Decode(bytes.subarray(3))}` : utf8Decode(bytes);
}

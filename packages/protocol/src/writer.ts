/**
 * Collects an encoded message: small fields in one growing buffer, large byte fields by reference.
 *
 * A Fetch response is a few hundred bytes of fields around megabytes of batches that are already in memory. Copying
 * those would cost more than everything else in the response, so from `referenceBytes` on they become chunks of their
 * own and the socket gathers them (`writev`). Small fields of many messages share a slab, as Node's own buffers do.
 */
import { utf8Encode } from '@jackdaw/base';
import { ProtocolError } from './protocol-error.ts';
import { maxStringBytes } from './reader.ts';
import { uuidBytes, uuidToBytes } from './uuid.ts';

/** Byte fields of this size or more are not copied: below, the copy is cheaper than one more chunk. */
export const referenceBytes = 16_384;
/** Size of a slab. What is handed out by `takeChunks` keeps its slab alive, so it must not be much larger than a message. */
const slabBytes = 65_536;
/** With less than this left, the next message begins in a new slab rather than being moved to one half-way. */
const minSlabRestBytes = 2_048;
/** Most bytes of a message, chunks included: lengths are int32. */
const maxMessageBytes = 0x7fff_ffff;
const two32 = 0x1_0000_0000;
const two63 = 2 ** 63;

/** A run of bytes to insert before the small byte at `position`, counted from the start of the message. */
interface Reference {
  readonly position: number;
  readonly bytes: Uint8Array;
}

export class Writer {
  /** Big-endian access to the slab; replaced whenever the message moves to another, so fetch it after `reserve`. */
  view: DataView;
  #slab: Uint8Array;
  /** Where the message begins. Bytes before it may belong to whoever received an earlier message. */
  #start = 0;
  /** Next byte of the slab to write. */
  #position = 0;
  #references: Reference[] = [];
  #referencedBytes = 0;
  /** Tagged fields around the current one; inside them everything is copied, for their size must be known. */
  #tagDepth = 0;

  constructor() {
    this.#slab = new Uint8Array(slabBytes);
    this.view = new DataView(this.#slab.buffer);
  }

  /** Begins a new message. One that was not handed out as chunks is overwritten. */
  reset(): void {
    this.#position = this.#start;
    this.#tagDepth = 0;
    this.#referencedBytes = 0;
    if (this.#references.length > 0) this.#references = [];
    const { length } = this.#slab;
    if (length > slabBytes || length - this.#start < minSlabRestBytes) this.#moveTo(slabBytes);
  }

  /** Bytes written so far, referenced ones included. */
  get size(): number {
    return this.#position - this.#start + this.#referencedBytes;
  }

  /**
   * Makes room for `size` bytes and returns where they begin in `view`. That holds only until the next call, which may
   * move the message.
   */
  reserve(size: number): number {
    if (this.#position + size > this.#slab.length) this.#grow(size);
    const position = this.#position;
    this.#position = position + size;
    return position;
  }

  /** The message as one array of bytes, a copy. */
  toBytes(): Uint8Array {
    const small = this.#slab.subarray(this.#start, this.#position);
    if (this.#references.length === 0) return small.slice();
    const result = new Uint8Array(this.size);
    let position = 0;
    for (const chunk of this.#interleaved(small)) {
      result.set(chunk, position);
      position += chunk.length;
    }
    return result;
  }

  /**
   * Hands the message out in pieces, in order, and begins a new one: views of the slab, and the referenced bytes
   * themselves. For messages that are soon sent and forgotten; to keep one, copy it with `toBytes`.
   */
  takeChunks(): Uint8Array[] {
    const chunks = this.#interleaved(this.#slab.subarray(this.#start, this.#position));
    this.#start = this.#position;
    this.reset();
    return chunks;
  }

  #interleaved(small: Uint8Array): Uint8Array[] {
    if (this.#references.length === 0) return [small];
    const chunks: Uint8Array[] = [];
    let start = 0;
    for (const { position, bytes } of this.#references) {
      if (position > start) chunks.push(small.subarray(start, position));
      chunks.push(bytes);
      start = position;
    }
    if (start < small.length) chunks.push(small.subarray(start));
    return chunks;
  }

  int8(value: number): void {
    const position = this.reserve(1);
    this.view.setInt8(position, value);
  }

  int16(value: number): void {
    const position = this.reserve(2);
    this.view.setInt16(position, value);
  }

  int32(value: number): void {
    const position = this.reserve(4);
    this.view.setInt32(position, value);
  }

  int64(value: number): void {
    this.setInt64(this.reserve(8), value);
  }

  /** Into reserved bytes; what lies outside a Java long becomes its nearest end, so 2^63 is Long.MAX_VALUE again. */
  setInt64(position: number, value: number): void {
    if (value >= two63) {
      this.view.setUint32(position, 0x7fff_ffff);
      this.view.setUint32(position + 4, 0xffff_ffff);
    } else {
      const bounded = value < -two63 ? -two63 : value;
      this.view.setInt32(position, Math.floor(bounded / two32));
      this.view.setUint32(position + 4, bounded >>> 0);
    }
  }

  uint16(value: number): void {
    const position = this.reserve(2);
    this.view.setUint16(position, value);
  }

  uint32(value: number): void {
    const position = this.reserve(4);
    this.view.setUint32(position, value);
  }

  float64(value: number): void {
    const position = this.reserve(8);
    this.view.setFloat64(position, value);
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  uuid(value: string): void {
    this.setUuid(this.reserve(uuidBytes), value);
  }

  setUuid(position: number, value: string): void {
    uuidToBytes(value, this.#slab, position);
  }

  unsignedVarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  string(text: string): void {
    const length = expectPresent(text).length;
    if (length <= maxStringBytes && this.#ascii(text, 2)) {
      this.view.setInt16(this.#position - length - 2, length);
      return;
    }
    const encoded = encodeText(text);
    this.int16(encoded.length);
    this.#copy(encoded);
  }

  nullableString(text: string | null): void {
    if (text === null) this.int16(-1);
    else this.string(text);
  }

  compactString(text: string): void {
    const length = expectPresent(text).length;
    if (length < 0x7f && this.#ascii(text, 1)) {
      this.view.setInt8(this.#position - length - 1, length + 1);
      return;
    }
    const encoded = encodeText(text);
    this.unsignedVarint(encoded.length + 1);
    this.#copy(encoded);
  }

  compactNullableString(text: string | null): void {
    if (text === null) this.unsignedVarint(0);
    else this.compactString(text);
  }

  byteString(bytes: Uint8Array | readonly Uint8Array[]): void {
    this.int32(byteLength(bytes));
    this.#append(bytes);
  }

  nullableByteString(bytes: Uint8Array | readonly Uint8Array[] | null): void {
    if (bytes === null) this.int32(-1);
    else this.byteString(bytes);
  }

  compactByteString(bytes: Uint8Array | readonly Uint8Array[]): void {
    this.unsignedVarint(byteLength(bytes) + 1);
    this.#append(bytes);
  }

  compactNullableByteString(bytes: Uint8Array | readonly Uint8Array[] | null): void {
    if (bytes === null) this.unsignedVarint(0);
    else this.compactByteString(bytes);
  }

  /** Writes how many elements follow, and returns that number. */
  count(elements: readonly unknown[]): number {
    const { length } = expectPresent(elements);
    this.int32(length);
    return length;
  }

  /** As `count`, and -1 for null. */
  nullableCount(elements: readonly unknown[] | null): number {
    if (elements !== null) return this.count(elements);
    this.int32(-1);
    return -1;
  }

  compactCount(elements: readonly unknown[]): number {
    const { length } = expectPresent(elements);
    this.unsignedVarint(length + 1);
    return length;
  }

  compactNullableCount(elements: readonly unknown[] | null): number {
    if (elements !== null) return this.compactCount(elements);
    this.unsignedVarint(0);
    return -1;
  }

  /** Writes number and a place for the size of a tagged field; what it returns is for `endTag`. */
  beginTag(tag: number): number {
    this.unsignedVarint(tag);
    this.#tagDepth++;
    this.#byte(0);
    return this.#position - this.#start;
  }

  /** Fills in the size of the tagged field whose content began at `begin`, and makes room if it needs more bytes. */
  endTag(begin: number): void {
    this.#tagDepth--;
    const size = this.#position - this.#start - begin;
    const sizeBytes = varintBytes(size);
    this.reserve(sizeBytes - 1);
    const end = this.#position;
    const start = this.#start + begin;
    if (sizeBytes > 1) this.#slab.copyWithin(start + sizeBytes - 1, start, start + size);
    this.#position = start - 1;
    this.unsignedVarint(size);
    this.#position = end;
  }

  /** Overwrites an int32 at `offset` bytes from the start of the message, such as a frame's size. */
  patchInt32(offset: number, value: number): void {
    this.view.setInt32(this.#start + offset, value);
  }

  #byte(value: number): void {
    const position = this.reserve(1);
    this.#slab[position] = value;
  }

  /** Copies ASCII text behind `prefix` reserved bytes; writes nothing and says false when there is another character. */
  #ascii(text: string, prefix: number): boolean {
    const { length } = text;
    const start = this.reserve(prefix + length);
    const slab = this.#slab;
    for (let i = 0, at = start + prefix; i < length; i++, at++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#position = start;
        return false;
      }
      slab[at] = code;
    }
    return true;
  }

  #append(bytes: Uint8Array | readonly Uint8Array[]): void {
    if (bytes instanceof Uint8Array) this.#appendOne(bytes);
    else for (const piece of bytes) this.#appendOne(piece);
  }

  #appendOne(bytes: Uint8Array): void {
    if (bytes.length < referenceBytes || this.#tagDepth > 0) {
      this.#copy(bytes);
      return;
    }
    this.#references.push({ position: this.#position - this.#start, bytes });
    this.#referencedBytes += bytes.length;
    if (this.size > maxMessageBytes) throw new ProtocolError('message larger than 2 GiB');
  }

  #copy(bytes: Uint8Array): void {
    const position = this.reserve(bytes.length);
    this.#slab.set(bytes, position);
  }

  #grow(size: number): void {
    const needed = this.#position - this.#start + size;
    if (needed > maxMessageBytes) throw new ProtocolError('message larger than 2 GiB');
    this.#moveTo(Math.min(Math.max(needed * 2, slabBytes), maxMessageBytes));
  }

  #moveTo(newSlabBytes: number): void {
    const slab = new Uint8Array(newSlabBytes);
    slab.set(this.#slab.subarray(this.#start, this.#position));
    this.#slab = slab;
    this.view = new DataView(slab.buffer);
    this.#position -= this.#start;
    this.#start = 0;
  }
}

function expectPresent<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new ProtocolError('no value where the version cannot say null');
  return value;
}

function encodeText(text: string): Uint8Array {
  const encoded = utf8Encode(text);
  if (encoded.length > maxStringBytes) throw new ProtocolError(`string of ${encoded.length} bytes`);
  return encoded;
}

function byteLength(bytes: Uint8Array | readonly Uint8Array[]): number {
  if (expectPresent(bytes) instanceof Uint8Array) return bytes.length;
  let total = 0;
  for (const piece of bytes as readonly Uint8Array[]) total += piece.length;
  return total;
}

function varintBytes(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
}

/**
 * Collects an encoded message: small fields in one growing buffer, large byte fields by reference.
 *
 * A Fetch response is a few hundred bytes of fields around megabytes of batches that are already in memory. Copying
 * those would cost more than everything else in the response, so from `referenceBytes` on they become chunks of their
 * own and the socket gathers them (`writev`). The small buffer is scratch space: what leaves is an exact copy of it.
 */
import { utf8Encode } from '@jackdaw/base';
import { ProtocolError } from './protocol-error.ts';
import { maxStringBytes } from './reader.ts';
import { uuidBytes, uuidToBytes } from './uuid.ts';

/** Byte fields of this size or more are not copied: below, the copy is cheaper than one more chunk. */
export const referenceBytes = 16_384;
const initialScratchBytes = 16_384;
/** A larger scratch buffer is given back after use. */
const maxKeptScratchBytes = 1_048_576;
/** Most bytes of a message, chunks included: lengths are int32. */
const maxMessageBytes = 0x7fff_ffff;
const two32 = 0x1_0000_0000;
const two63 = 2 ** 63;

/** A run of bytes to insert before the small byte at `position`. */
interface Reference {
  readonly position: number;
  readonly bytes: Uint8Array;
}

export class Writer {
  /** Big-endian access to the scratch buffer; replaced whenever that grows, so fetch it after `reserve`. */
  view: DataView;
  #scratch: Uint8Array;
  /** Bytes of the scratch buffer in use. */
  #position = 0;
  #references: Reference[] = [];
  #referencedBytes = 0;
  /** Tagged fields around the current one; inside them everything is copied, for their size must be known. */
  #tagDepth = 0;

  constructor() {
    this.#scratch = new Uint8Array(initialScratchBytes);
    this.view = new DataView(this.#scratch.buffer);
  }

  /** Forgets everything written. */
  reset(): void {
    this.#position = 0;
    this.#tagDepth = 0;
    this.#referencedBytes = 0;
    if (this.#references.length > 0) this.#references = [];
    if (this.#scratch.length > maxKeptScratchBytes) {
      this.#scratch = new Uint8Array(initialScratchBytes);
      this.view = new DataView(this.#scratch.buffer);
    }
  }

  /** Bytes written so far, referenced ones included. */
  get size(): number {
    return this.#position + this.#referencedBytes;
  }

  /** Makes room for `size` bytes in the small buffer and returns where they begin. */
  reserve(size: number): number {
    const position = this.#position;
    const next = position + size;
    if (next > this.#scratch.length) this.#grow(next);
    this.#position = next;
    return position;
  }

  /** The message as one array of bytes that belongs to the caller. */
  toBytes(): Uint8Array {
    if (this.#references.length === 0) return this.#scratch.slice(0, this.#position);
    const result = new Uint8Array(this.size);
    let position = 0;
    for (const chunk of this.toChunks()) {
      result.set(chunk, position);
      position += chunk.length;
    }
    return result;
  }

  /** The message in pieces, in order: views of one fresh buffer, and the referenced bytes themselves. */
  toChunks(): Uint8Array[] {
    const small = this.#scratch.slice(0, this.#position);
    const chunks: Uint8Array[] = [];
    let start = 0;
    for (const { position, bytes } of this.#references) {
      if (position > start) chunks.push(small.subarray(start, position));
      chunks.push(bytes);
      start = position;
    }
    if (start < small.length || chunks.length === 0) chunks.push(start === 0 ? small : small.subarray(start));
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
    uuidToBytes(value, this.#scratch, position);
  }

  unsignedVarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.int8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.int8(rest);
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

  /** Writes number and a place for the size of a tagged field; returns where its content begins, for `endTag`. */
  beginTag(tag: number): number {
    this.unsignedVarint(tag);
    this.#tagDepth++;
    return this.reserve(1) + 1;
  }

  /** Fills in the size of the tagged field whose content began at `start`, and makes room if it needs more bytes. */
  endTag(start: number): void {
    this.#tagDepth--;
    const size = this.#position - start;
    const sizeBytes = varintBytes(size);
    if (sizeBytes > 1) {
      this.reserve(sizeBytes - 1);
      this.#scratch.copyWithin(start + sizeBytes - 1, start, start + size);
    }
    const end = this.#position;
    this.#position = start - 1;
    this.unsignedVarint(size);
    this.#position = end;
  }

  /** Overwrites an int32 that was written before, such as a frame's size. */
  patchInt32(position: number, value: number): void {
    this.view.setInt32(position, value);
  }

  /** Copies ASCII text behind `prefix` reserved bytes; writes nothing and says false when there is another character. */
  #ascii(text: string, prefix: number): boolean {
    const { length } = text;
    const start = this.reserve(prefix + length);
    const scratch = this.#scratch;
    for (let i = 0, at = start + prefix; i < length; i++, at++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#position = start;
        return false;
      }
      scratch[at] = code;
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
    this.#references.push({ position: this.#position, bytes });
    this.#referencedBytes += bytes.length;
    if (this.size > maxMessageBytes) throw new ProtocolError('message larger than 2 GiB');
  }

  #copy(bytes: Uint8Array): void {
    const position = this.reserve(bytes.length);
    this.#scratch.set(bytes, position);
  }

  #grow(needed: number): void {
    if (needed > maxMessageBytes) throw new ProtocolError('message larger than 2 GiB');
    const grown = new Uint8Array(Math.min(Math.max(needed, this.#scratch.length * 2), maxMessageBytes));
    grown.set(this.#scratch.subarray(0, this.#position));
    this.#scratch = grown;
    this.view = new DataView(grown.buffer);
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

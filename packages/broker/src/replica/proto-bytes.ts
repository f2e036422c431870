/**
 * The parts of protobuf's wire format that the hot messages of replication need: varints, lengths, and no copies.
 */
import type { Buffer } from 'node:buffer';
import { assert } from '@jackdaw/base';

/** A malformed message from a peer: the stream is closed. */
export class PushDecodeError extends Error {
  override readonly name = 'PushDecodeError';
}

/** Fields whose value is 0 are left out, as proto3 does. */
export function fieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

export function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}

/** Writes a message of a known size into `out`, from `start` on. */
export class ProtoWriter {
  readonly #out: Buffer;
  readonly #end: number;
  #position: number;

  constructor(out: Buffer, start: number, sizeBytes: number) {
    this.#out = out;
    this.#position = start;
    this.#end = start + sizeBytes;
  }

  tag(tag: number): void {
    this.#out[this.#position++] = tag;
  }

  varint(value: number): void {
    while (value >= 0x80) {
      this.#out[this.#position++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#out[this.#position++] = value;
  }

  field(tag: number, value: number): void {
    if (value === 0) return;
    this.tag(tag);
    this.varint(value);
  }

  bytes(chunk: Uint8Array): void {
    this.#out.set(chunk, this.#position);
    this.#position += chunk.length;
  }

  /** Unwritten bytes of an uninitialised buffer must never leave the process. */
  finish(): void {
    assert(this.#position === this.#end && this.#end <= this.#out.length, 'a message is written whole', this.#position);
  }
}

export class ProtoReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #position: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  get position(): number {
    return this.#position;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#position >= this.#end) throw new PushDecodeError('varint runs past the end');
      const byte = this.#bytes[this.#position++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new PushDecodeError('varint of more than ten bytes');
  }

  bytes(): Buffer {
    const end = this.endOfNested();
    const start = this.#position;
    this.#position = end;
    return this.#bytes.subarray(start, end);
  }

  nested(): ProtoReader {
    const end = this.endOfNested();
    const start = this.#position;
    this.#position = end;
    return new ProtoReader(this.#bytes, start, end);
  }

  /** Reads a length and says where what it announces ends; the position is its beginning then. */
  endOfNested(): number {
    const length = this.varint();
    if (length > this.#end - this.#position) throw new PushDecodeError(`field of ${length} bytes runs past the end`);
    return this.#position + length;
  }

  /** Skips a field that this version does not know. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.bytes();
    else if (wireType === 5) this.#advance(4);
    else throw new PushDecodeError(`wire type ${wireType} is not known`);
  }

  #advance(bytes: number): void {
    if (bytes > this.#end - this.#position) throw new PushDecodeError('fixed field runs past the end');
    this.#position += bytes;
  }
}

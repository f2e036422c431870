/**
 * Zigzag varints: the integers inside records.
 *
 * Reading moves a cursor that its owner reuses, so that walking a batch allocates nothing; a read past the end or a
 * varint longer than its type allows is a `CorruptRecordError`. Values up to ±2^53 are exact, larger ones rounded.
 */
import { invalidRecord } from './record-errors.ts';

/** A position in bytes; `end` is the first byte that does not belong to what is read. */
export interface ByteCursor {
  readonly bytes: Uint8Array;
  position: number;
  end: number;
}

const twoTo27 = 0x800_0000;
const twoTo55 = 2 ** 55;

/** A signed 32-bit zigzag varint of at most 5 bytes. */
export function readVarint(cursor: ByteCursor): number {
  const { bytes, end } = cursor;
  let position = cursor.position;
  // Most varints of a record fit one byte.
  const first = bytes[position] as number;
  if (first < 0x80 && position < end) {
    cursor.position = position + 1;
    return (first >>> 1) ^ -(first & 1);
  }
  let result = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    if (position >= end) invalidRecord('a varint runs past the end of the data');
    const byte = bytes[position++] as number;
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.position = position;
      return (result >>> 1) ^ -(result & 1);
    }
  }
  return invalidRecord('a varint has more than 5 bytes');
}

/** A signed 64-bit zigzag varint of at most 10 bytes, as a number. */
export function readVarlong(cursor: ByteCursor): number {
  const { bytes, end } = cursor;
  let position = cursor.position;
  // The 70 bits that ten bytes can hold, in three parts that each fit 32-bit arithmetic.
  let low = 0;
  let middle = 0;
  let high = 0;
  for (let count = 0; count < 10; count++) {
    if (position >= end) invalidRecord('a varlong runs past the end of the data');
    const byte = bytes[position++] as number;
    const bits = byte & 0x7f;
    if (count < 4) low |= bits << (7 * count);
    else if (count < 8) middle |= bits << (7 * (count - 4));
    else high |= bits << (7 * (count - 8));
    if (byte < 0x80) {
      cursor.position = position;
      const magnitude = (low >>> 1) + middle * twoTo27 + (high & 0xff) * twoTo55;
      return low & 1 ? -magnitude - 1 : magnitude;
    }
  }
  return invalidRecord('a varlong has more than 10 bytes');
}

/** Writes `value` (a signed 32-bit integer) and returns the position after it. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

/** Writes `value` (a safe integer) and returns the position after it. */
export function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  const magnitude = value < 0 ? -value - 1 : value;
  // Six bits and the sign go into the first byte; the rest is a plain varint of what is above them.
  let group = (magnitude % 64) * 2 + (value < 0 ? 1 : 0);
  let rest = Math.floor(magnitude / 64);
  while (rest > 0) {
    bytes[position++] = group | 0x80;
    group = rest % 128;
    rest = Math.floor(rest / 128);
  }
  bytes[position++] = group;
  return position;
}

/** Bytes that {@link writeVarint} takes for `value`. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
}

/** Bytes that {@link writeVarlong} takes for `value`. */
export function sizeOfVarlong(value: number): number {
  let rest = Math.floor((value < 0 ? -value - 1 : value) / 64);
  let size = 1;
  for (; rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

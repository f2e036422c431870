/**
 * Big-endian integers read from and written to bytes in place: no view object, no allocation.
 *
 * 64-bit values are numbers (architecture rule 8). Beyond 2^53 a read is rounded; whoever stores the value checks it
 * with `Number.isSafeInteger`.
 */

const twoTo32 = 0x1_0000_0000;

export function readInt16(bytes: Uint8Array, position: number): number {
  return (((bytes[position] as number) << 24) >> 16) | (bytes[position + 1] as number);
}

export function readInt32(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position] as number) << 24) |
    ((bytes[position + 1] as number) << 16) |
    ((bytes[position + 2] as number) << 8) |
    (bytes[position + 3] as number)
  );
}

export function readInt64(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position) * twoTo32 + (readInt32(bytes, position + 4) >>> 0);
}

export function writeInt16(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >>> 8;
  bytes[position + 1] = value;
}

export function writeInt32(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >>> 24;
  bytes[position + 1] = value >>> 16;
  bytes[position + 2] = value >>> 8;
  bytes[position + 3] = value;
}

export function writeInt64(bytes: Uint8Array, position: number, value: number): void {
  writeInt32(bytes, position, Math.floor(value / twoTo32));
  writeInt32(bytes, position + 4, value >>> 0);
}

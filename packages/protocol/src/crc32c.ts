/**
 * CRC-32C (Castagnoli), the checksum of record batches.
 *
 * Pure JavaScript, slicing by 16 over one flat table (about 1 GB/s); a native implementation may be installed at
 * start-up and takes over above the length where calling out of JavaScript pays. The broker installs one in
 * `codecs/native-crc32c.ts`; the simulator and clients do without.
 */

/** A native CRC-32C: the checksum of `bytes` continued from `seed`, as an unsigned or signed 32-bit integer. */
export type NativeCrc32c = (bytes: Uint8Array, seed?: number) => number;

/** Shortest input, in bytes, that is handed to the native implementation: below it the call costs more than the sum. */
export const nativeCrc32cThresholdBytes = 128;

const polynomial = 0x82f63b78;
const slices = 16;
const tables = buildTables();

let native: NativeCrc32c | undefined;

/**
 * The CRC-32C of `bytes[start, end)`, an unsigned 32-bit integer. `seed` is the result for the bytes before these, so
 * that a sum can be taken piece by piece.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  if (native !== undefined && end - start >= nativeCrc32cThresholdBytes) {
    return native(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), seed) >>> 0;
  }
  return crc32cInJavaScript(bytes, { start, end, seed });
}

/** Uses `implementation` for long inputs from now on; `undefined` returns to JavaScript alone. */
export function installNativeCrc32c(implementation: NativeCrc32c | undefined): void {
  native = implementation;
}

/** The portable sum, whatever is installed; exported as the oracle of the native one. */
export function crc32cInJavaScript(bytes: Uint8Array, range: { start: number; end: number; seed: number }): number {
  const t = tables;
  const { end } = range;
  let position = range.start;
  let crc = ~range.seed;
  // One step folds 16 bytes: the first four with the running sum, the others by tables that already carry the shift.
  for (const last = end - slices; position <= last; position += slices) {
    const a = crc ^ word(bytes, position);
    crc =
      (t[0xf00 | (a & 0xff)] as number) ^
      (t[0xe00 | ((a >>> 8) & 0xff)] as number) ^
      (t[0xd00 | ((a >>> 16) & 0xff)] as number) ^
      (t[0xc00 | (a >>> 24)] as number) ^
      (t[0xb00 | (bytes[position + 4] as number)] as number) ^
      (t[0xa00 | (bytes[position + 5] as number)] as number) ^
      (t[0x900 | (bytes[position + 6] as number)] as number) ^
      (t[0x800 | (bytes[position + 7] as number)] as number) ^
      (t[0x700 | (bytes[position + 8] as number)] as number) ^
      (t[0x600 | (bytes[position + 9] as number)] as number) ^
      (t[0x500 | (bytes[position + 10] as number)] as number) ^
      (t[0x400 | (bytes[position + 11] as number)] as number) ^
      (t[0x300 | (bytes[position + 12] as number)] as number) ^
      (t[0x200 | (bytes[position + 13] as number)] as number) ^
      (t[0x100 | (bytes[position + 14] as number)] as number) ^
      (t[bytes[position + 15] as number] as number);
  }
  for (; position < end; position++) {
    crc = (t[(crc ^ (bytes[position] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** Four bytes as a little-endian 32-bit word. */
function word(bytes: Uint8Array, position: number): number {
  return (
    (bytes[position] as number) |
    ((bytes[position + 1] as number) << 8) |
    ((bytes[position + 2] as number) << 16) |
    ((bytes[position + 3] as number) << 24)
  );
}

/** Table k (256 entries at k·256) is the effect of one byte followed by k zero bytes. */
function buildTables(): Int32Array {
  const result = new Int32Array(slices * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    result[byte] = crc;
  }
  for (let index = 256; index < result.length; index++) {
    const previous = result[index - 256] as number;
    result[index] = (result[previous & 0xff] as number) ^ (previous >>> 8);
  }
  return result;
}

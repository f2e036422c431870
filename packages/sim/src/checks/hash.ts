/**
 * Numbers that stand for contents: two that differ differ in what they were made of.
 */

export const hashStart = 0x811c9dc5;

export function mixNumber(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ (value | 0), 0x01000193);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) ^ Math.trunc(value / 0x1_0000_0000);
}

export function mixText(hash: number, text: string): number {
  let mixed = mixNumber(hash, text.length);
  for (let i = 0; i < text.length; i++) mixed = Math.imul(mixed ^ text.charCodeAt(i), 0x01000193);
  return mixed;
}

export function mixBytes(hash: number, bytes: Uint8Array): number {
  let mixed = mixNumber(hash, bytes.length);
  for (let i = 0; i < bytes.length; i++) mixed = Math.imul(mixed ^ (bytes[i] as number), 0x01000193);
  return mixed;
}

export function mixNumbers(hash: number, values: readonly number[]): number {
  let mixed = mixNumber(hash, values.length);
  for (const value of values) mixed = mixNumber(mixed, value);
  return mixed;
}

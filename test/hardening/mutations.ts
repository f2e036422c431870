/**
 * Turns valid bytes into nearly valid ones: what a broken client, a hostile one or a flipped bit would send.
 *
 * `packages/protocol/test/fuzz` has the same for the parser alone; the two are kept apart because packages do not share
 * test code.
 */
import type { Prng } from '@jackdaw/base';

type Mutation = (bytes: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array;

/** Results are cut to this, so that a run is about handlers and not about copying. */
const maxResultBytes = 16_384;

/** One to four mutations, one after the other; `other` is a second valid message, to splice with. */
export function mutateBytes(bytes: Uint8Array, prng: Prng, other: Uint8Array): Uint8Array {
  let result = bytes;
  for (let left = pick([1, 1, 1, 2, 3, 4], prng); left > 0; left--) result = pick(mutations, prng)(result, prng, other);
  return result.length > maxResultBytes ? result.slice(0, maxResultBytes) : result;
}

export function pick<T>(items: readonly T[], prng: Prng): T {
  return items[prng.below(items.length)] as T;
}

const lengths = [-1, -2, 0, 1, 0x7fff, 0x8000, 0x7fff_ffff, -0x8000_0000, 100, 1_000_000];
const varints = [
  [0x00],
  [0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0x80, 0x02],
  [0x81, 0x00],
];
/** Of the type that a string or nothing has on the wire. */
const names = ['__proto__', 'constructor', '\u0000\u001b[2J\n', 'a'.repeat(300), '../../etc/passwd', '%2e%2e'];

const mutations: readonly Mutation[] = [
  // Bit flip.
  (bytes, prng) => {
    const result = bytes.slice();
    const position = prng.below(Math.max(1, result.length));
    if (position < result.length) result[position] = (result[position] as number) ^ (1 << prng.below(8));
    return result;
  },
  // One byte, often an edge.
  (bytes, prng) => overwrite(bytes, prng, Uint8Array.of(pick([0, 1, 2, 0x7f, 0x80, 0xff, prng.below(256)], prng))),
  // A length or count of two or four bytes.
  (bytes, prng) => {
    const encoded = Buffer.alloc(4);
    encoded.writeInt32BE(pick(lengths, prng));
    return overwrite(bytes, prng, prng.chance(0.5) ? encoded : encoded.subarray(2));
  },
  (bytes, prng) => overwrite(bytes, prng, Uint8Array.from(pick(varints, prng))),
  // A tagged section, sometimes with repeated or descending numbers.
  (bytes, prng) => {
    const section = [prng.below(4)];
    for (let left = prng.below(4); left > 0; left--) section.push(prng.below(4), prng.below(6), ...randomOf(prng, prng.below(6)));
    return insert(bytes, prng, Uint8Array.from(section));
  },
  (bytes, prng) => overwrite(bytes, prng, Buffer.from(pick(names, prng))),
  (bytes, prng) => bytes.slice(0, prng.below(bytes.length + 1)),
  (bytes, prng) => {
    const start = prng.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(Math.min(bytes.length, start + prng.between(1, 8)))]);
  },
  (bytes, prng) => {
    const start = prng.below(bytes.length + 1);
    return insert(bytes, prng, bytes.slice(start, start + prng.between(1, 64)));
  },
  // The front of one message, the back of another.
  (bytes, prng, other) => {
    return Buffer.concat([bytes.subarray(0, prng.below(bytes.length + 1)), other.subarray(prng.below(other.length + 1))]);
  },
  (bytes, prng) => Buffer.concat([bytes, new Uint8Array(prng.between(1, 600)).fill(prng.below(256))]),
];

function overwrite(bytes: Uint8Array, prng: Prng, by: Uint8Array): Uint8Array {
  const position = prng.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, position), by, bytes.subarray(Math.min(bytes.length, position + by.length))]);
}

function insert(bytes: Uint8Array, prng: Prng, what: Uint8Array): Uint8Array {
  const position = prng.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, position), what, bytes.subarray(position)]);
}

function randomOf(prng: Prng, count: number): number[] {
  return Array.from({ length: count }, () => prng.below(256));
}

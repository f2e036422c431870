/**
 * Turns valid messages into nearly valid ones: what a broken client, a hostile one or a flipped bit would send.
 */
import type { Prng } from '@jackdaw/base';

type Mutation = (frame: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array;

/** One to four mutations, one after the other; `other` is a second valid message, to splice with. */
export function mutate(frame: Uint8Array, prng: Prng, other: Uint8Array): Uint8Array {
  let result = frame;
  for (let left = prng.between(1, 4); left > 0; left--) result = pick(mutations, prng)(result, prng, other);
  return result;
}

export function pick<T>(items: readonly T[], prng: Prng): T {
  return items[prng.below(items.length)] as T;
}

function flipBit(frame: Uint8Array, prng: Prng): Uint8Array {
  const result = frame.slice();
  const position = prng.below(Math.max(1, result.length));
  if (position < result.length) result[position] = (result[position] as number) ^ (1 << prng.below(8));
  return result;
}

function setByte(frame: Uint8Array, prng: Prng): Uint8Array {
  return overwrite(frame, prng, Uint8Array.of(pick([0, 1, 2, 0x7f, 0x80, 0xff, prng.below(256)], prng)));
}

/** Lengths at the edges: negative, null, just too long, huge. */
function setLength(frame: Uint8Array, prng: Prng): Uint8Array {
  const length = pick([-1, -2, 0, 1, 0x7fff, 0x8000, 0x7fff_ffff, -0x8000_0000, frame.length, frame.length + 1], prng);
  const encoded = new Uint8Array(prng.chance(0.5) ? 4 : 2);
  const view = new DataView(encoded.buffer);
  if (encoded.length === 4) view.setInt32(0, length);
  else view.setInt16(0, length);
  return overwrite(frame, prng, encoded);
}

const varints = [
  [0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0x80, 0x80, 0x02],
  [0x81, 0x00],
];

function setVarint(frame: Uint8Array, prng: Prng): Uint8Array {
  return overwrite(frame, prng, Uint8Array.from(pick(varints, prng)));
}

/** A tagged section with random numbers, so sometimes with repeated or descending ones. */
function insertTags(frame: Uint8Array, prng: Prng): Uint8Array {
  const section = [prng.below(4)];
  for (let left = prng.below(4); left > 0; left--) {
    const size = prng.below(6);
    section.push(prng.below(4), prng.chance(0.8) ? size : prng.below(128));
    for (let i = 0; i < size; i++) section.push(prng.below(256));
  }
  return insert(frame, prng, Uint8Array.from(section));
}

function truncate(frame: Uint8Array, prng: Prng): Uint8Array {
  return frame.slice(0, prng.below(frame.length + 1));
}

function remove(frame: Uint8Array, prng: Prng): Uint8Array {
  const start = prng.below(frame.length + 1);
  return join(frame.subarray(0, start), frame.subarray(Math.min(frame.length, start + prng.between(1, 8))));
}

function duplicate(frame: Uint8Array, prng: Prng): Uint8Array {
  const start = prng.below(frame.length + 1);
  return insert(frame, prng, frame.slice(start, start + prng.between(1, 64)));
}

function splice(frame: Uint8Array, prng: Prng, other: Uint8Array): Uint8Array {
  return join(frame.subarray(0, prng.below(frame.length + 1)), other.subarray(prng.below(other.length + 1)));
}

function extend(frame: Uint8Array, prng: Prng): Uint8Array {
  return join(frame, new Uint8Array(prng.between(1, 600)).fill(prng.below(256)));
}

const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  setLength,
  setVarint,
  insertTags,
  truncate,
  remove,
  duplicate,
  splice,
  extend,
];

function overwrite(frame: Uint8Array, prng: Prng, bytes: Uint8Array): Uint8Array {
  const position = prng.below(frame.length + 1);
  return join(frame.subarray(0, position), bytes, frame.subarray(Math.min(frame.length, position + bytes.length)));
}

function insert(frame: Uint8Array, prng: Prng, bytes: Uint8Array): Uint8Array {
  const position = prng.below(frame.length + 1);
  return join(frame.subarray(0, position), bytes, frame.subarray(position));
}

/** Frames stay small, so that a run is about decoding and not about copying. */
const maxFrameBytes = 8_192;

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole.length > maxFrameBytes ? whole.slice(0, maxFrameBytes) : whole;
}

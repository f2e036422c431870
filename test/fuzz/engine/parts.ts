/**
 * Mutation of inputs that are parts one after the other (frames, records, batches): parts are changed inside, dropped,
 * doubled, exchanged and taken from other inputs, and what measures them is written anew.
 */
import type { Prng } from '@jackdaw/base';
import { pick } from '../../hardening/mutations.ts';
import { mutateField, type Field } from './fields.ts';

export interface Partition {
  /** The parts of an input, as far as it has any. */
  readonly split: (input: Uint8Array) => Uint8Array[];
  readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  /** Of one part. */
  readonly fieldsOf?: (part: Uint8Array) => readonly Field[];
  /** Makes a changed part sound again, most of the time. */
  readonly repair?: (part: Uint8Array) => Uint8Array;
}

type Mutate = (input: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array | null;

export function partsMutator(partition: Partition): Mutate {
  return (input, prng, other) => {
    const parts = partition.split(input);
    if (parts.length === 0) return null;
    const index = prng.below(parts.length);
    const part = parts[index] as Uint8Array;
    switch (prng.below(10)) {
      case 0:
        parts.splice(index, 1);
        break;
      case 1:
        parts.splice(prng.below(parts.length + 1), 0, part);
        break;
      case 2: {
        const theirs = partition.split(other);
        if (theirs.length > 0) parts.splice(index, prng.below(2), pick(theirs, prng));
        break;
      }
      case 3:
        parts[index] = parts[prng.below(parts.length)] as Uint8Array;
        parts[prng.below(parts.length)] = part;
        break;
      default:
        parts[index] = mutatePart(partition, part, { prng, other });
    }
    return partition.join(parts);
  };
}

function mutatePart(
  { fieldsOf, repair }: Partition,
  part: Uint8Array,
  { prng, other }: { prng: Prng; other: Uint8Array },
): Uint8Array {
  const fields = fieldsOf?.(part) ?? [];
  const isBlind = fields.length === 0 || prng.chance(0.1);
  const changed = isBlind ? flipped(part, prng) : mutateField(part, pick(fields, prng), { prng, other });
  return repair === undefined || prng.chance(0.15) ? changed : repair(changed);
}

function flipped(part: Uint8Array, prng: Prng): Uint8Array {
  const result = Uint8Array.from(part);
  if (result.length > 0) result[prng.below(result.length)] = prng.below(256);
  return result;
}

/** Parts behind big-endian lengths of four bytes, such as Kafka's frames. What is cut off is a part too. */
export const lengthPrefixed: Pick<Partition, 'split' | 'join'> = {
  split(input) {
    const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
    const parts: Uint8Array[] = [];
    for (let at = 0; at + 4 <= bytes.length && parts.length < 64;) {
      const length = bytes.readInt32BE(at);
      const end = length < 0 || at + 4 + length > bytes.length ? bytes.length : at + 4 + length;
      parts.push(bytes.subarray(at + 4, end));
      at = end;
    }
    return parts;
  },
  join(parts) {
    return Buffer.concat(parts.flatMap((part) => [int32(part.length), part]));
  },
};

export function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int16(value: number): Uint8Array {
  return int32(value).subarray(2);
}

/**
 * Structure-aware mutation: given where the fields of an input lie, changes one of them and what measures it.
 *
 * A field is a number, or a prefix that says how long what follows is. Numbers get the edges of their size; prefixes are
 * made to lie, set to null, or told the truth about another content.
 */
import type { Prng } from '@jackdaw/base';
import { pick } from '../../hardening/mutations.ts';

/** `fixed`: big-endian. `uvarint`: LEB128. `zigzag`: LEB128 of a signed number, as in records. */
export type Form = 'fixed' | 'uvarint' | 'zigzag';

export interface Field {
  readonly start: number;
  /** Where the number or prefix ends. */
  readonly end: number;
  readonly form: Form;
  /** Bytes behind the prefix that it measures; −1 for a number that measures nothing. */
  readonly contentBytes: number;
  /** What is added to a length before it is written: 1 in Kafka's compact forms, where 0 is null. */
  readonly bias: number;
}

const edges = [0, 1, 2, -1, -2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 100, 1_000_000];
const strangeBytes = ['', '\u0000', '__proto__', 'a'.repeat(260), 'é'.repeat(20), '\ud800', '../..', '-1', '{"a":[]}'];
/** Longer than their number needs, or than 32 or 64 bits. */
const oddVarints = [
  [0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x1f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
];

/** The bytes with one field changed. */
export function mutateField(bytes: Uint8Array, field: Field, { prng, other }: { prng: Prng; other: Uint8Array }): Uint8Array {
  const before = bytes.subarray(0, field.start);
  const size = field.end - field.start;
  const contentEnd = field.end + Math.max(0, field.contentBytes);
  if (field.contentBytes < 0) return Buffer.concat([before, numberFor(field, size, prng), bytes.subarray(field.end)]);
  const after = bytes.subarray(contentEnd);
  const kind = prng.below(10);
  if (kind < 4) {
    const content = otherContent(bytes.subarray(field.end, contentEnd), other, prng);
    return Buffer.concat([before, encode(field.form, size, content.length + field.bias), content, after]);
  }
  if (kind === 4) return Buffer.concat([before, encode(field.form, size, field.bias - 1), after]);
  if (kind === 5) return Buffer.concat([before, after]);
  if (kind === 6) return Buffer.concat([before, bytes.subarray(field.start, contentEnd), bytes.subarray(field.start)]);
  const lie = kind === 7 ? field.contentBytes + field.bias + pick([1, -1, 2, -2], prng) : null;
  const prefix = lie === null ? numberFor(field, size, prng) : encode(field.form, size, lie);
  return Buffer.concat([before, prefix, bytes.subarray(field.end)]);
}

function otherContent(content: Uint8Array, other: Uint8Array, prng: Prng): Uint8Array {
  switch (prng.below(5)) {
    case 0:
      return Buffer.from(pick(strangeBytes, prng));
    case 1:
      return content.subarray(0, prng.below(content.length + 1));
    case 2:
      return Buffer.concat([content, content]);
    case 3: {
      const start = prng.below(other.length + 1);
      return other.subarray(start, start + prng.below(64));
    }
    default:
      return prng.bytes(prng.below(24));
  }
}

function numberFor({ form }: Field, size: number, prng: Prng): Uint8Array {
  if (form !== 'fixed' && prng.chance(0.3)) return Uint8Array.from(pick(oddVarints, prng));
  const number = prng.chance(0.8) ? pick(edges, prng) : prng.below(300) - 20;
  // Eight-byte edges: half of a number is as good as a whole one, and 2^63 has none.
  if (size === 8 && prng.chance(0.5)) return Buffer.concat([encode(form, 4, pick(edges, prng)), encode(form, 4, number)]);
  return encode(form, size, number);
}

/** The number in `size` bytes when fixed, else in as many as it takes; negative varints count as 32 bits. */
export function encode(form: Form, size: number, number: number): Uint8Array {
  if (form === 'fixed') {
    const bytes = new Uint8Array(size);
    let rest = number;
    for (let i = size - 1; i >= 0; i--) {
      bytes[i] = ((rest % 256) + 256) % 256;
      rest = Math.floor(rest / 256);
    }
    return bytes;
  }
  let rest = form === 'zigzag' ? (number < 0 ? -number * 2 - 1 : number * 2) : number < 0 ? number + 0x1_0000_0000 : number;
  const bytes: number[] = [];
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A mutator for inputs whose fields can be found; null when there are none. */
export function fieldMutator(
  fieldsOf: (input: Uint8Array) => readonly Field[],
): (input: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array | null {
  return (input, prng, other) => {
    const fields = fieldsOf(input);
    return fields.length === 0 ? null : mutateField(input, pick(fields, prng), { prng, other });
  };
}

/** Fixed-size numbers one after the other, over and over: files that are tables. */
export function tableFields(input: Uint8Array, sizes: readonly number[], start = 0): Field[] {
  const fields: Field[] = [];
  for (let at = start; at < input.length;) {
    for (const size of sizes) {
      if (at + size > input.length) return fields;
      fields.push({ start: at, end: at + size, form: 'fixed', contentBytes: -1, bias: 0 });
      at += size;
    }
  }
  return fields;
}

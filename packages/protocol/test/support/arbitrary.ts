/**
 * Random drafts of any message, made from its table, and the body that each should be decoded to.
 */
import fc from 'fast-check';
import type { PlannedField, WireVersion } from '../../src/plan.ts';
import { defaultOf, planStruct, wireVersion } from '../../src/plan.ts';
import type { MessageSchema, ScalarKind, Shape, StructShape } from '../../src/schema.ts';
import { uuidOf } from '../../src/uuid.ts';
import { referenceBytes } from '../../src/writer.ts';

export type Values = Record<string, unknown>;

/** `draft` has only what the version carries, and not always what has a default; `body` is its decoded form. */
export interface Sample {
  readonly draft: Values;
  readonly body: Values;
}

export function samplesOf(schema: MessageSchema, version: number): fc.Arbitrary<Sample> {
  return structSamples(schema.shape, wireVersion(schema, version));
}

function structSamples(shape: StructShape, wire: WireVersion): fc.Arbitrary<Sample> {
  const { all, inPlace, tagged } = planStruct(shape, wire);
  const carried = new Set([...inPlace, ...tagged]);
  const members = all.filter((field) => carried.has(field));
  return fc.tuple(...members.map((field) => fieldSamples(field, wire))).map((samples) => {
    const draft: Values = {};
    const body: Values = {};
    for (const field of all) body[field.name] = defaultOf(field);
    members.forEach((field, i) => {
      const sample = samples[i];
      if (sample === undefined || sample === leftOut) return;
      draft[field.name] = sample.draft;
      body[field.name] = sample.body;
    });
    return { draft, body };
  });
}

interface ValueSample {
  readonly draft: unknown;
  readonly body: unknown;
}

const leftOut: ValueSample = { draft: undefined, body: undefined };

function fieldSamples(field: PlannedField, wire: WireVersion): fc.Arbitrary<ValueSample> {
  const choices = [{ arbitrary: valueSamples(field.shape, wire), weight: 4 }];
  if (field.nullable) choices.push({ arbitrary: fc.constant({ draft: null, body: null }), weight: 1 });
  if (field.optional) choices.push({ arbitrary: fc.constant(leftOut), weight: 1 });
  return fc.oneof(...choices);
}

function valueSamples(shape: Shape, wire: WireVersion): fc.Arbitrary<ValueSample> {
  switch (shape.kind) {
    case 'array':
      return fc
        .array(valueSamples(shape.element, wire), { maxLength: 3 })
        .map((samples) => ({ draft: samples.map(({ draft }) => draft), body: samples.map(({ body }) => body) }));
    case 'struct':
      return structSamples(shape, wire);
    case 'records':
      return fc.array(byteStrings, { maxLength: 2 }).map((pieces) => ({
        draft: pieces.length === 1 ? pieces[0] : pieces,
        body: new Uint8Array(Buffer.concat(pieces)),
      }));
    case 'bytes':
      return byteStrings.map(same);
    case 'string':
      return texts.map(same);
    default:
      return scalars[shape.kind].map(same);
  }
}

function same(value: unknown): ValueSample {
  return { draft: value, body: value };
}

const byteStrings = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 20 },
  { arbitrary: fc.integer({ min: 0, max: 255 }).map((fill) => new Uint8Array(referenceBytes + fill).fill(fill)), weight: 1 },
);

const texts = fc.oneof(
  { arbitrary: fc.string({ maxLength: 12 }), weight: 4 },
  { arbitrary: fc.string({ maxLength: 50, unit: 'binary' }), weight: 2 },
  { arbitrary: fc.integer({ min: 30, max: 400 }).map((length) => 'topic.'.repeat(length).slice(0, length)), weight: 1 },
);

const int64Ends = fc.constantFrom(2 ** 63, -(2 ** 63), 2 ** 53, -1, 0, 2 ** 32, -(2 ** 32), 2 ** 31);

const scalars: Readonly<Record<ScalarKind, fc.Arbitrary<unknown>>> = {
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  int32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  int64: fc.oneof({ arbitrary: fc.maxSafeInteger(), weight: 3 }, { arbitrary: int64Ends, weight: 1 }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  uint32: fc.integer({ min: 0, max: 0xffff_ffff }),
  float64: fc.double({ noNaN: true }),
  boolean: fc.boolean(),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuidOf),
};

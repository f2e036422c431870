/**
 * What a table means in one version: which fields are in place, which are tagged, which are absent and why null may be.
 *
 * The compiler and the interpreter both start from this, so that the rules of versions, defaults and minimal sizes are
 * stated once, and differ between the two only in how the reading and writing itself is done.
 */
import { assert } from '@jackdaw/base';
import type { DefaultValue, Field, MessageSchema, ScalarKind, Shape, StructShape, VersionRange } from './schema.ts';
import { latest } from './schema.ts';
import { zeroUuid } from './uuid.ts';

/** A version of a message, and whether it uses compact lengths and tagged sections. */
export interface WireVersion {
  readonly version: number;
  readonly flexible: boolean;
}

export interface PlannedField {
  readonly name: string;
  readonly shape: Shape;
  readonly nullable: boolean;
  /** null for a field in its place. */
  readonly tag: number | null;
  readonly defaultValue: DefaultValue | undefined;
  /** Whether a draft may leave the field out. */
  readonly optional: boolean;
}

export interface StructPlan {
  /** All fields in table order: the order of keys in a decoded body, so that its shape is the same in every version. */
  readonly all: readonly PlannedField[];
  /** Fields in place, in wire order. */
  readonly inPlace: readonly PlannedField[];
  /** Tagged fields by ascending tag. */
  readonly tagged: readonly PlannedField[];
}

export function wireVersion(schema: MessageSchema, version: number): WireVersion {
  return { version, flexible: schema.flexibleFrom !== null && version >= schema.flexibleFrom };
}

export function planStruct(shape: StructShape, { version, flexible }: WireVersion): StructPlan {
  const all: PlannedField[] = [];
  const inPlace: PlannedField[] = [];
  const tagged: PlannedField[] = [];
  for (const [name, field] of shape.fields) {
    const planned = planField(name, field, version);
    all.push(planned);
    if (!isWithin(field.versions, version)) continue;
    if (field.tag === null) inPlace.push(planned);
    else if (flexible) tagged.push(planned);
  }
  tagged.sort((a, b) => (a.tag ?? 0) - (b.tag ?? 0));
  return { all, inPlace, tagged };
}

function planField(name: string, field: Field, version: number): PlannedField {
  const nullable = field.nullableVersions !== null && isWithin(field.nullableVersions, version);
  assert(!(nullable && fixedBytes(field.shape) !== null), `${name}: a scalar cannot be null`);
  const everywhere = field.versions[0] === 0 && field.versions[1] === latest;
  const optional = !everywhere || field.tag !== null || field.defaultValue !== undefined;
  return { name, shape: field.shape, nullable, tag: field.tag, defaultValue: field.defaultValue, optional };
}

function isWithin([first, last]: VersionRange, version: number): boolean {
  return version >= first && version <= last;
}

const scalarBytes: Readonly<Record<ScalarKind, number>> = {
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint16: 2,
  uint32: 4,
  float64: 8,
  boolean: 1,
  uuid: 16,
};

/** Bytes of a scalar on the wire, null for what has no fixed size. */
export function fixedBytes(shape: Shape): number | null {
  return shape.kind in scalarBytes ? scalarBytes[shape.kind as ScalarKind] : null;
}

/** Fewest bytes that a value can take; at least 1, so that a count is always bounded by the bytes that remain. */
export function minimalBytes(shape: Shape, wire: WireVersion): number {
  switch (shape.kind) {
    case 'string':
      return wire.flexible ? 1 : 2;
    case 'bytes':
    case 'records':
    case 'array':
      return wire.flexible ? 1 : 4;
    case 'struct': {
      let sum = wire.flexible ? 1 : 0;
      for (const field of planStruct(shape, wire).inPlace) {
        sum += field.nullable && field.shape.kind === 'struct' ? 1 : minimalBytes(field.shape, wire);
      }
      return Math.max(sum, 1);
    }
    default:
      return scalarBytes[shape.kind];
  }
}

const noBytes = new Uint8Array(0);

/** A fresh default value, as it stands in a decoded body. */
export function defaultOf({ shape, defaultValue }: Pick<Field, 'shape' | 'defaultValue'>): unknown {
  if (defaultValue !== undefined) return defaultValue;
  switch (shape.kind) {
    case 'array':
      return [];
    case 'bytes':
      return noBytes;
    case 'records':
      return null;
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'uuid':
      return zeroUuid;
    case 'struct':
      return Object.fromEntries(shape.fields.map(([name, field]) => [name, defaultOf(field)]));
    default:
      return 0;
  }
}

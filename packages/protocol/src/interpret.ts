/**
 * Reads and writes messages by walking their tables field by field.
 *
 * Two uses: the oracle that compiled codecs are compared with in tests, and the fallback where the host forbids to turn
 * strings into code (`node --disallow-code-generation-from-strings`). Three to ten times slower than compiled code.
 */
import type { PlannedField, WireVersion } from './plan.ts';
import { defaultOf, fixedBytes, minimalBytes, planStruct, wireVersion } from './plan.ts';
import type { Reader } from './reader.ts';
import type { MessageSchema, ScalarKind, Shape, StructShape } from './schema.ts';
import type { Writer } from './writer.ts';

type Values = Record<string, unknown>;

export function interpretRead(schema: MessageSchema, version: number, reader: Reader): unknown {
  return readStruct(schema.shape, wireVersion(schema, version), reader);
}

export function interpretWrite(schema: MessageSchema, version: number): (writer: Writer, draft: unknown) => void {
  const wire = wireVersion(schema, version);
  return (writer, draft) => writeStruct({ shape: schema.shape, wire, writer }, draft as Values);
}

function readStruct(shape: StructShape, wire: WireVersion, reader: Reader): Values {
  const { all, inPlace, tagged } = planStruct(shape, wire);
  const values: Values = {};
  for (const field of all) values[field.name] = defaultOf(field);
  for (const field of inPlace) values[field.name] = readValue(field, wire, reader);
  if (!wire.flexible) return values;
  let tag = -1;
  for (let left = reader.tagCount(); left > 0; left--) {
    tag = reader.tag(tag);
    const end = reader.tagEnd();
    const field = tagged.find((candidate) => candidate.tag === tag);
    if (field === undefined) {
      reader.position = end;
    } else {
      values[field.name] = readValue(field, wire, reader);
      reader.expectPosition(end);
    }
  }
  return values;
}

function readValue(field: PlannedField, wire: WireVersion, reader: Reader): unknown {
  const { shape, nullable } = field;
  switch (shape.kind) {
    case 'string':
      if (wire.flexible) return nullable ? reader.compactNullableString() : reader.compactString();
      return nullable ? reader.nullableString() : reader.string();
    case 'bytes':
    case 'records':
      if (wire.flexible) return nullable ? reader.compactNullableByteString() : reader.compactByteString();
      return nullable ? reader.nullableByteString() : reader.byteString();
    case 'array': {
      const count = readCount(minimalBytes(shape.element, wire), { nullable, wire, reader });
      if (count === -1) return null;
      return Array.from({ length: count }, () => readValue(elementOf(shape.element), wire, reader));
    }
    case 'struct': {
      const present = !nullable || (field.tag === null ? reader.isPresent() : reader.unsignedVarint() !== 0);
      return present ? readStruct(shape, wire, reader) : null;
    }
    default:
      return reader[shape.kind]();
  }
}

interface CountContext {
  readonly nullable: boolean;
  readonly wire: WireVersion;
  readonly reader: Reader;
}

function readCount(elementBytes: number, { nullable, wire, reader }: CountContext): number {
  if (wire.flexible) return nullable ? reader.compactNullableCount(elementBytes) : reader.compactCount(elementBytes);
  return nullable ? reader.nullableCount(elementBytes) : reader.count(elementBytes);
}

function elementOf(shape: Shape): PlannedField {
  return { name: 'element', shape, nullable: false, tag: null, defaultValue: undefined, optional: false };
}

interface StructContext {
  readonly shape: StructShape;
  readonly wire: WireVersion;
  readonly writer: Writer;
}

function writeStruct({ shape, wire, writer }: StructContext, draft: Values): void {
  const { inPlace, tagged } = planStruct(shape, wire);
  for (const field of inPlace) {
    const given = draft[field.name];
    writeValue(field, { wire, writer }, given === undefined && field.optional ? defaultOf(field) : given);
  }
  if (!wire.flexible) return;
  const written = tagged.filter((field) => differsFromDefault(field, draft[field.name]));
  writer.unsignedVarint(written.length);
  for (const field of written) {
    const start = writer.beginTag(field.tag ?? 0);
    writeValue(field, { wire, writer }, draft[field.name]);
    writer.endTag(start);
  }
}

type Output = Pick<StructContext, 'wire' | 'writer'>;

function writeValue(field: PlannedField, output: Output, value: unknown): void {
  const { shape, nullable } = field;
  const { wire, writer } = output;
  switch (shape.kind) {
    case 'string':
      writeText(value as string, nullable, output);
      break;
    case 'bytes':
    case 'records':
      writeBytes(value as Uint8Array, nullable, output);
      break;
    case 'array': {
      const elements = value as readonly unknown[];
      writeCount(elements, nullable, output);
      for (const element of elements ?? []) writeValue(elementOf(shape.element), output, element);
      break;
    }
    case 'struct':
      if (nullable) writer.int8(value !== null ? 1 : field.tag === null ? -1 : 0);
      if (!nullable || value !== null) writeStruct({ shape, wire, writer }, value as Values);
      break;
    default:
      writeScalar(shape.kind, writer, value);
  }
}

function writeText(value: string, nullable: boolean, { wire, writer }: Output): void {
  if (wire.flexible && nullable) writer.compactNullableString(value);
  else if (wire.flexible) writer.compactString(value);
  else if (nullable) writer.nullableString(value);
  else writer.string(value);
}

function writeBytes(value: Uint8Array, nullable: boolean, { wire, writer }: Output): void {
  if (wire.flexible && nullable) writer.compactNullableByteString(value);
  else if (wire.flexible) writer.compactByteString(value);
  else if (nullable) writer.nullableByteString(value);
  else writer.byteString(value);
}

function writeCount(elements: readonly unknown[], nullable: boolean, { wire, writer }: Output): void {
  if (wire.flexible && nullable) writer.compactNullableCount(elements);
  else if (wire.flexible) writer.compactCount(elements);
  else if (nullable) writer.nullableCount(elements);
  else writer.count(elements);
}

function writeScalar(kind: ScalarKind, writer: Writer, value: unknown): void {
  if (kind === 'boolean') writer.boolean(value as boolean);
  else if (kind === 'uuid') writer.uuid(value as string);
  else writer[kind](value as number);
}

/** Whether a tagged value must be written. */
function differsFromDefault(field: Pick<PlannedField, 'shape' | 'defaultValue'>, value: unknown): boolean {
  const { shape, defaultValue } = field;
  if (value === undefined) return false;
  if (defaultValue !== undefined || fixedBytes(shape) !== null || shape.kind === 'string') return value !== defaultOf(field);
  if (value === null) return true;
  if (shape.kind !== 'struct') return (value as readonly unknown[]).length !== 0;
  return shape.fields.some(([name, inner]) => differsFromDefault(inner, (value as Values)[name]));
}

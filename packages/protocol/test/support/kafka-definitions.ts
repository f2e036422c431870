/**
 * Kafka's message definitions and our tables, both brought into one comparable form.
 *
 * The definitions are JSON with `//` comments and stay outside the project. Version ranges are compared as they work:
 * clipped to what the message, and the struct around the field, has at all.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultOf } from '../../src/plan.ts';
import type { Field, MessageSchema, Shape, StructShape, VersionRange } from '../../src/schema.ts';
import { latest } from '../../src/schema.ts';

export interface ComparableField {
  readonly name: string;
  readonly type: string;
  readonly versions: VersionRange;
  readonly nullableVersions: VersionRange | null;
  readonly tag: number | null;
  readonly defaultValue: unknown;
  readonly fields: readonly ComparableField[] | null;
}

export interface ComparableMessage {
  readonly name: string;
  readonly key: number | null;
  readonly versions: VersionRange;
  readonly flexibleFrom: number | null;
  readonly fields: readonly ComparableField[];
}

interface JsonField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly fields?: readonly JsonField[];
}

interface JsonMessage {
  readonly apiKey?: number;
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly fields: readonly JsonField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly JsonField[] }[];
}

/** Where the definitions lie; null when they are not there. */
export function definitionsDirectory(): string | null {
  const beside = fileURLToPath(new URL('../../../../../../shared/kafka-messages/', import.meta.url));
  const directory = process.env['KAFKA_MESSAGES_DIR'] ?? beside;
  return existsSync(directory) ? directory : null;
}

/** All definitions by message name. */
export function loadDefinitions(directory: string): Map<string, ComparableMessage> {
  const result = new Map<string, ComparableMessage>();
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.json')) continue;
    const json = JSON.parse(withoutComments(readFileSync(`${directory}/${path}`, 'utf8'))) as JsonMessage;
    if (json.validVersions !== 'none') result.set(json.name, comparableDefinition(json));
  }
  return result;
}

function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, quoted: string | undefined) => quoted ?? '');
}

function comparableDefinition(json: JsonMessage): ComparableMessage {
  const versions = rangeOf(json.validVersions);
  const flexible = rangeOf(json.flexibleVersions ?? 'none');
  const structs = new Map((json.commonStructs ?? []).map((common) => [common.name, common.fields]));
  return {
    name: json.name,
    key: json.apiKey ?? null,
    versions: versions ?? [0, -1],
    flexibleFrom: flexible === null ? null : Math.max(flexible[0], versions?.[0] ?? 0),
    fields: comparableJsonFields(json.fields ?? [], versions, structs),
  };
}

function comparableJsonFields(
  fields: readonly JsonField[],
  around: VersionRange | null,
  structs: ReadonlyMap<string, readonly JsonField[]>,
): ComparableField[] {
  return fields.flatMap((field) => {
    const versions = intersection(rangeOf(field.versions ?? field.taggedVersions ?? 'none'), around);
    if (versions === null) return [];
    const element = field.type.replace('[]', '');
    const isStruct = /^[A-Z]/.test(element);
    const inner = isStruct ? (field.fields ?? structs.get(element) ?? []) : null;
    const tagged = field.taggedVersions === undefined ? null : intersection(rangeOf(field.taggedVersions), versions);
    if (tagged !== null && String(tagged) !== String(versions)) throw new Error(`${field.name}: tagged in some versions only`);
    return {
      name: (field.name[0] ?? '').toLowerCase() + field.name.slice(1),
      type: field.type.replace(element, isStruct ? 'struct' : element === 'bool' ? 'boolean' : element),
      versions,
      nullableVersions: intersection(rangeOf(field.nullableVersions ?? 'none'), versions),
      tag: tagged === null ? null : (field.tag ?? null),
      defaultValue: jsonDefault(field),
      fields: inner === null ? null : comparableJsonFields(inner, versions, structs),
    };
  });
}

function jsonDefault(field: JsonField): unknown {
  const { type } = field;
  const given = field.default;
  if (given === null || given === 'null' || (given === undefined && type === 'records')) return null;
  if (type.startsWith('[]')) return 'empty';
  if (type === 'string') return given ?? '';
  if (type === 'bool') return String(given ?? 'false') === 'true';
  if (type === 'bytes') return 'empty';
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA';
  if (/^[A-Z]/.test(type)) return 'struct of defaults';
  return Number(given ?? 0);
}

function rangeOf(text: string): VersionRange | null {
  if (text === 'none') return null;
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), latest];
  const [first = '', last = first] = text.split('-');
  return [Number(first), Number(last)];
}

function intersection(a: VersionRange | null, b: VersionRange | null): VersionRange | null {
  if (a === null || b === null) return null;
  const range: VersionRange = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
  return range[0] <= range[1] ? range : null;
}

/** Our table in the same form. */
export function comparableSchema(schema: MessageSchema): ComparableMessage {
  const { name, key, versions, flexibleFrom, shape } = schema;
  return { name, key, versions, flexibleFrom, fields: comparableFields(shape, versions) };
}

function comparableFields(shape: StructShape, around: VersionRange): ComparableField[] {
  return shape.fields.flatMap(([name, field]) => {
    const versions = intersection(field.versions, around);
    if (versions === null) return [];
    const inner = structWithin(field.shape);
    return {
      name,
      type: typeName(field.shape),
      versions,
      nullableVersions: intersection(field.nullableVersions, versions),
      tag: field.tag,
      defaultValue: comparableDefault(field),
      fields: inner === null ? null : comparableFields(inner, versions),
    };
  });
}

function comparableDefault(field: Field): unknown {
  const value = defaultOf(field);
  if (Array.isArray(value) || value instanceof Uint8Array) return 'empty';
  return typeof value === 'object' && value !== null ? 'struct of defaults' : value;
}

function typeName(shape: Shape): string {
  return shape.kind === 'array' ? `[]${typeName(shape.element)}` : shape.kind;
}

function structWithin(shape: Shape): StructShape | null {
  if (shape.kind === 'array') return structWithin(shape.element);
  return shape.kind === 'struct' ? shape : null;
}

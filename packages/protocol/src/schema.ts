/**
 * The vocabulary in which Kafka's messages are written down: one declarative table per message, all versions in it.
 *
 * A table is plain data. `compile.ts` turns (table, version) into code, `interpret.ts` walks it, and the types `Body` and
 * `Draft` are inferred from it, so that a message is stated once. The order of keys is the order on the wire; keys are
 * Kafka's JSON field names with a lower-case first letter. Version ranges include both ends and need not go below the
 * oldest version that the message still has.
 */

export type ScalarKind = 'int8' | 'int16' | 'int32' | 'int64' | 'uint16' | 'uint32' | 'float64' | 'boolean' | 'uuid';

/** What a value looks like on the wire, apart from versions and nullability. */
export type Shape =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'string' | 'bytes' | 'records' }
  | { readonly kind: 'array'; readonly element: Shape }
  | StructShape;

export interface StructShape {
  readonly kind: 'struct';
  /** In wire order; the order of the tagged ones among them has no meaning. */
  readonly fields: readonly (readonly [name: string, field: Field])[];
}

export type VersionRange = readonly [first: number, last: number];
export type DefaultValue = number | string | boolean | null;

/** Brings the inferred types along; holds no value at run time but tells a field from a table of fields. */
export const fieldTypes: unique symbol = Symbol('field types');

/**
 * One field. `B` is its type in a decoded body, `D` in a draft to encode; `Optional` says whether a draft may leave it
 * out. All three live in the type system only.
 */
export interface Field<B = unknown, D = unknown, Optional extends boolean = boolean> {
  readonly [fieldTypes]: { readonly body: B; readonly draft: D; readonly optional: Optional } | null;
  readonly shape: Shape;
  /** Versions of the message that carry the field. In others its decoded value is the default. */
  readonly versions: VersionRange;
  /** Versions in which the wire can say null; `null` when it never can. */
  readonly nullableVersions: VersionRange | null;
  /** Number of a tagged field (KIP-482), which is written only when it differs from its default. */
  readonly tag: number | null;
  /** `undefined` stands for the implicit default of the shape: 0, '', false, no elements, a struct of defaults. */
  readonly defaultValue: DefaultValue | undefined;
}

/** Fields by name, in wire order: what an object literal between braces in a table is. */
export interface Fields {
  readonly [name: string]: Field;
}

/** The last version of a range that is still open. */
export const latest = 0x7fff;
const always: VersionRange = [0, latest];

function plain<B, D = B>(shape: Shape): Field<B, D, false> {
  return { [fieldTypes]: null, shape, versions: always, nullableVersions: null, tag: null, defaultValue: undefined };
}

export const int8 = plain<number>({ kind: 'int8' });
export const int16 = plain<number>({ kind: 'int16' });
export const int32 = plain<number>({ kind: 'int32' });
/** A number; beyond ±2^53 it is rounded, and Java's Long.MAX_VALUE reads as 2^63 and is written back as itself. */
export const int64 = plain<number>({ kind: 'int64' });
export const uint16 = plain<number>({ kind: 'uint16' });
export const uint32 = plain<number>({ kind: 'uint32' });
export const float64 = plain<number>({ kind: 'float64' });
export const boolean = plain<boolean>({ kind: 'boolean' });
export const string = plain<string>({ kind: 'string' });
/** Decoded without a copy: a view of the frame. */
export const bytes = plain<Uint8Array>({ kind: 'bytes' });
/** Record batches, decoded without a copy. A draft may give them in pieces, which are written one after the other. */
export const records = plain<Uint8Array, Uint8Array | readonly Uint8Array[]>({ kind: 'records' });
/** 128 bits in Kafka's text form of 22 characters; see `uuid.ts`. */
export const uuid = plain<string>({ kind: 'uuid' });

/** How an int64 of Java's Long.MAX_VALUE reads here; Kafka uses it for "no limit" and "unknown". */
export const int64Max = 2 ** 63;
export const int32Max = 0x7fff_ffff;

/** One struct inside another message. */
export function struct<const F extends Fields>(fields: F): Field<BodyOf<F>, DraftOf<F>, false> {
  return plain({ kind: 'struct', fields: Object.entries(fields) });
}

/** A list of scalars, of strings, or of the structs that an object literal describes. */
export function array<const E extends Field | Fields>(
  element: E,
): Field<BodyOfElement<E>[], readonly DraftOfElement<E>[], false> {
  return plain({ kind: 'array', element: isField(element) ? element.shape : struct(element).shape });
}

function isField(element: Field | Fields): element is Field {
  return fieldTypes in element;
}

/** May be null on the wire: always, from a version on, or between two versions. */
export function nullable<B, D, O extends boolean>(field: Field<B, D, O>, first = 0, last = latest): Field<B | null, D | null, O> {
  return { ...field, [fieldTypes]: null, nullableVersions: [first, last] };
}

/** Present in every version, and a draft may leave it out. */
export function withDefault<B, D>(field: Field<B, D>, defaultValue: DefaultValue): Field<B, D, true> {
  return { ...field, [fieldTypes]: null, defaultValue };
}

/** Present from version `first` on. Without an explicit default the implicit one of the shape counts. */
export function since<B, D>(first: number, field: Field<B, D>, defaultValue?: DefaultValue): Field<B, D, true> {
  return between([first, latest], field, defaultValue);
}

/** Present up to and including version `last`. */
export function until<B, D>(last: number, field: Field<B, D>, defaultValue?: DefaultValue): Field<B, D, true> {
  return between([0, last], field, defaultValue);
}

/** Present from the first to the last of these versions. */
export function between<B, D>(versions: VersionRange, field: Field<B, D>, defaultValue?: DefaultValue): Field<B, D, true> {
  return { ...field, [fieldTypes]: null, versions, defaultValue: defaultValue === undefined ? field.defaultValue : defaultValue };
}

/** Carried in the tagged section instead of in its place: `tagged(0, since(12, nullable(string), null))`. */
export function tagged<B, D>(tag: number, field: Field<B, D>): Field<B, D, true> {
  return { ...field, [fieldTypes]: null, tag };
}

/** What a message is apart from its fields. */
export interface MessageInfo {
  /** Kafka's name, such as FetchRequest. It names the generated code in profiles and stack traces. */
  readonly name: string;
  /** API key of a request or response, type number of a record that has one, else null. */
  readonly key: number | null;
  readonly versions: VersionRange;
  /** First version with compact lengths and tagged sections, or null when there is none. */
  readonly flexibleFrom: number | null;
}

/** The table of one message. */
export interface MessageSchema<B = unknown, D = unknown> extends MessageInfo {
  readonly [fieldTypes]: { readonly body: B; readonly draft: D } | null;
  readonly shape: StructShape;
}

/** Declares a message: `message({ name: 'FetchRequest', key: 1, versions: [4, 18], flexibleFrom: 12 }, { … })`. */
export function message<const F extends Fields>(info: MessageInfo, fields: F): MessageSchema<BodyOf<F>, DraftOf<F>> {
  return { ...info, [fieldTypes]: null, shape: { kind: 'struct', fields: Object.entries(fields) } };
}

/** The decoded form of a message: every field present, whatever the version. */
export type Body<S> = S extends MessageSchema<infer B, unknown> ? B : never;
/** The form to encode: a field that has a default, or that only some versions carry, may be left out. */
export type Draft<S> = S extends MessageSchema<unknown, infer D> ? D : never;

type BodyOf<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer B> ? B : never };
type DraftOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: F[K] extends Field<unknown, infer D> ? D : never;
} & {
  readonly [K in OptionalKeys<F>]?: F[K] extends Field<unknown, infer D> ? D | undefined : never;
};
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, unknown, true> ? K : never;
}[keyof F];
type BodyOfElement<E> = E extends Field<infer B> ? B : E extends Fields ? BodyOf<E> : never;
type DraftOfElement<E> = E extends Field<unknown, infer D> ? D : E extends Fields ? DraftOf<E> : never;

/**
 * Where the fields of a message of Kafka's protocol lie: the table-driven reader reads it, and every read is noted.
 */
import { Reader, type MessageSchema } from '@jackdaw/protocol';
import { internal } from '../internals.ts';
import type { Field, Form } from './fields.ts';
import type * as InterpretModule from '../../../packages/protocol/src/interpret.ts';

const { interpretRead } = await internal<typeof InterpretModule>('protocol/interpret');

interface Kind {
  readonly form: Form;
  /** Bytes of the prefix when it is fixed; 0 for a number, whose size is what was read. */
  readonly prefixBytes: number;
  readonly bias: number;
  /** A prefix measures bytes that the same read takes. */
  readonly isPrefix: boolean;
}

const number: Kind = { form: 'fixed', prefixBytes: 0, bias: 0, isPrefix: false };
const varint: Kind = { ...number, form: 'uvarint' };
const compact: Kind = { form: 'uvarint', prefixBytes: 0, bias: 1, isPrefix: true };
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['int8', 'int16', 'int32', 'int64', 'uint16', 'uint32', 'float64', 'boolean', 'uuid'].map((name) => [name, number] as const),
  ...['count', 'nullableCount', 'isPresent'].map((name) => [name, number] as const),
  ...['unsignedVarint', 'compactCount', 'compactNullableCount', 'tagCount', 'tag'].map((name) => [name, varint] as const),
  ['tagEnd', varint],
  ['string', { ...number, prefixBytes: 2, isPrefix: true }],
  ['nullableString', { ...number, prefixBytes: 2, isPrefix: true }],
  ['byteString', { ...number, prefixBytes: 4, isPrefix: true }],
  ['nullableByteString', { ...number, prefixBytes: 4, isPrefix: true }],
  ['compactString', compact],
  ['compactNullableString', compact],
  ['compactByteString', compact],
  ['compactNullableByteString', compact],
]);

/** The fields of the body that begins at `start`, as far as it can be read. */
export function kafkaFields(
  schema: MessageSchema,
  version: number,
  { bytes, start }: { bytes: Uint8Array; start: number },
): Field[] {
  const fields: Field[] = [];
  const reader = new Reader(bytes, start);
  const noting = new Proxy(reader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      const kind = typeof name === 'string' ? kinds.get(name) : undefined;
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        const from = target.position;
        const result: unknown = Reflect.apply(value, target, given);
        if (kind !== undefined) fields.push(fieldOf(bytes, kind, { from, to: target.position }));
        return result;
      };
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
  try {
    interpretRead(schema, version, noting);
  } catch {
    // What was read until here is known.
  }
  return fields;
}

function fieldOf(
  bytes: Uint8Array,
  { form, prefixBytes, bias, isPrefix }: Kind,
  { from, to }: { from: number; to: number },
): Field {
  if (!isPrefix) return { start: from, end: to, form, contentBytes: -1, bias };
  let end = from + prefixBytes;
  if (form === 'uvarint') for (end = from + 1; end < to && (bytes[end - 1] as number) >= 0x80;) end++;
  return { start: from, end, form, contentBytes: to - end, bias };
}

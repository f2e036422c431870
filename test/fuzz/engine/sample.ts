/**
 * Bodies of any message of the protocol's tables, with small values: something to begin with where no generator knows better.
 */
import type { Prng } from '@jackdaw/base';
import { encodeBody, ProtocolError, zeroUuid, type MessageSchema } from '@jackdaw/protocol';
import { pick } from '../../hardening/mutations.ts';

type Shape = MessageSchema['shape'] | Field['shape'];
type Field = MessageSchema['shape']['fields'][number][1];

export interface SampleWords {
  readonly texts: readonly string[];
  /** Byte strings for fields of records. */
  readonly records: readonly Uint8Array[];
}

/** Null when the draw cannot be said in this version. */
export function sampleBody(
  schema: MessageSchema,
  version: number,
  { prng, words }: { prng: Prng; words: SampleWords },
): Uint8Array | null {
  try {
    return encodeBody(schema, version, struct(schema.shape.fields, { version, prng, words }));
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

interface Draw {
  readonly version: number;
  readonly prng: Prng;
  readonly words: SampleWords;
}

function struct(fields: readonly (readonly [string, Field])[], draw: Draw): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, field] of fields) {
    const nullable = field.nullableVersions;
    const mayBeNull = nullable !== null && draw.version >= nullable[0] && draw.version <= nullable[1];
    result[name] = mayBeNull && draw.prng.chance(0.15) ? null : value(field.shape, draw);
  }
  return result;
}

function value(shape: Shape, draw: Draw): unknown {
  const { prng, words } = draw;
  switch (shape.kind) {
    case 'struct':
      return struct(shape.fields, draw);
    case 'array':
      return Array.from({ length: pick([0, 1, 1, 2, 3], prng) }, () => value(shape.element, draw));
    case 'string':
      return pick(words.texts, prng);
    case 'bytes':
      return prng.bytes(prng.below(12));
    case 'records':
      return pick(words.records, prng);
    case 'uuid':
      return prng.chance(0.3) ? zeroUuid : 'AAAAAAAAAAAAAAAAAAAAAQ';
    case 'boolean':
      return prng.chance(0.5);
    case 'float64':
      return prng.float();
    default:
      return pick(shape.kind.startsWith('u') ? [0, 1, 2, 9] : [0, 0, 1, 2, 3, 9, -1], prng);
  }
}

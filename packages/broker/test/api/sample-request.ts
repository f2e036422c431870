/**
 * A request body with something in every field that its version has, made from the message's table: enough for a handler
 * to build its answer from, whatever it looks at.
 */
import { zeroUuid, type MessageSchema } from '@jackdaw/protocol';

type Shape = MessageSchema['shape']['fields'][number][1]['shape'];

export function sampleRequest(schema: MessageSchema, version: number): unknown {
  return sampleOf(schema.shape, version);
}

function sampleOf(shape: Shape, version: number): unknown {
  switch (shape.kind) {
    case 'struct':
      return Object.fromEntries(
        shape.fields.map(([name, field]) => {
          const [first, last] = field.versions;
          const isThere = version >= first && version <= last;
          return [name, isThere ? sampleOf(field.shape, version) : (field.defaultValue ?? emptyOf(field.shape))];
        }),
      );
    case 'array':
      return [sampleOf(shape.element, version)];
    case 'string':
      return 'x';
    case 'boolean':
      return true;
    case 'bytes':
    case 'records':
      return new Uint8Array(1);
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAZA';
    default:
      return 1;
  }
}

function emptyOf(shape: Shape): unknown {
  if (shape.kind === 'struct') return Object.fromEntries(shape.fields.map(([name, field]) => [name, emptyOf(field.shape)]));
  if (shape.kind === 'array') return [];
  if (shape.kind === 'string') return '';
  if (shape.kind === 'boolean') return false;
  if (shape.kind === 'uuid') return zeroUuid;
  return shape.kind === 'bytes' || shape.kind === 'records' ? new Uint8Array(0) : 0;
}

/**
 * Every table of the package, for the tests that go over all of them.
 */
import * as protocol from '../../src/index.ts';
import type { MessageSchema } from '../../src/schema.ts';
import { fieldTypes } from '../../src/schema.ts';

export const allSchemas: readonly MessageSchema[] = Object.values(protocol as Record<string, unknown>).filter(isSchema);

function isSchema(value: unknown): value is MessageSchema {
  return typeof value === 'object' && value !== null && fieldTypes in value && 'flexibleFrom' in value;
}

export function versionsOf({ versions: [first, last] }: MessageSchema): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Each message in each of its versions, with a name for the test. */
export function eachVersion(): { schema: MessageSchema; version: number; name: string }[] {
  return allSchemas.flatMap((schema) =>
    versionsOf(schema).map((version) => ({ schema, version, name: `${schema.name} v${version}` })),
  );
}

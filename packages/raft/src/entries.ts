/**
 * Small facts about entries: how large one is for the limits, and where it lies.
 */

import type { Entry, Identities } from './types.ts';

/** What an entry costs beside its data: index, term and kind on the wire and in memory, roughly. */
const entryOverheadBytes = 24;
/** One voter id and one uuid as text. */
const identityBytes = 44;

/** Bytes that an entry counts for in every limit. */
export function entryBytes(entry: Entry): number {
  switch (entry.kind) {
    case 'normal':
      return entryOverheadBytes + entry.data.byteLength;
    case 'noop':
      return entryOverheadBytes;
    case 'identities':
      return entryOverheadBytes + entry.identities.size * identityBytes;
  }
}

export function totalBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  return bytes;
}

export function isSameIdentities(left: Identities, right: Identities): boolean {
  if (left.size !== right.size) return false;
  for (const [id, directoryId] of left) if (right.get(id) !== directoryId) return false;
  return true;
}

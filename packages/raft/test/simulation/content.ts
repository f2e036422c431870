/**
 * Entries as text, to compare what different nodes hold.
 */

import { utf8Decode } from '@jackdaw/base';
import type { Entry } from '../../src/index.ts';

export function contentOf(entry: Entry): string {
  switch (entry.kind) {
    case 'normal':
      return utf8Decode(entry.data);
    case 'noop':
      return 'noop';
    case 'identities':
      return `identities ${[...entry.identities].map(([id, directoryId]) => `${id}=${directoryId}`).join(' ')}`;
  }
}

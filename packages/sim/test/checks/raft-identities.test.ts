/**
 * Leaders that change the voters' identities before they may.
 */
import { test } from 'node:test';
import type { Entry } from '@jackdaw/raft';
import { expectReadmission } from '../../src/checks/raft-identities.ts';
import type { LiveNode } from '../../src/checks/watch.ts';
import { bites } from './fakes.ts';

/** The leader of term 3 proposes who node 2 is, having committed an entry of this term. */
function propose(committedTerm: number): void {
  const storage = { term: () => committedTerm };
  const quorum = { storage, status: { role: 'leader', term: 3, commitIndex: 8 } };
  const live = { services: { quorum }, label: 'node 1, start 1' } as unknown as LiveNode;
  const entry: Entry = { kind: 'identities', index: 9, term: 3, identities: new Map([[2, 'directory-2']]) };
  expectReadmission(live, { entry, committed: new Map(), disks: new Map() });
}

test('identities that are changed before an entry of the own term is committed are noticed (ReadmittedInOwnTerm, E8)', () => {
  bites('ReadmittedInOwnTerm', () => propose(2));
  propose(3);
});

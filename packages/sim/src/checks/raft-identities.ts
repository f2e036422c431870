/**
 * Whose disks count in the quorum (E8, E9), looked at where a voter's disk was destroyed.
 *
 *   StrangerIsNotCounted   a leader counts no disk in the place of a wiped one before that is committed
 *   ReadmittedIsCaughtUp   a disk is proposed when it holds what is committed
 *   ReadmittedInOwnTerm    identities, also the first ones, are changed by a leader that has committed an entry of its own term
 */
import type { Entry } from '@jackdaw/raft';
import { fail } from './check.ts';
import type { LiveNode } from './watch.ts';

/** What is known of the disk that a voter has now. */
export interface VoterDisk {
  readonly directoryId: string;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
}

/** Entries that may have been committed between a proposal and its being written. */
const toleratedEntries = 5;

export function expectNoStrangerCounted({ cluster, services, label }: LiveNode, committed: ReadonlyMap<number, string>): void {
  if (cluster.damaged.size === 0 || services.quorum.softState.role !== 'leader') return;
  const { peers, role, commitIndex } = services.quorum.status;
  // What the others have committed while its own disk is slow cannot be looked up here yet.
  if (role !== 'leader' || services.quorum.storage.lastIndex() < commitIndex) return;
  for (const { id, directoryId, isCounted } of peers) {
    const known = committed.get(id);
    if (!isCounted || directoryId === null || known === undefined || known === directoryId) continue;
    if (identitiesAt(services.quorum.storage, commitIndex)?.get(id) === directoryId) continue;
    fail('StrangerIsNotCounted', `${label} counts node ${id} with the directory ${directoryId}; ${known} is committed`);
  }
}

/** Of its own log: more may be committed by now than anybody has applied. Null when the log goes back to no such entry. */
function identitiesAt(
  storage: LiveNode['services']['quorum']['storage'],
  commitIndex: number,
): ReadonlyMap<number, string> | null {
  const last = Math.min(commitIndex, storage.lastIndex());
  const entries = storage.entries(storage.firstIndex(), last + 1, Number.POSITIVE_INFINITY);
  const entry = entries.findLast(({ kind }) => kind === 'identities');
  return entry?.kind === 'identities' ? new Map(entry.identities) : new Map(storage.snapshotMetadata().identities);
}

export interface Proposed {
  readonly entry: Entry;
  readonly committed: ReadonlyMap<number, string>;
  readonly disks: ReadonlyMap<number, VoterDisk>;
}

/** A leader has written an entry of identities. */
export function expectReadmission({ services, label }: LiveNode, { entry, committed, disks }: Proposed): void {
  const { quorum } = services;
  const { role, term, commitIndex } = quorum.status;
  if (entry.kind !== 'identities' || role !== 'leader' || term !== entry.term) return;
  const committedTerm = quorum.storage.term(commitIndex);
  if (committedTerm !== null && committedTerm !== term) {
    const proposed = [...entry.identities].map(([id, directoryId]) => `${id} with ${directoryId}`).join();
    fail('ReadmittedInOwnTerm', `${label} proposes ${proposed} in term ${term}, and has committed up to term ${committedTerm}`);
  }
  for (const [id, directoryId] of entry.identities) {
    const before = committed.get(id);
    if (before === undefined || before === directoryId) continue;
    const disk = disks.get(id);
    if (disk === undefined || disk.directoryId !== directoryId) continue;
    if (Math.max(disk.lastIndex, disk.snapshotIndex) >= commitIndex - toleratedEntries) continue;
    fail('ReadmittedIsCaughtUp', `${label} takes node ${id} in again with ${disk.lastIndex} of ${commitIndex} committed entries`);
  }
}

/**
 * Raft's properties over the quorum of the metadata, by what stands on the voters' disks and in their databases.
 *
 *   ElectionSafety       one start of one node leads in a term, and a majority of the disks has voted for it; a disk in
 *                        the place of a wiped one does not count before it is taken in (E9)
 *   LogMatching          an (index, term) names one entry with one predecessor, on every disk
 *   LeaderCompleteness   a new leader holds every entry that was committed in earlier terms
 *   StateMachineSafety   nobody applies another entry at an index than anybody else did
 *   MajorityIsDurable    what is applied anywhere is on a majority's disks (E2)
 *   VoteOncePerTerm      one disk votes for one candidate in a term, over all starts of its node
 *   PersistedSurvives    a restart finds what was on disk, and a term that has not fallen
 *   VoteForUpToDate      nobody votes for a log that ends before the own one (E4)
 *   CommitOfOwnTerm      a leader's commit index moves to entries of its own term (E3)
 *   OwnTermEntriesStay   entries of the term that a disk is in are not cut in that term (E1, E10)
 *   MonotonicCommit      what is applied and the commit index on disk never go back in one start
 */
import type { Entry, HardState, SoftState } from '@jackdaw/raft';
import { fail } from './check.ts';
import { hashStart, mixBytes, mixNumber, mixText } from './hash.ts';
import { expectNoStrangerCounted, expectReadmission } from './raft-identities.ts';
import type { Family, LiveNode } from './watch.ts';

/** What a disk of a voter is known to hold. */
interface Disk {
  readonly directoryId: string;
  hardState: HardState;
  /** Term of the entry at each index that it ever held there; exact from the last entry down. */
  readonly terms: number[];
  lastIndex: number;
  snapshotIndex: number;
}

interface SeenNode {
  readonly disk: Disk;
  softState: SoftState;
  applied: number;
  /** The commit index when it began to lead. */
  commitAtElection: number;
}

interface CommittedEntry {
  readonly term: number;
  /** A term at or after the one whose leader committed it. */
  readonly committedBy: number;
}

export class RaftSafety implements Family {
  /** Called once for each index, in order, with the entry that the first node applied there. */
  readonly #onCommitted: (entry: Entry, live: LiveNode) => void;
  readonly #seen = new Map<LiveNode, SeenNode>();
  readonly #disks = new Map<number, Disk>();
  readonly #committed: CommittedEntry[] = [{ term: 0, committedBy: 0 }];
  /** By index, then term: the entry and the term of the one before it. */
  readonly #entries: Map<number, number>[] = [];
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, number>();
  /** Voter → the directory that speaks for it, as of what is committed (E9). */
  #identities: ReadonlyMap<number, string> = new Map();

  constructor(onCommitted: (entry: Entry, live: LiveNode) => void) {
    this.#onCommitted = onCommitted;
  }

  onStarted(live: LiveNode): void {
    const { quorum } = live.services;
    const { directoryId } = quorum.status;
    const known = this.#disks.get(live.node.id);
    const { storage } = quorum;
    if (known?.directoryId === directoryId && !isDamaged(live)) this.#expectSurvived(live, known);
    const disk = { directoryId, hardState: { term: 0, vote: null, commitIndex: 0 }, terms: [], lastIndex: 0, snapshotIndex: 0 };
    disk.lastIndex = storage.firstIndex() - 1;
    this.#disks.set(live.node.id, disk);
    this.#seen.set(live, { disk, softState: { role: 'follower', term: 0, leaderId: null }, applied: 0, commitAtElection: 0 });
  }

  onEvent(live: LiveNode): void {
    const seen = this.#seen.get(live);
    if (seen === undefined) return;
    const { quorum } = live.services;
    this.#lookAtDisk(live, seen.disk);
    if (quorum.softState !== seen.softState) this.#onSoftState(live, seen, quorum.softState);
    const applied = live.services.image().appliedIndex;
    if (applied !== seen.applied) this.#onApplied(live, seen, applied);
    expectNoStrangerCounted(live, this.#identities);
  }

  /** What was persisted in the event in which the process died may have been promised to others in it. */
  onDied(live: LiveNode): void {
    const seen = this.#seen.get(live);
    this.#seen.delete(live);
    if (seen !== undefined) this.#lookAtDisk(live, seen.disk);
  }

  #lookAtDisk(live: LiveNode, disk: Disk): void {
    const { storage } = live.services.quorum;
    const hardState = storage.initialState();
    if (hardState !== disk.hardState) this.#onHardState(live, disk, hardState);
    const last = storage.lastIndex();
    if (last === disk.lastIndex && (storage.term(last) ?? 0) === (disk.terms[last] ?? storage.term(last) ?? 0)) return;
    this.#onEntries(live, disk, last);
  }

  #onHardState(live: LiveNode, disk: Disk, hardState: HardState): void {
    const { term, vote, commitIndex } = hardState;
    const before = disk.hardState;
    disk.hardState = hardState;
    if (term < before.term) fail('PersistedSurvives', `${live.label}: the term fell from ${before.term} to ${term}`);
    if (commitIndex < before.commitIndex) {
      fail('MonotonicCommit', `${live.label}: the commit index fell from ${before.commitIndex} to ${commitIndex}`);
    }
    if (vote === null || isDamaged(live)) return;
    const key = `${disk.directoryId}@${term}`;
    const known = this.#votes.get(key);
    if (known !== undefined && known !== vote) {
      fail('VoteOncePerTerm', `${live.label} voted for ${known} and for ${vote} in term ${term}`);
    }
    this.#votes.set(key, vote);
    if (vote !== before.vote || term !== before.term) this.#expectUpToDate(live, disk, { term, candidate: vote });
  }

  /** A candidate's log is on its disk before it asks for votes. */
  #expectUpToDate({ cluster, node, label }: LiveNode, own: Disk, { term, candidate }: { term: number; candidate: number }): void {
    const its = this.#disks.get(candidate);
    const ownTerm = own.terms[own.lastIndex] ?? 0;
    if (candidate === node.id || its === undefined || its.hardState.term > term || ownTerm >= term) return;
    if (cluster.damaged.has(candidate) || cluster.damaged.has(node.id)) return;
    const itsTerm = its.lastIndex === 0 ? 0 : its.terms[its.lastIndex];
    // Its last entry came as a snapshot, which nobody has looked into.
    if (itsTerm === undefined) return;
    if (itsTerm > ownTerm || (itsTerm === ownTerm && its.lastIndex >= own.lastIndex) || its.lastIndex <= its.snapshotIndex)
      return;
    const logs = `whose log ends with ${its.lastIndex} of term ${itsTerm}; its own with ${own.lastIndex} of term ${ownTerm}`;
    fail('VoteForUpToDate', `${label} votes in term ${term} for node ${candidate}, ${logs}`);
  }

  #onEntries(live: LiveNode, disk: Disk, last: number): void {
    const { storage } = live.services.quorum;
    const first = storage.firstIndex();
    disk.snapshotIndex = storage.snapshotMetadata().index;
    let from = Math.min(disk.lastIndex, last) + 1;
    while (from > first && disk.terms[from - 1] !== storage.term(from - 1)) from--;
    from = Math.max(from, first);
    this.#expectOwnTermStays(live, disk, from);
    disk.lastIndex = last;
    disk.terms.length = Math.min(disk.terms.length, last + 1);
    if (from > last) return;
    let before = storage.term(from - 1) ?? 0;
    for (const entry of storage.entries(from, last + 1, Number.POSITIVE_INFINITY)) {
      this.#expectMatching(live, entry, before);
      if (entry.kind === 'identities') expectReadmission(live, { entry, committed: this.#identities, disks: this.#disks });
      disk.terms[entry.index] = entry.term;
      before = entry.term;
    }
  }

  /** Entries from `from` on are gone or replaced; those of the term that the disk is in came from its one leader. */
  #expectOwnTermStays({ cluster, node, label, services }: LiveNode, disk: Disk, from: number): void {
    const { term } = disk.hardState;
    const { storage } = services.quorum;
    if ((storage.term(storage.lastIndex()) ?? 0) > term) return;
    if (from > disk.lastIndex || disk.terms[disk.lastIndex] !== term || cluster.damaged.has(node.id)) return;
    fail('OwnTermEntriesStay', `${label} in term ${term} drops its entries of this term, from ${from} to ${disk.lastIndex}`);
  }

  #expectMatching(live: LiveNode, entry: Entry, termBefore: number): void {
    const { index, term } = entry;
    const byTerm = (this.#entries[index] ??= new Map());
    const value = mixNumber(contentHash(entry), termBefore);
    const known = byTerm.get(term);
    if (known === undefined) byTerm.set(term, value);
    else if (known !== value) fail('LogMatching', `the entry ${index} of term ${term} differs on ${live.label}`);
  }

  #onSoftState(live: LiveNode, seen: SeenNode, state: SoftState): void {
    const { role, term } = state;
    const isNew = role === 'leader' && (seen.softState.role !== 'leader' || seen.softState.term !== term);
    seen.softState = state;
    if (!isNew) return;
    seen.commitAtElection = live.services.quorum.status.commitIndex;
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== live.label) fail('ElectionSafety', `${known} and ${live.label} lead in term ${term}`);
    this.#leaders.set(term, live.label);
    this.#expectVotes(live, term);
    this.#expectComplete(live, term);
  }

  #expectVotes(live: LiveNode, term: number): void {
    const { voters } = live.cluster.plan;
    const votes = voters.filter((id) => {
      const hardState = this.#countedDisk(live, id)?.hardState;
      return hardState !== undefined && (hardState.term > term || (hardState.term === term && hardState.vote === live.node.id));
    });
    if (votes.length * 2 > voters.length) return;
    fail('ElectionSafety', `${live.label} leads in term ${term} by the durable votes of ${votes.join() || 'nobody'}`);
  }

  /** A voter's disk; but that which came in the place of a wiped one is nobody's until the quorum has taken it in (E9). */
  #countedDisk({ cluster }: LiveNode, id: number): Disk | undefined {
    const disk = this.#disks.get(id);
    const identity = this.#identities.get(id);
    const isStrange = disk !== undefined && identity !== undefined && identity !== disk.directoryId;
    return isStrange && cluster.damaged.has(id) ? undefined : disk;
  }

  #expectComplete(live: LiveNode, term: number): void {
    const { storage } = live.services.quorum;
    const last = this.#committed.length - 1;
    for (let index = storage.firstIndex(); index <= last; index++) {
      const committed = this.#committed[index] as CommittedEntry;
      if (committed.committedBy >= term || storage.term(index) === committed.term) continue;
      fail('LeaderCompleteness', `${live.label} leads in term ${term} without the committed entry ${index}`);
    }
  }

  #onApplied(live: LiveNode, seen: SeenNode, applied: number): void {
    if (applied < seen.applied) fail('MonotonicCommit', `${live.label}: applied ${seen.applied}, then ${applied}`);
    const { storage } = live.services.quorum;
    if (applied > storage.lastIndex()) fail('StateMachineSafety', `${live.label} applied ${applied}, which is not in its log`);
    for (let index = Math.max(seen.applied + 1, storage.firstIndex()); index <= applied; index++) {
      const term = storage.term(index);
      const known = this.#committed[index];
      if (known === undefined) this.#commit(live, index, term ?? -1);
      else if (known.term !== term) {
        fail('StateMachineSafety', `${live.label} applied ${index} of term ${term}; others applied that of term ${known.term}`);
      }
    }
    seen.applied = applied;
    if (seen.softState.role === 'leader') this.#expectOwnTermCommit(live, seen);
    if (applied >= this.#committed.length) fail('StateMachineSafety', `${live.label} applied ${applied}, which is in no log`);
  }

  /** A leader counts copies of entries of its own term alone (E3). */
  #expectOwnTermCommit({ services: { quorum }, label }: LiveNode, { softState, commitAtElection }: SeenNode): void {
    const { commitIndex, term } = quorum.status;
    const committedTerm = quorum.storage.term(commitIndex);
    if (commitIndex <= commitAtElection || term !== softState.term || committedTerm === null || committedTerm === term) return;
    fail('CommitOfOwnTerm', `${label} leads in term ${term} and commits entry ${commitIndex} of term ${committedTerm} by itself`);
  }

  #commit(live: LiveNode, index: number, term: number): void {
    const { storage } = live.services.quorum;
    const [entry] = storage.entries(index, index + 1, Number.POSITIVE_INFINITY);
    if (entry === undefined || index !== this.#committed.length) {
      fail('StateMachineSafety', `${live.label} applied ${index} after ${this.#committed.length - 1}`);
    }
    this.#committed.push({ term, committedBy: storage.initialState().term });
    this.#expectMajority(live, index, term);
    if (entry.kind === 'identities') this.#identities = new Map(entry.identities);
    this.#onCommitted(entry, live);
  }

  #expectMajority(live: LiveNode, index: number, term: number): void {
    const { voters } = live.cluster.plan;
    let holders = 0;
    for (const id of voters) {
      const disk = this.#countedDisk(live, id);
      if (disk !== undefined && (disk.terms[index] === term || disk.snapshotIndex >= index)) holders++;
    }
    if (holders * 2 <= voters.length) {
      fail('MajorityIsDurable', `${live.label} applied ${index}, which is on ${holders} of ${voters.length} disks`);
    }
  }

  #expectSurvived(live: LiveNode, before: Disk): void {
    const { storage } = live.services.quorum;
    const { term } = storage.initialState();
    if (term < before.hardState.term) {
      fail('PersistedSurvives', `${live.label}: term ${before.hardState.term} was on disk, now it is ${term}`);
    }
    const last = Math.min(before.lastIndex, before.terms.length - 1);
    for (let index = Math.max(storage.firstIndex(), 1); index <= last; index++) {
      const had = before.terms[index];
      // A batch that was under way may have put entries of a newer leader in their place.
      if (had === undefined || (storage.term(index) ?? -1) >= had) continue;
      if (this.#isReplaced(storage.term(storage.lastIndex()) ?? 0, had)) return;
      fail('PersistedSurvives', `${live.label}: the entry ${index} of term ${had} was on disk and is not there any more`);
    }
  }

  /** The log may be shorter where a newer leader's entries, in a batch under way, have cut it. */
  #isReplaced(lastTerm: number, had: number): boolean {
    return lastTerm > had;
  }
}

function isDamaged({ cluster, node }: LiveNode): boolean {
  return cluster.damaged.has(node.id);
}

function contentHash(entry: Entry): number {
  const kind = mixText(hashStart, entry.kind);
  if (entry.kind === 'normal') return mixBytes(kind, entry.data);
  if (entry.kind === 'noop') return kind;
  let hash = kind;
  for (const [id, directoryId] of entry.identities) hash = mixText(mixNumber(hash, id), directoryId);
  return hash;
}

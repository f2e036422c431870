/**
 * Who the voters are on disk: the leader records each voter's data directory, and re-admits a wiped one (E9).
 *
 * The voter ids are static, so this is Raft's membership change reduced to one case: under one id, a directory d is
 * replaced by d′. Old and new majorities need not share a member that keeps its memory (id 2 under d and under d′ are
 * not the same memory), so Raft's one-server argument does not carry over as it is. What makes it safe:
 *
 *  1. d is gone: it will never promise anything again. Its promises from before the wipe stay true of the majorities
 *     they were part of.
 *  2. The entry X that replaces d by d′ is proposed only after an entry of the leader's own term is committed, with
 *     no other identities entry uncommitted, and when d′ has acknowledged (durably) everything that was committed.
 *     So d′ holds every committed entry that d may have been needed for.
 *  3. X, and whatever the leader commits before X, is committed by a majority of the OLD identities, that is without
 *     d and d′. Take any majority Q of old ids that d was part of before the wipe, for a leader of term T or for an
 *     entry of term T. X's majority shares an id i ≠ d with Q. If T is above X's term and i joined Q first, then i
 *     never acknowledged X; if it acknowledged X first, then Q's candidate held X, which is younger than the wipe, so
 *     d was not in Q. If T is X's term or below, X's leader holds what Q committed. Either way a majority that counts
 *     d′ (and it counts d′ only when it knows that X is committed) does not miss what Q decided.
 *  4. A candidate or leader that does not know yet that X is committed counts by the old identities (IdentityBook).
 *     Its majorities consist of intact disks only, so they share an intact id with every newer majority.
 *
 * A voter without a record is taken as it comes: a cluster has to begin somewhere. Its disk is protected once its
 * record has reached the other voters' logs, normally one round trip after it was first heard.
 *
 * A replaced voter can lead or vote only after X is known to be committed. If X's leader dies in the moment between,
 * the remaining ones may have to wait for it: the same as if the wiped voter had not come back yet.
 */

import { sometimes } from '@jackdaw/base';
import type { NodeId } from '@jackdaw/base';
import { isCounted, type LeaderState, type RaftCore } from './core.ts';
import { appendAsLeader, expectLeader } from './replication.ts';
import type { Identities } from './types.ts';

/** Proposes the next identities entry when one is due. Called after each event on a leader. */
export function maybeProposeIdentities(core: RaftCore): void {
  const leader = expectLeader(core);
  if (core.log.commitIndex < leader.termStartIndex) return;
  if (core.log.latestIdentitiesIndex > core.log.commitIndex || leader.transfer !== null) return;
  const next = withNewVoters(core, leader) ?? withOneReadmitted(core, leader);
  if (next !== null) appendAsLeader(core, { kind: 'identities', identities: next });
}

/** First records may share one entry: each only narrows "anybody" to the one that is there. */
function withNewVoters(core: RaftCore, leader: LeaderState): Identities | null {
  const recorded = core.log.identitiesInForce();
  const next = new Map(recorded);
  if (!next.has(core.id)) next.set(core.id, core.options.directoryId);
  for (const [id, progress] of leader.peers) {
    if (!next.has(id) && progress.directoryId !== null) next.set(id, progress.directoryId);
  }
  return next.size > recorded.size ? next : null;
}

/** One at a time, and only one that holds everything committed. */
function withOneReadmitted(core: RaftCore, leader: LeaderState): Identities | null {
  for (const [id, progress] of leader.peers) {
    const { directoryId, matchIndex, silentTicks } = progress;
    if (directoryId === null || isCounted(core, id, directoryId)) continue;
    if (matchIndex < core.log.commitIndex || silentTicks >= core.options.electionTicks) continue;
    sometimes('raft: wiped voter taken in again');
    return new Map(core.log.identitiesInForce()).set(id, directoryId);
  }
  return null;
}

/** Remembers under which identity a voter was heard; returns whether what it says counts. */
export function noteIdentity(core: RaftCore, id: NodeId, directoryId: string): boolean {
  const isKnown = isCounted(core, id, directoryId);
  if (isKnown) core.strangers.delete(id);
  else if (core.options.voters.includes(id)) {
    sometimes('raft: voter heard under another identity');
    core.strangers.set(id, directoryId);
  }
  return isKnown;
}

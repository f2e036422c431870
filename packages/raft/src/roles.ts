/**
 * Changes of role but the one to leader (leadership.ts).
 *
 *   follower → preCandidate   the election timeout passed without a leader
 *   preCandidate → candidate  a majority would vote for it: only now the term rises
 *   candidate → leader        a majority voted for it
 *   any → follower            a higher term was seen, or a leader of the own term, or a quorum was lost
 */

import { assert, type NodeId, type Term } from '@jackdaw/base';
import { drawElectionTimeout, type RaftCore } from './core.ts';

/** Also what a node that is no voter becomes: then the role is `observer`. */
export function becomeFollower(core: RaftCore, term: Term, leaderId: NodeId | null): void {
  enterTerm(core, term);
  leaveLeadership(core);
  core.role = core.isVoter ? 'follower' : 'observer';
  core.leaderId = leaderId;
}

export function becomePreCandidate(core: RaftCore): void {
  assert(core.role !== 'leader' && core.isVoter, 'only a voter that does not lead campaigns');
  resetElection(core);
  core.role = 'preCandidate';
  core.leaderId = null;
  // Asking oneself needs no disk: a pre-vote is no promise.
  core.votes.set(core.id, true);
}

/** Its own vote is counted only when it is durable: see onVotePersisted in elections.ts. */
export function becomeCandidate(core: RaftCore): void {
  assert(core.role !== 'leader' && core.isVoter, 'only a voter that does not lead campaigns');
  enterTerm(core, core.term + 1);
  resetElection(core);
  core.role = 'candidate';
  core.leaderId = null;
  core.vote = core.id;
}

function enterTerm(core: RaftCore, term: Term): void {
  assert(term >= core.term, `the term would fall from ${core.term} to ${term}`);
  if (term > core.term) {
    core.term = term;
    core.vote = null;
  }
  resetElection(core);
}

function resetElection(core: RaftCore): void {
  core.electionElapsedTicks = 0;
  core.votes.clear();
  drawElectionTimeout(core);
}

/** Pending reads fail: another leader may have been elected already (E6). */
function leaveLeadership(core: RaftCore): void {
  for (const read of core.leader?.reads ?? []) core.readOutcomes.push({ readId: read.readId, index: null });
  core.leader = null;
}

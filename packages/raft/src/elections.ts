/**
 * Votes: pre-vote, vote, and who may ask (paper §5.2 and §5.4.1, thesis §4.2.3 and §9.6).
 *
 * Three things besides the paper's rules keep elections quiet and safe:
 *  - pre-vote: the term rises only after a majority said that it would vote (E5);
 *  - lease: a voter that heard its leader within one election timeout does not answer (E5). It protects the leader
 *    from disturbance, nothing is read on its word (reads.ts);
 *  - identities: who runs on a wiped disk neither asks nor votes, and is told so (E9). A voter that finds no record
 *    of itself in its log cannot know whether its disk was wiped. So before it founds a cluster it wants the answers of
 *    all voters, and goes on with a majority only after a grace: if anybody remembers a quorum, its answer says so.
 */

import { type NodeId, sometimes } from '@jackdaw/base';
import { noteIdentity } from './admission.ts';
import { isCounted, isOwnDiskWiped, type RaftCore } from './core.ts';
import { becomeLeader } from './leadership.ts';
import { genesisGraceElections } from './limits.ts';
import type { PreVote, PreVoteReply, Vote, VoteReply } from './messages.ts';
import { send } from './outbox.ts';
import { becomeCandidate, becomeFollower, becomePreCandidate } from './roles.ts';

/** Time passed without a leader. */
export function tickElection(core: RaftCore): void {
  if (!mayCampaign(core)) return;
  if (core.electionElapsedTicks >= core.electionTimeoutTicks) startPreElection(core);
}

export function mayCampaign(core: RaftCore): boolean {
  return core.isVoter && core.role !== 'leader' && core.log.pendingSnapshot === null && !isOwnDiskWiped(core);
}

export function startPreElection(core: RaftCore): void {
  becomePreCandidate(core);
  const [lastIndex, lastTerm] = [core.log.lastIndex(), core.log.lastTerm()];
  const { id, options } = core;
  for (const to of core.otherVoters) {
    send(core, { kind: 'preVote', from: id, to, term: core.term + 1, directoryId: options.directoryId, lastIndex, lastTerm });
  }
  countPreVotes(core);
}

function startElection(core: RaftCore, isTransfer: boolean): void {
  becomeCandidate(core);
  const [lastIndex, lastTerm] = [core.log.lastIndex(), core.log.lastTerm()];
  const { id, term, options } = core;
  for (const to of core.otherVoters) {
    send(core, { kind: 'vote', from: id, to, term, directoryId: options.directoryId, lastIndex, lastTerm, isTransfer });
  }
}

export function handlePreVote(core: RaftCore, request: PreVote): void {
  const isKnown = noteIdentity(core, request.from, request.directoryId);
  if (!core.isVoter) return;
  if (isKnown && isLeaderFresh(core)) {
    sometimes('raft: pre-vote ignored because the leader is fresh');
    return;
  }
  if (isKnown && !core.log.isUpToDate(request.lastTerm, request.lastIndex)) {
    sometimes('raft: pre-vote refused to a log that is behind');
  }
  const isGranted =
    isKnown && request.term > core.term && core.log.isUpToDate(request.lastTerm, request.lastIndex) && !isOwnDiskWiped(core);
  send(core, {
    kind: 'preVoteReply',
    from: core.id,
    to: request.from,
    term: isGranted ? request.term : core.term,
    directoryId: core.options.directoryId,
    isGranted,
    isUnknownIdentity: !isKnown,
  });
}

/** Vote at most once in a term, and only for a log that holds at least what the own one holds (E4). */
export function handleVote(core: RaftCore, request: Vote): void {
  const isKnown = noteIdentity(core, request.from, request.directoryId);
  if (!core.isVoter) return;
  // A wiped voter may not even raise the term; a fresh leader is not to be disturbed, unless it asked for it.
  if (!isKnown || request.term < core.term) {
    if (isKnown) sometimes('raft: vote of an old term refused');
    else sometimes('raft: vote refused to an unknown identity');
    replyToVote(core, request.from, { isGranted: false, isUnknownIdentity: !isKnown });
    return;
  }
  if (isLeaderFresh(core) && !request.isTransfer) {
    sometimes('raft: vote ignored because the leader is fresh');
    return;
  }
  if (request.term > core.term) becomeFollower(core, request.term, null);
  const hasVoteLeft = core.vote === request.from || (core.vote === null && core.leaderId === null);
  const isGranted = hasVoteLeft && core.log.isUpToDate(request.lastTerm, request.lastIndex) && !isOwnDiskWiped(core);
  if (!hasVoteLeft) sometimes('raft: vote refused because it was given');
  else if (!isGranted) sometimes('raft: vote refused to a log that is behind');
  if (isGranted) {
    core.vote = request.from;
    core.electionElapsedTicks = 0;
  }
  replyToVote(core, request.from, { isGranted, isUnknownIdentity: false });
}

function replyToVote(core: RaftCore, to: NodeId, answer: { isGranted: boolean; isUnknownIdentity: boolean }): void {
  const { id, term, options } = core;
  send(core, { kind: 'voteReply', from: id, to, term, directoryId: options.directoryId, ...answer });
}

/**
 * The driver knows that nothing runs any more where `id` ran. If that was the leader, its lease is over, and an election
 * is due within a heartbeat interval, at a random tick of it so that not all begin at once. A wrong word costs an
 * election, nothing else: the lease only keeps elections quiet.
 */
export function onNodeGone(core: RaftCore, id: NodeId): void {
  if (core.leaderId !== id || core.role === 'leader') return;
  sometimes('raft: leader known to be gone');
  core.leaderId = null;
  const dueTicks = core.electionElapsedTicks + 1 + core.options.prng.below(core.options.heartbeatTicks);
  core.electionTimeoutTicks = Math.min(core.electionTimeoutTicks, dueTicks);
}

/** The own leader, or the own leadership, was confirmed within the shortest election timeout. */
function isLeaderFresh(core: RaftCore): boolean {
  if (core.role === 'leader') return true;
  return core.leaderId !== null && core.electionElapsedTicks < core.options.electionTicks;
}

export function handlePreVoteReply(core: RaftCore, reply: PreVoteReply): void {
  if (!core.options.voters.includes(reply.from)) return;
  noteRefusedIdentity(core, reply);
  core.answered.add(reply.from);
  const isKnown = noteIdentity(core, reply.from, reply.directoryId);
  // A granted reply carries the asked term; a refusal from a higher one brings this node up to it.
  if (!reply.isGranted && reply.term > core.term && isKnown) {
    sometimes('raft: pre-vote refused from a higher term');
    becomeFollower(core, reply.term, null);
    return;
  }
  if (core.role !== 'preCandidate' || !isKnown) return;
  if (reply.isGranted && reply.term !== core.term + 1) return;
  core.votes.set(reply.from, reply.isGranted);
  countPreVotes(core);
}

export function handleVoteReply(core: RaftCore, reply: VoteReply): void {
  noteRefusedIdentity(core, reply);
  if (!noteIdentity(core, reply.from, reply.directoryId)) return;
  if (core.role !== 'candidate' || reply.term !== core.term) return;
  core.votes.set(reply.from, reply.isGranted);
  countVotes(core);
}

/** The driver has made (term, vote) durable: a candidate may now count its own vote (E2, a single node too). */
export function onVotePersisted(core: RaftCore): void {
  if (core.role !== 'candidate' || core.votes.has(core.id)) return;
  if (core.durable.term !== core.term || core.durable.vote !== core.id) return;
  core.votes.set(core.id, true);
  countVotes(core);
}

export function handleTimeoutNow(core: RaftCore): void {
  if (!mayCampaign(core)) return;
  sometimes('raft: told to campaign at once');
  startElection(core, true);
}

function countPreVotes(core: RaftCore): void {
  if (countOf(core, true) >= core.quorumSize && mayFoundCluster(core)) startElection(core, false);
  else if (countOf(core, false) >= core.quorumSize) {
    sometimes('raft: pre-vote lost');
    becomeFollower(core, core.term, null);
  }
}

function countVotes(core: RaftCore): void {
  if (countOf(core, true) >= core.quorumSize) becomeLeader(core);
  else if (countOf(core, false) >= core.quorumSize) {
    sometimes('raft: election lost');
    becomeFollower(core, core.term, null);
  }
}

function countOf(core: RaftCore, isGranted: boolean): number {
  let count = 0;
  for (const answer of core.votes.values()) if (answer === isGranted) count += 1;
  return count;
}

function mayFoundCluster(core: RaftCore): boolean {
  if (core.log.identitiesInForce().has(core.id) || core.answered.size >= core.otherVoters.length) return true;
  return core.ticksSinceStart >= genesisGraceElections * core.options.electionTicks;
}

/** Told that this id is on record under another directory: only the own log can contradict that. */
function noteRefusedIdentity(core: RaftCore, reply: PreVoteReply | VoteReply): void {
  if (!reply.isUnknownIdentity || core.log.identitiesInForce().has(core.id)) return;
  if (!isCounted(core, reply.from, reply.directoryId)) return;
  sometimes('raft: told that the own disk was wiped');
  core.isToldWiped = true;
  if (core.role === 'preCandidate' || core.role === 'candidate') becomeFollower(core, core.term, null);
}

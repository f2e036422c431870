/**
 * Dispatch: the rules about terms that hold for whole groups of messages, then one handler for each kind.
 *
 * A message from an older term is of no effect, one from a newer term ends the own role (paper §5.1). The exceptions:
 * pre-votes and identity refusals do not move terms (elections.ts), observers' questions carry none (observers.ts).
 */

import { assert, sometimes } from '@jackdaw/base';
import { maybeProposeIdentities, noteIdentity } from './admission.ts';
import type { RaftCore } from './core.ts';
import { handlePreVote, handlePreVoteReply, handleTimeoutNow, handleVote, handleVoteReply, tickElection } from './elections.ts';
import { handleAppend, handleHeartbeat, handleInstallSnapshot } from './follower.ts';
import { maybeFinishTransfer, tickLeader } from './leadership.ts';
import type {
  Append,
  AppendReply,
  Heartbeat,
  HeartbeatReply,
  InstallSnapshot,
  RaftMessage,
  TimeoutNow,
  VoteReply,
} from './messages.ts';
import { handleLeaderHint, handleObserve, tickObserver } from './observers.ts';
import { send } from './outbox.ts';
import { releaseReads } from './reads.ts';
import {
  askAboutSnapshot,
  expectLeader,
  handleAppendReply,
  maybeSendAppend,
  probeForLoss,
  progressOf,
  sendAppends,
} from './replication.ts';
import { becomeFollower } from './roles.ts';

export function step(core: RaftCore, message: RaftMessage): void {
  if (message.to !== core.id || message.from === core.id) return;
  switch (message.kind) {
    case 'preVote':
      return handlePreVote(core, message);
    case 'preVoteReply':
      return handlePreVoteReply(core, message);
    case 'vote':
      return handleVote(core, message);
    case 'observe':
      return handleObserve(core, message);
    case 'leaderHint':
      return handleLeaderHint(core, message);
    case 'append':
    case 'heartbeat':
    case 'snapshot':
    case 'timeoutNow':
      return stepFromLeader(core, message);
    case 'voteReply':
    case 'appendReply':
    case 'heartbeatReply':
      return stepReply(core, message);
  }
}

/** One step of time. */
export function tick(core: RaftCore): void {
  core.ticksSinceStart += 1;
  if (core.role === 'leader') {
    tickLeader(core);
  } else {
    core.electionElapsedTicks += 1;
    tickElection(core);
    tickObserver(core);
  }
  afterLeaderEvent(core);
}

function stepFromLeader(core: RaftCore, message: Append | Heartbeat | InstallSnapshot | TimeoutNow): void {
  if (!core.options.voters.includes(message.from)) return;
  if (message.term < core.term) {
    deposeStaleLeader(core, message);
    return;
  }
  // Two leaders in one term would be the end of all other promises (ElectionSafety).
  assert(core.role !== 'leader' || message.term > core.term, `${message.from} also leads term ${message.term}`);
  if (message.term > core.term || (core.role !== 'follower' && core.role !== 'observer') || core.leaderId === null) {
    becomeFollower(core, message.term, message.from);
  }
  core.electionElapsedTicks = 0;
  switch (message.kind) {
    case 'append':
      return handleAppend(core, message);
    case 'heartbeat':
      return handleHeartbeat(core, message);
    case 'snapshot':
      return handleInstallSnapshot(core, message);
    case 'timeoutNow':
      return handleTimeoutNow(core);
  }
}

/**
 * With pre-vote nobody disturbs a leader, not even a node that got stuck in a higher term after an election that
 * failed half-way. It could never follow again, so it shows the leader the higher term.
 */
function deposeStaleLeader(core: RaftCore, message: Append | Heartbeat | InstallSnapshot | TimeoutNow): void {
  sometimes('raft: message of an old leader answered');
  const { id, term, options } = core;
  send(core, { kind: 'heartbeatReply', from: id, to: message.from, term, directoryId: options.directoryId, round: 0 });
}

function stepReply(core: RaftCore, reply: VoteReply | AppendReply | HeartbeatReply): void {
  if (reply.term > core.term) {
    if (core.role === 'leader') sometimes('raft: leader deposed by a higher term');
    becomeFollower(core, reply.term, null);
  } else if (reply.term < core.term) sometimes('raft: reply of an old term ignored');
  if (reply.kind === 'voteReply') {
    handleVoteReply(core, reply);
  } else if (reply.term === core.term && core.role === 'leader') {
    noteIdentity(core, reply.from, reply.directoryId);
    if (reply.kind === 'appendReply') handleAppendReply(core, reply);
    else handleHeartbeatReply(core, reply);
  }
  afterLeaderEvent(core);
}

function handleHeartbeatReply(core: RaftCore, reply: HeartbeatReply): void {
  const leader = expectLeader(core);
  const progress = progressOf(leader, reply.from);
  if (progress === undefined) return;
  progress.onContact(reply.directoryId, core.log.lastIndex());
  progress.onRound(reply.round);
  progress.resumeProbe();
  if (progress.state === 'snapshot') askAboutSnapshot(core, reply.from, progress);
  else if (progress.state === 'probe') {
    maybeSendAppend(core, { id: reply.from, progress, mayBeEmpty: true });
  } else if (progress.state === 'replicate' && progress.matchIndex < core.log.lastIndex()) {
    if (!sendAppends(core, reply.from, progress)) probeForLoss(core, reply.from, progress);
  }
  releaseReads(core, leader);
}

/** What may have become due by any event on a leader. */
export function afterLeaderEvent(core: RaftCore): void {
  if (core.role !== 'leader') return;
  maybeProposeIdentities(core);
  maybeFinishTransfer(core);
}

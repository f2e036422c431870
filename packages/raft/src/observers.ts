/**
 * Observers: brokers that follow the log without a vote. They look for the leader, it keeps a progress for each.
 *
 * A voter that may not campaign (its disk was wiped) looks for the leader in the same way. `observe` and `leaderHint`
 * carry no term: whoever asks from outside must not be able to raise one.
 */

import { sometimes } from '@jackdaw/base';
import { noteIdentity } from './admission.ts';
import { isOwnDiskWiped, observeIntervalTicks, type RaftCore } from './core.ts';
import { maxObservers } from './limits.ts';
import type { LeaderHint, Observe } from './messages.ts';
import { send } from './outbox.ts';
import { createProgress, maybeSendAppend } from './replication.ts';
import type { NodeId } from '@jackdaw/base';

/** Notices that the leader fell silent, and asks one voter after the other who leads. */
export function tickObserver(core: RaftCore): void {
  if (core.isVoter && !isOwnDiskWiped(core)) return;
  if (core.leaderId !== null && core.electionElapsedTicks >= core.options.electionTicks) {
    sometimes('raft: observer lost its leader');
    core.leaderId = null;
  }
  core.observeElapsedTicks += 1;
  if (core.leaderId !== null || core.observeElapsedTicks < observeIntervalTicks(core.options)) return;
  core.observeElapsedTicks = 0;
  core.mayFollowHint = true;
  core.observeTurn = (core.observeTurn + 1) % core.options.voters.length;
  const to = core.options.voters[core.observeTurn];
  if (to !== undefined && to !== core.id) sendObserve(core, to);
}

/** One hint an interval is followed at once; two voters that name each other cannot make this node spin. */
export function handleLeaderHint(core: RaftCore, hint: LeaderHint): void {
  if (hint.leaderId === null || hint.leaderId === core.id || core.leaderId !== null || !core.mayFollowHint) return;
  core.mayFollowHint = false;
  sometimes('raft: observer follows a hint');
  sendObserve(core, hint.leaderId);
}

export function handleObserve(core: RaftCore, message: Observe): void {
  const leader = core.leader;
  if (leader === null) {
    send(core, { kind: 'leaderHint', from: core.id, to: message.from, leaderId: core.leaderId });
    return;
  }
  noteIdentity(core, message.from, message.directoryId);
  let progress = leader.peers.get(message.from) ?? leader.observers.get(message.from);
  if (progress === undefined) {
    if (leader.observers.size >= maxObservers) return;
    progress = createProgress(core, core.log.lastIndexAtOrBelowTerm(message.lastIndex, message.lastTerm) + 1);
    leader.observers.set(message.from, progress);
  }
  progress.onContact(message.directoryId, core.log.lastIndex());
  progress.resumeProbe();
  maybeSendAppend(core, { id: message.from, progress, mayBeEmpty: true });
}

function sendObserve(core: RaftCore, to: NodeId): void {
  const { id, log, options } = core;
  const { directoryId } = options;
  send(core, { kind: 'observe', from: id, to, directoryId, lastIndex: log.lastIndex(), lastTerm: log.lastTerm() });
}

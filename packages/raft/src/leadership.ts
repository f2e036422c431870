/**
 * What a leader does beside the log: taking office, heartbeats, check-quorum, hand-over, observers that fall silent.
 */

import { assert, expectDefined, type NodeId, type RaftIndex, sometimes } from '@jackdaw/base';
import { isCounted, isOwnDiskWiped, type LeaderState, type RaftCore } from './core.ts';
import { totalBytes } from './entries.ts';
import { observerSilentElections, snapshotRetryElections } from './limits.ts';
import { send } from './outbox.ts';
import { appendAsLeader, createProgress, expectLeader, sendAppends } from './replication.ts';
import { becomeFollower } from './roles.ts';

/** A majority has voted. The first thing is an entry of the own term: only by counting it may anything commit (E3). */
export function becomeLeader(core: RaftCore): void {
  assert(core.role === 'candidate', 'only a candidate is elected');
  assert(core.durable.term === core.term && core.durable.vote === core.id, "a leader's own vote is durable");
  assert(!isOwnDiskWiped(core), 'a wiped voter was elected');
  core.role = 'leader';
  core.leaderId = core.id;
  const nextIndex = core.log.lastIndex() + 1;
  core.leader = {
    peers: new Map(core.otherVoters.map((id) => [id, createProgress(core, nextIndex)])),
    observers: new Map(),
    termStartIndex: nextIndex,
    heartbeatElapsedTicks: 0,
    round: 0,
    reads: [],
    uncommittedBytes: totalBytes(core.log.entriesFrom(core.log.commitIndex + 1, Number.POSITIVE_INFINITY)),
    transfer: null,
  };
  appendAsLeader(core, { kind: 'noop' });
}

export function tickLeader(core: RaftCore): void {
  const leader = expectLeader(core);
  tickPeers(core, leader);
  if (!hasQuorumContact(core, leader)) {
    sometimes('raft: leader without a quorum steps down');
    becomeFollower(core, core.term, null);
    return;
  }
  if (leader.transfer !== null) {
    leader.transfer.elapsedTicks += 1;
    // A hand-over that takes longer has failed; serve again.
    if (leader.transfer.elapsedTicks >= core.options.electionTicks) {
      leader.transfer = null;
    }
  }
  leader.heartbeatElapsedTicks += 1;
  if (leader.heartbeatElapsedTicks >= core.options.heartbeatTicks) broadcastHeartbeat(core);
}

function tickPeers(core: RaftCore, leader: LeaderState): void {
  const snapshotRetryTicks = snapshotRetryElections * core.options.electionTicks;
  const observerSilentTicks = observerSilentElections * core.options.electionTicks;
  for (const progress of leader.peers.values()) progress.tick(snapshotRetryTicks);
  for (const [id, progress] of leader.observers) {
    progress.tick(snapshotRetryTicks);
    if (progress.silentTicks < observerSilentTicks) continue;
    sometimes('raft: silent observer forgotten');
    leader.observers.delete(id);
  }
}

/**
 * Check-quorum (thesis §6.2): a leader that has not heard a majority within one election timeout steps down. Counted
 * for each voter from its last word, so the bound holds at every tick and not only at the end of a period (E5).
 */
function hasQuorumContact(core: RaftCore, leader: LeaderState): boolean {
  let inContact = 1;
  for (const [id, progress] of leader.peers) {
    // One not heard from since the election is in its grace period, whoever it may turn out to be.
    const mayCount = progress.directoryId === null || isCounted(core, id, progress.directoryId);
    if (mayCount && progress.silentTicks < core.options.electionTicks) inContact += 1;
  }
  return inContact >= core.quorumSize;
}

/** Opens a new round: it keeps followers from campaigning, brings the commit index, confirms pending reads. */
export function broadcastHeartbeat(core: RaftCore): void {
  const leader = expectLeader(core);
  leader.heartbeatElapsedTicks = 0;
  leader.round += 1;
  const { id: from, term } = core;
  const { commitIndex } = core.log;
  const commitTerm = expectDefined(core.log.term(commitIndex), 'the committed entry is in the log');
  for (const to of [...leader.peers.keys(), ...leader.observers.keys()]) {
    send(core, { kind: 'heartbeat', from, to, term, commitIndex, commitTerm, round: leader.round });
  }
}

/**
 * Hands leadership to `to`: bring it up to date, then tell it to campaign at once (thesis §3.10). Proposals are `busy`
 * meanwhile, else it might never catch up. False when this node does not lead or `to` may not.
 */
export function transferLeadership(core: RaftCore, to: NodeId): boolean {
  const leader = core.leader;
  const progress = leader?.peers.get(to);
  if (leader === null || progress === undefined) return false;
  if (progress.directoryId === null || !isCounted(core, to, progress.directoryId)) return false;
  leader.transfer = { to, elapsedTicks: 0, isOrdered: false };
  sendAppends(core, to, progress);
  maybeFinishTransfer(core);
  return true;
}

/** Who would lead soonest after a hand-over: the voter in contact that holds most of the log; null when there is none. */
export function successorOf(core: RaftCore): NodeId | null {
  let best: { readonly id: NodeId; readonly matchIndex: RaftIndex } | null = null;
  for (const [id, { directoryId, silentTicks, matchIndex }] of core.leader?.peers ?? []) {
    if (directoryId === null || !isCounted(core, id, directoryId) || silentTicks >= core.options.electionTicks) continue;
    if (best === null || matchIndex > best.matchIndex) best = { id, matchIndex };
  }
  return best?.id ?? null;
}

/** Sends the last word of a hand-over once the other holds the whole log. */
export function maybeFinishTransfer(core: RaftCore): void {
  const leader = expectLeader(core);
  const transfer = leader.transfer;
  if (transfer === null || transfer.isOrdered) return;
  if (leader.peers.get(transfer.to)?.matchIndex !== core.log.lastIndex()) return;
  sometimes('raft: hand-over ordered');
  transfer.isOrdered = true;
  send(core, { kind: 'timeoutNow', from: core.id, to: transfer.to, term: core.term });
}

/**
 * From one generation of a classic group to the next: who has to join, how long that may take, and what then happens.
 *
 * prepareRebalance → (all joined, or the deadline) → completeJoin → CompletingRebalance, until the leader's SyncGroup
 * (`sync-group.ts`) or the sync deadline. As in Kafka, an empty group waits `group.initial.rebalance.delay.ms` for more
 * members, and again for each step in which somebody came, up to the rebalance timeout.
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { writeGroup } from '../group-writes.ts';
import { minRejoinWaitMs } from '../limits.ts';
import { groupMetadataRecord } from '../records.ts';
import { syncGroupError } from '../responses.ts';
import type { ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { type ClassicMember, emptyBytes, hasSatisfiedHeartbeat } from './member.ts';

/** Starts a rebalance, or, when one is under way, completes it if this was all that it waited for. */
export function rebalanceOrCompleteJoin(state: ShardState, group: ClassicGroup, reason: string): void {
  if (group.state === 'Stable' || group.state === 'CompletingRebalance' || group.state === 'Empty') {
    prepareRebalance(state, group, reason);
  } else {
    maybeCompleteJoin(state, group);
  }
}

/** Completes the join phase when everyone is there; never the first one of a group, which always takes its delay. */
export function maybeCompleteJoin(state: ShardState, group: ClassicGroup): void {
  if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return;
  if (group.hasAllMembersJoined()) completeJoin(state, group);
}

export function prepareRebalance(state: ShardState, group: ClassicGroup, reason: string): void {
  // Whoever waits for an assignment of the generation that ends now has to join again.
  if (group.state === 'CompletingRebalance') sometimes('groups: rebalance begins while an assignment is awaited');
  if (group.state === 'CompletingRebalance') propagateError(group, ErrorCode.REBALANCE_IN_PROGRESS);
  group.pendingSync.clear();
  group.syncDeadline.cancel();
  const isInitial = group.state === 'Empty';
  group.transitionTo('PreparingRebalance', state.wallMs);
  state.onEvent({ kind: 'rebalance-started', groupId: group.groupId, generationId: group.generationId, reason });
  if (isInitial) {
    const delayMs = state.config.initialRebalanceDelayMs;
    const remainingMs = Math.max(group.rebalanceTimeoutMs() - delayMs, 0);
    // Without a delay there is nothing to wait for, not even the next tick.
    if (delayMs === 0) completeJoin(state, group);
    else armJoin(group, delayMs, () => onInitialDelay(state, group, { delayMs, remainingMs }));
  } else if (group.hasAllMembersJoined()) {
    completeJoin(state, group);
  } else {
    armJoin(group, group.rebalanceTimeoutMs(), () => completeJoin(state, group));
  }
}

function armJoin(group: ClassicGroup, delayMs: number, action: () => void): void {
  group.onJoinDeadline = action;
  group.joinDeadline.arm(delayMs);
}

function onInitialDelay(state: ShardState, group: ClassicGroup, time: { delayMs: number; remainingMs: number }): void {
  if (!group.isNewMemberAdded || time.remainingMs === 0) {
    completeJoin(state, group);
    return;
  }
  group.isNewMemberAdded = false;
  const delayMs = Math.min(state.config.initialRebalanceDelayMs, time.remainingMs);
  const remainingMs = Math.max(time.remainingMs - time.delayMs, 0);
  armJoin(group, delayMs, () => onInitialDelay(state, group, { delayMs, remainingMs }));
}

/** The join phase is over: dynamic members who have not joined are out, the others form the next generation. */
export function completeJoin(state: ShardState, group: ClassicGroup): void {
  group.joinDeadline.cancel();
  if (group.state === 'Dead') return;
  for (const member of group.members.values()) {
    if (member.awaitingJoin !== null || member.groupInstanceId !== null) continue;
    sometimes('groups: member did not join in time');
    group.remove(member.memberId);
    state.onEvent({ kind: 'member-expired', groupId: group.groupId, memberId: member.memberId, reason: 'did not join in time' });
  }
  if (!group.maybeElectNewLeader() && group.members.size > 0) {
    sometimes('groups: none of the static members has joined');
    // Only static members are left and none of them has joined: wait until some does, or until their sessions end.
    armJoin(group, Math.max(group.rebalanceTimeoutMs(), minRejoinWaitMs), () => completeJoin(state, group));
    return;
  }
  group.initNextGeneration(state.wallMs);
  group.isNewMemberAdded = false;
  if (group.state === 'Empty') writeEmptyGeneration(state, group);
  else answerJoins(state, group);
}

/**
 * If the record is lost with this broker, the generation before is loaded again and its members time out: nothing to undo.
 */
function writeEmptyGeneration(state: ShardState, group: ClassicGroup): void {
  sometimes('groups: last member is gone');
  state.onEvent({ kind: 'group-empty', groupId: group.groupId, generationId: group.generationId });
  writeGroup(state, { group, record: groupMetadataRecord(group, new Map()), onDone: () => {} });
}

function answerJoins(state: ShardState, group: ClassicGroup): void {
  const { groupId, generationId, members } = group;
  state.onEvent({ kind: 'generation-formed', groupId, generationId, members: members.size });
  const forLeader = group.generationMembers();
  for (const member of members.values()) {
    group.answerJoin(member, {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      generationId,
      protocolType: group.protocolType,
      protocolName: group.protocolName,
      leader: group.leaderId ?? '',
      skipAssignment: false,
      memberId: member.memberId,
      members: group.isLeader(member.memberId) ? forLeader : [],
    });
    restartSession(member);
    member.isNew = false;
    group.pendingSync.add(member.memberId);
  }
  group.onSyncDeadline = () => onSyncDeadline(state, group, generationId);
  group.syncDeadline.arm(group.rebalanceTimeoutMs());
}

/** Members who joined and then did not ask for their assignment in time are out. */
function onSyncDeadline(state: ShardState, group: ClassicGroup, generationId: number): void {
  if (generationId !== group.generationId || group.pendingSync.size === 0) return;
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
  for (const memberId of group.pendingSync) {
    group.remove(memberId);
    sometimes('groups: member did not sync in time');
    state.onEvent({ kind: 'member-expired', groupId: group.groupId, memberId, reason: 'did not sync in time' });
  }
  prepareRebalance(state, group, 'members did not sync in time');
}

/** The member asked for its assignment; when all have, the deadline has nothing left to watch. */
export function onSynced(group: ClassicGroup, memberId: string): void {
  group.pendingSync.delete(memberId);
  if (group.pendingSync.size === 0) group.syncDeadline.cancel();
}

/** Nobody gets an assignment of this generation: forgets what there is and sends those who wait away. */
export function propagateError(group: ClassicGroup, errorCode: number): void {
  for (const member of group.members.values()) {
    member.assignment = emptyBytes;
    if (group.answerSync(member, syncGroupError(errorCode))) restartSession(member);
  }
}

/** The member was heard of: it may be silent for `timeoutMs` from now. */
export function restartSession(member: ClassicMember, timeoutMs: number = member.sessionTimeoutMs): void {
  member.session.arm(timeoutMs);
}

/** Nothing was heard of the member for its session timeout. */
export function onSessionExpired(state: ShardState, group: ClassicGroup, memberId: string): void {
  const member = group.members.get(memberId);
  if (group.state === 'Dead' || member === undefined || hasSatisfiedHeartbeat(member)) return;
  sometimes('groups: session of a member ended');
  group.remove(memberId);
  state.onEvent({ kind: 'member-expired', groupId: group.groupId, memberId, reason: 'session expired' });
  onMemberGone(state, group, `member ${memberId} expired`);
}

/** A member id that was given out has not been used within the session timeout. */
export function onPendingMemberExpired(state: ShardState, group: ClassicGroup, memberId: string): void {
  sometimes('groups: id that was given out was not used');
  group.removePendingMember(memberId);
  state.onEvent({ kind: 'member-expired', groupId: group.groupId, memberId, reason: 'did not join with its new id' });
  if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined()) completeJoin(state, group);
}

function onMemberGone(state: ShardState, group: ClassicGroup, reason: string): void {
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') prepareRebalance(state, group, reason);
  else if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined()) completeJoin(state, group);
}

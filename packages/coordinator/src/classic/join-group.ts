/**
 * JoinGroup: enter a classic group, or the next generation of it.
 *
 * The order of the checks is Kafka's (GroupMetadataManager.classicGroupJoin). A dynamic member of version 4 and later is
 * first told its id (MEMBER_ID_REQUIRED, KIP-394), so that a repeated first request makes no second member (D4). The
 * answer to an accepted member waits for the generation; static members are in `static-member.ts`.
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { writeGroup } from '../group-writes.ts';
import {
  maxMemberIdPrefix,
  maxMembersPerGroup,
  maxPendingAppends,
  maxPendingMembersPerGroup,
  newMemberJoinTimeoutMs,
} from '../limits.ts';
import type { JoinGroupRequest, JoinGroupResponse } from '../messages.ts';
import { newGroupRecord } from '../records.ts';
import { joinGroupError } from '../responses.ts';
import { createGroup, dropGroup, hasRoomForGroup, type ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { currentGeneration, type JoinCall, newMember, reasonOf } from './joining.ts';
import { offersSameProtocols } from './member.ts';
import { maybeCompleteJoin, onPendingMemberExpired, rebalanceOrCompleteJoin, restartSession } from './rebalance.ts';
import { replaceStaticMember } from './static-member.ts';

/** From this version on, a dynamic member must come with the id it was given. */
const memberIdRequiredVersion = 4;
/** From this version on, a protocol name may be null; before, none is ''. */
const nullableProtocolVersion = 7;

export function joinGroup(state: ShardState, call: JoinCall): void {
  const { request, context } = call;
  const reply = (response: JoinGroupResponse): void => call.reply(forVersion(response, context.apiVersion));
  const error = refusalOf(state, request);
  if (error !== ErrorCode.NONE) {
    reply(joinGroupError(error, request.memberId));
    return;
  }
  // Version 0 has one timeout for both.
  const rebalanceTimeoutMs = request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs;
  joinExistingOrNewGroup(state, { request: { ...request, rebalanceTimeoutMs }, context, reply });
}

function refusalOf(state: ShardState, request: JoinGroupRequest): number {
  if (request.groupId === '') return ErrorCode.INVALID_GROUP_ID;
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = state.config;
  if (request.sessionTimeoutMs < minSessionTimeoutMs || request.sessionTimeoutMs > maxSessionTimeoutMs) {
    return ErrorCode.INVALID_SESSION_TIMEOUT;
  }
  if (state.groups.has(request.groupId)) return ErrorCode.NONE;
  if (request.memberId !== '') {
    sometimes('groups: member of a group that is not there');
    return ErrorCode.UNKNOWN_MEMBER_ID;
  }
  // A new group needs an append.
  if (state.appends.size >= maxPendingAppends) return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
  return hasRoomForGroup(state, request.groupId) ? ErrorCode.NONE : ErrorCode.POLICY_VIOLATION;
}

function joinExistingOrNewGroup(state: ShardState, call: JoinCall): void {
  const existing = state.groups.get(call.request.groupId);
  if (existing !== undefined) {
    joinThisGroup(state, existing, call);
    return;
  }
  const group = createGroup(state, call.request.groupId);
  joinThisGroup(state, group, call);
  if (group.members.size === 0 && group.pendingMembers.size === 0) {
    dropGroup(state, group, ErrorCode.UNKNOWN_MEMBER_ID);
    return;
  }
  writeGroup(state, {
    group,
    record: newGroupRecord(group),
    onDone: (error) => {
      // Without its record the group would come and go with this broker: start it anew.
      if (error === ErrorCode.NONE || group.isCommitted) return;
      sometimes('groups: new group given up because its record was refused');
      dropGroup(state, group, error);
    },
  });
}

function joinThisGroup(state: ShardState, group: ClassicGroup, call: JoinCall): void {
  const { memberId } = call.request;
  if (!hasRoomForMember(state, group, memberId)) {
    group.remove(memberId);
    call.reply(joinGroupError(ErrorCode.GROUP_MAX_SIZE_REACHED));
    // The others need not wait for the one who was turned away.
    maybeCompleteJoin(state, group);
  } else if (group.state === 'Dead') {
    call.reply(joinGroupError(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId));
  } else if (!group.supportsProtocols(call.request.protocolType, call.request.protocols)) {
    call.reply(joinGroupError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId));
  } else if (memberId === '') {
    joinAsNewMember(state, group, call);
  } else if (group.pendingMembers.has(memberId)) {
    joinAsPendingMember(state, group, call);
  } else {
    joinAsKnownMember(state, group, call);
  }
}

/**
 * While a group prepares, room is counted in members who have joined: when `group.max.size` was reduced, the last ones to
 * rejoin are turned away. Otherwise in members.
 */
function hasRoomForMember(state: ShardState, group: ClassicGroup, memberId: string): boolean {
  const limit = Math.min(state.config.maxSize, maxMembersPerGroup);
  const member = group.members.get(memberId);
  switch (group.state) {
    case 'Empty':
    case 'Dead':
      return true;
    case 'PreparingRebalance':
      return (member !== undefined && member.awaitingJoin !== null) || group.awaitingJoinCount < limit;
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < limit;
  }
}

function joinAsNewMember(state: ShardState, group: ClassicGroup, call: JoinCall): void {
  const { request, context } = call;
  const memberId = `${memberIdPrefix(request.groupInstanceId ?? context.clientId)}-${state.newUuid()}`;
  if (request.groupInstanceId !== null) {
    const existing = group.staticMemberId(request.groupInstanceId);
    if (existing === null) addMember(state, group, { call, memberId });
    else replaceStaticMember(state, group, { call, oldMemberId: existing, newMemberId: memberId });
  } else if (context.apiVersion >= memberIdRequiredVersion) {
    addPendingMember(state, group, { call, memberId });
  } else {
    addMember(state, group, { call, memberId });
  }
}

/** Both names may be as long as a string can be; a member's id must be one that can be written. Whole characters only. */
function memberIdPrefix(name: string): string {
  return name.length <= maxMemberIdPrefix ? name : Array.from(name).slice(0, maxMemberIdPrefix).join('');
}

function addPendingMember(state: ShardState, group: ClassicGroup, { call, memberId }: NewMember): void {
  if (group.pendingMembers.size >= maxPendingMembersPerGroup) {
    state.onEvent({ kind: 'limit-reached', limit: 'maxPendingMembersPerGroup', groupId: group.groupId });
    call.reply(joinGroupError(ErrorCode.GROUP_MAX_SIZE_REACHED));
    return;
  }
  const expiry = state.deadlines.create(() => onPendingMemberExpired(state, group, memberId));
  expiry.arm(call.request.sessionTimeoutMs);
  group.pendingMembers.set(memberId, expiry);
  call.reply(joinGroupError(ErrorCode.MEMBER_ID_REQUIRED, memberId));
}

interface NewMember {
  readonly call: JoinCall;
  readonly memberId: string;
}

function joinAsPendingMember(state: ShardState, group: ClassicGroup, call: JoinCall): void {
  const { memberId, groupInstanceId } = call.request;
  // Pending ids are given to dynamic members only.
  if (groupInstanceId === null) {
    sometimes('groups: member comes with the id that it was given');
    addMember(state, group, { call, memberId });
  } else call.reply(joinGroupError(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
}

function addMember(state: ShardState, group: ClassicGroup, { call, memberId }: NewMember): void {
  const { request, context } = call;
  const identity = {
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: context.clientId,
    clientHost: context.clientHost,
  };
  const member = newMember(state, group, { identity, joining: request });
  member.isNew = true;
  // Someone came during the initial delay: it can be extended.
  if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.isNewMemberAdded = true;
  group.add(member);
  group.parkJoin(member, call.reply);
  // It cannot send heartbeats while its first JoinGroup is parked. Should its client be gone, this ends the waiting.
  restartSession(member, newMemberJoinTimeoutMs);
  rebalanceOrCompleteJoin(state, group, reasonOf(request, `member ${memberId} joins`));
}

function joinAsKnownMember(state: ShardState, group: ClassicGroup, call: JoinCall): void {
  const { memberId, groupInstanceId, protocols } = call.request;
  const error = group.validateMember(memberId, groupInstanceId);
  const member = group.members.get(memberId);
  if (error !== ErrorCode.NONE || member === undefined) {
    if (error === ErrorCode.UNKNOWN_MEMBER_ID) sometimes('groups: join of an unknown member refused');
    if (error === ErrorCode.FENCED_INSTANCE_ID && groupInstanceId !== null) {
      sometimes('groups: join of a fenced instance refused');
      state.onEvent({ kind: 'member-fenced', groupId: group.groupId, memberId, groupInstanceId });
    }
    call.reply(joinGroupError(error, memberId));
    return;
  }
  const isUnchanged = offersSameProtocols(member, protocols);
  if (group.state === 'CompletingRebalance' && isUnchanged) {
    // The answer to its first JoinGroup was lost: give it once more.
    sometimes('groups: answer to a join given again');
    call.reply(currentGeneration(group, memberId, { withMembers: true }));
  } else if (group.state === 'Stable' && isUnchanged && !group.isLeader(memberId)) {
    call.reply(currentGeneration(group, memberId, { withMembers: false }));
  } else {
    sometimes('groups: known member joins again');
    // A leader that joins again in a stable group wants a rebalance: for instance, its topics have changed.
    group.updateMember(member, call.request);
    group.parkJoin(member, call.reply);
    rebalanceOrCompleteJoin(state, group, reasonOf(call.request, `member ${memberId} joins again`));
  }
}

function forVersion(response: JoinGroupResponse, apiVersion: number): JoinGroupResponse {
  const isNone = response.protocolName === null || response.protocolName === '';
  const protocolName = isNone ? (apiVersion >= nullableProtocolVersion ? null : '') : response.protocolName;
  return { ...response, protocolName };
}

/**
 * LeaveGroup: members go at once instead of by the end of their sessions.
 *
 * From version 3 on many at a time, each with an error of its own; an administrator names static members by instance id
 * alone. Before, one member whose error is the response's.
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { coordinatorErrorOf } from '../append-error.ts';
import type { LeaveGroupMember, LeaveGroupRequest, LeaveGroupResponse } from '../messages.ts';
import { leaveGroupError, leaveGroupMember } from '../responses.ts';
import type { Call, ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { maybeCompleteJoin, rebalanceOrCompleteJoin } from './rebalance.ts';

export type LeaveCall = Call<LeaveGroupRequest, LeaveGroupResponse>;

const manyMembersVersion = 3;

export function leaveGroup(state: ShardState, call: LeaveCall): void {
  const { request, context } = call;
  const reply = (response: LeaveGroupResponse): void => call.reply(forVersion(response, context.apiVersion));
  const members =
    context.apiVersion >= manyMembersVersion
      ? request.members
      : [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
  if (request.groupId === '') {
    reply(leaveGroupError(ErrorCode.INVALID_GROUP_ID));
    return;
  }
  const group = state.groups.get(request.groupId);
  if (group === undefined) {
    const unknown = members.map((member) => leaveGroupMember(member, ErrorCode.UNKNOWN_MEMBER_ID));
    reply({ ...leaveGroupError(ErrorCode.NONE), members: unknown });
    return;
  }
  if (group.state === 'Dead') {
    reply(leaveGroupError(ErrorCode.COORDINATOR_NOT_AVAILABLE));
    return;
  }
  const responses = members.map((member) => leaveGroupMember(member, removeMember(state, group, member)));
  const appendsBefore = state.appends.size;
  if (responses.some(({ errorCode }) => errorCode === ErrorCode.NONE)) afterLeaving(state, group);
  const answer = (error: number): void => {
    reply(error === ErrorCode.NONE ? { ...leaveGroupError(error), members: responses } : leaveGroupError(error));
  };
  // When the last member left, the empty generation was written: the answer waits for it.
  if (state.appends.size === appendsBefore) answer(ErrorCode.NONE);
  else state.appends.afterPending((error) => answer(coordinatorErrorOf(error)));
}

/** 0 or the member's error. */
function removeMember(state: ShardState, group: ClassicGroup, member: LeaveGroupMember): number {
  const { groupInstanceId } = member;
  let memberId = member.memberId;
  if (memberId === '') {
    const current = groupInstanceId === null ? null : group.staticMemberId(groupInstanceId);
    if (current === null) return ErrorCode.UNKNOWN_MEMBER_ID;
    memberId = current;
  } else if (!group.pendingMembers.has(memberId)) {
    const error = group.validateMember(memberId, groupInstanceId);
    if (error !== ErrorCode.NONE) return error;
  }
  sometimes('groups: member left');
  group.remove(memberId);
  state.onEvent({ kind: 'member-left', groupId: group.groupId, memberId, reason: member.reason ?? 'not provided' });
  return ErrorCode.NONE;
}

function afterLeaving(state: ShardState, group: ClassicGroup): void {
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') rebalanceOrCompleteJoin(state, group, 'members left');
  else if (group.state === 'PreparingRebalance') maybeCompleteJoin(state, group);
}

function forVersion(response: LeaveGroupResponse, apiVersion: number): LeaveGroupResponse {
  if (apiVersion >= manyMembersVersion) return response;
  return leaveGroupError(response.errorCode === ErrorCode.NONE ? (response.members[0]?.errorCode ?? 0) : response.errorCode);
}

/**
 * SyncGroup: the leader hands in the assignment of the generation, the others ask for theirs.
 *
 * Nobody learns of an assignment before it is committed in the group's record, so that a coordinator that takes over knows
 * every assignment a member may be working by (D4, D5).
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { writeGroup } from '../group-writes.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../messages.ts';
import { groupMetadataRecord } from '../records.ts';
import { syncGroupError } from '../responses.ts';
import type { Call, ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { type ClassicMember, emptyBytes } from './member.ts';
import { onSynced, prepareRebalance, propagateError, restartSession } from './rebalance.ts';

export type SyncCall = Call<SyncGroupRequest, SyncGroupResponse>;

/** From this version on, protocol type and name must be given. */
const protocolRequiredVersion = 5;

export function syncGroup(state: ShardState, call: SyncCall): void {
  const { request, context, reply } = call;
  const isIncomplete = request.protocolType === null || request.protocolName === null;
  if (context.apiVersion >= protocolRequiredVersion && isIncomplete) {
    reply(syncGroupError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
    return;
  }
  if (request.groupId === '') {
    reply(syncGroupError(ErrorCode.INVALID_GROUP_ID));
    return;
  }
  const group = state.groups.get(request.groupId);
  if (group === undefined || group.state === 'Empty') {
    reply(syncGroupError(ErrorCode.UNKNOWN_MEMBER_ID));
    return;
  }
  const error = validateSync(group, request);
  const member = group.members.get(request.memberId);
  if (error !== ErrorCode.NONE || member === undefined) {
    reply(syncGroupError(error));
  } else if (group.state === 'PreparingRebalance') {
    sometimes('groups: sync during a rebalance refused');
    reply(syncGroupError(ErrorCode.REBALANCE_IN_PROGRESS));
  } else if (group.state === 'CompletingRebalance') {
    group.parkSync(member, reply);
    onSynced(group, member.memberId);
    if (group.isLeader(member.memberId)) writeAssignments(state, group, request);
  } else {
    sometimes('groups: assignment given in a stable group');
    onSynced(group, member.memberId);
    reply(assignmentOf(group, member));
  }
}

function validateSync(group: ClassicGroup, request: SyncGroupRequest): number {
  if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const error = group.validateMember(request.memberId, request.groupInstanceId);
  if (error !== ErrorCode.NONE) return error;
  if (request.generationId !== group.generationId) {
    sometimes('groups: sync of an old generation refused');
    return ErrorCode.ILLEGAL_GENERATION;
  }
  const isOther = (given: string | null, own: string | null): boolean => given !== null && own !== null && given !== own;
  return isOther(request.protocolType, group.protocolType) || isOther(request.protocolName, group.protocolName)
    ? ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    : ErrorCode.NONE;
}

function writeAssignments(state: ShardState, group: ClassicGroup, request: SyncGroupRequest): void {
  const given = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
  // A member that the leader passed over gets an empty assignment; ids that are no members are dropped.
  const assignments = new Map(Array.from(group.members.keys(), (memberId) => [memberId, given.get(memberId) ?? emptyBytes]));
  writeGroup(state, {
    group,
    record: groupMetadataRecord(group, assignments),
    onDone: (error) => {
      // A rebalance may have begun meanwhile; then this assignment is nobody's.
      if (group.state !== 'CompletingRebalance' || group.generationId !== request.generationId) {
        sometimes('groups: assignment of a generation that is over');
        return;
      }
      if (error !== ErrorCode.NONE) {
        sometimes('groups: assignment could not be written');
        propagateError(group, error);
        prepareRebalance(state, group, 'the assignment could not be written');
        return;
      }
      for (const member of group.members.values()) {
        member.assignment = assignments.get(member.memberId) ?? emptyBytes;
        if (group.answerSync(member, assignmentOf(group, member))) restartSession(member);
      }
      group.transitionTo('Stable', state.wallMs);
      const { groupId, generationId } = group;
      state.onEvent({ kind: 'group-stable', groupId, generationId, members: group.members.size });
    },
  });
}

function assignmentOf(group: ClassicGroup, member: ClassicMember): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  };
}

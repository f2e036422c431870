/**
 * Responses with every field filled in, so that an operation states only what is special about its answer.
 */
import { ErrorCode } from '@jackdaw/protocol';
import { emptyBytes } from './classic/member.ts';
import type {
  JoinGroupResponse,
  LeaveGroupMember,
  LeaveGroupMemberResponse,
  LeaveGroupResponse,
  OffsetFetchRequestGroup,
  OffsetFetchResponseGroup,
  OffsetFetchResponsePartition,
  SyncGroupResponse,
} from './messages.ts';

export function joinGroupError(errorCode: number, memberId = ''): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function syncGroupError(errorCode: number): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: emptyBytes };
}

export function leaveGroupError(errorCode: number): LeaveGroupResponse {
  return { throttleTimeMs: 0, errorCode, members: [] };
}

export function leaveGroupMember(member: LeaveGroupMember, errorCode: number): LeaveGroupMemberResponse {
  return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, errorCode };
}

/** A partition without a committed offset, or with an error instead of one. */
export function noOffset(partitionIndex: number, errorCode: number = ErrorCode.NONE): OffsetFetchResponsePartition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
}

/** From version 2 on the error stands beside the topics, before in each partition. */
export function offsetFetchError(
  group: OffsetFetchRequestGroup,
  errorCode: number,
  apiVersion: number,
): OffsetFetchResponseGroup {
  if (apiVersion >= 2) return { groupId: group.groupId, topics: [], errorCode };
  const topics = (group.topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((index) => noOffset(index, errorCode)),
  }));
  return { groupId: group.groupId, topics, errorCode: ErrorCode.NONE };
}

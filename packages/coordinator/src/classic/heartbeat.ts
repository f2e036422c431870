/**
 * Heartbeat: the member lives, and learns whether it has to join again.
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { HeartbeatRequest } from '../messages.ts';
import type { ShardState } from '../shard-state.ts';
import { restartSession } from './rebalance.ts';

/** The error code to answer with. */
export function heartbeat(state: ShardState, request: HeartbeatRequest): number {
  if (request.groupId === '') return ErrorCode.INVALID_GROUP_ID;
  const group = state.groups.get(request.groupId);
  if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const error = group.validateMember(request.memberId, request.groupInstanceId);
  if (error !== ErrorCode.NONE) return error;
  if (request.generationId !== group.generationId) {
    sometimes('groups: heartbeat of an old generation refused');
    return ErrorCode.ILLEGAL_GENERATION;
  }
  const member = group.members.get(request.memberId);
  if (member === undefined || group.state === 'Empty') return ErrorCode.UNKNOWN_MEMBER_ID;
  // Also in CompletingRebalance: members may send heartbeats as soon as they have the answer to their JoinGroup.
  if (group.state === 'PreparingRebalance') sometimes('groups: heartbeat told of a rebalance');
  restartSession(member);
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

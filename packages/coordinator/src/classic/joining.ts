/**
 * What joining as a new member and coming back as a static one have in common.
 */
import { ErrorCode } from '@jackdaw/protocol';
import type { JoinGroupRequest, JoinGroupResponse } from '../messages.ts';
import { joinGroupError } from '../responses.ts';
import type { Call, ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { type ClassicMember, emptyBytes, type MemberIdentity } from './member.ts';
import { onSessionExpired } from './rebalance.ts';

export type JoinCall = Call<JoinGroupRequest, JoinGroupResponse>;

/** What a member says of itself when it joins. */
export type Joining = Pick<ClassicMember, 'rebalanceTimeoutMs' | 'sessionTimeoutMs' | 'protocolType' | 'protocols'>;

/** A member from its request, not yet in the group. */
export function newMember(
  state: ShardState,
  group: ClassicGroup,
  { identity, joining }: { readonly identity: MemberIdentity; readonly joining: Joining },
): ClassicMember {
  return {
    ...identity,
    rebalanceTimeoutMs: joining.rebalanceTimeoutMs,
    sessionTimeoutMs: joining.sessionTimeoutMs,
    protocolType: joining.protocolType,
    protocols: joining.protocols,
    assignment: emptyBytes,
    awaitingJoin: null,
    awaitingSync: null,
    isNew: false,
    session: state.deadlines.create(() => onSessionExpired(state, group, identity.memberId)),
  };
}

/** The answer of the generation that the member is in. */
export function currentGeneration(
  group: ClassicGroup,
  memberId: string,
  { withMembers }: { readonly withMembers: boolean },
): JoinGroupResponse {
  return {
    ...joinGroupError(ErrorCode.NONE, memberId),
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    members: withMembers && group.isLeader(memberId) ? group.generationMembers() : [],
  };
}

export function reasonOf(request: JoinGroupRequest, what: string): string {
  return request.reason === null || request.reason === '' ? what : `${what}: ${request.reason}`;
}

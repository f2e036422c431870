/**
 * DescribeGroups and ListGroups: what is committed of the groups, as of now.
 */
import { ErrorCode } from '@jackdaw/protocol';
import type { DescribedGroup, DescribedGroupMember, ListedGroup, ListGroupsRequest } from '../messages.ts';
import type { ShardState } from '../shard-state.ts';
import type { ClassicGroup } from './group.ts';
import { type ClassicMember, emptyBytes, metadataFor } from './member.ts';

/** From this version on an unknown group is an error instead of a dead group. */
const groupIdNotFoundVersion = 6;
/** Kafka's value for "not asked for". */
const noAuthorizedOperations = -0x8000_0000;
/** What `ListGroups` calls the groups of this protocol. */
const classicType = 'classic';

export function describeGroup(state: ShardState, groupId: string, apiVersion: number): DescribedGroup {
  const group = state.groups.get(groupId);
  if (group !== undefined && group.isCommitted) return describe(group);
  const isError = apiVersion >= groupIdNotFoundVersion;
  return {
    ...describeError(groupId, isError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE),
    groupState: 'Dead',
    errorMessage: isError ? `Group ${groupId} not found.` : null,
  };
}

export function describeError(groupId: string, errorCode: number): DescribedGroup {
  return {
    errorCode,
    errorMessage: null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: noAuthorizedOperations,
  };
}

/** The deletion of a group shows when it is committed. */
function committedState(group: ClassicGroup): string {
  return group.state === 'Dead' ? 'Empty' : group.state;
}

function describe(group: ClassicGroup): DescribedGroup {
  const protocolName = group.state === 'Stable' ? group.protocolName : null;
  return {
    ...describeError(group.groupId, ErrorCode.NONE),
    groupState: committedState(group),
    protocolType: group.protocolType ?? '',
    protocolData: protocolName ?? '',
    members: Array.from(group.members.values(), (member) => describeMember(member, protocolName)),
  };
}

function describeMember(member: ClassicMember, protocolName: string | null): DescribedGroupMember {
  return {
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: (protocolName === null ? null : metadataFor(member, protocolName)) ?? emptyBytes,
    memberAssignment: member.assignment,
  };
}

/** Filters are matched without regard to case; an empty one lets all through, an unknown word none. */
export function listGroups(state: ShardState, { statesFilter, typesFilter }: ListGroupsRequest): ListedGroup[] {
  const states = new Set(statesFilter.map((word) => word.toLowerCase().trim()));
  const types = new Set(typesFilter.map((word) => word.toLowerCase()));
  if (types.size > 0 && !types.has(classicType)) return [];
  const listed: ListedGroup[] = [];
  for (const group of state.groups.values()) {
    if (!group.isCommitted) continue;
    const groupState = committedState(group);
    if (states.size > 0 && !states.has(groupState.toLowerCase())) continue;
    listed.push({
      groupId: group.groupId,
      protocolType: group.protocolType ?? '',
      groupState,
      groupType: classicType,
    });
  }
  return listed;
}

/**
 * DescribeGroups v0–6: state and members of classic groups, each from the shard that has it.
 *
 * v3+ may ask for the authorised operations, which are told of groups that have no error. The shard answers an unknown
 * group as "Dead", from v6 on with GROUP_ID_NOT_FOUND (KIP-1043).
 */
import {
  ApiKey,
  describeGroupsRequest,
  describeGroupsResponse,
  ErrorCode,
  type DescribeGroupsResponseDraft,
} from '@jackdaw/protocol';
import { groupOperations } from './authorized-operations.ts';
import { coordinatorContext, groupsByShard } from './group-requests.ts';
import { defineHandler } from './handler.ts';

type Group = DescribeGroupsResponseDraft['groups'][number];

export const describeGroupsHandler = defineHandler({
  apiKey: ApiKey.DescribeGroups,
  request: describeGroupsRequest,
  response: describeGroupsResponse,
  handle: (broker, request, context) => {
    // Each group once: its members may be a thousand times as long as its name.
    const groups = [...groupsByShard(broker, [...new Set(request.groups)])].flatMap(([shard, groupIds]): Group[] =>
      typeof shard === 'number'
        ? groupIds.map((groupId) => groupError(groupId, shard))
        : shard.describeGroups(groupIds, coordinatorContext(broker, context)),
    );
    if (!request.includeAuthorizedOperations) return { groups };
    return {
      groups: groups.map((group) =>
        group.errorCode === ErrorCode.NONE ? { ...group, authorizedOperations: groupOperations } : group,
      ),
    };
  },
  refuse: (request, { errorCode }) => ({ groups: request.groups.map((groupId) => groupError(groupId, errorCode)) }),
});

function groupError(groupId: string, errorCode: number): Group {
  return { groupId, errorCode, groupState: '', protocolType: '', protocolData: '', members: [] };
}

/**
 * DeleteGroups v0–2: empty groups go, and their committed offsets with them; each is the business of its own shard.
 */
import type { GroupShard } from '@jackdaw/coordinator';
import { ApiKey, deleteGroupsRequest, deleteGroupsResponse, type DeleteGroupsResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext, groupsByShard } from './group-requests.ts';
import { defineHandler } from './handler.ts';

type Result = DeleteGroupsResponseDraft['results'][number];

export const deleteGroupsHandler = defineHandler({
  apiKey: ApiKey.DeleteGroups,
  request: deleteGroupsRequest,
  response: deleteGroupsResponse,
  handle: async (broker, request, context) => {
    const now = coordinatorContext(broker, context);
    const deleteOf = (shard: GroupShard, groupIds: readonly string[]): Promise<readonly Result[]> =>
      new Promise((resolve) => shard.deleteGroups(groupIds, now, resolve));
    const results = await Promise.all(
      [...groupsByShard(broker, new Set(request.groupsNames))].map(async ([shard, groupIds]) =>
        typeof shard === 'number' ? groupErrors(groupIds, shard) : deleteOf(shard, groupIds),
      ),
    );
    return { throttleTimeMs: 0, results: results.flat() };
  },
  refuse: (request, { errorCode }) => ({ throttleTimeMs: 0, results: groupErrors(request.groupsNames, errorCode) }),
});

function groupErrors(groupIds: readonly string[], errorCode: number): Result[] {
  return groupIds.map((groupId) => ({ groupId, errorCode }));
}

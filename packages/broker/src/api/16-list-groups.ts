/**
 * ListGroups v0–5: the groups of all shards on this broker, filtered by state (v4+) and type (v5+).
 *
 * While one shard is loading the whole answer is COORDINATOR_LOAD_IN_PROGRESS, as in Kafka: a list with holes would look
 * complete. Shards of partitions that have just moved away are other brokers' to list.
 */
import { ApiKey, ErrorCode, listGroupsRequest, listGroupsResponse, type ListGroupsResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext } from './group-requests.ts';
import { defineHandler } from './handler.ts';

export const listGroupsHandler = defineHandler({
  apiKey: ApiKey.ListGroups,
  request: listGroupsRequest,
  response: listGroupsResponse,
  handle: (broker, request, context) => {
    const groups: ListGroupsResponseDraft['groups'][number][] = [];
    for (const shard of broker.groups.shards()) {
      const listed = shard.listGroups(request, coordinatorContext(broker, context));
      if (listed.errorCode !== ErrorCode.NONE) return { errorCode: listed.errorCode, groups: [] };
      for (const group of listed.groups) groups.push(group);
    }
    return { errorCode: ErrorCode.NONE, groups };
  },
  refuse: (_request, { errorCode }) => ({ errorCode, groups: [] }),
});

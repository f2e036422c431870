/**
 * OffsetFetch v1–10: the stored positions of one group (v1–7) or of many (v8+), each from the shard that has it.
 *
 * A group id may be empty. v1 has no place for an error but the partitions, later versions one for each group. Consumers
 * older than Kafka 3.9 give up on COORDINATOR_NOT_AVAILABLE here, so that becomes NOT_COORDINATOR, as in Kafka.
 */
import { offsetFetchGroupsOf, offsetFetchResponseOf, type OffsetFetchOfGroup } from '@jackdaw/coordinator';
import { ApiKey, ErrorCode, offsetFetchRequest, offsetFetchResponse, type OffsetFetchResponse } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { coordinatorContext } from './group-requests.ts';
import { defineHandler, type RequestContext } from './handler.ts';

type GroupAnswer = OffsetFetchResponse['groups'][number];

/** From this version on a group has an error of its own. */
const groupErrorVersion = 2;

export const offsetFetchHandler = defineHandler({
  apiKey: ApiKey.OffsetFetch,
  request: offsetFetchRequest,
  response: offsetFetchResponse,
  handle: async (broker, request, context) => {
    const { requireStable } = request;
    const groups = offsetFetchGroupsOf(request, context.version);
    const answers = await Promise.all(groups.map((group) => fetchGroup(broker, { group, requireStable }, context)));
    return offsetFetchResponseOf(answers, context.version);
  },
  refuse: (request, { errorCode }, { version }) => {
    const groups = offsetFetchGroupsOf(request, version);
    return offsetFetchResponseOf(
      groups.map((group) => groupError(group, errorCode, version)),
      version,
    );
  },
});

function fetchGroup(broker: BrokerServices, wanted: OffsetFetchOfGroup, context: RequestContext): Promise<GroupAnswer> {
  const shard = broker.groups.shardOf(wanted.group.groupId);
  if (typeof shard === 'number') {
    const errorCode = shard === ErrorCode.COORDINATOR_NOT_AVAILABLE ? ErrorCode.NOT_COORDINATOR : shard;
    return Promise.resolve(groupError(wanted.group, errorCode, context.version));
  }
  return new Promise((resolve) => shard.offsetFetch(wanted, coordinatorContext(broker, context), resolve));
}

function groupError({ groupId, topics }: OffsetFetchOfGroup['group'], errorCode: number, version: number): GroupAnswer {
  if (version >= groupErrorVersion) return { groupId, topics: [], errorCode };
  const failed = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
  const answers = (topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...failed })),
  }));
  return { groupId, topics: answers, errorCode: ErrorCode.NONE };
}

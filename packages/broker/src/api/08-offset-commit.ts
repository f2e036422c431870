/**
 * OffsetCommit v2–10: a group stores how far it has read; v10 names topics by id.
 *
 * The shard checks topics and the member (`@jackdaw/coordinator`); a group id may be empty here, for old consumers that
 * only store offsets. Errors stand at each partition: the response has no other place for them.
 */
import { ApiKey, offsetCommitRequest, offsetCommitResponse } from '@jackdaw/protocol';
import type { OffsetCommitRequest, OffsetCommitResponseDraft } from '@jackdaw/protocol';
import { coordinatorContext } from './group-requests.ts';
import { defineHandler } from './handler.ts';

export const offsetCommitHandler = defineHandler({
  apiKey: ApiKey.OffsetCommit,
  request: offsetCommitRequest,
  response: offsetCommitResponse,
  handle: (broker, request, context) => {
    const shard = broker.groups.shardOf(request.groupId);
    if (typeof shard === 'number') return offsetCommitError(request, shard);
    return new Promise<OffsetCommitResponseDraft>((resolve) => {
      shard.offsetCommit(request, coordinatorContext(broker, context), resolve);
    });
  },
  refuse: (request, { errorCode }) => offsetCommitError(request, errorCode),
});

function offsetCommitError(request: OffsetCommitRequest, errorCode: number): OffsetCommitResponseDraft {
  const topics = request.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }));
  return { topics };
}

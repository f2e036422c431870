/**
 * OffsetDelete v0: an administrator makes a group forget offsets (KIP-496).
 *
 * Partitions that do not exist are told apart here as in Kafka; what the group may not forget is the shard's to say
 * (`@jackdaw/coordinator`). An error of the group as a whole comes without any partition.
 */
import { ApiKey, ErrorCode, offsetDeleteRequest, offsetDeleteResponse } from '@jackdaw/protocol';
import type { OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponseDraft } from '@jackdaw/protocol';
import type { MetadataImage } from '@jackdaw/metadata';
import { coordinatorContext, managedShardOf } from './group-requests.ts';
import { defineHandler } from './handler.ts';

type RequestTopics = OffsetDeleteRequest['topics'];
type ResponseTopic = OffsetDeleteResponse['topics'][number];

export const offsetDeleteHandler = defineHandler({
  apiKey: ApiKey.OffsetDelete,
  request: offsetDeleteRequest,
  response: offsetDeleteResponse,
  handle: (broker, request, context) => {
    const shard = managedShardOf(broker, request.groupId);
    if (typeof shard === 'number') return offsetDeleteError(shard);
    const { known, missing } = splitByExistence(broker.image(), request.topics);
    return new Promise<OffsetDeleteResponseDraft>((resolve) => {
      shard.offsetDelete({ ...request, topics: known }, coordinatorContext(broker, context), (response) => {
        resolve(response.errorCode === ErrorCode.NONE ? { ...response, topics: merged(response.topics, missing) } : response);
      });
    });
  },
  refuse: (_request, { errorCode }) => offsetDeleteError(errorCode),
});

function offsetDeleteError(errorCode: number): OffsetDeleteResponseDraft {
  return { errorCode, throttleTimeMs: 0, topics: [] };
}

function splitByExistence(image: MetadataImage, topics: RequestTopics): { known: RequestTopics; missing: ResponseTopic[] } {
  const known: RequestTopics = [];
  const missing: ResponseTopic[] = [];
  for (const { name, partitions } of topics) {
    const existing = image.topicByName(name)?.partitions;
    const found = partitions.filter(({ partitionIndex }) => existing?.has(partitionIndex) === true);
    const lost = partitions.filter((partition) => !found.includes(partition));
    if (found.length > 0) known.push({ name, partitions: found });
    const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (lost.length > 0) missing.push({ name, partitions: lost.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) });
  }
  return { known, missing };
}

/** One entry a topic, whichever part of it exists. */
function merged(answered: readonly ResponseTopic[], missing: readonly ResponseTopic[]): ResponseTopic[] {
  const byName = new Map<string, ResponseTopic>();
  for (const { name, partitions } of [...missing, ...answered]) {
    byName.set(name, { name, partitions: [...(byName.get(name)?.partitions ?? []), ...partitions] });
  }
  return [...byName.values()];
}

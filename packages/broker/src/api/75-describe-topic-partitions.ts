/**
 * DescribeTopicPartitions v0: topics in the order of their names, page by page, eligible leader replicas included
 * (KIP-966).
 *
 * An empty list means all topics. A page ends after `responsePartitionLimit` partitions or the broker's own limit; the
 * cursor says where the next one begins, and a cursor for a topic that is gone goes on with the one after it.
 */
import { invalidTopicName, isInternalTopic, partitionStatus, type MetadataImage, type TopicImage } from '@jackdaw/metadata';
import { ApiKey, describeTopicPartitionsRequest, describeTopicPartitionsResponse, ErrorCode, zeroUuid } from '@jackdaw/protocol';
import type { DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponseDraft } from '@jackdaw/protocol';
import { topicOperations } from './authorized-operations.ts';
import { defineHandler } from './handler.ts';

type Topic = DescribeTopicPartitionsResponseDraft['topics'][number];
type Cursor = NonNullable<DescribeTopicPartitionsRequest['cursor']>;

export const describeTopicPartitionsHandler = defineHandler({
  apiKey: ApiKey.DescribeTopicPartitions,
  request: describeTopicPartitionsRequest,
  response: describeTopicPartitionsResponse,
  handle: (broker, request, { connection }) => {
    const names = namesFrom(broker.image(), request);
    const isCursorValid = request.cursor === null || request.cursor.partitionIndex >= 0;
    if (names === null || !isCursorValid) return failedAll(request, ErrorCode.INVALID_REQUEST);
    const limit = broker.config.view.number('max.request.partition.size.limit');
    return page(broker.image(), names, {
      cursor: request.cursor,
      limit: Math.max(1, Math.min(limit, request.responsePartitionLimit)),
      listenerName: connection.listenerName,
      skipsUnknown: request.topics.length === 0,
    });
  },
  refuse: (request, { errorCode }) => failedAll(request, errorCode),
});

/** The wanted names from the cursor on, sorted; null when the cursor's topic is none of those asked for. */
function namesFrom(image: MetadataImage, { topics, cursor }: DescribeTopicPartitionsRequest): string[] | null {
  const asked = topics.length === 0 ? image.topicIdsByName.keys() : topics.map(({ name }) => name);
  const first = cursor?.topicName ?? '';
  // Java's order of strings is that of their UTF-16 units, which is that of JavaScript.
  const names = [...new Set(asked)].filter((name) => name >= first).toSorted((a, b) => (a < b ? -1 : 1));
  return topics.length > 0 && cursor !== null && !names.includes(first) ? null : names;
}

interface PageOptions {
  readonly cursor: Cursor | null;
  readonly limit: number;
  readonly listenerName: string;
  readonly skipsUnknown: boolean;
}

function page(image: MetadataImage, names: readonly string[], options: PageOptions): DescribeTopicPartitionsResponseDraft {
  const { cursor, limit, listenerName, skipsUnknown } = options;
  const topics: Topic[] = [];
  let left = limit;
  for (const name of names) {
    if (left === 0) return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: 0 } };
    const topic = image.topicByName(name);
    if (topic === null) {
      if (!skipsUnknown) topics.push(unknownTopic(name));
      continue;
    }
    const from = name === cursor?.topicName ? cursor.partitionIndex : 0;
    const to = Math.min(topic.partitions.size, from + left);
    topics.push(describeTopic(image, topic, { from, to, listenerName }));
    if (to < topic.partitions.size) return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: to } };
    left -= Math.max(0, to - from);
  }
  return { throttleTimeMs: 0, topics, nextCursor: null };
}

function describeTopic(
  image: MetadataImage,
  topic: TopicImage,
  { from, to, listenerName }: { from: number; to: number; listenerName: string },
): Topic {
  const partitions: Topic['partitions'][number][] = [];
  for (let partitionIndex = from; partitionIndex < to; partitionIndex++) {
    const registration = topic.partitions.get(partitionIndex);
    if (registration === undefined) continue;
    const { leaderId, leaderEpoch, replicas, isr, offlineReplicas } = partitionStatus(image, registration, listenerName);
    partitions.push({
      // Kafka gives no error here, only a leader of -1.
      errorCode: ErrorCode.NONE,
      partitionIndex,
      leaderId,
      leaderEpoch,
      replicaNodes: replicas,
      isrNodes: isr,
      eligibleLeaderReplicas: registration.elr,
      lastKnownElr: registration.lastKnownElr,
      offlineReplicas,
    });
  }
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions,
    topicAuthorizedOperations: topicOperations,
  };
}

function unknownTopic(name: string): Topic {
  const isInvalid = invalidTopicName(name) !== null;
  const errorCode = isInvalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return {
    errorCode,
    name,
    topicId: zeroUuid,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  };
}

function failedAll(request: DescribeTopicPartitionsRequest, errorCode: number): DescribeTopicPartitionsResponseDraft {
  const topics = request.topics.map(({ name }) => ({ errorCode, name, topicId: zeroUuid, partitions: [] }));
  return { throttleTimeMs: 0, topics };
}

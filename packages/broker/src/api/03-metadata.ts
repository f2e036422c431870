/**
 * Metadata v0–13: the brokers of the client's listener, and topics with their leaders and replicas.
 *
 * v0's empty list and later versions' null mean all topics. Unknown topics are created when both the client (v4+) and
 * `auto.create.topics.enable` allow it. v12+ may ask by topic id alone. The controller that is named is the quorum's
 * leader when it is a live broker; any broker takes admin requests and forwards them.
 */
import {
  invalidTopicName,
  isInternalTopic,
  type MetadataImage,
  type PartitionRegistration,
  type TopicImage,
} from '@jackdaw/metadata';
import {
  ApiKey,
  ErrorCode,
  metadataRequest,
  metadataResponse,
  zeroUuid,
  type MetadataRequest,
  type MetadataResponseDraft,
} from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { clusterOperations, noOperations, topicOperations } from './authorized-operations.ts';
import { defineHandler, type RequestContext } from './handler.ts';
import { endpointOf, endpointsOf } from './topic-lookup.ts';

/** Earlier versions that carry the field may not use it. */
const firstVersionWithTopicIds = 12;

type Topics = MetadataResponseDraft['topics'];
type TopicResponse = Topics[number];

export const metadataHandler = defineHandler({
  apiKey: ApiKey.Metadata,
  request: metadataRequest,
  response: metadataResponse,
  handle: (broker, request, context) => handleMetadata(broker, request, context),
  refuse: (request, { errorCode }) => refuseAll(request, errorCode),
});

function refuseAll(request: MetadataRequest, errorCode: number): MetadataResponseDraft {
  // Not every version can say that a name is null; '' is what Kafka writes then.
  const topics = (request.topics ?? []).map(({ name, topicId }) => topicError({ name: name ?? '', topicId, errorCode }));
  return { throttleTimeMs: 0, brokers: [], topics, errorCode };
}

async function handleMetadata(
  broker: BrokerServices,
  request: MetadataRequest,
  context: RequestContext,
): Promise<MetadataResponseDraft> {
  if (context.version < firstVersionWithTopicIds && hasTopicIds(request)) return refuseAll(request, ErrorCode.INVALID_REQUEST);
  const wantsAll = request.topics === null || (context.version === 0 && request.topics.length === 0);
  const missing = wantsAll ? [] : missingNames(broker.image(), request);
  const mayCreate = request.allowAutoTopicCreation && broker.config.view.boolean('auto.create.topics.enable');
  const errors = missing.length > 0 && mayCreate ? await broker.topicCreation.create(missing) : new Map<string, number>();

  const image = broker.image();
  const operations = request.includeTopicAuthorizedOperations ? topicOperations : noOperations;
  const describe = (topic: TopicImage): TopicResponse => topicResponse(image, topic, { context, operations });
  const topics = wantsAll
    ? [...image.topicsById.values()].map(describe)
    : distinct(request.topics ?? []).map((wanted) => findOrFail(image, wanted, { describe, errors }));
  const aliveIds = [...image.brokers.values()].filter(({ fenced }) => !fenced).map(({ brokerId }) => brokerId);
  return {
    throttleTimeMs: 0,
    brokers: endpointsOf(image, aliveIds, context.connection.listenerName),
    clusterId: broker.clusterId(),
    controllerId: controllerFor(broker, aliveIds),
    topics,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : noOperations,
    errorCode: ErrorCode.NONE,
  };
}

/** Versions 10 and 11 have a field for it, and no way to answer one that does not exist (KAFKA-12701). */
function hasTopicIds(request: MetadataRequest): boolean {
  return (request.topics ?? []).some(({ name, topicId }) => name === null || topicId !== zeroUuid);
}

/** Each topic once, as in Kafka: a long list of one name must not make an answer of many times its partitions. */
function distinct(wanted: NonNullable<MetadataRequest['topics']>): NonNullable<MetadataRequest['topics']> {
  const byKey = new Map(wanted.map((topic) => [topic.topicId === zeroUuid ? `name ${topic.name}` : topic.topicId, topic]));
  return [...byKey.values()];
}

function missingNames(image: MetadataImage, request: MetadataRequest): string[] {
  const names = new Set<string>();
  for (const { name, topicId } of request.topics ?? []) {
    if (topicId === zeroUuid && name !== null && image.topicByName(name) === null) names.add(name);
  }
  return [...names];
}

interface Found {
  readonly describe: (topic: TopicImage) => TopicResponse;
  readonly errors: ReadonlyMap<string, number>;
}

function findOrFail(
  image: MetadataImage,
  wanted: { name: string | null; topicId: string },
  { describe, errors }: Found,
): TopicResponse {
  const { name, topicId } = wanted;
  if (topicId !== zeroUuid) {
    const topic = image.topicsById.get(topicId);
    return topic === undefined ? topicError({ name: null, topicId, errorCode: ErrorCode.UNKNOWN_TOPIC_ID }) : describe(topic);
  }
  if (name === null) return topicError({ name, topicId, errorCode: ErrorCode.INVALID_REQUEST });
  const topic = image.topicByName(name);
  if (topic !== null) return describe(topic);
  const unknown = invalidTopicName(name) === null ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION;
  return topicError({ name, topicId, errorCode: errors.get(name) ?? unknown });
}

function topicError({ name, topicId, errorCode }: { name: string | null; topicId: string; errorCode: number }): TopicResponse {
  return { errorCode, name, topicId, isInternal: name !== null && isInternalTopic(name), partitions: [] };
}

function topicResponse(
  image: MetadataImage,
  topic: TopicImage,
  { context, operations }: { context: RequestContext; operations: number },
): TopicResponse {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: [...topic.partitions].map(([index, registration]) => partitionResponse(image, { index, registration, context })),
    topicAuthorizedOperations: operations,
  };
}

function partitionResponse(
  image: MetadataImage,
  { index, registration, context }: { index: number; registration: PartitionRegistration; context: RequestContext },
): TopicResponse['partitions'][number] {
  const { leader, leaderEpoch, replicas, isr } = registration;
  const leaderBroker = image.brokers.get(leader);
  const isLeaderAlive = leaderBroker !== undefined && !leaderBroker.fenced;
  const isReachable = isLeaderAlive && endpointOf(image, leader, context.connection.listenerName) !== null;
  // From v6 on, a leader without this listener is told apart from no leader at all.
  const noListener = isLeaderAlive && context.version >= 6 ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.LEADER_NOT_AVAILABLE;
  return {
    errorCode: isReachable ? ErrorCode.NONE : noListener,
    partitionIndex: index,
    leaderId: isReachable ? leader : -1,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: replicas.filter((id) => image.brokers.get(id)?.fenced !== false),
  };
}

export function controllerFor(broker: BrokerServices, aliveIds: readonly number[]): number {
  const controllerId = broker.controllerId();
  return aliveIds.includes(controllerId) ? controllerId : (aliveIds[0] ?? -1);
}

/**
 * CreateTopics (19): names, counts, placements and configurations are checked topic by topic, and what passes is created
 * in one atomic entry. Checks, their order and their sentences are Kafka's (`ReplicationControlManager.createTopics`).
 *
 * Who may create or describe a topic is decided by the broker that took the request; here all topics are allowed.
 */

import { sometimes } from '@jackdaw/base';
import type { CreateTopicsRequest, CreateTopicsResponseDraft } from '@jackdaw/protocol';
import type { NodeId } from '@jackdaw/base';
import { describeConfigs } from '../config/describe-configs.ts';
import type { MetadataImage } from '../image.ts';
import { configResourceTypes, type MetadataRecord } from '../records.ts';
import { hasCollisionChars, internalTopics, invalidTopicName, unifyCollisionChars } from '../topic-name.ts';
import { checkTopicConfigs } from './alter-config-rules.ts';
import { apiError, type ApiError } from './api-error.ts';
import { Decision } from './decision.ts';
import {
  checkManualAssignment,
  maxPartitionsPerRequest,
  newPartitionRecord,
  placePartitions,
  type Assignments,
} from './new-partitions.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = CreateTopicsResponseDraft;
type TopicResult = Response['topics'][number];
type CreatableTopic = CreateTopicsRequest['topics'][number];

export function createTopics(
  image: MetadataImage,
  request: CreateTopicsRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const decision = new Decision(image, context);
  const { wanted, duplicates } = splitDuplicates(request.topics);
  if (partitionCountOf(wanted, decision) > maxPartitionsPerRequest) {
    const error = apiError('POLICY_VIOLATION', 'Excessively large number of partitions per request.');
    return decision.result(failedCreateTopics(error, request));
  }
  const newNames = new Map<string, string>();
  const records: MetadataRecord[] = [];
  const topics: TopicResult[] = wanted.map((topic) => {
    const created = createOne({ image, decision, context, newNames }, topic);
    if ('errorCode' in created) return failedTopic(topic.name, created);
    records.push(...created.records);
    return created.result;
  });
  for (const name of duplicates) topics.push(failedTopic(name, apiError('INVALID_REQUEST', 'Duplicate topic name.')));
  const response: Response = { throttleTimeMs: 0, topics };
  return request.validateOnly ? { records: [], response, events: [] } : { records, response, events: decision.events };
}

export function failedCreateTopics(error: ApiError, request: CreateTopicsRequest): Response {
  return { throttleTimeMs: 0, topics: request.topics.map((topic) => failedTopic(topic.name, error)) };
}

interface Creation {
  readonly image: MetadataImage;
  readonly decision: Decision;
  readonly context: ControllerContext;
  /** Topics that this request has created so far, by the form in which names collide. */
  readonly newNames: Map<string, string>;
}

function createOne(
  creation: Creation,
  topic: CreatableTopic,
): { records: readonly MetadataRecord[]; result: TopicResult } | ApiError {
  const { image, context, decision } = creation;
  const error = checkName(creation, topic.name) ?? checkConfigs(topic);
  if (error !== null) return error;
  const chosen = topic.assignments.length > 0 ? manualAssignments(image, topic) : automaticAssignments(creation, topic);
  if (!chosen.ok) return chosen.error;
  if (hasCollisionChars(topic.name)) creation.newNames.set(unifyCollisionChars(topic.name), topic.name);
  const topicId = context.newUuid();
  const records: MetadataRecord[] = [{ type: 'topic', name: topic.name, topicId }];
  for (const [name, value] of configsOf(topic)) {
    const resource = { resourceType: configResourceTypes.topic, resourceName: topic.name };
    records.push({ type: 'config', ...resource, name, value });
  }
  for (const [partitionId, replicas] of chosen.assignments.entries()) {
    records.push(newPartitionRecord(image, replicas, { topicId, partitionId }));
  }
  const partitionCount = chosen.assignments.length;
  decision.events.push({ type: 'topic-created', topicId, topicName: topic.name, partitionCount });
  const replicationFactor = chosen.assignments[0]?.length ?? 0;
  const result: TopicResult = {
    name: topic.name,
    topicId,
    errorCode: 0,
    errorMessage: null,
    topicConfigErrorCode: 0,
    numPartitions: partitionCount,
    replicationFactor,
    configs: describedConfigs(decision, topic),
  };
  return { records, result };
}

function checkName({ image, newNames }: Creation, name: string): ApiError | null {
  if (name === internalTopics.clusterMetadata) {
    return apiError('INVALID_REQUEST', `Creation of internal topic ${name} is prohibited.`);
  }
  if (image.topicIdsByName.has(name)) sometimes('controller: topic exists already');
  if (image.topicIdsByName.has(name)) return apiError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
  const invalid = invalidTopicName(name);
  if (invalid !== null) return apiError('INVALID_TOPIC_EXCEPTION', invalid);
  const colliding = image.collidingTopic(name) ?? newNames.get(unifyCollisionChars(name)) ?? null;
  if (colliding === null) return null;
  return apiError('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${colliding}`);
}

function checkConfigs(topic: CreatableTopic): ApiError | null {
  const nulls = topic.configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length > 0) return apiError('INVALID_CONFIG', `Null value not supported for topic configs: ${nulls.join(',')}`);
  return checkTopicConfigs(configsOf(topic));
}

/** The configurations asked for; when a name comes twice the last value counts, as in Kafka. */
function configsOf(topic: CreatableTopic): Map<string, string> {
  const configs = new Map<string, string>();
  for (const { name, value } of topic.configs) if (value !== null) configs.set(name, value);
  return configs;
}

function manualAssignments(image: MetadataImage, topic: CreatableTopic): Assignments {
  const refuse = (error: ApiError): Assignments => ({ ok: false, error });
  const otherwiseGiven = (what: string): Assignments =>
    refuse(apiError('INVALID_REQUEST', `A manual partition assignment was specified, but ${what} was not set to -1.`));
  if (topic.replicationFactor !== -1) return otherwiseGiven('replication factor');
  if (topic.numPartitions !== -1) return otherwiseGiven('numPartitions');
  const byPartition = new Map<number, readonly NodeId[]>();
  let replicationFactor: number | null = null;
  for (const { partitionIndex: partitionId, brokerIds } of topic.assignments) {
    if (byPartition.has(partitionId)) {
      const message = `Found multiple manual partition assignments for partition ${partitionId}`;
      return refuse(apiError('INVALID_REPLICA_ASSIGNMENT', message));
    }
    const error = checkManualAssignment(image, brokerIds, { replicationFactor, partitionId });
    if (error !== null) return refuse(error);
    replicationFactor = brokerIds.length;
    byPartition.set(partitionId, brokerIds);
  }
  const assignments = Array.from({ length: byPartition.size }, (_, partitionId) => byPartition.get(partitionId) ?? null);
  if (assignments.every((replicas) => replicas !== null)) return { ok: true, assignments };
  return refuse(apiError('INVALID_REPLICA_ASSIGNMENT', 'partitions should be a consecutive 0-based integer sequence'));
}

function automaticAssignments({ image, decision, context }: Creation, topic: CreatableTopic): Assignments {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.';
    return { ok: false, error: apiError('INVALID_REPLICATION_FACTOR', message) };
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    const message = 'Number of partitions was set to an invalid non-positive value.';
    return { ok: false, error: apiError('INVALID_PARTITIONS', message) };
  }
  const partitionCount = topic.numPartitions === -1 ? decision.view.number('num.partitions') : topic.numPartitions;
  const replicationFactor =
    topic.replicationFactor === -1 ? decision.view.number('default.replication.factor') : topic.replicationFactor;
  return placePartitions(image, { partitionCount, replicationFactor }, context);
}

function describedConfigs(decision: Decision, topic: CreatableTopic): NonNullable<TopicResult['configs']> {
  const entries = describeConfigs({ type: 'topic', overrides: configsOf(topic) }, { view: decision.view });
  return entries.map(({ name, value, readOnly, configSource, isSensitive }) => ({
    name,
    value,
    readOnly,
    configSource,
    isSensitive,
  }));
}

/** Names that come once, in the order of the request, and names that come more often. */
function splitDuplicates(topics: readonly CreatableTopic[]): { wanted: CreatableTopic[]; duplicates: ReadonlySet<string> } {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  for (const { name } of topics) {
    if (seen.has(name)) duplicates.add(name);
    seen.add(name);
  }
  return { wanted: topics.filter(({ name }) => !duplicates.has(name)), duplicates };
}

/** An upper bound: topics that turn out to be wrong are counted too. */
function partitionCountOf(topics: readonly CreatableTopic[], decision: Decision): number {
  let count = 0;
  for (const { assignments, numPartitions } of topics) {
    if (assignments.length > 0) count += assignments.length;
    else if (numPartitions === -1) count += decision.view.number('num.partitions');
    else count += Math.max(numPartitions, 0);
  }
  return count;
}

function failedTopic(name: string, error: ApiError): TopicResult {
  return { name, ...error, topicConfigErrorCode: 0, numPartitions: -1, replicationFactor: -1, configs: [] };
}

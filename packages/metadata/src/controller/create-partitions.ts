/**
 * CreatePartitions (37): more partitions for topics that exist; never fewer. Checks and sentences are Kafka's
 * (`ReplicationControlManager.createPartitions`).
 */

import { sometimes } from '@jackdaw/base';
import type { CreatePartitionsRequest, CreatePartitionsResponseDraft } from '@jackdaw/protocol';
import type { MetadataImage } from '../image.ts';
import type { MetadataRecord } from '../records.ts';
import { apiError, noError, type ApiError } from './api-error.ts';
import { Decision } from './decision.ts';
import {
  checkManualAssignment,
  maxPartitionsPerRequest,
  newPartitionRecord,
  placePartitions,
  type Assignments,
} from './new-partitions.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = CreatePartitionsResponseDraft;
type ExtendedTopic = CreatePartitionsRequest['topics'][number];

export function createPartitions(
  image: MetadataImage,
  request: CreatePartitionsRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const decision = new Decision(image, context);
  const counts = new Map<string, number>();
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
  const results: Response['results'][number][] = [];
  for (const [name, count] of counts) {
    if (count > 1) results.push({ name, ...apiError('INVALID_REQUEST', 'Duplicate topic name.') });
  }
  for (const topic of request.topics) {
    if (counts.get(topic.name) !== 1) continue;
    const added = extendTopic(image, topic, context);
    if ('errorCode' in added) {
      results.push({ name: topic.name, ...added });
    } else {
      sometimes('controller: topic extended');
      for (const record of added.records) decision.push(record);
      results.push({ name: topic.name, ...noError });
    }
  }
  const response: Response = { throttleTimeMs: 0, results };
  return request.validateOnly ? { records: [], response, events: [] } : decision.result(response);
}

export function failedCreatePartitions(error: ApiError, request: CreatePartitionsRequest): Response {
  return { throttleTimeMs: 0, results: request.topics.map(({ name }) => ({ name, ...error })) };
}

function extendTopic(
  image: MetadataImage,
  wanted: ExtendedTopic,
  context: ControllerContext,
): { records: MetadataRecord[] } | ApiError {
  const topic = image.topicByName(wanted.name);
  if (topic === null) return apiError('UNKNOWN_TOPIC_OR_PARTITION');
  const present = topic.partitions.size;
  if (wanted.count === present) return apiError('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`);
  if (wanted.count < present) {
    const message = `The topic ${topic.name} currently has ${present} partition(s); ${wanted.count} would not be an increase.`;
    return apiError('INVALID_PARTITIONS', message);
  }
  const partitionCount = wanted.count - present;
  if (partitionCount > maxPartitionsPerRequest) {
    return apiError('POLICY_VIOLATION', 'Excessively large number of partitions per request.');
  }
  const replicationFactor = topic.partitions.get(0)?.replicas.length ?? 1;
  const chosen =
    wanted.assignments === null
      ? placePartitions(image, { partitionCount, replicationFactor }, context)
      : manualAssignments(image, wanted.assignments, { partitionCount, replicationFactor, firstPartitionId: present });
  if (!chosen.ok) return chosen.error;
  const records = chosen.assignments.map((replicas, i) =>
    newPartitionRecord(image, replicas, { topicId: topic.id, partitionId: present + i }),
  );
  return { records };
}

function manualAssignments(
  image: MetadataImage,
  given: NonNullable<ExtendedTopic['assignments']>,
  expected: { partitionCount: number; replicationFactor: number; firstPartitionId: number },
): Assignments {
  const { partitionCount, replicationFactor, firstPartitionId } = expected;
  if (given.length !== partitionCount) {
    const message =
      `Attempted to add ${partitionCount} additional partition(s), but only ${given.length} assignment(s) ` + 'were specified.';
    return { ok: false, error: apiError('INVALID_REPLICA_ASSIGNMENT', message) };
  }
  for (const [i, { brokerIds }] of given.entries()) {
    const error = checkManualAssignment(image, brokerIds, { replicationFactor, partitionId: firstPartitionId + i });
    if (error !== null) return { ok: false, error };
  }
  return { ok: true, assignments: given.map(({ brokerIds }) => brokerIds) };
}

/**
 * DeleteTopics (20): by name, or from version 6 by name or id. Checks, their order and sentences are those of Kafka's
 * `ControllerApis.deleteTopics`; authorisation is the broker's.
 */

import { sometimes } from '@jackdaw/base';
import { zeroUuid, type DeleteTopicsRequest, type DeleteTopicsResponseDraft } from '@jackdaw/protocol';
import type { MetadataImage } from '../image.ts';
import { apiError, noError, type ApiError } from './api-error.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = DeleteTopicsResponseDraft;
type TopicResult = Response['responses'][number];

/** From this version on TOPIC_DELETION_DISABLED is known to clients. */
const firstVersionWithDisabledError = 3;

export function deleteTopics(
  image: MetadataImage,
  request: DeleteTopicsRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const decision = new Decision(image, context);
  if (!decision.view.boolean('delete.topic.enable')) {
    const error =
      context.apiVersion < firstVersionWithDisabledError
        ? apiError('INVALID_REQUEST', 'This version does not support topic deletion.')
        : apiError('TOPIC_DELETION_DISABLED');
    return decision.result(failedDeleteTopics(error, request));
  }
  const { names, ids, responses } = readTargets(request);
  /** Topic id to name, of everything that will be deleted. */
  const deleted = new Map<string, string>();
  for (const topicId of ids) {
    const topic = image.topicsById.get(topicId);
    if (topic !== undefined) deleted.set(topicId, topic.name);
    else responses.push({ name: null, topicId, ...apiError('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.') });
  }
  for (const name of names) {
    const topicId = image.topicIdsByName.get(name);
    if (topicId === undefined) {
      const error = apiError('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.');
      responses.push({ name, topicId: zeroUuid, ...error });
    } else if (deleted.has(topicId)) {
      deleted.delete(topicId);
      const error = apiError('INVALID_REQUEST', 'The provided topic name maps to an ID that was already supplied.');
      responses.push({ name, topicId, ...error });
    } else {
      deleted.set(topicId, name);
    }
  }
  for (const [topicId, name] of deleted) {
    sometimes('controller: topic deleted');
    decision.push({ type: 'removeTopic', topicId });
    decision.events.push({ type: 'topic-deleted', topicId, topicName: name });
    responses.push({ name, topicId, ...noError });
  }
  return decision.result({ throttleTimeMs: 0, responses });
}

export function failedDeleteTopics(error: ApiError, request: DeleteTopicsRequest): Response {
  const named = request.topicNames.map((name) => ({ name, topicId: zeroUuid, ...error }));
  return { throttleTimeMs: 0, responses: [...request.topics.map((topic) => ({ ...topic, ...error })), ...named] };
}

/** Names and ids that were given once, and the answers for what was given wrongly or twice. */
function readTargets(request: DeleteTopicsRequest): { names: Set<string>; ids: Set<string>; responses: TopicResult[] } {
  const responses: TopicResult[] = [];
  const invalid = (name: string | null, topicId: string, message: string): void => {
    responses.push({ name, topicId, ...apiError('INVALID_REQUEST', message) });
  };
  const givenNames = [...request.topicNames];
  const givenIds: string[] = [];
  for (const { name, topicId } of request.topics) {
    if (name === null && topicId === zeroUuid) invalid(null, zeroUuid, 'Neither topic name nor id were specified.');
    else if (name === null) givenIds.push(topicId);
    else if (topicId === zeroUuid) givenNames.push(name);
    else invalid(name, topicId, 'You may not specify both topic name and topic id.');
  }
  const names = splitRepeated(givenNames);
  const ids = splitRepeated(givenIds);
  for (const name of names.repeated) invalid(name, zeroUuid, 'Duplicate topic name.');
  for (const topicId of ids.repeated) invalid(null, topicId, 'Duplicate topic id.');
  return { names: names.once, ids: ids.once, responses };
}

function splitRepeated(items: readonly string[]): { once: Set<string>; repeated: Set<string> } {
  const once = new Set<string>();
  const repeated = new Set<string>();
  for (const item of items) {
    if (once.has(item)) repeated.add(item);
    once.add(item);
  }
  for (const item of repeated) once.delete(item);
  return { once, repeated };
}

/**
 * DeleteTopics v1–6: carried out by the controller; v6 may name a topic by its id.
 *
 * As with creation, the answer waits until this broker's own image shows it, within the client's timeout. Brokers speak
 * v6 to each other; what older clients must be told differently is put back here.
 */
import {
  ApiKey,
  deleteTopicsRequest,
  deleteTopicsResponse,
  ErrorCode,
  zeroUuid,
  type DeleteTopicsRequest,
} from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler } from './handler.ts';
import { boundedTimeoutMs, whenImageShows } from './image-waits.ts';

/** From this version on clients know TOPIC_DELETION_DISABLED. */
const deletionDisabledVersion = 3;

export const deleteTopicsHandler = defineHandler({
  apiKey: ApiKey.DeleteTopics,
  request: deleteTopicsRequest,
  response: deleteTopicsResponse,
  handle: async (broker, request, { version }) => {
    const timeoutMs = boundedTimeoutMs(request.timeoutMs);
    const deadlineMs = broker.clock.monotonicMs() + timeoutMs;
    const asked = { topics: targetsOf(request), timeoutMs: request.timeoutMs };
    const response = await broker.controller.call(controllerApis.deleteTopics, asked, timeoutMs);
    const deleted = response.responses.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
    await whenImageShows(broker, (image) => !deleted.some(({ topicId }) => image.topicsById.has(topicId)), deadlineMs);
    const responses = response.responses.map((topic) =>
      topic.errorCode === ErrorCode.NONE && broker.image().topicsById.has(topic.topicId)
        ? { ...topic, errorCode: ErrorCode.REQUEST_TIMED_OUT }
        : { ...topic, errorCode: knownError(topic.errorCode, version) },
    );
    return { throttleTimeMs: 0, responses };
  },
  refuse: (request, { errorCode }) => ({
    throttleTimeMs: 0,
    responses: targetsOf(request).map((target) => ({ ...target, errorCode })),
  }),
});

function targetsOf(request: DeleteTopicsRequest): DeleteTopicsRequest['topics'] {
  return [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: zeroUuid }))];
}

function knownError(errorCode: number, version: number): number {
  const isUnknown = errorCode === ErrorCode.TOPIC_DELETION_DISABLED && version < deletionDisabledVersion;
  return isUnknown ? ErrorCode.INVALID_REQUEST : errorCode;
}

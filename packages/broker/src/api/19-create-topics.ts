/**
 * CreateTopics v2–7: carried out by the controller, answered in the client's version.
 *
 * The answer waits until this broker's own image shows the topics, so that a client that asks here next finds them; a
 * topic that is not there within the client's timeout is REQUEST_TIMED_OUT, although it will still come, as in Kafka.
 * v5+ tells partitions, replication factor and configuration of what was created, v7 its id.
 */
import { ApiKey, createTopicsRequest, createTopicsResponse, ErrorCode, errorName } from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler } from './handler.ts';
import { boundedTimeoutMs, whenImageShows } from './image-waits.ts';

export const createTopicsHandler = defineHandler({
  apiKey: ApiKey.CreateTopics,
  request: createTopicsRequest,
  response: createTopicsResponse,
  handle: async (broker, request) => {
    const timeoutMs = boundedTimeoutMs(request.timeoutMs);
    const deadlineMs = broker.clock.monotonicMs() + timeoutMs;
    const response = await broker.controller.call(controllerApis.createTopics, request, timeoutMs);
    const created = response.topics.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
    if (request.validateOnly || created.length === 0) return response;
    await whenImageShows(broker, (image) => created.every(({ topicId }) => image.topicsById.has(topicId)), deadlineMs);
    const isLate = (topicId: string): boolean => !broker.image().topicsById.has(topicId);
    const topics = response.topics.map((topic) =>
      topic.errorCode === ErrorCode.NONE && isLate(topic.topicId)
        ? failed(topic.name, ErrorCode.REQUEST_TIMED_OUT, errorName(ErrorCode.REQUEST_TIMED_OUT))
        : topic,
    );
    return { ...response, topics };
  },
  refuse: (request, { errorCode, errorMessage }) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name }) => failed(name, errorCode, errorMessage)),
  }),
});

function failed(name: string, errorCode: number, errorMessage: string) {
  return { name, errorCode, errorMessage, topicConfigErrorCode: 0, numPartitions: -1, replicationFactor: -1, configs: [] };
}

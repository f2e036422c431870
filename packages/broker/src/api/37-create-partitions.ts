/**
 * CreatePartitions v0–3: raises topics to a new number of partitions; carried out by the controller.
 *
 * The answer waits until this broker's own image shows the partitions, within the client's timeout.
 */
import { ApiKey, createPartitionsRequest, createPartitionsResponse, ErrorCode } from '@jackdaw/protocol';
import type { MetadataImage } from '@jackdaw/metadata';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler } from './handler.ts';
import { boundedTimeoutMs, whenImageShows } from './image-waits.ts';

export const createPartitionsHandler = defineHandler({
  apiKey: ApiKey.CreatePartitions,
  request: createPartitionsRequest,
  response: createPartitionsResponse,
  handle: async (broker, request) => {
    const timeoutMs = boundedTimeoutMs(request.timeoutMs);
    const deadlineMs = broker.clock.monotonicMs() + timeoutMs;
    const response = await broker.controller.call(controllerApis.createPartitions, request, timeoutMs);
    if (request.validateOnly) return response;
    const wantedCounts = new Map(request.topics.map(({ name, count }) => [name, count]));
    const isMissing = (image: MetadataImage, { name, errorCode }: { name: string; errorCode: number }): boolean => {
      // A topic that was deleted meanwhile will not get there.
      const count = image.topicByName(name)?.partitions.size ?? Number.POSITIVE_INFINITY;
      return errorCode === ErrorCode.NONE && count < (wantedCounts.get(name) ?? 0);
    };
    await whenImageShows(broker, (image) => !response.results.some((result) => isMissing(image, result)), deadlineMs);
    const results = response.results.map((result) =>
      isMissing(broker.image(), result) ? { ...result, errorCode: ErrorCode.REQUEST_TIMED_OUT } : result,
    );
    return { ...response, results };
  },
  refuse: (request, refusal) => ({
    throttleTimeMs: 0,
    results: request.topics.map(({ name }) => ({ name, ...refusal })),
  }),
});

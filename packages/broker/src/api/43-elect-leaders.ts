/**
 * ElectLeaders v0–2: preferred leaders, or from v1 on any leader at all (KIP-460); carried out by the controller.
 *
 * v0 knows preferred elections only, which is the default of the field that it lacks.
 */
import { ApiKey, electLeadersRequest, electLeadersResponse } from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler } from './handler.ts';
import { boundedTimeoutMs } from './image-waits.ts';

export const electLeadersHandler = defineHandler({
  apiKey: ApiKey.ElectLeaders,
  request: electLeadersRequest,
  response: electLeadersResponse,
  handle: (broker, request) => broker.controller.call(controllerApis.electLeaders, request, boundedTimeoutMs(request.timeoutMs)),
  refuse: (request, refusal) => ({
    throttleTimeMs: 0,
    errorCode: refusal.errorCode,
    replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, ...refusal })),
    })),
  }),
});

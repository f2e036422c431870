/**
 * ElectLeaders v0–2: preferred leaders, or from v1 on any leader at all (KIP-460); carried out by the controller.
 *
 * v0 knows preferred elections only, which is the default of the field that it lacks.
 */
import { ApiKey, electLeadersRequest, electLeadersResponse, ErrorCode } from '@jackdaw/protocol';
import type { ElectLeadersRequest, ElectLeadersResponseDraft } from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler, type Refusal } from './handler.ts';
import { boundedTimeoutMs } from './image-waits.ts';

/** 0 preferred, 1 unclean. */
const lastElectionType = 1;

export const electLeadersHandler = defineHandler({
  apiKey: ApiKey.ElectLeaders,
  request: electLeadersRequest,
  response: electLeadersResponse,
  handle: (broker, request) => {
    const { electionType, timeoutMs } = request;
    if (electionType < 0 || electionType > lastElectionType) {
      return refuse(request, { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: `Unknown election type ${electionType}` });
    }
    return broker.controller.call(controllerApis.electLeaders, request, boundedTimeoutMs(timeoutMs));
  },
  refuse,
});

function refuse(request: ElectLeadersRequest, refusal: Refusal): ElectLeadersResponseDraft {
  const replicaElectionResults = (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...refusal })),
  }));
  return { throttleTimeMs: 0, errorCode: refusal.errorCode, replicaElectionResults };
}

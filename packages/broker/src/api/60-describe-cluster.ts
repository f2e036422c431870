/**
 * DescribeCluster v0–2: the cluster's id, its controller and its brokers on the listener that the client came by.
 *
 * A broker's listener has brokers to tell, not controllers: other endpoint types are refused (KIP-919). Fenced brokers are
 * told when asked for (v2, KIP-1073).
 */
import { addressOf } from '@jackdaw/metadata';
import { ApiKey, describeClusterRequest, describeClusterResponse, ErrorCode } from '@jackdaw/protocol';
import type { DescribeClusterResponseDraft } from '@jackdaw/protocol';
import { controllerFor } from './03-metadata.ts';
import { clusterOperations, noOperations } from './authorized-operations.ts';
import { defineHandler } from './handler.ts';

const endpointTypes = { broker: 1, controller: 2 } as const;

export const describeClusterHandler = defineHandler({
  apiKey: ApiKey.DescribeCluster,
  request: describeClusterRequest,
  response: describeClusterResponse,
  handle: (broker, request, { connection }) => {
    const { endpointType } = request;
    if (endpointType === endpointTypes.controller) {
      const text = 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER';
      return failed(ErrorCode.MISMATCHED_ENDPOINT_TYPE, text);
    }
    if (endpointType !== endpointTypes.broker) {
      return failed(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, `Unsupported endpoint type ${endpointType}`);
    }
    const brokers = [...broker.image().brokers.values()].flatMap((registration) => {
      const address = addressOf(registration, connection.listenerName);
      if (address === null || (registration.fenced && !request.includeFencedBrokers)) return [];
      return [{ ...address, isFenced: registration.fenced }];
    });
    const aliveIds = brokers.filter(({ isFenced }) => !isFenced).map(({ brokerId }) => brokerId);
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      endpointType,
      clusterId: broker.clusterId(),
      controllerId: controllerFor(broker, aliveIds),
      brokers,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : noOperations,
    };
  },
  refuse: (_request, { errorCode, errorMessage }) => failed(errorCode, errorMessage),
});

function failed(errorCode: number, errorMessage: string): DescribeClusterResponseDraft {
  return { throttleTimeMs: 0, errorCode, errorMessage, clusterId: '', brokers: [] };
}

/**
 * DescribeCluster (api key 60): cluster id, controller and brokers. Versions 0-2, flexible from 0.
 *
 * 1 adds the endpoint type (1 brokers, 2 controllers, KIP-919), 2 can include fenced brokers (KIP-1073).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int8, message, nullable, since, string, withDefault } from '../schema.ts';

export const describeClusterRequest = message(
  { name: 'DescribeClusterRequest', key: 60, versions: [0, 2], flexibleFrom: 0 },
  {
    includeClusterAuthorizedOperations: boolean,
    endpointType: since(1, int8, 1),
    includeFencedBrokers: since(2, boolean),
  },
);
export type DescribeClusterRequest = Body<typeof describeClusterRequest>;
export type DescribeClusterRequestDraft = Draft<typeof describeClusterRequest>;

export const describeClusterResponse = message(
  { name: 'DescribeClusterResponse', key: 60, versions: [0, 2], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullable(string), null),
    endpointType: since(1, int8, 1),
    clusterId: string,
    controllerId: withDefault(int32, -1),
    brokers: array({
      brokerId: int32,
      host: string,
      port: int32,
      rack: withDefault(nullable(string), null),
      isFenced: since(2, boolean),
    }),
    clusterAuthorizedOperations: withDefault(int32, -2147483648),
  },
);
export type DescribeClusterResponse = Body<typeof describeClusterResponse>;
export type DescribeClusterResponseDraft = Draft<typeof describeClusterResponse>;

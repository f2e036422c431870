/**
 * Metadata (api key 3): brokers, topics, partitions and their leaders. Versions 0-13, flexible from 9.
 *
 * No topics asked for means all of them in version 0; from 1 on that is null, and an empty list means none. 4 lets the client
 * forbid automatic creation, 5 answers offline replicas, 7 leader epochs, 8 authorised operations, 10 topic ids, 12 allows to
 * ask by topic id alone, 13 answers a top-level error code.
 */
import type { Body, Draft } from '../schema.ts';
import { array, between, boolean, int16, int32, message, nullable, since, string, uuid } from '../schema.ts';

export const metadataRequest = message(
  { name: 'MetadataRequest', key: 3, versions: [0, 13], flexibleFrom: 9 },
  {
    topics: nullable(
      array({
        topicId: since(10, uuid),
        name: nullable(string, 10),
      }),
      1,
    ),
    allowAutoTopicCreation: since(4, boolean, true),
    includeClusterAuthorizedOperations: between([8, 10], boolean),
    includeTopicAuthorizedOperations: since(8, boolean),
  },
);
export type MetadataRequest = Body<typeof metadataRequest>;
export type MetadataRequestDraft = Draft<typeof metadataRequest>;

export const metadataResponse = message(
  { name: 'MetadataResponse', key: 3, versions: [0, 13], flexibleFrom: 9 },
  {
    throttleTimeMs: since(3, int32),
    brokers: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: since(1, nullable(string), null),
    }),
    clusterId: since(2, nullable(string), null),
    controllerId: since(1, int32, -1),
    topics: array({
      errorCode: int16,
      name: nullable(string, 12),
      topicId: since(10, uuid),
      isInternal: since(1, boolean, false),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: since(7, int32, -1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: since(5, array(int32)),
      }),
      topicAuthorizedOperations: since(8, int32, -2147483648),
    }),
    clusterAuthorizedOperations: between([8, 10], int32, -2147483648),
    errorCode: since(13, int16),
  },
);
export type MetadataResponse = Body<typeof metadataResponse>;
export type MetadataResponseDraft = Draft<typeof metadataResponse>;

/**
 * DescribeTopicPartitions (api key 75): partitions of topics, page by page. Version 0, flexible from 0.
 *
 * The cursor says where the next page begins; answers eligible leader replicas (KIP-966).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, message, nullable, string, struct, uuid, withDefault } from '../schema.ts';

export const describeTopicPartitionsRequest = message(
  { name: 'DescribeTopicPartitionsRequest', key: 75, versions: [0, 0], flexibleFrom: 0 },
  {
    topics: array({
      name: string,
    }),
    responsePartitionLimit: withDefault(int32, 2000),
    cursor: withDefault(
      nullable(
        struct({
          topicName: string,
          partitionIndex: int32,
        }),
      ),
      null,
    ),
  },
);
export type DescribeTopicPartitionsRequest = Body<typeof describeTopicPartitionsRequest>;
export type DescribeTopicPartitionsRequestDraft = Draft<typeof describeTopicPartitionsRequest>;

export const describeTopicPartitionsResponse = message(
  { name: 'DescribeTopicPartitionsResponse', key: 75, versions: [0, 0], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    topics: array({
      errorCode: int16,
      name: nullable(string),
      topicId: uuid,
      isInternal: withDefault(boolean, false),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: withDefault(int32, -1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        eligibleLeaderReplicas: withDefault(nullable(array(int32)), null),
        lastKnownElr: withDefault(nullable(array(int32)), null),
        offlineReplicas: array(int32),
      }),
      topicAuthorizedOperations: withDefault(int32, -2147483648),
    }),
    nextCursor: withDefault(
      nullable(
        struct({
          topicName: string,
          partitionIndex: int32,
        }),
      ),
      null,
    ),
  },
);
export type DescribeTopicPartitionsResponse = Body<typeof describeTopicPartitionsResponse>;
export type DescribeTopicPartitionsResponseDraft = Draft<typeof describeTopicPartitionsResponse>;

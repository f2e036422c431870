/**
 * DescribeQuorum (api key 55): the state of the metadata quorum. Versions 0-2, flexible from 0.
 *
 * 1 adds the times of last fetch and last catch-up (KIP-836), 2 error messages, directory ids and the voters' endpoints
 * (KIP-853).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, nullable, since, string, uint16, uuid } from '../schema.ts';

export const describeQuorumRequest = message(
  { name: 'DescribeQuorumRequest', key: 55, versions: [0, 2], flexibleFrom: 0 },
  {
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
);
export type DescribeQuorumRequest = Body<typeof describeQuorumRequest>;
export type DescribeQuorumRequestDraft = Draft<typeof describeQuorumRequest>;

const replicaState = {
  replicaId: int32,
  replicaDirectoryId: since(2, uuid),
  logEndOffset: int64,
  lastFetchTimestamp: since(1, int64, -1),
  lastCaughtUpTimestamp: since(1, int64, -1),
};

export const describeQuorumResponse = message(
  { name: 'DescribeQuorumResponse', key: 55, versions: [0, 2], flexibleFrom: 0 },
  {
    errorCode: int16,
    errorMessage: since(2, nullable(string)),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: since(2, nullable(string)),
        leaderId: int32,
        leaderEpoch: int32,
        highWatermark: int64,
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: since(
      2,
      array({
        nodeId: int32,
        listeners: array({
          name: string,
          host: string,
          port: uint16,
        }),
      }),
    ),
  },
);
export type DescribeQuorumResponse = Body<typeof describeQuorumResponse>;
export type DescribeQuorumResponseDraft = Draft<typeof describeQuorumResponse>;

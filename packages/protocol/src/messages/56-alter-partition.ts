/**
 * AlterPartition (api key 56): a leader changes its partition's in-sync replicas. Versions 2-3, flexible from 0.
 *
 * Not on the Kafka port: brokers send it to the controller over gRPC, in this encoding. 3 names the broker epoch of each
 * replica, so that a restarted one is not taken for its former self (KIP-903).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, int8, message, since, until, uuid, withDefault } from '../schema.ts';

export const alterPartitionRequest = message(
  { name: 'AlterPartitionRequest', key: 56, versions: [2, 3], flexibleFrom: 2 },
  {
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1),
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        leaderEpoch: int32,
        newIsr: until(2, array(int32)),
        newIsrWithEpochs: since(
          3,
          array({
            brokerId: int32,
            brokerEpoch: withDefault(int64, -1),
          }),
        ),
        leaderRecoveryState: withDefault(int8, 0),
        partitionEpoch: int32,
      }),
    }),
  },
);
export type AlterPartitionRequest = Body<typeof alterPartitionRequest>;
export type AlterPartitionRequestDraft = Draft<typeof alterPartitionRequest>;

export const alterPartitionResponse = message(
  { name: 'AlterPartitionResponse', key: 56, versions: [2, 3], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32,
        leaderEpoch: int32,
        isr: array(int32),
        leaderRecoveryState: withDefault(int8, 0),
        partitionEpoch: int32,
      }),
    }),
  },
);
export type AlterPartitionResponse = Body<typeof alterPartitionResponse>;
export type AlterPartitionResponseDraft = Draft<typeof alterPartitionResponse>;

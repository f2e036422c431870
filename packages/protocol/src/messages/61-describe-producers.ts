/**
 * DescribeProducers (api key 61): producers with state in partitions. Version 0, flexible from 0.
 *
 * Shows open transactions of a partition, to find hanging ones (KIP-664).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, nullable, string, withDefault } from '../schema.ts';

export const describeProducersRequest = message(
  { name: 'DescribeProducersRequest', key: 61, versions: [0, 0], flexibleFrom: 0 },
  {
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    }),
  },
);
export type DescribeProducersRequest = Body<typeof describeProducersRequest>;
export type DescribeProducersRequestDraft = Draft<typeof describeProducersRequest>;

export const describeProducersResponse = message(
  { name: 'DescribeProducersResponse', key: 61, versions: [0, 0], flexibleFrom: 0 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: withDefault(nullable(string), null),
        activeProducers: array({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: withDefault(int32, -1),
          lastTimestamp: withDefault(int64, -1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: withDefault(int64, -1),
        }),
      }),
    }),
  },
);
export type DescribeProducersResponse = Body<typeof describeProducersResponse>;
export type DescribeProducersResponseDraft = Draft<typeof describeProducersResponse>;

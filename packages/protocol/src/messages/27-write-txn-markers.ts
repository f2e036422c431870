/**
 * WriteTxnMarkers (api key 27): write commit or abort markers to partitions. Versions 1-2, flexible from 1.
 *
 * Sent by the transaction coordinator. 2 adds the transaction version of the marker (KIP-1228).
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int64, int8, message, since, string } from '../schema.ts';

export const writeTxnMarkersRequest = message(
  { name: 'WriteTxnMarkersRequest', key: 27, versions: [1, 2], flexibleFrom: 1 },
  {
    markers: array({
      producerId: int64,
      producerEpoch: int16,
      /** True commits, false aborts. */
      transactionResult: boolean,
      topics: array({
        name: string,
        partitionIndexes: array(int32),
      }),
      coordinatorEpoch: int32,
      transactionVersion: since(2, int8, 0),
    }),
  },
);
export type WriteTxnMarkersRequest = Body<typeof writeTxnMarkersRequest>;
export type WriteTxnMarkersRequestDraft = Draft<typeof writeTxnMarkersRequest>;

export const writeTxnMarkersResponse = message(
  { name: 'WriteTxnMarkersResponse', key: 27, versions: [1, 2], flexibleFrom: 1 },
  {
    markers: array({
      producerId: int64,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          errorCode: int16,
        }),
      }),
    }),
  },
);
export type WriteTxnMarkersResponse = Body<typeof writeTxnMarkersResponse>;
export type WriteTxnMarkersResponseDraft = Draft<typeof writeTxnMarkersResponse>;

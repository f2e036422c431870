/**
 * TxnOffsetCommit (api key 28): store positions as part of a transaction. Versions 0-5, flexible from 3.
 *
 * 2 adds leader epochs, 3 member and generation for fencing (KIP-447), 4 may answer TRANSACTION_ABORTABLE, 5 enlists the
 * group in the transaction by itself (KIP-890 part 2).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, nullable, since, string } from '../schema.ts';

export const txnOffsetCommitRequest = message(
  { name: 'TxnOffsetCommitRequest', key: 28, versions: [0, 5], flexibleFrom: 3 },
  {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: since(3, int32, -1),
    memberId: since(3, string, ''),
    groupInstanceId: since(3, nullable(string), null),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: since(2, int32, -1),
        committedMetadata: nullable(string),
      }),
    }),
  },
);
export type TxnOffsetCommitRequest = Body<typeof txnOffsetCommitRequest>;
export type TxnOffsetCommitRequestDraft = Draft<typeof txnOffsetCommitRequest>;

export const txnOffsetCommitResponse = message(
  { name: 'TxnOffsetCommitResponse', key: 28, versions: [0, 5], flexibleFrom: 3 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
);
export type TxnOffsetCommitResponse = Body<typeof txnOffsetCommitResponse>;
export type TxnOffsetCommitResponseDraft = Draft<typeof txnOffsetCommitResponse>;

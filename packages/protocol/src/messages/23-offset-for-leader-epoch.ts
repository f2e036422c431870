/**
 * OffsetForLeaderEpoch (api key 23): where a leader epoch ends in a log. Versions 2-4, flexible from 4.
 *
 * 2 is the oldest with the fencing leader epoch (KIP-320); 3 adds the replica id, where -2 is a consumer that may see beyond
 * the high watermark.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, since, string, withDefault } from '../schema.ts';

export const offsetForLeaderEpochRequest = message(
  { name: 'OffsetForLeaderEpochRequest', key: 23, versions: [2, 4], flexibleFrom: 4 },
  {
    replicaId: since(3, int32, -2),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: withDefault(int32, -1),
        leaderEpoch: int32,
      }),
    }),
  },
);
export type OffsetForLeaderEpochRequest = Body<typeof offsetForLeaderEpochRequest>;
export type OffsetForLeaderEpochRequestDraft = Draft<typeof offsetForLeaderEpochRequest>;

export const offsetForLeaderEpochResponse = message(
  { name: 'OffsetForLeaderEpochResponse', key: 23, versions: [2, 4], flexibleFrom: 4 },
  {
    throttleTimeMs: int32,
    topics: array({
      topic: string,
      partitions: array({
        errorCode: int16,
        partition: int32,
        leaderEpoch: withDefault(int32, -1),
        /** Where the next epoch begins; -1 where the epoch is not known. */
        endOffset: withDefault(int64, -1),
      }),
    }),
  },
);
export type OffsetForLeaderEpochResponse = Body<typeof offsetForLeaderEpochResponse>;
export type OffsetForLeaderEpochResponseDraft = Draft<typeof offsetForLeaderEpochResponse>;

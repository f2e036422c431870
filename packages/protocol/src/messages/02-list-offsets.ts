/**
 * ListOffsets (api key 2): find offsets by timestamp. Versions 1-11, flexible from 6.
 *
 * Negative timestamps have meanings: -1 latest, -2 earliest, -3 (since 7) of the largest timestamp, -4 (8) earliest on local
 * disk, -5 (9) last tiered, -6 (11) earliest pending upload. 2 adds the isolation level, 4 leader epochs.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, int8, message, since, string, withDefault } from '../schema.ts';

export const listOffsetsRequest = message(
  { name: 'ListOffsetsRequest', key: 2, versions: [1, 11], flexibleFrom: 6 },
  {
    replicaId: int32,
    isolationLevel: since(2, int8),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        currentLeaderEpoch: since(4, int32, -1),
        timestamp: int64,
      }),
    }),
    timeoutMs: since(10, int32),
  },
);
export type ListOffsetsRequest = Body<typeof listOffsetsRequest>;
export type ListOffsetsRequestDraft = Draft<typeof listOffsetsRequest>;

export const listOffsetsResponse = message(
  { name: 'ListOffsetsResponse', key: 2, versions: [1, 11], flexibleFrom: 6 },
  {
    throttleTimeMs: since(2, int32),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: withDefault(int64, -1),
        offset: withDefault(int64, -1),
        leaderEpoch: since(4, int32, -1),
      }),
    }),
  },
);
export type ListOffsetsResponse = Body<typeof listOffsetsResponse>;
export type ListOffsetsResponseDraft = Draft<typeof listOffsetsResponse>;

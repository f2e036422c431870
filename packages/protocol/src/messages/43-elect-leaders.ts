/**
 * ElectLeaders (api key 43): elect preferred or unclean leaders. Versions 0-2, flexible from 2.
 *
 * 0 elects preferred leaders only; 1 adds the election type (0 preferred, 1 unclean, KIP-460). Null partitions mean all.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int8, message, nullable, since, string, withDefault } from '../schema.ts';

export const electLeadersRequest = message(
  { name: 'ElectLeadersRequest', key: 43, versions: [0, 2], flexibleFrom: 2 },
  {
    /** 0 preferred, 1 unclean. */
    electionType: since(1, int8),
    topicPartitions: nullable(
      array({
        topic: string,
        partitions: array(int32),
      }),
    ),
    timeoutMs: withDefault(int32, 60000),
  },
);
export type ElectLeadersRequest = Body<typeof electLeadersRequest>;
export type ElectLeadersRequestDraft = Draft<typeof electLeadersRequest>;

export const electLeadersResponse = message(
  { name: 'ElectLeadersResponse', key: 43, versions: [0, 2], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    errorCode: since(1, int16),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({
        partitionId: int32,
        errorCode: int16,
        errorMessage: nullable(string),
      }),
    }),
  },
);
export type ElectLeadersResponse = Body<typeof electLeadersResponse>;
export type ElectLeadersResponseDraft = Draft<typeof electLeadersResponse>;

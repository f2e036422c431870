/**
 * OffsetDelete (api key 47): forget committed offsets of a group. Version 0, never flexible.
 *
 * Refused for topics that a member of the group is subscribed to (KIP-496).
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, message, string } from '../schema.ts';

export const offsetDeleteRequest = message(
  { name: 'OffsetDeleteRequest', key: 47, versions: [0, 0], flexibleFrom: null },
  {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
);
export type OffsetDeleteRequest = Body<typeof offsetDeleteRequest>;
export type OffsetDeleteRequestDraft = Draft<typeof offsetDeleteRequest>;

export const offsetDeleteResponse = message(
  { name: 'OffsetDeleteResponse', key: 47, versions: [0, 0], flexibleFrom: null },
  {
    errorCode: int16,
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
export type OffsetDeleteResponse = Body<typeof offsetDeleteResponse>;
export type OffsetDeleteResponseDraft = Draft<typeof offsetDeleteResponse>;

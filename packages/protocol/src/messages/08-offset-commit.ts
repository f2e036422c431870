/**
 * OffsetCommit (api key 8): store the positions of a group. Versions 2-10, flexible from 8.
 *
 * 2-4 carry a retention time, dropped since. 6 adds the leader epoch of the last record read, 7 static members
 * (KIP-345), 9 is the first that KIP-848 consumer groups use (the generation field is then the member epoch), 10 names
 * topics by id.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, nullable, since, string, until, uuid, withDefault } from '../schema.ts';

export const offsetCommitRequest = message(
  { name: 'OffsetCommitRequest', key: 8, versions: [2, 10], flexibleFrom: 8 },
  {
    groupId: string,
    /** -1 for a commit outside of group management. */
    generationIdOrMemberEpoch: withDefault(int32, -1),
    memberId: string,
    groupInstanceId: since(7, nullable(string), null),
    retentionTimeMs: until(4, int64, -1),
    topics: array({
      name: until(9, string),
      topicId: since(10, uuid),
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: since(6, int32, -1),
        committedMetadata: nullable(string),
      }),
    }),
  },
);
export type OffsetCommitRequest = Body<typeof offsetCommitRequest>;
export type OffsetCommitRequestDraft = Draft<typeof offsetCommitRequest>;

export const offsetCommitResponse = message(
  { name: 'OffsetCommitResponse', key: 8, versions: [2, 10], flexibleFrom: 8 },
  {
    throttleTimeMs: since(3, int32),
    topics: array({
      name: until(9, string),
      topicId: since(10, uuid),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
);
export type OffsetCommitResponse = Body<typeof offsetCommitResponse>;
export type OffsetCommitResponseDraft = Draft<typeof offsetCommitResponse>;

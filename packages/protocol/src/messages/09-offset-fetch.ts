/**
 * OffsetFetch (api key 9): the stored positions of groups. Versions 1-10, flexible from 6.
 *
 * 2 answers a group error code and takes null for "all topics", 5 answers leader epochs, 7 can wait for transactions
 * (requireStable, KIP-447), 8 asks for many groups at once in place of one, 9 adds member id and epoch (KIP-848), 10 names
 * topics by id.
 */
import type { Body, Draft } from '../schema.ts';
import {
  array,
  between,
  boolean,
  int16,
  int32,
  int64,
  message,
  nullable,
  since,
  string,
  until,
  uuid,
  withDefault,
} from '../schema.ts';

export const offsetFetchRequest = message(
  { name: 'OffsetFetchRequest', key: 9, versions: [1, 10], flexibleFrom: 6 },
  {
    groupId: until(7, string),
    topics: until(
      7,
      nullable(
        array({
          name: string,
          partitionIndexes: array(int32),
        }),
        2,
      ),
    ),
    groups: since(
      8,
      array({
        groupId: string,
        memberId: since(9, nullable(string), null),
        memberEpoch: since(9, int32, -1),
        topics: nullable(
          array({
            name: until(9, string),
            topicId: since(10, uuid),
            partitionIndexes: array(int32),
          }),
        ),
      }),
    ),
    requireStable: since(7, boolean, false),
  },
);
export type OffsetFetchRequest = Body<typeof offsetFetchRequest>;
export type OffsetFetchRequestDraft = Draft<typeof offsetFetchRequest>;

export const offsetFetchResponse = message(
  { name: 'OffsetFetchResponse', key: 9, versions: [1, 10], flexibleFrom: 6 },
  {
    throttleTimeMs: since(3, int32),
    topics: until(
      7,
      array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: since(5, int32, -1),
          metadata: nullable(string),
          errorCode: int16,
        }),
      }),
    ),
    errorCode: between([2, 7], int16, 0),
    groups: since(
      8,
      array({
        groupId: string,
        topics: array({
          name: until(9, string),
          topicId: since(10, uuid),
          partitions: array({
            partitionIndex: int32,
            committedOffset: int64,
            committedLeaderEpoch: withDefault(int32, -1),
            metadata: nullable(string),
            errorCode: int16,
          }),
        }),
        errorCode: withDefault(int16, 0),
      }),
    ),
  },
);
export type OffsetFetchResponse = Body<typeof offsetFetchResponse>;
export type OffsetFetchResponseDraft = Draft<typeof offsetFetchResponse>;

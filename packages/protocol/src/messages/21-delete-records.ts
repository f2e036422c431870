/**
 * DeleteRecords (api key 21): raise the start of partitions. Versions 0-2, flexible from 2.
 *
 * An offset of -1 stands for the high watermark.
 */
import type { Body, Draft } from '../schema.ts';
import { array, int16, int32, int64, message, string } from '../schema.ts';

export const deleteRecordsRequest = message(
  { name: 'DeleteRecordsRequest', key: 21, versions: [0, 2], flexibleFrom: 2 },
  {
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        offset: int64,
      }),
    }),
    timeoutMs: int32,
  },
);
export type DeleteRecordsRequest = Body<typeof deleteRecordsRequest>;
export type DeleteRecordsRequestDraft = Draft<typeof deleteRecordsRequest>;

export const deleteRecordsResponse = message(
  { name: 'DeleteRecordsResponse', key: 21, versions: [0, 2], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        lowWatermark: int64,
        errorCode: int16,
      }),
    }),
  },
);
export type DeleteRecordsResponse = Body<typeof deleteRecordsResponse>;
export type DeleteRecordsResponseDraft = Draft<typeof deleteRecordsResponse>;

/**
 * DescribeLogDirs (api key 35): log directories and the size of their partitions. Versions 1-5, flexible from 2.
 *
 * 3 adds a top-level error code, 4 the total and usable bytes (KIP-827), 5 whether the directory is cordoned.
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int64, message, nullable, since, string } from '../schema.ts';

export const describeLogDirsRequest = message(
  { name: 'DescribeLogDirsRequest', key: 35, versions: [1, 5], flexibleFrom: 2 },
  {
    topics: nullable(
      array({
        topic: string,
        partitions: array(int32),
      }),
    ),
  },
);
export type DescribeLogDirsRequest = Body<typeof describeLogDirsRequest>;
export type DescribeLogDirsRequestDraft = Draft<typeof describeLogDirsRequest>;

export const describeLogDirsResponse = message(
  { name: 'DescribeLogDirsResponse', key: 35, versions: [1, 5], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    errorCode: since(3, int16),
    results: array({
      errorCode: int16,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: boolean,
        }),
      }),
      totalBytes: since(4, int64, -1),
      usableBytes: since(4, int64, -1),
      isCordoned: since(5, boolean, false),
    }),
  },
);
export type DescribeLogDirsResponse = Body<typeof describeLogDirsResponse>;
export type DescribeLogDirsResponseDraft = Draft<typeof describeLogDirsResponse>;

/**
 * Fetch (api key 1): read record batches of partitions. Versions 4-18, flexible from 12.
 *
 * 4 is the oldest with transactional reads. 5 adds logStartOffset, 7 incremental sessions (KIP-227), 9 the leader epoch
 * check (KIP-320), 11 rack ids (KIP-392), 12 divergence detection (KIP-595), 13 topic ids, 15 the replica's epoch (KIP-903),
 * 16 node endpoints (KIP-951), 17 directory ids (KIP-853), 18 the follower's high watermark (KIP-1166).
 * Consumers send it; our followers do not: replication between brokers is gRPC.
 */
import type { Body, Draft } from '../schema.ts';
import {
  array,
  int16,
  int32,
  int32Max,
  int64,
  int64Max,
  int8,
  message,
  nullable,
  records,
  since,
  string,
  struct,
  tagged,
  until,
  uuid,
  withDefault,
} from '../schema.ts';

export const fetchRequest = message(
  { name: 'FetchRequest', key: 1, versions: [4, 18], flexibleFrom: 12 },
  {
    clusterId: tagged(0, since(12, nullable(string), null)),
    replicaId: until(14, int32, -1),
    replicaState: tagged(
      1,
      since(
        15,
        struct({
          replicaId: withDefault(int32, -1),
          replicaEpoch: withDefault(int64, -1),
        }),
      ),
    ),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: withDefault(int32, int32Max),
    /** 0 reads everything below the high watermark, 1 only below the last stable offset. */
    isolationLevel: withDefault(int8, 0),
    /** 0 with epoch -1 is a full fetch outside of any session. */
    sessionId: since(7, int32, 0),
    sessionEpoch: since(7, int32, -1),
    topics: array({
      topic: until(12, string),
      topicId: since(13, uuid),
      partitions: array({
        partition: int32,
        currentLeaderEpoch: since(9, int32, -1),
        fetchOffset: int64,
        lastFetchedEpoch: since(12, int32, -1),
        logStartOffset: since(5, int64, -1),
        partitionMaxBytes: int32,
        replicaDirectoryId: tagged(0, since(17, uuid)),
        highWatermark: tagged(1, since(18, int64, int64Max)),
      }),
    }),
    forgottenTopicsData: since(
      7,
      array({
        topic: until(12, string),
        topicId: since(13, uuid),
        partitions: array(int32),
      }),
    ),
    rackId: since(11, string, ''),
  },
);
export type FetchRequest = Body<typeof fetchRequest>;
export type FetchRequestDraft = Draft<typeof fetchRequest>;

export const fetchResponse = message(
  { name: 'FetchResponse', key: 1, versions: [4, 18], flexibleFrom: 12 },
  {
    throttleTimeMs: int32,
    errorCode: since(7, int16),
    sessionId: since(7, int32, 0),
    responses: array({
      topic: until(12, string),
      topicId: since(13, uuid),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        /** -1 where it is unknown, as on errors. */
        lastStableOffset: withDefault(int64, -1),
        logStartOffset: since(5, int64, -1),
        divergingEpoch: tagged(
          0,
          since(
            12,
            struct({
              epoch: withDefault(int32, -1),
              endOffset: withDefault(int64, -1),
            }),
          ),
        ),
        currentLeader: tagged(
          1,
          since(
            12,
            struct({
              leaderId: withDefault(int32, -1),
              leaderEpoch: withDefault(int32, -1),
            }),
          ),
        ),
        snapshotId: tagged(
          2,
          since(
            12,
            struct({
              endOffset: withDefault(int64, -1),
              epoch: withDefault(int32, -1),
            }),
          ),
        ),
        abortedTransactions: nullable(
          array({
            producerId: int64,
            firstOffset: int64,
          }),
        ),
        /** The replica to read from instead, -1 for this one (KIP-392). */
        preferredReadReplica: since(11, int32, -1),
        records: nullable(records),
      }),
    }),
    nodeEndpoints: tagged(
      0,
      since(
        16,
        array({
          nodeId: int32,
          host: string,
          port: int32,
          rack: withDefault(nullable(string), null),
        }),
      ),
    ),
  },
);
export type FetchResponse = Body<typeof fetchResponse>;
export type FetchResponseDraft = Draft<typeof fetchResponse>;

/**
 * Produce (api key 0): append record batches to partitions. Versions 3-13, flexible from 9.
 *
 * 3 is the oldest that carries message format v2 and the transactional id; 0-2 are advertised for a librdkafka bug
 * (KAFKA-18659) and refused. 5 answers logStartOffset, 7 allows zstd, 8 answers recordErrors (KIP-467), 10 answers the new
 * leader when it has moved (KIP-951), 12 adds partitions to the transaction by itself (KIP-890), 13 names topics by id.
 */
import type { Body, Draft } from '../schema.ts';
import {
  array,
  int16,
  int32,
  int64,
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

export const produceRequest = message(
  { name: 'ProduceRequest', key: 0, versions: [3, 13], flexibleFrom: 9 },
  {
    transactionalId: withDefault(nullable(string), null),
    /** 0 none, 1 the leader, -1 all in-sync replicas. */
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: until(12, string),
      topicId: since(13, uuid),
      partitionData: array({
        index: int32,
        records: nullable(records),
      }),
    }),
  },
);
export type ProduceRequest = Body<typeof produceRequest>;
export type ProduceRequestDraft = Draft<typeof produceRequest>;

export const produceResponse = message(
  { name: 'ProduceResponse', key: 0, versions: [3, 13], flexibleFrom: 9 },
  {
    responses: array({
      name: until(12, string),
      topicId: since(13, uuid),
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        /** -1 unless the topic stamps records at append time. */
        logAppendTimeMs: withDefault(int64, -1),
        logStartOffset: since(5, int64, -1),
        recordErrors: since(
          8,
          array({
            batchIndex: int32,
            batchIndexErrorMessage: withDefault(nullable(string), null),
          }),
        ),
        errorMessage: since(8, nullable(string), null),
        currentLeader: tagged(
          0,
          since(
            10,
            struct({
              leaderId: withDefault(int32, -1),
              leaderEpoch: withDefault(int32, -1),
            }),
          ),
        ),
      }),
    }),
    throttleTimeMs: withDefault(int32, 0),
    /** The leaders that `currentLeader` names. */
    nodeEndpoints: tagged(
      0,
      since(
        10,
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
export type ProduceResponse = Body<typeof produceResponse>;
export type ProduceResponseDraft = Draft<typeof produceResponse>;

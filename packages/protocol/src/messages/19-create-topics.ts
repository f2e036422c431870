/**
 * CreateTopics (api key 19): create topics. Versions 2-7, flexible from 5.
 *
 * 4 lets partitions and replication factor be -1, the broker's default (KIP-464). 5 answers the topic's configuration
 * (KIP-525), 6 may answer THROTTLING_QUOTA_EXCEEDED, 7 answers the topic id.
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int8, message, nullable, since, string, tagged, uuid, withDefault } from '../schema.ts';

export const createTopicsRequest = message(
  { name: 'CreateTopicsRequest', key: 19, versions: [2, 7], flexibleFrom: 5 },
  {
    topics: array({
      name: string,
      /** -1 for the broker's default, and beside `assignments`. */
      numPartitions: int32,
      /** As `numPartitions`. */
      replicationFactor: int16,
      assignments: array({
        partitionIndex: int32,
        brokerIds: array(int32),
      }),
      configs: array({
        name: string,
        value: nullable(string),
      }),
    }),
    timeoutMs: withDefault(int32, 60000),
    validateOnly: withDefault(boolean, false),
  },
);
export type CreateTopicsRequest = Body<typeof createTopicsRequest>;
export type CreateTopicsRequestDraft = Draft<typeof createTopicsRequest>;

export const createTopicsResponse = message(
  { name: 'CreateTopicsResponse', key: 19, versions: [2, 7], flexibleFrom: 5 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      topicId: since(7, uuid),
      errorCode: int16,
      errorMessage: nullable(string),
      topicConfigErrorCode: tagged(0, since(5, int16)),
      numPartitions: since(5, int32, -1),
      replicationFactor: since(5, int16, -1),
      configs: since(
        5,
        nullable(
          array({
            name: string,
            value: nullable(string),
            readOnly: boolean,
            configSource: withDefault(int8, -1),
            isSensitive: boolean,
          }),
        ),
      ),
    }),
  },
);
export type CreateTopicsResponse = Body<typeof createTopicsResponse>;
export type CreateTopicsResponseDraft = Draft<typeof createTopicsResponse>;

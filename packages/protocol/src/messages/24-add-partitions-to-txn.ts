/**
 * AddPartitionsToTxn (api key 24): enlist partitions in a transaction. Versions 0-5, flexible from 3.
 *
 * 0-3 come from clients and name one transaction; from 4 on brokers verify many at once (verifyOnly, KIP-890). 2 may answer
 * PRODUCER_FENCED, 5 TRANSACTION_ABORTABLE.
 */
import type { Body, Draft } from '../schema.ts';
import { array, boolean, int16, int32, int64, message, since, string, until, withDefault } from '../schema.ts';

const addPartitionsToTxnTopic = {
  name: string,
  partitions: array(int32),
};

export const addPartitionsToTxnRequest = message(
  { name: 'AddPartitionsToTxnRequest', key: 24, versions: [0, 5], flexibleFrom: 3 },
  {
    transactions: since(
      4,
      array({
        transactionalId: string,
        producerId: int64,
        producerEpoch: int16,
        verifyOnly: withDefault(boolean, false),
        topics: array(addPartitionsToTxnTopic),
      }),
    ),
    v3AndBelowTransactionalId: until(3, string),
    v3AndBelowProducerId: until(3, int64),
    v3AndBelowProducerEpoch: until(3, int16),
    v3AndBelowTopics: until(3, array(addPartitionsToTxnTopic)),
  },
);
export type AddPartitionsToTxnRequest = Body<typeof addPartitionsToTxnRequest>;
export type AddPartitionsToTxnRequestDraft = Draft<typeof addPartitionsToTxnRequest>;

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32,
  partitionErrorCode: int16,
};

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
};

export const addPartitionsToTxnResponse = message(
  { name: 'AddPartitionsToTxnResponse', key: 24, versions: [0, 5], flexibleFrom: 3 },
  {
    throttleTimeMs: int32,
    errorCode: since(4, int16),
    resultsByTransaction: since(
      4,
      array({
        transactionalId: string,
        topicResults: array(addPartitionsToTxnTopicResult),
      }),
    ),
    resultsByTopicV3AndBelow: until(3, array(addPartitionsToTxnTopicResult)),
  },
);
export type AddPartitionsToTxnResponse = Body<typeof addPartitionsToTxnResponse>;
export type AddPartitionsToTxnResponseDraft = Draft<typeof addPartitionsToTxnResponse>;

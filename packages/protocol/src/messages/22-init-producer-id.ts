/**
 * InitProducerId (api key 22): a producer id for idempotence or transactions. Versions 0-6, flexible from 2.
 *
 * 3 lets a producer resume with the id and epoch it has (KIP-360), 4 may answer PRODUCER_FENCED, 5 TRANSACTION_ABORTABLE.
 * 6 (two-phase commit, KIP-939) is unstable in Kafka 4.3 and not offered.
 */
import type { Body, Draft } from '../schema.ts';
import { boolean, int16, int32, int64, message, nullable, since, string, withDefault } from '../schema.ts';

export const initProducerIdRequest = message(
  { name: 'InitProducerIdRequest', key: 22, versions: [0, 6], flexibleFrom: 2 },
  {
    transactionalId: nullable(string),
    transactionTimeoutMs: int32,
    producerId: since(3, int64, -1),
    producerEpoch: since(3, int16, -1),
    enable2Pc: since(6, boolean, false),
    keepPreparedTxn: since(6, boolean, false),
  },
);
export type InitProducerIdRequest = Body<typeof initProducerIdRequest>;
export type InitProducerIdRequestDraft = Draft<typeof initProducerIdRequest>;

export const initProducerIdResponse = message(
  { name: 'InitProducerIdResponse', key: 22, versions: [0, 6], flexibleFrom: 2 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: withDefault(int64, -1),
    producerEpoch: int16,
    ongoingTxnProducerId: since(6, int64, -1),
    ongoingTxnProducerEpoch: since(6, int16, -1),
  },
);
export type InitProducerIdResponse = Body<typeof initProducerIdResponse>;
export type InitProducerIdResponseDraft = Draft<typeof initProducerIdResponse>;

/**
 * AddOffsetsToTxn (api key 25): enlist a group's offsets in a transaction. Versions 0-4, flexible from 3.
 *
 * 2 may answer PRODUCER_FENCED, 4 TRANSACTION_ABORTABLE (KIP-890).
 */
import type { Body, Draft } from '../schema.ts';
import { int16, int32, int64, message, string } from '../schema.ts';

export const addOffsetsToTxnRequest = message(
  { name: 'AddOffsetsToTxnRequest', key: 25, versions: [0, 4], flexibleFrom: 3 },
  {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    groupId: string,
  },
);
export type AddOffsetsToTxnRequest = Body<typeof addOffsetsToTxnRequest>;
export type AddOffsetsToTxnRequestDraft = Draft<typeof addOffsetsToTxnRequest>;

export const addOffsetsToTxnResponse = message(
  { name: 'AddOffsetsToTxnResponse', key: 25, versions: [0, 4], flexibleFrom: 3 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
  },
);
export type AddOffsetsToTxnResponse = Body<typeof addOffsetsToTxnResponse>;
export type AddOffsetsToTxnResponseDraft = Draft<typeof addOffsetsToTxnResponse>;

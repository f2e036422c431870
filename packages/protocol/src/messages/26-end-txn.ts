/**
 * EndTxn (api key 26): commit or abort a transaction. Versions 0-5, flexible from 3.
 *
 * 2 may answer PRODUCER_FENCED, 4 TRANSACTION_ABORTABLE, 5 answers the producer id and the epoch, bumped with every
 * transaction (KIP-890 part 2).
 */
import type { Body, Draft } from '../schema.ts';
import { boolean, int16, int32, int64, message, since, string } from '../schema.ts';

export const endTxnRequest = message(
  { name: 'EndTxnRequest', key: 26, versions: [0, 5], flexibleFrom: 3 },
  {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    /** True commits, false aborts. */
    committed: boolean,
  },
);
export type EndTxnRequest = Body<typeof endTxnRequest>;
export type EndTxnRequestDraft = Draft<typeof endTxnRequest>;

export const endTxnResponse = message(
  { name: 'EndTxnResponse', key: 26, versions: [0, 5], flexibleFrom: 3 },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: since(5, int64, -1),
    producerEpoch: since(5, int16, -1),
  },
);
export type EndTxnResponse = Body<typeof endTxnResponse>;
export type EndTxnResponseDraft = Draft<typeof endTxnResponse>;

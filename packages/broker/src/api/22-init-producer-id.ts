/**
 * InitProducerId v0–5: an id for an idempotent producer, from a block that the controller has committed (C4).
 *
 * A producer that gives the id and epoch it has gets a fresh pair as well, as in Kafka: without a transactional id there
 * is nobody who remembers the old one. Gap: a transactional id is answered UNSUPPORTED_VERSION, which is fatal to Java's
 * producer. Clients ask FindCoordinator before, though, and fail there already, with a text that names the reason.
 */
import { ApiKey, ErrorCode, initProducerIdRequest, initProducerIdResponse } from '@jackdaw/protocol';
import type { InitProducerIdRequest, InitProducerIdResponseDraft } from '@jackdaw/protocol';
import { defineHandler } from './handler.ts';
import { transactionsUnsupported } from './unsupported.ts';

export const initProducerIdHandler = defineHandler({
  apiKey: ApiKey.InitProducerId,
  request: initProducerIdRequest,
  response: initProducerIdResponse,
  handle: async (broker, request) => {
    const error = refusalOf(request);
    if (error !== ErrorCode.NONE) return failed(error);
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, producerId: await broker.producerIds.next(), producerEpoch: 0 };
  },
  refuse: (_request, { errorCode }) => failed(errorCode),
});

function refusalOf({ transactionalId, producerId, producerEpoch }: InitProducerIdRequest): number {
  if ((producerId === -1) !== (producerEpoch === -1) || transactionalId === '') return ErrorCode.INVALID_REQUEST;
  return transactionalId === null ? ErrorCode.NONE : transactionsUnsupported.errorCode;
}

function failed(errorCode: number): InitProducerIdResponseDraft {
  return { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
}

/**
 * AllocateProducerIds (67): a broker gets a block of producer ids for InitProducerId.
 *
 * The block is used only once its record is committed, so an id is never given twice, whoever crashes (C4).
 */

import type { AllocateProducerIdsRequest, AllocateProducerIdsResponseDraft } from '@jackdaw/protocol';
import { assert } from '@jackdaw/base';
import type { MetadataImage } from '../image.ts';
import type { ApiError } from './api-error.ts';
import { checkBrokerEpoch } from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = AllocateProducerIdsResponseDraft;

/** Ids in a block. */
export const producerIdBlockSize = 1_000;

export function allocateProducerIds(
  image: MetadataImage,
  request: AllocateProducerIdsRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const { brokerId, brokerEpoch } = request;
  const decision = new Decision(image, context);
  const error = checkBrokerEpoch(image, brokerId, brokerEpoch);
  if (error !== null) return decision.result(failedAllocateProducerIds(error));
  const producerIdStart = image.nextProducerId;
  const nextProducerId = producerIdStart + producerIdBlockSize;
  assert(Number.isSafeInteger(nextProducerId), 'the producer ids are exhausted');
  decision.push({ type: 'producerIds', brokerId, brokerEpoch, nextProducerId });
  return decision.result({ throttleTimeMs: 0, errorCode: 0, producerIdStart, producerIdLen: producerIdBlockSize });
}

export function failedAllocateProducerIds(error: ApiError): Response {
  return { throttleTimeMs: 0, errorCode: error.errorCode, producerIdStart: 0, producerIdLen: 0 };
}

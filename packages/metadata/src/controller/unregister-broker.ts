/**
 * UnregisterBroker (64): an operator says that a broker will not come back. It leaves every ISR and the table of
 * brokers; its replicas stay assigned to it until they are reassigned, as in Kafka.
 */

import type { UnregisterBrokerRequest, UnregisterBrokerResponseDraft } from '@jackdaw/protocol';
import type { MetadataImage } from '../image.ts';
import { apiError, type ApiError } from './api-error.ts';
import { cleanUpAfterShutdown } from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = UnregisterBrokerResponseDraft;

export function unregisterBroker(
  image: MetadataImage,
  request: UnregisterBrokerRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const { brokerId } = request;
  const decision = new Decision(image, context);
  const broker = image.brokers.get(brokerId);
  if (broker === undefined) {
    const error = apiError('BROKER_ID_NOT_REGISTERED', `Broker ID ${brokerId} is not currently registered`);
    return decision.result(failedUnregisterBroker(error));
  }
  cleanUpAfterShutdown(image, decision, { brokerId, isClean: false });
  decision.push({ type: 'unregisterBroker', brokerId, brokerEpoch: broker.brokerEpoch });
  decision.events.push({ type: 'broker-unregistered', brokerId, brokerEpoch: broker.brokerEpoch });
  context.heartbeats.remove(brokerId);
  return decision.result({ throttleTimeMs: 0, errorCode: 0, errorMessage: null });
}

export function failedUnregisterBroker(error: ApiError): Response {
  return { throttleTimeMs: 0, ...error };
}

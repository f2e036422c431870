/**
 * UnregisterBroker v0: an operator says that a broker will not come back; carried out by the controller.
 */
import { ApiKey, unregisterBrokerRequest, unregisterBrokerResponse } from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler } from './handler.ts';
import { controllerTimeoutMs } from './image-waits.ts';

export const unregisterBrokerHandler = defineHandler({
  apiKey: ApiKey.UnregisterBroker,
  request: unregisterBrokerRequest,
  response: unregisterBrokerResponse,
  handle: (broker, request) => broker.controller.call(controllerApis.unregisterBroker, request, controllerTimeoutMs(broker)),
  refuse: (_request, refusal) => ({ throttleTimeMs: 0, ...refusal }),
});

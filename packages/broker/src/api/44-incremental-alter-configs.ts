/**
 * IncrementalAlterConfigs v0–1: sets, deletes, appends to or subtracts from single settings (KIP-339).
 *
 * A broker's own resource is taken by that broker only, its log level never leaves it; the controller validates and stores
 * everything else (`ConfigAdminManager`).
 */
import { configResourceTypes, type ApiError } from '@jackdaw/metadata';
import { ApiKey, incrementalAlterConfigsRequest, incrementalAlterConfigsResponse } from '@jackdaw/protocol';
import type { IncrementalAlterConfigsRequest } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { controllerApis } from '../quorum/controller-apis.ts';
import { alterLoggers } from './broker-loggers.ts';
import { alterResources, checkNodeId, checkResource, refuseAlterations } from './config-alterations.ts';
import { defineHandler } from './handler.ts';
import { controllerTimeoutMs } from './image-waits.ts';

export const incrementalAlterConfigsHandler = defineHandler({
  apiKey: ApiKey.IncrementalAlterConfigs,
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
  handle: async (broker, request) => ({
    throttleTimeMs: 0,
    responses: await alterResources(request.resources, {
      settle: (resource) => settle(broker, resource, request),
      forward: async (resources) => {
        const left = { ...request, resources };
        return (await broker.controller.call(controllerApis.incrementalAlterConfigs, left, controllerTimeoutMs(broker)))
          .responses;
      },
    }),
  }),
  refuse: (request, refusal) => ({ throttleTimeMs: 0, responses: refuseAlterations(request.resources, refusal) }),
});

function settle(
  broker: BrokerServices,
  resource: IncrementalAlterConfigsRequest['resources'][number],
  { validateOnly }: IncrementalAlterConfigsRequest,
): ApiError | null {
  if (resource.resourceType !== configResourceTypes.brokerLogger) return checkResource(broker.nodeId, resource);
  const wrongNode = checkNodeId(broker.nodeId, resource.resourceName, 'node id. Expected');
  return wrongNode ?? alterLoggers(broker.logger, resource.configs, { validateOnly });
}

/**
 * AlterConfigs v0–2: replaces all overrides of resources; the older way, which does not know log levels.
 *
 * A broker's own resource is taken by that broker only; the controller validates and stores (`ConfigAdminManager`).
 */
import { alterConfigsRequest, alterConfigsResponse, ApiKey } from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { alterResources, checkResource, refuseAlterations } from './config-alterations.ts';
import { defineHandler } from './handler.ts';
import { controllerTimeoutMs } from './image-waits.ts';

export const alterConfigsHandler = defineHandler({
  apiKey: ApiKey.AlterConfigs,
  request: alterConfigsRequest,
  response: alterConfigsResponse,
  handle: async (broker, request) => ({
    throttleTimeMs: 0,
    responses: await alterResources(request.resources, {
      settle: (resource) => checkResource(broker.nodeId, resource),
      forward: async (resources) => {
        const left = { ...request, resources };
        return (await broker.controller.call(controllerApis.alterConfigs, left, controllerTimeoutMs(broker))).responses;
      },
    }),
  }),
  refuse: (request, refusal) => ({ throttleTimeMs: 0, responses: refuseAlterations(request.resources, refusal) }),
});

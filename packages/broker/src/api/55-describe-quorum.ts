/**
 * DescribeQuorum v0–2: who votes on the metadata and how far each node is, as the quorum's leader sees it.
 *
 * Only the leader knows, so the request goes there over the controller link (quorum/describe-quorum.ts answers it) and
 * any broker may be asked. Exactly `__cluster_metadata`-0 can be described.
 */
import { ApiKey, describeQuorumRequest, describeQuorumResponse, errorName } from '@jackdaw/protocol';
import { controllerApis } from '../quorum/controller-apis.ts';
import { defineHandler } from './handler.ts';
import { controllerTimeoutMs } from './image-waits.ts';

export const describeQuorumHandler = defineHandler({
  apiKey: ApiKey.DescribeQuorum,
  request: describeQuorumRequest,
  response: describeQuorumResponse,
  handle: (broker, request) => broker.controller.call(controllerApis.describeQuorum, request, controllerTimeoutMs(broker)),
  refuse: (_request, { errorCode }) => ({ errorCode, errorMessage: errorName(errorCode), topics: [], nodes: [] }),
});

/**
 * ListConfigResources v0–1: the names of everything that has settings; v0 lists client metrics only (KIP-1142).
 *
 * Topics and brokers have settings from the start, groups and client metrics once somebody has set something.
 */
import { configResourceTypes, type MetadataImage } from '@jackdaw/metadata';
import { ApiKey, ErrorCode, listConfigResourcesRequest, listConfigResourcesResponse } from '@jackdaw/protocol';
import { defineHandler } from './handler.ts';

const { topic, broker: brokerType, brokerLogger, clientMetrics, group } = configResourceTypes;

/** In the order in which Kafka lists them. */
const allTypes = [group, clientMetrics, brokerLogger, brokerType, topic];

export const listConfigResourcesHandler = defineHandler({
  apiKey: ApiKey.ListConfigResources,
  request: listConfigResourcesRequest,
  response: listConfigResourcesResponse,
  handle: (broker, request, { version, connection }) => {
    const supported: readonly number[] = version === 0 ? [clientMetrics] : allTypes;
    const wanted = request.resourceTypes.length === 0 ? supported : request.resourceTypes;
    if (wanted.some((type) => !supported.includes(type))) {
      return { throttleTimeMs: 0, errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] };
    }
    const configResources = allTypes
      .filter((type) => wanted.includes(type))
      .flatMap((resourceType) =>
        namesOf(broker.image(), resourceType, connection.listenerName).map((resourceName) => ({ resourceName, resourceType })),
      );
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, configResources };
  },
  refuse: (_request, { errorCode }) => ({ throttleTimeMs: 0, errorCode, configResources: [] }),
});

function namesOf(image: MetadataImage, resourceType: number, listenerName: string): string[] {
  switch (resourceType) {
    case topic:
      return [...image.topicIdsByName.keys()];
    case brokerType:
    case brokerLogger:
      return [...image.brokers.values()]
        .filter(({ endPoints }) => endPoints.some(({ name }) => name === listenerName))
        .map(({ brokerId }) => String(brokerId));
    default:
      return [...image.configs.values()].filter((it) => it.resourceType === resourceType).map(({ resourceName }) => resourceName);
  }
}

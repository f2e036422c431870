/**
 * DescribeConfigs v1–4: settings of topics, groups, client metrics, all brokers ('') and this broker, log levels included.
 *
 * Every entry comes with where its value is from and, if asked, with every other place that could have said it. A broker
 * only tells its own settings: another one's are INVALID_REQUEST, clients ask that broker itself.
 */
import {
  apiError,
  configResourceTypes,
  describeConfigs,
  invalidTopicName,
  type ApiError,
  type ConfigEntry,
} from '@jackdaw/metadata';
import type { DescribedResource } from '@jackdaw/metadata';
import { ApiKey, describeConfigsRequest, describeConfigsResponse, ErrorCode } from '@jackdaw/protocol';
import type { DescribeConfigsRequest, DescribeConfigsResponseDraft } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { describeLoggers } from './broker-loggers.ts';
import { intOf } from './config-alterations.ts';
import { defineHandler } from './handler.ts';

type Resource = DescribeConfigsRequest['resources'][number];
type Result = DescribeConfigsResponseDraft['results'][number];

const knownTypes: ReadonlySet<number> = new Set(Object.values(configResourceTypes));

/** Resources that any name describes: nothing bounds their number but this. Topics and brokers must be there. */
const nameableTypes: ReadonlySet<number> = new Set([configResourceTypes.group, configResourceTypes.clientMetrics]);
const maxNamedResources = 1_000;

export const describeConfigsHandler = defineHandler({
  apiKey: ApiKey.DescribeConfigs,
  request: describeConfigsRequest,
  response: describeConfigsResponse,
  handle: (broker, request) => {
    const strange = request.resources.find(({ resourceType }) => !knownTypes.has(resourceType));
    if (strange !== undefined) {
      const message = `Unexpected resource type ${strange.resourceType} for resource ${strange.resourceName}`;
      return refuseAll(request, apiError('INVALID_REQUEST', message));
    }
    const wanted = distinct(request.resources);
    const unbounded = wanted.filter(({ resourceType }) => nameableTypes.has(resourceType));
    if (unbounded.length > maxNamedResources) {
      const message = `${unbounded.length} groups and metrics subscriptions in one request are more than ${maxNamedResources}`;
      return refuseAll(request, apiError('INVALID_REQUEST', message));
    }
    return { throttleTimeMs: 0, results: wanted.map((resource) => describe(broker, resource, request)) };
  },
  refuse: (request, refusal) => refuseAll(request, refusal),
});

/** Each resource once: a description is ten thousand times as long as the name of what is described. */
function distinct(resources: readonly Resource[]): Resource[] {
  return [...new Map(resources.map((resource) => [`${resource.resourceType}/${resource.resourceName}`, resource])).values()];
}

function refuseAll(request: DescribeConfigsRequest, error: ApiError): DescribeConfigsResponseDraft {
  return { throttleTimeMs: 0, results: request.resources.map((resource) => failed(resource, error)) };
}

function describe(broker: BrokerServices, resource: Resource, request: DescribeConfigsRequest): Result {
  const found = entriesOf(broker, resource, request);
  if ('errorCode' in found) return failed(resource, found);
  const { resourceType, resourceName } = resource;
  // Kafka says '' where it has nothing to say.
  return { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs: found };
}

function entriesOf(
  broker: BrokerServices,
  { resourceType, resourceName, configurationKeys }: Resource,
  { includeSynonyms, includeDocumentation }: DescribeConfigsRequest,
): readonly ConfigEntry[] | ApiError {
  if (resourceType === configResourceTypes.brokerLogger) {
    return checkOwnLogger(broker.nodeId, resourceName) ?? describeLoggers(broker.logger, configurationKeys);
  }
  const described = describedResource(broker, resourceType, resourceName);
  if ('errorCode' in described) return described;
  const view = broker.config.view;
  return describeConfigs(described, { view, names: configurationKeys, includeSynonyms, includeDocumentation });
}

function describedResource(broker: BrokerServices, resourceType: number, name: string): DescribedResource | ApiError {
  const overrides = broker.image().overridesOf(resourceType, name);
  switch (resourceType) {
    case configResourceTypes.topic: {
      const invalid = invalidTopicName(name);
      if (invalid !== null) return apiError('INVALID_TOPIC_EXCEPTION', invalid);
      if (broker.image().topicByName(name) === null) return apiError('UNKNOWN_TOPIC_OR_PARTITION');
      return { type: 'topic', overrides };
    }
    case configResourceTypes.broker:
      if (name === '') return { type: 'cluster-default' };
      return checkOwnBroker(broker.nodeId, name) ?? { type: 'broker' };
    case configResourceTypes.clientMetrics:
      if (name === '') return apiError('INVALID_REQUEST', 'Client metrics subscription name must not be empty');
      return { type: 'client-metrics', overrides };
    default:
      if (name === '') return apiError('INVALID_REQUEST', 'Group name must not be empty');
      return { type: 'group', overrides };
  }
}

function checkOwnBroker(nodeId: number, name: string): ApiError | null {
  const id = intOf(name);
  if (id === null) return apiError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`);
  if (id === nodeId) return null;
  return apiError('INVALID_REQUEST', `Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`);
}

function checkOwnLogger(nodeId: number, name: string): ApiError | null {
  if (name === '') return apiError('INVALID_REQUEST', 'Broker id must not be empty');
  const id = intOf(name);
  if (id === null) return apiError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`);
  return id === nodeId ? null : apiError('INVALID_REQUEST', `Unexpected broker id, expected ${nodeId} but received ${name}`);
}

function failed({ resourceType, resourceName }: Resource, { errorCode, errorMessage }: ApiError): Result {
  return { errorCode, errorMessage: errorMessage ?? '', resourceType, resourceName, configs: [] };
}

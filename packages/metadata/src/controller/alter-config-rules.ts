/**
 * Which configuration changes are allowed, for AlterConfigs and IncrementalAlterConfigs: names, values, resources that
 * exist, and what KIP-966 says of `min.insync.replicas`. Codes and sentences are Kafka's (`ConfigurationControlManager`,
 * `ControllerConfigurationValidator`, `ConfigAdminManager`).
 */

import { brokerConfigKeys } from '../config/broker-keys.ts';
import type { ConfigKey } from '../config/config-key.ts';
import { clientMetricsConfigKeys, groupConfigKeys } from '../config/group-keys.ts';
import { maxConfigValueLength } from '../config/parse-value.ts';
import { topicConfigKeys } from '../config/topic-keys.ts';
import {
  validateBrokerConfigChange,
  validateClientMetricsConfig,
  validateGroupConfig,
  validateTopicConfigs,
} from '../config/validate.ts';
import type { ConfigResource, MetadataImage } from '../image.ts';
import { clusterIdConfig, configResourceTypes, type ClearElrRecord, type ConfigRecord } from '../records.ts';
import { invalidTopicName } from '../topic-name.ts';
import { apiError, type ApiError } from './api-error.ts';
import type { ControllerContext } from './operation.ts';

const minIsrConfig = 'min.insync.replicas';

/** A resource with the overrides it would have and the names that the request touches. */
export interface ConfigChangeSet extends ConfigResource {
  /** All overrides after the change. */
  readonly overrides: ReadonlyMap<string, string>;
  /** Name and new value of each override that is set or, with null, removed. */
  readonly changes: ReadonlyMap<string, string | null>;
}

/** What is wrong with a change, or null. */
export function checkConfigChange(image: MetadataImage, change: ConfigChangeSet, context: ControllerContext): ApiError | null {
  const error = checkMinIsrChange(image, change) ?? checkLengths(change);
  if (error !== null) return error;
  switch (change.resourceType) {
    case configResourceTypes.topic:
      return checkTopicResource(image, change);
    case configResourceTypes.broker:
      return checkBrokerResource(image, change, context);
    case configResourceTypes.clientMetrics:
      if (change.resourceName === '') return apiError('INVALID_REQUEST', "Subscription name can't be empty");
      return checkEach(change.overrides, validateClientMetricsConfig);
    case configResourceTypes.group:
      if (change.resourceName === '') return apiError('INVALID_REQUEST', 'Default group resources are not allowed.');
      return checkEach(change.overrides, validateGroupConfig);
    default:
      return apiError('INVALID_REQUEST', `Unknown resource type ${change.resourceType}`);
  }
}

export function checkTopicConfigs(overrides: ReadonlyMap<string, string>): ApiError | null {
  const message = validateTopicConfigs(overrides);
  return message === null ? null : apiError('INVALID_CONFIG', message);
}

/** The table's entry for a name, or null; tells lists from other types and knows defaults. */
export function configKeyFor(resourceType: number, name: string): ConfigKey | null {
  switch (resourceType) {
    case configResourceTypes.topic:
      return topicConfigKeys.get(name) ?? null;
    case configResourceTypes.broker:
      return brokerConfigKeys.get(name) ?? null;
    case configResourceTypes.clientMetrics:
      return clientMetricsConfigKeys.get(name) ?? null;
    case configResourceTypes.group:
      return groupConfigKeys.get(name) ?? null;
    default:
      return null;
  }
}

/** A changed `min.insync.replicas` makes the ELRs that it governed meaningless; they start anew (KIP-966). */
export function clearElrRecords(image: MetadataImage, records: readonly ConfigRecord[]): ClearElrRecord[] {
  if (!image.isElrEnabled()) return [];
  return records
    .filter(({ name }) => name === minIsrConfig)
    .map(({ resourceType, resourceName }) => ({
      type: 'clearElr',
      topicName: resourceType === configResourceTypes.topic ? resourceName : '',
    }));
}

/** With ELR on, all brokers must agree on min ISR: it is set for the cluster, and always set. */
function checkMinIsrChange(image: MetadataImage, { resourceType, resourceName, changes }: ConfigChangeSet): ApiError | null {
  if (!image.isElrEnabled() || resourceType !== configResourceTypes.broker || !changes.has(minIsrConfig)) return null;
  if (resourceName !== '') {
    return apiError('INVALID_CONFIG', `Broker-level ${minIsrConfig} cannot be altered while ELR is enabled.`);
  }
  if (changes.get(minIsrConfig) !== null) return null;
  return apiError('INVALID_CONFIG', `Cluster-level ${minIsrConfig} cannot be removed while ELR is enabled.`);
}

function checkLengths({ changes }: ConfigChangeSet): ApiError | null {
  for (const value of changes.values()) {
    if (value === null || value.length <= maxConfigValueLength) continue;
    const reason = `it exceeds the maximum value size of ${maxConfigValueLength} bytes.`;
    return apiError('INVALID_CONFIG', `The configuration value cannot be added because ${reason}`);
  }
  return null;
}

function checkTopicResource(image: MetadataImage, { resourceName, overrides }: ConfigChangeSet): ApiError | null {
  if (resourceName === '') return apiError('INVALID_REQUEST', 'Default topic resources are not allowed.');
  const invalid = invalidTopicName(resourceName);
  if (invalid !== null) return apiError('INVALID_TOPIC_EXCEPTION', invalid);
  const error = checkTopicConfigs(overrides);
  if (error !== null) return error;
  if (image.topicIdsByName.has(resourceName)) return null;
  return apiError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${resourceName}' does not exist.`);
}

function checkBrokerResource(
  image: MetadataImage,
  { resourceName, changes }: ConfigChangeSet,
  context: ControllerContext,
): ApiError | null {
  if (resourceName !== '') {
    const error = checkBrokerName(image, resourceName, context);
    if (error !== null) return error;
  }
  const scope = resourceName === '' ? 'cluster' : 'broker';
  for (const [name, value] of changes) {
    if (name === clusterIdConfig) return apiError('INVALID_REQUEST', `Unknown broker config name: ${clusterIdConfig}`);
    // Removing is always allowed: it may be the way to get rid of what an older version accepted.
    const message = value === null ? null : validateBrokerConfigChange({ name, value, scope });
    if (message !== null) return apiError('INVALID_REQUEST', message);
  }
  return null;
}

function checkBrokerName(image: MetadataImage, name: string, context: ControllerContext): ApiError | null {
  if (!/^[+-]?\d{1,10}$/.test(name)) return apiError('INVALID_REQUEST', 'Unable to parse broker name as a base 10 number.');
  const brokerId = Number(name);
  if (brokerId < 0) return apiError('INVALID_REQUEST', 'Invalid negative broker ID.');
  if (image.brokers.has(brokerId) || brokerId === context.controllerId) return null;
  return apiError('BROKER_ID_NOT_REGISTERED', `No node with id ${brokerId} found.`);
}

function checkEach(
  overrides: ReadonlyMap<string, string>,
  validate: (name: string, value: string) => string | null,
): ApiError | null {
  for (const [name, value] of overrides) {
    const message = validate(name, value);
    if (message !== null) return apiError('INVALID_CONFIG', message);
  }
  return null;
}

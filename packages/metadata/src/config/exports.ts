/** The public names of the configuration tables; `src/index.ts` exports this file whole. */

export type {
  ConfigImportance,
  ConfigKey,
  ConfigRule,
  ConfigStatus,
  ConfigSynonym,
  ConfigTable,
  ConfigType,
  ConfigUnit,
  ConfigUpdateMode,
  ConfigValue,
} from './config-key.ts';
export { brokerConfigKeys, isOpenBrokerKey } from './broker-keys.ts';
export { ConfigView, type ConfigLayers, type ConfigMap } from './config-view.ts';
export {
  configSources,
  describeConfigs,
  type ConfigEntry,
  type ConfigEntrySynonym,
  type ConfigSourceCode,
  type DescribedResource,
  type DescribeOptions,
} from './describe-configs.ts';
export { clientMetricsConfigKeys, groupConfigKeys } from './group-keys.ts';
export { nearestName } from './nearest-name.ts';
export { canonicalConfigText, maxConfigValueLength, parseConfigValue, splitList, type ParsedConfigValue } from './parse-value.ts';
export {
  effectiveConfigText,
  effectiveTopicConfig,
  effectiveTopicConfigText,
  type CompressionTypeName,
  type TopicConfig,
} from './topic-config.ts';
export { topicConfigKeys } from './topic-keys.ts';
export {
  validateBrokerConfigChange,
  validateClientMetricsConfig,
  validateGroupConfig,
  validateTopicConfig,
  validateTopicConfigs,
  type BrokerConfigChange,
} from './validate.ts';

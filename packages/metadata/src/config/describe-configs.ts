/**
 * The entries of a DescribeConfigs answer: value, where it comes from, and every other place that could have said it.
 * Consoles, Terraform providers and kafka-configs.sh read the synonyms, so their order and the quirk that hours do
 * not show under a key in milliseconds are Kafka's (`ConfigHelper`).
 */

import { brokerConfigKeys, isOpenBrokerKey } from './broker-keys.ts';
import type { ConfigKey, ConfigSynonym, ConfigTable, ConfigType } from './config-key.ts';
import type { ConfigMap, ConfigView } from './config-view.ts';
import { clientMetricsConfigKeys, groupConfigKeys } from './group-keys.ts';
import { canonicalConfigText } from './parse-value.ts';
import { effectiveConfigText } from './topic-config.ts';
import { topicConfigKeys } from './topic-keys.ts';

/** Kafka's `ConfigSource` codes. */
export const configSources = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  defaultConfig: 5,
  dynamicBrokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const;
export type ConfigSourceCode = (typeof configSources)[keyof typeof configSources];

export interface ConfigEntrySynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSourceCode;
}

/** One entry, field for field as DescribeConfigsResponse v4 has it. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: ConfigSourceCode;
  readonly isSensitive: boolean;
  readonly synonyms: readonly ConfigEntrySynonym[];
  readonly configType: number;
  readonly documentation: string | null;
}

export type DescribedResource =
  | { readonly type: 'topic' | 'group' | 'client-metrics'; readonly overrides: ConfigMap }
  /** This broker, all keys. */
  | { readonly type: 'broker' }
  /** The dynamic defaults of all brokers: only what is set. */
  | { readonly type: 'cluster-default' };

export interface DescribeOptions {
  readonly view: ConfigView;
  /** Which keys; null or empty is all of them. */
  readonly names?: readonly string[] | null;
  readonly includeSynonyms?: boolean;
  readonly includeDocumentation?: boolean;
}

const typeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};
const unknownTypeCode = 0;

/** Entries of the resource, sorted by name; names that are not in its table are left out, as in Kafka. */
export function describeConfigs(resource: DescribedResource, options: DescribeOptions): ConfigEntry[] {
  switch (resource.type) {
    case 'topic':
      return describeTable(topicConfigKeys, { ...options, overrides: resource.overrides, source: configSources.dynamicTopic });
    case 'group':
      return describeTable(groupConfigKeys, { ...options, overrides: resource.overrides, source: configSources.group });
    case 'client-metrics':
      return describeTable(clientMetricsConfigKeys, {
        ...options,
        overrides: resource.overrides,
        source: configSources.clientMetrics,
      });
    case 'broker':
      return [...describeBroker(options), ...describeOpenKeys(options)];
    case 'cluster-default':
      return describeClusterDefault(options);
  }
}

interface OverriddenTable extends DescribeOptions {
  readonly overrides: ConfigMap;
  readonly source: ConfigSourceCode;
}

function describeTable(table: ConfigTable, options: OverriddenTable): ConfigEntry[] {
  return keysOf(table, options).map((key) => {
    const value = effectiveConfigText(table, key.name, { overrides: options.overrides, view: options.view });
    const first = key.synonyms[0];
    const synonyms = first === undefined ? ownDefault(key, options.source) : brokerSynonyms(first.name, options.view);
    const all = options.overrides.has(key.name) ? [{ name: key.name, value, source: options.source }, ...synonyms] : synonyms;
    return entry(key, { value, all, readOnly: false, options });
  });
}

/** Only groups list a default of their own when no broker key stands behind it. */
function ownDefault(key: ConfigKey, source: ConfigSourceCode): ConfigEntrySynonym[] {
  if (source !== configSources.group) return [];
  return [{ name: key.name, value: key.defaultValue, source: configSources.defaultConfig }];
}

function describeBroker(options: DescribeOptions): ConfigEntry[] {
  return keysOf(brokerConfigKeys, options).map((key) => {
    const text = options.view.text(key.name);
    return entry(key, {
      value: text === null ? null : canonicalConfigText(key, text),
      all: brokerSynonyms(key.name, options.view),
      readOnly: key.updateMode === 'read-only',
      options,
    });
  });
}

/** Keys under an open prefix: their type is unknown, so they count as sensitive. */
function describeOpenKeys(options: DescribeOptions): ConfigEntry[] {
  return [...options.view.layers.staticBroker.keys()]
    .filter((name) => isOpenBrokerKey(name) && isWanted(name, options))
    .map((name) => ({
      name,
      value: null,
      readOnly: true,
      configSource: configSources.staticBroker,
      isSensitive: true,
      synonyms: options.includeSynonyms === true ? [{ name, value: null, source: configSources.staticBroker }] : [],
      configType: unknownTypeCode,
      documentation: null,
    }));
}

function describeClusterDefault(options: DescribeOptions): ConfigEntry[] {
  const set = options.view.layers.dynamicDefault;
  return keysOf(brokerConfigKeys, options)
    .filter((key) => set.has(key.name))
    .map((key) =>
      entry(key, {
        value: set.get(key.name) ?? null,
        all: brokerSynonyms(key.name, options.view).filter((synonym) => synonym.source === configSources.dynamicDefaultBroker),
        readOnly: key.updateMode === 'read-only',
        options,
      }),
    );
}

interface EntryParts {
  readonly value: string | null;
  /** Every place that says something, highest priority first; the first one is the source. */
  readonly all: readonly ConfigEntrySynonym[];
  readonly readOnly: boolean;
  readonly options: DescribeOptions;
}

function entry(key: ConfigKey, { value, all, readOnly, options }: EntryParts): ConfigEntry {
  return {
    name: key.name,
    value: key.sensitive ? null : value,
    readOnly,
    configSource: all[0]?.source ?? configSources.defaultConfig,
    isSensitive: key.sensitive,
    synonyms: options.includeSynonyms === true ? all : [],
    configType: typeCodes[key.type],
    documentation: options.includeDocumentation === true ? key.doc : null,
  };
}

/**
 * Layer by layer, in each layer the whole chain of names. What comes before the first mention of `name` itself is
 * dropped: so Kafka does, and so `retention.ms` by default shows no synonym, for only log.retention.hours has a default.
 */
function brokerSynonyms(name: string, view: ConfigView): ConfigEntrySynonym[] {
  const key = brokerConfigKeys.get(name);
  if (key === undefined) return [];
  const { dynamicBroker, dynamicDefault, staticBroker } = view.layers;
  const found = [
    ...inLayer(key.synonyms, configSources.dynamicBroker, (synonym) => dynamicBroker.get(synonym)),
    ...inLayer(key.synonyms, configSources.dynamicDefaultBroker, (synonym) => dynamicDefault.get(synonym)),
    ...inLayer(key.synonyms, configSources.staticBroker, (synonym) => staticBroker.get(synonym)),
    ...inLayer(key.synonyms, configSources.defaultConfig, (synonym) => brokerConfigKeys.get(synonym)?.defaultValue ?? undefined),
  ];
  const start = found.findIndex((synonym) => synonym.name === name);
  return start < 0 ? [] : found.slice(start).map((synonym) => (key.sensitive ? { ...synonym, value: null } : synonym));
}

function inLayer(
  names: readonly ConfigSynonym[],
  source: ConfigSourceCode,
  textOf: (name: string) => string | undefined,
): ConfigEntrySynonym[] {
  return names.flatMap(({ name }) => {
    const value = textOf(name);
    return value === undefined ? [] : [{ name, value, source }];
  });
}

function keysOf(table: ConfigTable, options: DescribeOptions): ConfigKey[] {
  return [...table.values()].filter((key) => isWanted(key.name, options));
}

function isWanted(name: string, options: DescribeOptions): boolean {
  const { names } = options;
  return names === undefined || names === null || names.length === 0 || names.includes(name);
}

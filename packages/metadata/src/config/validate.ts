/**
 * Checks of configurations that clients send: CreateTopics, AlterConfigs and IncrementalAlterConfigs. Each function
 * answers null or the text of an INVALID_CONFIG error, in Kafka's words where Kafka has words for it.
 *
 * Only names of the tables pass, so nothing that a client names can load code, files or environment variables.
 */

import { brokerConfigKeys } from './broker-keys.ts';
import type { ConfigTable } from './config-key.ts';
import { clientMetricsConfigKeys, groupConfigKeys } from './group-keys.ts';
import { nearestName } from './nearest-name.ts';
import { parseConfigValue } from './parse-value.ts';
import { topicConfigKeys } from './topic-keys.ts';

/** One topic configuration on its own; `value` null is refused, for removing is another operation. */
export function validateTopicConfig(name: string, value: string | null): string | null {
  return validateIn(topicConfigKeys, 'topic', { name, value });
}

/** All overrides of a topic together: each alone, then what they say of each other (`LogConfig.validate`). */
export function validateTopicConfigs(overrides: ReadonlyMap<string, string | null>): string | null {
  for (const [name, value] of overrides) {
    const error = validateTopicConfig(name, value);
    if (error !== null) return error;
  }
  const minLag = numberOf(overrides, 'min.compaction.lag.ms');
  const maxLag = numberOf(overrides, 'max.compaction.lag.ms');
  if (minLag > maxLag) {
    return `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`;
  }
  return null;
}

export interface BrokerConfigChange {
  readonly name: string;
  readonly value: string | null;
  /** `broker`: the override of one broker; `cluster`: the default of all of them (empty resource name). */
  readonly scope: 'broker' | 'cluster';
}

/** A dynamic change of a broker configuration (`DynamicBrokerConfig.validateConfigs`). */
export function validateBrokerConfigChange(change: BrokerConfigChange): string | null {
  const key = brokerConfigKeys.get(change.name);
  if (key === undefined) return unknownName(brokerConfigKeys, 'broker', change.name);
  if (key.updateMode === 'read-only') return `Cannot update these configs dynamically: [${key.name}]`;
  if (key.updateMode === 'per-broker' && change.scope === 'cluster') {
    return `Cannot update these configs at default cluster level, broker id must be specified: [${key.name}]`;
  }
  return validateIn(brokerConfigKeys, 'broker', change);
}

export function validateGroupConfig(name: string, value: string | null): string | null {
  return validateIn(groupConfigKeys, 'group', { name, value });
}

export function validateClientMetricsConfig(name: string, value: string | null): string | null {
  return validateIn(clientMetricsConfigKeys, 'client metrics', { name, value });
}

interface NamedValue {
  readonly name: string;
  readonly value: string | null;
}

function validateIn(table: ConfigTable, what: string, { name, value }: NamedValue): string | null {
  const key = table.get(name);
  if (key === undefined) return unknownName(table, what, name);
  if (value === null) return `Null value not supported for ${what} configs: ${name}`;
  const parsed = parseConfigValue(key, value);
  return parsed.ok ? null : parsed.error;
}

function unknownName(table: ConfigTable, what: string, name: string): string {
  const nearest = nearestName(name, table.keys());
  const hint = nearest === null ? '' : ` (did you mean ${nearest}?)`;
  return `Unknown ${what} config name: ${name.slice(0, 256)}${hint}`;
}

function numberOf(overrides: ReadonlyMap<string, string | null>, name: string): number {
  const key = topicConfigKeys.get(name);
  return Number(overrides.get(name) ?? key?.defaultValue ?? 0);
}

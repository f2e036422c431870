/**
 * What a topic's configuration comes to: its own overrides over the broker's keys over the defaults, as one typed
 * object that the log, the replicas and the handlers read. Computed when the metadata image or the broker's dynamic
 * configuration changes, never on a request's path.
 */

import { assert, expectDefined } from '@jackdaw/base';
import type { ConfigKey, ConfigTable, ConfigValue } from './config-key.ts';
import type { ConfigMap, ConfigView } from './config-view.ts';
import { canonicalConfigText, parseConfigValue } from './parse-value.ts';
import { topicConfigKeys } from './topic-keys.ts';

export type CompressionTypeName = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Durations in ms, sizes in bytes; "no limit" is −1 for retention and `Number.MAX_SAFE_INTEGER` elsewhere. */
export interface TopicConfig {
  readonly isDeleting: boolean;
  readonly isCompacting: boolean;
  readonly compressionType: CompressionTypeName;
  readonly compressionGzipLevel: number;
  readonly compressionLz4Level: number;
  readonly compressionZstdLevel: number;
  readonly deleteRetentionMs: number;
  readonly fileDeleteDelayMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly indexIntervalBytes: number;
  readonly maxCompactionLagMs: number;
  readonly maxMessageBytes: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly minInsyncReplicas: number;
  readonly preallocate: boolean;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly segmentJitterMs: number;
  readonly segmentMs: number;
  readonly uncleanLeaderElectionEnable: boolean;
}

/** The typed configuration of a topic with these overrides; an override that does not parse is passed over. */
export function effectiveTopicConfig(overrides: ConfigMap, view: ConfigView): TopicConfig {
  const value = (name: string): ConfigValue => {
    const key = expectDefined(topicConfigKeys.get(name), `no topic configuration is called ${name}`);
    const parsed = parseConfigValue(key, effectiveText(key, overrides, view));
    assert(parsed.ok, `the default of ${name} is not valid`);
    return parsed.value;
  };
  const number = (name: string): number => Number(value(name));
  const policies = value('cleanup.policy');
  const hasPolicy = (policy: string): boolean => Array.isArray(policies) && policies.includes(policy);
  return {
    isDeleting: hasPolicy('delete'),
    isCompacting: hasPolicy('compact'),
    compressionType: value('compression.type') as CompressionTypeName,
    compressionGzipLevel: number('compression.gzip.level'),
    compressionLz4Level: number('compression.lz4.level'),
    compressionZstdLevel: number('compression.zstd.level'),
    deleteRetentionMs: number('delete.retention.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    indexIntervalBytes: number('index.interval.bytes'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampType: value('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    minInsyncReplicas: number('min.insync.replicas'),
    preallocate: value('preallocate') === true,
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: number('segment.ms'),
    uncleanLeaderElectionEnable: value('unclean.leader.election.enable') === true,
  };
}

/** One topic configuration's effective value as text, in Kafka's spelling: what CreateTopics and DescribeConfigs answer. */
export function effectiveTopicConfigText(name: string, overrides: ConfigMap, view: ConfigView): string | null {
  return effectiveConfigText(topicConfigKeys, name, { overrides, view });
}

/** The same for a key of any table whose synonyms are broker keys (topics, groups). */
export function effectiveConfigText(
  table: ConfigTable,
  name: string,
  from: { readonly overrides: ConfigMap; readonly view: ConfigView },
): string | null {
  const key = table.get(name);
  return key === undefined ? null : effectiveText(key, from.overrides, from.view);
}

function effectiveText(key: ConfigKey, overrides: ConfigMap, view: ConfigView): string | null {
  const override = overrides.get(key.name);
  if (override !== undefined && parseConfigValue(key, override).ok) return canonicalConfigText(key, override);
  for (const synonym of key.synonyms) {
    const text = view.text(synonym.name);
    if (text !== null) return canonicalConfigText(key, times(text, synonym.multiplier));
  }
  return key.defaultValue === null ? null : canonicalConfigText(key, key.defaultValue);
}

/** Hours and minutes to milliseconds; a negative retention means "no limit", which is −1 in every unit. */
function times(text: string, multiplier: number): string {
  if (multiplier === 1) return text;
  const value = BigInt(text.trim());
  return value < 0n ? '-1' : String(value * BigInt(multiplier));
}

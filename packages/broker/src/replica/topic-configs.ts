/**
 * Effective topic configurations, computed once and kept until the metadata says that something changed.
 */
import type { LogConfig } from '@jackdaw/log';
import {
  configResourceTypes,
  effectiveTopicConfig,
  type ConfigView,
  type MetadataImage,
  type TopicConfig,
} from '@jackdaw/metadata';

type Durability = 'fsync' | 'page-cache';

export class TopicConfigs {
  readonly #view: ConfigView;
  readonly #image: () => MetadataImage;
  readonly #durability: Durability;
  /** Bounded by the number of topics; emptied when broker-wide defaults change. */
  readonly #configs = new Map<string, TopicConfig>();

  constructor(options: { view: ConfigView; image: () => MetadataImage; durability: Durability }) {
    this.#view = options.view;
    this.#image = options.image;
    this.#durability = options.durability;
  }

  of(topicName: string): TopicConfig {
    let config = this.#configs.get(topicName);
    if (config === undefined) {
      config = effectiveTopicConfig(this.#image().overridesOf(configResourceTypes.topic, topicName), this.#view);
      this.#configs.set(topicName, config);
    }
    return config;
  }

  logConfigOf(topicName: string): LogConfig {
    return logConfigOf(this.of(topicName), this.#durability);
  }

  forget(topicName: string): void {
    this.#configs.delete(topicName);
  }

  forgetAll(): void {
    this.#configs.clear();
  }
}

/** The part of a topic's configuration that its logs follow. */
export function logConfigOf(config: TopicConfig, durability: Durability): LogConfig {
  return {
    segmentBytes: config.segmentBytes,
    segmentMs: config.segmentMs,
    segmentJitterMs: config.segmentJitterMs,
    segmentIndexBytes: config.segmentIndexBytes,
    indexIntervalBytes: config.indexIntervalBytes,
    retentionMs: config.retentionMs,
    retentionBytes: config.retentionBytes,
    isDelete: config.isDeleting,
    isCompact: config.isCompacting,
    fileDeleteDelayMs: config.fileDeleteDelayMs,
    maxMessageBytes: config.maxMessageBytes,
    flushMessages: config.flushMessages,
    flushMs: config.flushMs,
    flushMode: durability === 'page-cache' ? 'pageCache' : 'durable',
  };
}

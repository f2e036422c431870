/**
 * What a stretch of replayed records has changed, for publishers: they create, close, promote and demote partitions,
 * reload configurations and reconnect to brokers (flow "Metadata").
 *
 * Each thing is noted once with its state before the first change and after the last; a topic that was created and
 * removed in the same stretch leaves no trace.
 */

import type { NodeId } from '@jackdaw/base';
import type { BrokerRegistration, ConfigResource, TopicImage } from './image.ts';
import type { PartitionRegistration } from './partition-registration.ts';

export interface PartitionChange {
  readonly topicId: string;
  readonly topicName: string;
  readonly partitionId: number;
  /** Null when the partition is new. */
  readonly before: PartitionRegistration | null;
  readonly after: PartitionRegistration;
}

export interface BrokerChange {
  readonly brokerId: NodeId;
  readonly before: BrokerRegistration | null;
  /** Null when the broker was unregistered. */
  readonly after: BrokerRegistration | null;
}

/** A topic as it was when it was removed; its partitions are the ones to close. */
export interface DeletedTopic {
  readonly id: string;
  readonly name: string;
  readonly partitions: ReadonlyMap<number, PartitionRegistration>;
}

export interface ConfigChange extends ConfigResource {
  /** Names whose override was set or removed. */
  readonly names: Set<string>;
}

export class MetadataDelta {
  /** Ids of the topics created, with their names. */
  readonly createdTopics = new Map<string, string>();
  /** By topic id. */
  readonly deletedTopics = new Map<string, DeletedTopic>();
  /** By topic id, then by partition. */
  readonly changedPartitions = new Map<string, Map<number, PartitionChange>>();
  readonly changedBrokers = new Map<NodeId, BrokerChange>();
  /** By `configKey(resource)`. */
  readonly changedConfigs = new Map<string, ConfigChange>();
  readonly changedFeatures = new Set<string>();
  clusterIdChanged = false;
  producerIdsChanged = false;

  isEmpty(): boolean {
    return (
      this.createdTopics.size === 0 &&
      this.deletedTopics.size === 0 &&
      this.changedPartitions.size === 0 &&
      this.changedBrokers.size === 0 &&
      this.changedConfigs.size === 0 &&
      this.changedFeatures.size === 0 &&
      !this.clusterIdChanged &&
      !this.producerIdsChanged
    );
  }

  /** Every changed partition, in the order in which topics and partitions first changed. */
  *partitions(): Generator<PartitionChange> {
    for (const byPartition of this.changedPartitions.values()) yield* byPartition.values();
  }

  noteTopicCreated(id: string, name: string): void {
    this.createdTopics.set(id, name);
  }

  noteTopicDeleted(topic: TopicImage): void {
    const changes = this.changedPartitions.get(topic.id);
    this.changedPartitions.delete(topic.id);
    if (this.createdTopics.delete(topic.id)) return;
    // The publisher knows partitions as they were before this stretch; ones created within it, it never opened.
    const partitions = new Map<number, PartitionRegistration>();
    for (const [partitionId, registration] of topic.partitions) {
      const change = changes?.get(partitionId);
      if (change === undefined) partitions.set(partitionId, registration);
      else if (change.before !== null) partitions.set(partitionId, change.before);
    }
    this.deletedTopics.set(topic.id, { id: topic.id, name: topic.name, partitions });
  }

  notePartition(change: PartitionChange): void {
    let byPartition = this.changedPartitions.get(change.topicId);
    if (byPartition === undefined) {
      byPartition = new Map();
      this.changedPartitions.set(change.topicId, byPartition);
    }
    const earlier = byPartition.get(change.partitionId);
    byPartition.set(change.partitionId, earlier === undefined ? change : { ...change, before: earlier.before });
  }

  noteBroker(change: BrokerChange): void {
    const earlier = this.changedBrokers.get(change.brokerId);
    this.changedBrokers.set(change.brokerId, earlier === undefined ? change : { ...change, before: earlier.before });
  }

  noteConfig(key: string, resource: ConfigResource, name: string): void {
    const earlier = this.changedConfigs.get(key);
    if (earlier === undefined) this.changedConfigs.set(key, { ...resource, names: new Set([name]) });
    else earlier.names.add(name);
  }
}

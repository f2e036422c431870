/**
 * Cluster metadata in the client's own words: brokers, topics, partitions.
 */
import type { MetadataResponse } from '@jackdaw/protocol';

export interface BrokerMetadata {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** −1 while there is none. */
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
  /** Eligible leader replicas (KIP-966); null when the broker does not say. */
  readonly elr: readonly number[] | null;
  readonly lastKnownElr: readonly number[] | null;
}

export interface TopicMetadata {
  readonly name: string;
  /** Kafka's text form of the id; `zeroUuid` when the broker is too old to have ids. */
  readonly topicId: string;
  readonly isInternal: boolean;
  /** Not 0: the topic could not be described, and `partitions` is empty. */
  readonly errorCode: number;
  /** Ascending by number. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface ClusterMetadata {
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly brokers: readonly BrokerMetadata[];
  readonly topics: readonly TopicMetadata[];
}

export function toMetadata(body: MetadataResponse): ClusterMetadata {
  return {
    clusterId: body.clusterId,
    controllerId: body.controllerId,
    brokers: body.brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
    topics: body.topics.map((topic) => ({
      name: topic.name ?? '',
      topicId: topic.topicId,
      isInternal: topic.isInternal,
      errorCode: topic.errorCode,
      partitions: topic.partitions
        .map((partition) => ({
          partition: partition.partitionIndex,
          leaderId: partition.leaderId,
          leaderEpoch: partition.leaderEpoch,
          replicas: partition.replicaNodes,
          isr: partition.isrNodes,
          offlineReplicas: partition.offlineReplicas,
          elr: null,
          lastKnownElr: null,
        }))
        .sort((a, b) => a.partition - b.partition),
    })),
  };
}

/**
 * The topic as a broker tells it, with the partitions of which another one has told a later leader epoch: a broker that is cut
 * off from the cluster does not know that it was replaced. Another topic of the same name owes nothing to the old one.
 */
export function withNewerLeaders(told: TopicMetadata, known: TopicMetadata | undefined): TopicMetadata {
  if (known === undefined || known.topicId !== told.topicId) return told;
  const byNumber = new Map(known.partitions.map((partition) => [partition.partition, partition]));
  const partitions = told.partitions.map((partition) => {
    const other = byNumber.get(partition.partition);
    return other !== undefined && other.leaderEpoch > partition.leaderEpoch ? other : partition;
  });
  return { ...told, partitions };
}

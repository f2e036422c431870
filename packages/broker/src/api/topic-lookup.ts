/**
 * From what a request calls a topic to the partition on this broker, or to the error that Kafka gives.
 *
 * Old versions name topics, new ones give their ids; an id that is not known is UNKNOWN_TOPIC_ID, so that a client does
 * not take a topic that was deleted and created again for the old one (A25).
 */
import { ErrorCode, zeroUuid, type ErrorName } from '@jackdaw/protocol';
import type { NodeId } from '@jackdaw/base';
import type { MetadataImage, TopicImage } from '@jackdaw/metadata';
import type { PartitionLeader } from '@jackdaw/replication';
import type { PartitionLog } from '@jackdaw/log';
import type { BrokerServices } from '../broker-services.ts';
import type { HostedPartition } from '../replica/hosted-partition.ts';

export interface TopicRef {
  readonly name: string;
  readonly id: string;
}

/** A partition that this broker leads now. */
export interface LedPartition {
  readonly hosted: HostedPartition;
  readonly leader: PartitionLeader;
  readonly log: PartitionLog;
}

type Code = (typeof ErrorCode)[ErrorName];

/** The topic that is meant, or the error code. */
export function findTopic(image: MetadataImage, ref: TopicRef): TopicImage | Code {
  if (ref.id !== zeroUuid && ref.id !== '') return image.topicsById.get(ref.id) ?? ErrorCode.UNKNOWN_TOPIC_ID;
  return image.topicByName(ref.name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

/** The partition as led by this broker, or the error code. */
export function findLedPartition(broker: BrokerServices, topic: TopicImage, partition: number): LedPartition | Code {
  if (!topic.partitions.has(partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const hosted = broker.replicas.getById(topic.id, partition);
  if (hosted === undefined) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
  if (hosted.storageFailure !== null) return ErrorCode.KAFKA_STORAGE_ERROR;
  const { leader, log } = hosted;
  return leader === null || log === null ? ErrorCode.NOT_LEADER_OR_FOLLOWER : { hosted, leader, log };
}

export interface LeaderHint {
  readonly leaderId: NodeId;
  readonly leaderEpoch: number;
}

/** Who leads now, for clients whose metadata is old (KIP-951). */
export function leaderHint(image: MetadataImage, topicId: string, partition: number): LeaderHint {
  const registration = image.partition(topicId, partition);
  return { leaderId: registration?.leader ?? -1, leaderEpoch: registration?.leaderEpoch ?? -1 };
}

export interface NodeEndpoint {
  readonly nodeId: NodeId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** Where a client of this listener reaches a broker; null when it is not registered or has no such listener. */
export function endpointOf(image: MetadataImage, brokerId: NodeId, listenerName: string): NodeEndpoint | null {
  const registration = image.brokers.get(brokerId);
  const endpoint = registration?.endPoints.find(({ name }) => name === listenerName);
  if (registration === undefined || endpoint === undefined) return null;
  return { nodeId: brokerId, host: endpoint.host, port: endpoint.port, rack: registration.rack };
}

export function endpointsOf(image: MetadataImage, brokerIds: Iterable<NodeId>, listenerName: string): NodeEndpoint[] {
  return [...new Set(brokerIds)].flatMap((id) => endpointOf(image, id, listenerName) ?? []);
}

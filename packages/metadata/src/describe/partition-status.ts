/**
 * The image as API handlers show it: brokers that clients may connect to and partitions as a Metadata response tells them
 * (Kafka's `KRaftMetadataCache`). Pure reads.
 */

import type { LeaderEpoch, NodeId } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { BrokerRegistration, MetadataImage } from '../image.ts';
import { directoryIds, directoryOf, type PartitionRegistration } from '../partition-registration.ts';
import { noLeader } from '../records.ts';

export interface BrokerAddress {
  readonly brokerId: NodeId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionStatus {
  /** NONE, LEADER_NOT_AVAILABLE, or LISTENER_NOT_FOUND when the leader does not have the listener. */
  readonly errorCode: number;
  /** −1 with LEADER_NOT_AVAILABLE. */
  readonly leaderId: NodeId;
  readonly leaderEpoch: LeaderEpoch;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  /** Replicas on brokers that are unknown, fenced, without the listener, or on a failed directory. */
  readonly offlineReplicas: readonly NodeId[];
}

/** The brokers that are not fenced and have the listener, by id. */
export function aliveBrokers(image: MetadataImage, listenerName: string): BrokerAddress[] {
  const addresses: BrokerAddress[] = [];
  for (const broker of image.brokers.values()) {
    const address = addressOf(broker, listenerName);
    if (address !== null && !broker.fenced) addresses.push(address);
  }
  return addresses.toSorted((a, b) => a.brokerId - b.brokerId);
}

/** Where the broker listens under that name, fenced or not; null when it does not. */
export function addressOf(broker: BrokerRegistration, listenerName: string): BrokerAddress | null {
  const endpoint = broker.endPoints.find(({ name }) => name === listenerName);
  return endpoint === undefined
    ? null
    : { brokerId: broker.brokerId, host: endpoint.host, port: endpoint.port, rack: broker.rack };
}

/** What a client that asked on `listenerName` is told of the partition. */
export function partitionStatus(
  image: MetadataImage,
  registration: PartitionRegistration,
  listenerName: string,
): PartitionStatus {
  const { leader, leaderEpoch, replicas, isr } = registration;
  const offlineReplicas = replicas.filter((id) => isReplicaOffline(image, registration, { brokerId: id, listenerName }));
  const errorCode = leaderError(image, leader, listenerName);
  const leaderId = errorCode === ErrorCode.NONE ? leader : noLeader;
  return { errorCode, leaderId, leaderEpoch, replicas, isr, offlineReplicas };
}

export function isReplicaOffline(
  image: MetadataImage,
  registration: PartitionRegistration,
  { brokerId, listenerName }: { brokerId: NodeId; listenerName: string },
): boolean {
  const broker = image.brokers.get(brokerId);
  if (broker === undefined || broker.fenced || addressOf(broker, listenerName) === null) return true;
  return !isDirectoryOnline(broker, directoryOf(registration, brokerId));
}

/** Whether the broker has said of no failure of the directory; ids that name no directory count as online. */
export function isDirectoryOnline(broker: BrokerRegistration, directory: string | null): boolean {
  if (directory === directoryIds.lost) return false;
  if (directory === null || directory === directoryIds.unassigned || directory === directoryIds.migrating) return true;
  return broker.logDirs.length === 0 || broker.logDirs.includes(directory);
}

function leaderError(image: MetadataImage, leader: NodeId, listenerName: string): number {
  const broker = image.brokers.get(leader);
  if (broker === undefined || broker.fenced) return ErrorCode.LEADER_NOT_AVAILABLE;
  return addressOf(broker, listenerName) === null ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.NONE;
}

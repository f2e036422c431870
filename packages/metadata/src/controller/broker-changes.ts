/**
 * What happens to partitions when a broker comes, goes or crashes. Shared by registration, heartbeats, fencing and
 * unregistration (Kafka's `ReplicationControlManager.handleBroker…`).
 *
 * Partition changes come before the registration's own record: should the records have to be split over several Raft
 * entries, a half-done decision leaves the broker as it was and is simply taken again.
 */

import { sometimes } from '@jackdaw/base';
import type { NodeId } from '@jackdaw/base';
import type { BrokerRegistration, MetadataImage, TopicImage } from '../image.ts';
import { directoryOf, type PartitionRegistration } from '../partition-registration.ts';
import { brokerRegistrationChange, noLeader } from '../records.ts';
import { apiError, type ApiError } from './api-error.ts';
import type { Decision } from './decision.ts';
import type { FencingReason } from './events.ts';

/** Null when `brokerEpoch` is the broker's; the STALE_BROKER_EPOCH error otherwise. */
export function checkBrokerEpoch(image: MetadataImage, brokerId: NodeId, brokerEpoch: number): ApiError | null {
  const registered = image.brokers.get(brokerId);
  if (registered === undefined) {
    return apiError('STALE_BROKER_EPOCH', `No broker registration found for broker id ${brokerId}`);
  }
  if (registered.brokerEpoch === brokerEpoch) return null;
  sometimes('controller: request of an old broker epoch refused');
  return apiError('STALE_BROKER_EPOCH', `Expected broker epoch ${registered.brokerEpoch}, but got broker epoch ${brokerEpoch}`);
}

export function isLeadingAny(image: MetadataImage, brokerId: NodeId): boolean {
  for (const topic of image.topicsById.values()) {
    for (const registration of topic.partitions.values()) if (registration.leader === brokerId) return true;
  }
  return false;
}

/** Takes the broker out of every ISR and leadership, then fences it. */
export function fenceBroker(
  image: MetadataImage,
  decision: Decision,
  { broker, reason }: { broker: BrokerRegistration; reason: FencingReason },
): void {
  const { brokerId, brokerEpoch } = broker;
  removeFromIsrs(image, decision, brokerId);
  decision.push(brokerRegistrationChange(brokerId, brokerEpoch, { fenced: 1 }));
  decision.events.push({ type: 'broker-fenced', brokerId, brokerEpoch, reason });
}

/** Unfences the broker, and lets it lead what has no leader and may be led by it. */
export function unfenceBroker(image: MetadataImage, decision: Decision, { brokerId, brokerEpoch }: BrokerRegistration): void {
  decision.push(brokerRegistrationChange(brokerId, brokerEpoch, { fenced: -1 }));
  decision.events.push({ type: 'broker-unfenced', brokerId, brokerEpoch });
  const isAlive = (id: NodeId): boolean => id === brokerId || image.isActiveBroker(id);
  for (const [topic, partitionId] of partitionsWhere(image, ({ leader }) => leader === noLeader)) {
    decision.changePartition(topic, partitionId, { isAlive });
  }
}

/** Moves every leadership and ISR membership away; the broker stays unfenced until the others have noticed (F12). */
export function beginControlledShutdown(image: MetadataImage, decision: Decision, broker: BrokerRegistration): void {
  const { brokerId, brokerEpoch } = broker;
  if (!broker.inControlledShutdown) {
    sometimes('controller: controlled shutdown began');
    decision.push(brokerRegistrationChange(brokerId, brokerEpoch, { inControlledShutdown: 1 }));
    decision.events.push({ type: 'controlled-shutdown', brokerId, brokerEpoch });
  }
  removeFromIsrs(image, decision, brokerId);
}

/**
 * A new incarnation registers: its predecessor is gone. When that one did not stop cleanly it may have lost the tail
 * of its logs, so it leaves every ISR and ELR until it has caught up (A18); otherwise it stays eligible.
 */
export function cleanUpAfterShutdown(
  image: MetadataImage,
  decision: Decision,
  { brokerId, isClean }: { brokerId: NodeId; isClean: boolean },
): void {
  if (!image.isElrEnabled() || isClean) return removeFromIsrs(image, decision, brokerId);
  const isAlive = (id: NodeId): boolean => id !== brokerId && image.isActiveBroker(id);
  const holdsIt = ({ isr, elr }: PartitionRegistration): boolean => isr.includes(brokerId) || elr.includes(brokerId);
  for (const [topic, partitionId, registration] of partitionsWhere(image, holdsIt)) {
    if (registration.elr.includes(brokerId)) sometimes('controller: eligible replica lost its tail');
    const isr = registration.isr.filter((id) => id !== brokerId);
    decision.changePartition(topic, partitionId, { isr, isAlive, uncleanShutdownReplicas: [brokerId] });
  }
}

/** The broker leaves every ISR; whoever may lead takes its leaderships. Below min ISR it stays in the ELR. */
export function removeFromIsrs(image: MetadataImage, decision: Decision, brokerId: NodeId): void {
  const isAlive = (id: NodeId): boolean => id !== brokerId && image.isActiveBroker(id);
  for (const [topic, partitionId, registration] of partitionsWhere(image, ({ isr }) => isr.includes(brokerId))) {
    const isr = registration.isr.filter((id) => id !== brokerId);
    decision.changePartition(topic, partitionId, { isr, isAlive });
  }
}

/**
 * Some directories of the broker have failed: its replicas there leave their ISRs, and it keeps the rest. When none
 * remains the broker is fenced, which is decided elsewhere.
 */
export function noteOfflineDirectories(
  image: MetadataImage,
  decision: Decision,
  { broker, offline }: { broker: BrokerRegistration; offline: readonly string[] },
): void {
  const { brokerId, brokerEpoch, logDirs } = broker;
  const newlyOffline = logDirs.filter((directory) => offline.includes(directory));
  if (newlyOffline.length === 0 || newlyOffline.length === logDirs.length) return;
  const isAlive = (id: NodeId): boolean => id !== brokerId && image.isActiveBroker(id);
  const livesThere = (registration: PartitionRegistration): boolean =>
    registration.isr.includes(brokerId) && newlyOffline.includes(directoryOf(registration, brokerId) ?? '');
  for (const [topic, partitionId] of partitionsWhere(image, livesThere)) {
    const isr = (decision.partition(topic.id, partitionId)?.isr ?? []).filter((id) => id !== brokerId);
    decision.changePartition(topic, partitionId, { isr, isAlive });
  }
  const stillOnline = logDirs.filter((directory) => !newlyOffline.includes(directory));
  decision.push(brokerRegistrationChange(brokerId, brokerEpoch, { logDirs: stillOnline }));
  decision.events.push({ type: 'log-dirs-offline', brokerId, directories: newlyOffline });
}

/** Every partition of the image that `matches`, in the order of creation. */
export function* partitionsWhere(
  image: MetadataImage,
  matches: (registration: PartitionRegistration) => boolean,
): Generator<[TopicImage, number, PartitionRegistration]> {
  for (const topic of image.topicsById.values()) {
    for (const [partitionId, registration] of topic.partitions) {
      if (matches(registration)) yield [topic, partitionId, registration];
    }
  }
}

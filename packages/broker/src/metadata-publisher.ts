/**
 * Carries committed metadata changes into this broker: roles, configurations, deletions, and who is alive.
 *
 * Called after each applied entry, in the order of the quorum's log, and once at start with everything. Synchronous:
 * when it returns, every open partition is in its new role.
 */
import { sometimes } from '@jackdaw/base';
import type { NodeId } from '@jackdaw/base';
import {
  configResourceTypes,
  directoryIds,
  directoryOf,
  leaderRecovering,
  type MetadataDelta,
  type MetadataImage,
  type PartitionChange,
  type PartitionRegistration,
} from '@jackdaw/metadata';
import type { BrokerServices } from './broker-services.ts';
import type { DesiredPartition } from './replica/hosted-partition.ts';
import type { IsrUpdater } from './replica/isr-updater.ts';

export interface PublisherOptions {
  readonly broker: BrokerServices;
  /** Of this process, as it registers. */
  readonly incarnationId: string;
  readonly isrUpdater: IsrUpdater;
  readonly onConfigComplaint: (complaint: string) => void;
}

export class MetadataPublisher {
  readonly #options: PublisherOptions;
  /** Whether the metadata has reached this incarnation's registration. */
  #isRegistered = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  publish(delta: MetadataDelta, image: MetadataImage): void {
    this.#publishConfigs(delta, image);
    this.#publishDeletions(delta);
    this.#noteRegistration(image);
    for (const change of delta.partitions()) this.#publishPartition(change);
    if (delta.changedBrokers.size > 0) this.#publishBrokers();
  }

  #publishConfigs(delta: MetadataDelta, image: MetadataImage): void {
    const { broker } = this.#options;
    for (const { resourceType, resourceName } of delta.changedConfigs.values()) {
      if (resourceType === configResourceTypes.broker) this.#replaceBrokerConfig(image);
      else if (resourceType === configResourceTypes.topic) {
        broker.topicConfigs.forget(resourceName);
        broker.replicas.updateConfig(resourceName);
      }
    }
  }

  #replaceBrokerConfig(image: MetadataImage): void {
    const { broker, onConfigComplaint } = this.#options;
    const complaints = broker.config.view.replaceDynamic({
      dynamicBroker: image.overridesOf(configResourceTypes.broker, String(broker.nodeId)),
      dynamicDefault: image.overridesOf(configResourceTypes.broker, ''),
    });
    for (const complaint of complaints) onConfigComplaint(complaint);
    broker.topicConfigs.forgetAll();
    for (const name of image.topicIdsByName.keys()) broker.replicas.updateConfig(name);
  }

  #publishDeletions(delta: MetadataDelta): void {
    const { replicas, groups, traffic } = this.#options.broker;
    for (const topic of delta.deletedTopics.values()) {
      for (const partition of topic.partitions.keys()) replicas.remove(topic.id, partition);
      traffic.forget(topic.name);
    }
    if (delta.deletedTopics.size === 0) return;
    groups.onTopicsDeleted([...delta.deletedTopics.values()].map(({ id, name }) => ({ topicId: id, name })));
  }

  #publishPartition({ topicId, topicName, partitionId, before, after }: PartitionChange): void {
    const { replicas, nodeId } = this.#options.broker;
    if (after.replicas.includes(nodeId)) {
      replicas.update({ topicName, topicId, partition: partitionId }, this.#desired(after));
    } else if (before?.replicas.includes(nodeId) === true) replicas.remove(topicId, partitionId);
  }

  /**
   * What the metadata says up to the own registration was said to a former incarnation, which may have heard more than is on
   * this disk, and may have had more in its log. Leaderships of that time are not taken up again, or two logs would differ in one
   * epoch (A9). Nor is anybody followed: the leader may have been replaced, by this very broker, and must not commit by its
   * word (A2, A8). As Kafka's brokers wait until they have caught up with the metadata.
   */
  #noteRegistration(image: MetadataImage): void {
    const { broker, incarnationId } = this.#options;
    const isRegistered = image.brokers.get(broker.nodeId)?.incarnationId === incarnationId;
    if (isRegistered === this.#isRegistered) return;
    this.#isRegistered = isRegistered;
    if (!isRegistered) return;
    for (const hosted of broker.replicas.partitions()) {
      const registration = image.partition(hosted.topicId, hosted.partition);
      if (registration !== null) broker.replicas.update(hosted, this.#desired(registration));
    }
  }

  #desired(registration: PartitionRegistration): DesiredPartition {
    const desired = desiredOf(registration, this.#options.broker.nodeId);
    if (this.#isRegistered || desired.state.leader === -1) return desired;
    if (desired.state.leader === this.#options.broker.nodeId) sometimes('broker: leadership of a former process not taken up');
    else sometimes('broker: leader of old metadata not followed');
    return { ...desired, state: { ...desired.state, leader: -1 } };
  }

  /** A broker was fenced, came back or is leaving: it may have to be waited for no longer, or may join an ISR again. */
  #publishBrokers(): void {
    const { replicas, clock } = this.#options.broker;
    for (const hosted of replicas.partitions()) {
      if (hosted.leader === null) continue;
      hosted.leader.onLocalProgress(clock.monotonicMs());
      this.#options.isrUpdater.check(hosted);
    }
  }
}

function desiredOf(registration: PartitionRegistration, nodeId: NodeId): DesiredPartition {
  const { leader, leaderEpoch, partitionEpoch, replicas, isr, elr } = registration;
  const directoryId = directoryOf(registration, nodeId);
  return {
    state: { leader, leaderEpoch, partitionEpoch, replicas, isr },
    isRecovering: registration.leaderRecoveryState === leaderRecovering,
    isLost: directoryId === directoryIds.lost,
    isOnlyCandidate: isr.length === 1 && isr[0] === nodeId && elr.length === 0,
    directoryId,
  };
}

/** Address of a broker's gRPC listener, as registered; undefined when it is not. */
export function rpcAddressOf(image: MetadataImage, brokerId: NodeId, listenerName: string): string | undefined {
  const endpoint = image.brokers.get(brokerId)?.endPoints.find(({ name }) => name === listenerName);
  if (endpoint === undefined) return undefined;
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

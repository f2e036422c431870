/**
 * A decision in the making: the records and events of one operation, and the partitions as those records leave them.
 *
 * An operation may change a partition twice (a broker is fenced and a directory of it fails); the second change must
 * build on the first, which the image does not know yet. Every change of a partition passes through `changePartition`.
 */

import type { NodeId } from '@jackdaw/base';
import type { ConfigView } from '../config/config-view.ts';
import { isDirectoryOnline } from '../describe/partition-status.ts';
import type { MetadataImage, TopicImage } from '../image.ts';
import {
  directoryIds,
  directoryOf,
  isReservedDirectory,
  mergePartitionChange,
  type PartitionRegistration,
} from '../partition-registration.ts';
import type { MetadataRecord } from '../records.ts';
import { controllerConfigView, electionConfigOf, type ElectionConfig } from './effective-config.ts';
import type { ControllerEvent } from './events.ts';
import type { ControllerContext, OperationResult } from './operation.ts';
import { buildPartitionChange, type ElectionPolicy, type PartitionChangeInput } from './partition-change.ts';

/** What a partition shall become; the rest is read from the image. */
export type WantedPartition = Partial<
  Pick<
    PartitionChangeInput,
    | 'isr'
    | 'replicas'
    | 'removingReplicas'
    | 'addingReplicas'
    | 'leaderRecoveryState'
    | 'uncleanShutdownReplicas'
    | 'emptyReplicas'
    | 'directories'
  >
> & {
  /** By default as the topic is configured: unclean where it allows that, otherwise online (A23). */
  readonly election?: ElectionPolicy;
  /** Whether a broker counts as alive; by default, whether it is active in the image. */
  readonly isAlive?: (brokerId: NodeId) => boolean;
};

export class Decision {
  readonly records: MetadataRecord[] = [];
  readonly events: ControllerEvent[] = [];
  readonly view: ConfigView;
  readonly #image: MetadataImage;
  /** By topic id and partition; only those that this decision has changed. */
  readonly #changed = new Map<string, PartitionRegistration>();
  readonly #electionConfigs = new Map<string, ElectionConfig>();

  constructor(image: MetadataImage, context: ControllerContext) {
    this.#image = image;
    this.view = controllerConfigView(image, context);
  }

  push(record: MetadataRecord): void {
    this.records.push(record);
  }

  result<Response>(response: Response): OperationResult<Response> {
    return { records: this.records, response, events: this.events };
  }

  /** The partition with this decision's changes so far. */
  partition(topicId: string, partitionId: number): PartitionRegistration | null {
    return this.#changed.get(partitionKey(topicId, partitionId)) ?? this.#image.partition(topicId, partitionId);
  }

  electionConfig(topic: TopicImage): ElectionConfig {
    let config = this.#electionConfigs.get(topic.id);
    if (config === undefined) {
      config = electionConfigOf(this.#image, topic, this.view);
      this.#electionConfigs.set(topic.id, config);
    }
    return config;
  }

  /** Adds the record that brings the partition to `wanted`; the registration after it, or null when nothing changes. */
  changePartition(topic: TopicImage, partitionId: number, wanted: WantedPartition): PartitionRegistration | null {
    const before = this.partition(topic.id, partitionId);
    if (before === null) return null;
    const { isAlive = (id: NodeId) => this.#image.isActiveBroker(id) } = wanted;
    const config = this.electionConfig(topic);
    const change = buildPartitionChange({
      election: config.uncleanElection ? 'unclean' : 'online',
      ...wanted,
      topicId: topic.id,
      partitionId,
      registration: before,
      // By the directory that this very change gives it: a replica that gets one again may lead from now on, and nothing
      // else may happen for a long time that would let it (Kafka waits for the next broker to be unfenced).
      mayLead: (id) => isAlive(id) && this.#isOnline(id, wanted.directories?.get(id) ?? directoryOf(before, id)),
      hasLostDirectory: (id) => this.#hasLostDirectory(id, directoryOf(before, id)),
      minIsr: config.minIsr,
      elrEnabled: this.#image.isElrEnabled(),
      defaultDirectory: (id) => defaultDirectory(this.#image, id),
    });
    if (change === null) return null;
    const after = mergePartitionChange(before, change.record);
    this.#changed.set(partitionKey(topic.id, partitionId), after);
    this.records.push(change.record);
    this.#noteChange({ topicId: topic.id, topicName: topic.name, partitionId, before, after, unclean: change.uncleanElection });
    return after;
  }

  #isOnline(brokerId: NodeId, directoryId: string | null): boolean {
    const broker = this.#image.brokers.get(brokerId);
    return broker !== undefined && isDirectoryOnline(broker, directoryId);
  }

  #hasLostDirectory(brokerId: NodeId, directoryId: string | null): boolean {
    const logDirs = this.#image.brokers.get(brokerId)?.logDirs ?? [];
    if (logDirs.length === 0 || directoryId === null || isReservedDirectory(directoryId)) return false;
    return !logDirs.includes(directoryId);
  }

  #noteChange(change: {
    topicId: string;
    topicName: string;
    partitionId: number;
    before: PartitionRegistration;
    after: PartitionRegistration;
    unclean: boolean;
  }): void {
    const { before, after, unclean, ...name } = change;
    if (after.leader !== before.leader) {
      const { leader, leaderEpoch } = after;
      this.events.push({ type: 'leader-elected', ...name, leader, previousLeader: before.leader, leaderEpoch, unclean });
    }
    const isrs = { isr: after.isr, previousIsr: before.isr };
    if (before.isr.some((id) => !after.isr.includes(id))) this.events.push({ type: 'isr-shrunk', ...name, ...isrs });
    if (after.isr.some((id) => !before.isr.includes(id))) this.events.push({ type: 'isr-expanded', ...name, ...isrs });
  }
}

/** The directory for a new replica: the broker's only one, else for the broker to choose. */
export function defaultDirectory(image: MetadataImage, brokerId: NodeId): string {
  const logDirs = image.brokers.get(brokerId)?.logDirs ?? [];
  const [only, ...others] = logDirs;
  return only !== undefined && others.length === 0 ? only : directoryIds.unassigned;
}

function partitionKey(topicId: string, partitionId: number): string {
  return `${topicId}:${partitionId}`;
}

/**
 * The cluster's metadata at one applied Raft index: topics, partitions, brokers, configurations, features.
 *
 * `replay` is the only way in which it changes, on the active controller and on every other node alike, and
 * `applyEntry` applies each Raft entry exactly once (B17). A broken record is a bug of the controller that wrote it and
 * crashes the node rather than let replicas disagree. Values inside the maps are immutable and shared by clones.
 */

import { assert, expectDefined, unreachable, type NodeId, type RaftIndex, type Term } from '@jackdaw/base';
import type { MetadataDelta } from './delta.ts';
import { imageToRecords } from './image-records.ts';
import {
  expectValid,
  mergePartitionChange,
  registrationFromRecord,
  type PartitionRegistration,
} from './partition-registration.ts';
import {
  clusterIdConfig,
  configResourceTypes,
  partitionChange,
  type BrokerEndpoint,
  type BrokerFeature,
  type BrokerRegistrationChangeRecord,
  type ClearElrRecord,
  type ConfigRecord,
  type FeatureLevelRecord,
  type MetadataRecord,
  type PartitionChangeRecord,
  type PartitionRecord,
  type ProducerIdsRecord,
  type RegisterBrokerRecord,
  type RemoveTopicRecord,
  type TopicRecord,
  type UnregisterBrokerRecord,
} from './records.ts';
import { hasCollisionChars, unifyCollisionChars } from './topic-name.ts';

export interface TopicImage {
  readonly id: string;
  readonly name: string;
  /** Keys are 0, 1, 2, … without gaps. */
  readonly partitions: ReadonlyMap<number, PartitionRegistration>;
}

export interface BrokerRegistration {
  readonly brokerId: NodeId;
  readonly incarnationId: string;
  /** Raft index of the entry that registered this incarnation; a broker is caught up once it has applied it. */
  readonly brokerEpoch: number;
  readonly endPoints: readonly BrokerEndpoint[];
  readonly features: readonly BrokerFeature[];
  readonly rack: string | null;
  /** A fenced broker leads nothing, is in no ISR and is not told to clients. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly string[];
  readonly cordonedLogDirs: readonly string[] | null;
}

export interface ConfigResource {
  /** One of `configResourceTypes`. */
  readonly resourceType: number;
  /** Topic, broker id in decimal, group; the empty broker name is the cluster's default. */
  readonly resourceName: string;
}

const noOverrides: ReadonlyMap<string, string> = new Map();

/** Key of `MetadataImage.configs`. */
export function configKey(resourceType: number, resourceName: string): string {
  return `${resourceType}:${resourceName}`;
}

export class MetadataImage {
  clusterId: string | null = null;
  /** Index of the last Raft entry applied; 0 before the first. */
  appliedIndex: RaftIndex = 0;
  appliedTerm: Term = 0;
  /** First producer id of the block that will be handed out next. */
  nextProducerId = 0;
  readonly #topicsById = new Map<string, TopicImage & { readonly partitions: Map<number, PartitionRegistration> }>();
  readonly #topicIdsByName = new Map<string, string>();
  /** From the unified form to the one topic name that has it; only names with `.` or `_`. */
  readonly #collidingNames = new Map<string, string>();
  readonly #brokers = new Map<NodeId, BrokerRegistration>();
  readonly #configs = new Map<string, ConfigResource & { readonly overrides: Map<string, string> }>();
  readonly #features = new Map<string, number>();

  get topicsById(): ReadonlyMap<string, TopicImage> {
    return this.#topicsById;
  }

  get topicIdsByName(): ReadonlyMap<string, string> {
    return this.#topicIdsByName;
  }

  get brokers(): ReadonlyMap<NodeId, BrokerRegistration> {
    return this.#brokers;
  }

  /** By {@link configKey}; a resource without overrides is absent. */
  get configs(): ReadonlyMap<string, ConfigResource & { readonly overrides: ReadonlyMap<string, string> }> {
    return this.#configs;
  }

  /** Finalized levels above 0. */
  get features(): ReadonlyMap<string, number> {
    return this.#features;
  }

  topicByName(name: string): TopicImage | null {
    const id = this.#topicIdsByName.get(name);
    return id === undefined ? null : (this.#topicsById.get(id) ?? null);
  }

  partition(topicId: string, partitionId: number): PartitionRegistration | null {
    return this.#topicsById.get(topicId)?.partitions.get(partitionId) ?? null;
  }

  /** A topic other than `name` that is the same up to `.` and `_`. */
  collidingTopic(name: string): string | null {
    if (!hasCollisionChars(name)) return null;
    return this.#collidingNames.get(unifyCollisionChars(name)) ?? null;
  }

  /** The overrides stored for one resource, without any default. */
  overridesOf(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.get(configKey(resourceType, resourceName))?.overrides ?? noOverrides;
  }

  /** Registered, not fenced and not shutting down: may lead and may be in an ISR. */
  isActiveBroker(brokerId: NodeId): boolean {
    const broker = this.#brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  /** KIP-966 is on. */
  isElrEnabled(): boolean {
    return (this.#features.get('eligible.leader.replicas.version') ?? 0) >= 1;
  }

  /** Applies one committed Raft entry; `index` must be above every index applied before. */
  applyEntry(entry: { index: RaftIndex; term: Term; records: readonly MetadataRecord[] }, delta?: MetadataDelta): void {
    assert(entry.index > this.appliedIndex, `entry ${entry.index} is applied twice: already at ${this.appliedIndex}`);
    assert(entry.term >= this.appliedTerm, `entry ${entry.index} of term ${entry.term} follows term ${this.appliedTerm}`);
    for (const record of entry.records) this.replay(record, delta);
    this.appliedIndex = entry.index;
    this.appliedTerm = entry.term;
  }

  replay(record: MetadataRecord, delta?: MetadataDelta): void {
    switch (record.type) {
      case 'registerBroker':
        return this.#replayRegisterBroker(record, delta);
      case 'unregisterBroker':
        return this.#replayUnregisterBroker(record, delta);
      case 'topic':
        return this.#replayTopic(record, delta);
      case 'partition':
        return this.#replayPartition(record, delta);
      case 'config':
        return this.#replayConfig(record, delta);
      case 'partitionChange':
        return this.#replayPartitionChange(record, delta);
      case 'fenceBroker':
        return this.#replayFencing(record.id, record.epoch, { fenced: true }, delta);
      case 'unfenceBroker':
        return this.#replayFencing(record.id, record.epoch, { fenced: false }, delta);
      case 'removeTopic':
        return this.#replayRemoveTopic(record, delta);
      case 'featureLevel':
        return this.#replayFeatureLevel(record, delta);
      case 'producerIds':
        return this.#replayProducerIds(record, delta);
      case 'brokerRegistrationChange':
        return this.#replayBrokerRegistrationChange(record, delta);
      case 'noOp':
        return;
      case 'clearElr':
        return this.#replayClearElr(record, delta);
      default:
        return unreachable(record);
    }
  }

  /** An independent image with the same contents: what the active controller speculates on (E11). */
  clone(): MetadataImage {
    const copy = new MetadataImage();
    copy.clusterId = this.clusterId;
    copy.appliedIndex = this.appliedIndex;
    copy.appliedTerm = this.appliedTerm;
    copy.nextProducerId = this.nextProducerId;
    for (const [id, topic] of this.#topicsById) copy.#topicsById.set(id, { ...topic, partitions: new Map(topic.partitions) });
    for (const [name, id] of this.#topicIdsByName) copy.#topicIdsByName.set(name, id);
    for (const [unified, name] of this.#collidingNames) copy.#collidingNames.set(unified, name);
    for (const [id, broker] of this.#brokers) copy.#brokers.set(id, broker);
    for (const [key, config] of this.#configs) copy.#configs.set(key, { ...config, overrides: new Map(config.overrides) });
    for (const [name, level] of this.#features) copy.#features.set(name, level);
    return copy;
  }

  /** Records that rebuild this image from an empty one; the body of a snapshot. */
  toRecords(): MetadataRecord[] {
    return imageToRecords(this);
  }

  /** The image of a snapshot that was taken after the entry `at`. */
  static fromRecords(records: Iterable<MetadataRecord>, at: { index: RaftIndex; term: Term }): MetadataImage {
    const image = new MetadataImage();
    for (const record of records) image.replay(record);
    image.appliedIndex = at.index;
    image.appliedTerm = at.term;
    return image;
  }

  #replayTopic(record: TopicRecord, delta: MetadataDelta | undefined): void {
    assert(!this.#topicIdsByName.has(record.name), `topic ${record.name} is created twice`);
    assert(!this.#topicsById.has(record.topicId), `topic id ${record.topicId} is used twice`);
    this.#topicsById.set(record.topicId, { id: record.topicId, name: record.name, partitions: new Map() });
    this.#topicIdsByName.set(record.name, record.topicId);
    if (hasCollisionChars(record.name)) this.#collidingNames.set(unifyCollisionChars(record.name), record.name);
    delta?.noteTopicCreated(record.topicId, record.name);
  }

  #replayPartition(record: PartitionRecord, delta: MetadataDelta | undefined): void {
    const registration = registrationFromRecord(record);
    expectValid(registration);
    this.#setPartition(record.topicId, record.partitionId, registration, delta);
  }

  #replayPartitionChange(record: PartitionChangeRecord, delta: MetadataDelta | undefined): void {
    const before = this.partition(record.topicId, record.partitionId);
    assert(before !== null, `change of the unknown partition ${record.topicId}:${record.partitionId}`);
    this.#setPartition(record.topicId, record.partitionId, mergePartitionChange(before, record), delta);
  }

  #setPartition(topicId: string, partitionId: number, after: PartitionRegistration, delta: MetadataDelta | undefined): void {
    const topic = expectDefined(this.#topicsById.get(topicId), `partition ${partitionId} of the unknown topic ${topicId}`);
    const before = topic.partitions.get(partitionId) ?? null;
    topic.partitions.set(partitionId, after);
    delta?.notePartition({ topicId, topicName: topic.name, partitionId, before, after });
  }

  #replayRemoveTopic(record: RemoveTopicRecord, delta: MetadataDelta | undefined): void {
    const topic = expectDefined(this.#topicsById.get(record.topicId), `removal of the unknown topic ${record.topicId}`);
    this.#topicsById.delete(topic.id);
    this.#topicIdsByName.delete(topic.name);
    if (hasCollisionChars(topic.name)) this.#collidingNames.delete(unifyCollisionChars(topic.name));
    this.#configs.delete(configKey(configResourceTypes.topic, topic.name));
    delta?.noteTopicDeleted(topic);
  }

  #replayClearElr(record: ClearElrRecord, delta: MetadataDelta | undefined): void {
    if (record.topicName === '') {
      for (const topic of this.#topicsById.values()) this.#clearElrOf(topic, delta);
      return;
    }
    this.#clearElrOf(
      expectDefined(this.topicByName(record.topicName), `no topic ${record.topicName} to clear the ELR of`),
      delta,
    );
  }

  /**
   * Where the ISR is empty the ELR stays, unlike in Kafka: nothing is written there, so its members still hold all that
   * was committed, and without them the partition could only be elected uncleanly.
   */
  #clearElrOf(topic: TopicImage, delta: MetadataDelta | undefined): void {
    for (const [partitionId, registration] of topic.partitions) {
      const { isr, elr, lastKnownElr } = registration;
      if (isr.length === 0 || (elr.length === 0 && lastKnownElr.length === 0)) continue;
      this.#replayPartitionChange(
        partitionChange(topic.id, partitionId, { eligibleLeaderReplicas: [], lastKnownElr: [] }),
        delta,
      );
    }
  }

  #replayRegisterBroker(record: RegisterBrokerRecord, delta: MetadataDelta | undefined): void {
    const { type: _type, isMigratingZkBroker: _zk, ...registration } = record;
    this.#setBroker(record.brokerId, registration, delta);
  }

  #replayUnregisterBroker(record: UnregisterBrokerRecord, delta: MetadataDelta | undefined): void {
    this.#expectBroker(record.brokerId, record.brokerEpoch);
    this.#setBroker(record.brokerId, null, delta);
  }

  #replayFencing(brokerId: NodeId, epoch: number, changes: { fenced: boolean }, delta: MetadataDelta | undefined): void {
    this.#setBroker(brokerId, { ...this.#expectBroker(brokerId, epoch), ...changes }, delta);
  }

  #replayBrokerRegistrationChange(record: BrokerRegistrationChangeRecord, delta: MetadataDelta | undefined): void {
    const before = this.#expectBroker(record.brokerId, record.brokerEpoch);
    const after: BrokerRegistration = {
      ...before,
      fenced: record.fenced === 0 ? before.fenced : record.fenced > 0,
      inControlledShutdown: before.inControlledShutdown || record.inControlledShutdown > 0,
      logDirs: record.logDirs.length === 0 ? before.logDirs : record.logDirs,
      cordonedLogDirs: record.cordonedLogDirs ?? before.cordonedLogDirs,
    };
    this.#setBroker(record.brokerId, after, delta);
  }

  #expectBroker(brokerId: NodeId, epoch: number): BrokerRegistration {
    const broker = expectDefined(this.#brokers.get(brokerId), `broker ${brokerId} is not registered`);
    assert(broker.brokerEpoch === epoch, `broker ${brokerId} has epoch ${broker.brokerEpoch}, the record ${epoch}`);
    return broker;
  }

  #setBroker(brokerId: NodeId, after: BrokerRegistration | null, delta: MetadataDelta | undefined): void {
    const before = this.#brokers.get(brokerId) ?? null;
    if (after === null) this.#brokers.delete(brokerId);
    else this.#brokers.set(brokerId, after);
    delta?.noteBroker({ brokerId, before, after });
  }

  #replayConfig(record: ConfigRecord, delta: MetadataDelta | undefined): void {
    const { resourceType, resourceName, name, value } = record;
    if (resourceType === configResourceTypes.broker && resourceName === '' && name === clusterIdConfig) {
      assert(this.clusterId === null || this.clusterId === value, `the cluster id ${this.clusterId} may not become ${value}`);
      this.clusterId = value;
      if (delta !== undefined) delta.clusterIdChanged = true;
      return;
    }
    const key = configKey(resourceType, resourceName);
    const config = this.#configs.get(key) ?? { resourceType, resourceName, overrides: new Map<string, string>() };
    if (value === null) config.overrides.delete(name);
    else config.overrides.set(name, value);
    if (config.overrides.size === 0) this.#configs.delete(key);
    else this.#configs.set(key, config);
    delta?.noteConfig(key, { resourceType, resourceName }, name);
  }

  #replayFeatureLevel(record: FeatureLevelRecord, delta: MetadataDelta | undefined): void {
    if (record.featureLevel === 0) this.#features.delete(record.name);
    else this.#features.set(record.name, record.featureLevel);
    delta?.changedFeatures.add(record.name);
  }

  #replayProducerIds(record: ProducerIdsRecord, delta: MetadataDelta | undefined): void {
    // C4: a block is never handed out twice, whichever controller did it.
    assert(
      record.nextProducerId > this.nextProducerId,
      `producer ids go back: ${this.nextProducerId} to ${record.nextProducerId}`,
    );
    this.nextProducerId = record.nextProducerId;
    if (delta !== undefined) delta.producerIdsChanged = true;
  }
}

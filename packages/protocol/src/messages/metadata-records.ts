/**
 * Records of the metadata log: the only thing that changes the cluster's state (architecture, idea 2).
 *
 * The controller decides on records, Raft commits them, every node replays them. The key of a table is the record's type
 * number in Kafka's metadata log. Directories come with KIP-858, eligible leader replicas with KIP-966.
 */
import type { Body, Draft } from '../schema.ts';
import {
  array,
  boolean,
  int16,
  int32,
  int64,
  int8,
  message,
  nullable,
  since,
  string,
  tagged,
  uint16,
  uuid,
  withDefault,
} from '../schema.ts';

export const registerBrokerRecord = message(
  { name: 'RegisterBrokerRecord', key: 0, versions: [0, 4], flexibleFrom: 0 },
  {
    brokerId: int32,
    isMigratingZkBroker: since(2, boolean, false),
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: nullable(string),
    fenced: withDefault(boolean, true),
    inControlledShutdown: since(1, boolean, false),
    logDirs: tagged(0, since(3, array(uuid))),
    cordonedLogDirs: tagged(1, since(4, nullable(array(uuid)), null)),
  },
);
export type RegisterBrokerRecord = Body<typeof registerBrokerRecord>;
export type RegisterBrokerRecordDraft = Draft<typeof registerBrokerRecord>;

export const unregisterBrokerRecord = message(
  { name: 'UnregisterBrokerRecord', key: 1, versions: [0, 0], flexibleFrom: 0 },
  {
    brokerId: int32,
    brokerEpoch: int64,
  },
);
export type UnregisterBrokerRecord = Body<typeof unregisterBrokerRecord>;
export type UnregisterBrokerRecordDraft = Draft<typeof unregisterBrokerRecord>;

export const topicRecord = message(
  { name: 'TopicRecord', key: 2, versions: [0, 0], flexibleFrom: 0 },
  {
    name: string,
    topicId: uuid,
  },
);
export type TopicRecord = Body<typeof topicRecord>;
export type TopicRecordDraft = Draft<typeof topicRecord>;

export const partitionRecord = message(
  { name: 'PartitionRecord', key: 3, versions: [0, 2], flexibleFrom: 0 },
  {
    partitionId: withDefault(int32, -1),
    topicId: uuid,
    /** In order of preference; `directories` has the same order. */
    replicas: array(int32),
    isr: array(int32),
    removingReplicas: array(int32),
    addingReplicas: array(int32),
    /** -1 when there is none. */
    leader: withDefault(int32, -1),
    /** 1 while it recovers from an unclean election. */
    leaderRecoveryState: tagged(0, withDefault(int8, 0)),
    leaderEpoch: withDefault(int32, -1),
    partitionEpoch: withDefault(int32, -1),
    directories: since(1, array(uuid)),
    eligibleLeaderReplicas: tagged(1, since(2, nullable(array(int32)), null)),
    lastKnownElr: tagged(2, since(2, nullable(array(int32)), null)),
  },
);
export type PartitionRecord = Body<typeof partitionRecord>;
export type PartitionRecordDraft = Draft<typeof partitionRecord>;

export const configRecord = message(
  { name: 'ConfigRecord', key: 4, versions: [0, 0], flexibleFrom: 0 },
  {
    /** 2 topic, 4 broker, 16 client metrics, 32 group. */
    resourceType: int8,
    resourceName: string,
    name: string,
    /** Null deletes the setting. */
    value: nullable(string),
  },
);
export type ConfigRecord = Body<typeof configRecord>;
export type ConfigRecordDraft = Draft<typeof configRecord>;

export const partitionChangeRecord = message(
  { name: 'PartitionChangeRecord', key: 5, versions: [0, 2], flexibleFrom: 0 },
  {
    partitionId: withDefault(int32, -1),
    topicId: uuid,
    /** In this record null means: as before. */
    isr: tagged(0, withDefault(nullable(array(int32)), null)),
    /** -1 for no leader, -2 for as before. */
    leader: tagged(1, withDefault(int32, -2)),
    replicas: tagged(2, withDefault(nullable(array(int32)), null)),
    removingReplicas: tagged(3, withDefault(nullable(array(int32)), null)),
    addingReplicas: tagged(4, withDefault(nullable(array(int32)), null)),
    /** -1 for as before. */
    leaderRecoveryState: tagged(5, withDefault(int8, -1)),
    directories: tagged(8, since(1, nullable(array(uuid)), null)),
    eligibleLeaderReplicas: tagged(6, since(2, nullable(array(int32)), null)),
    lastKnownElr: tagged(7, since(2, nullable(array(int32)), null)),
  },
);
export type PartitionChangeRecord = Body<typeof partitionChangeRecord>;
export type PartitionChangeRecordDraft = Draft<typeof partitionChangeRecord>;

export const fenceBrokerRecord = message(
  { name: 'FenceBrokerRecord', key: 7, versions: [0, 0], flexibleFrom: 0 },
  {
    id: int32,
    epoch: int64,
  },
);
export type FenceBrokerRecord = Body<typeof fenceBrokerRecord>;
export type FenceBrokerRecordDraft = Draft<typeof fenceBrokerRecord>;

export const unfenceBrokerRecord = message(
  { name: 'UnfenceBrokerRecord', key: 8, versions: [0, 0], flexibleFrom: 0 },
  {
    id: int32,
    epoch: int64,
  },
);
export type UnfenceBrokerRecord = Body<typeof unfenceBrokerRecord>;
export type UnfenceBrokerRecordDraft = Draft<typeof unfenceBrokerRecord>;

export const removeTopicRecord = message(
  { name: 'RemoveTopicRecord', key: 9, versions: [0, 0], flexibleFrom: 0 },
  {
    topicId: uuid,
  },
);
export type RemoveTopicRecord = Body<typeof removeTopicRecord>;
export type RemoveTopicRecordDraft = Draft<typeof removeTopicRecord>;

export const featureLevelRecord = message(
  { name: 'FeatureLevelRecord', key: 12, versions: [0, 0], flexibleFrom: 0 },
  {
    name: string,
    /** 0 for a feature that is off. */
    featureLevel: int16,
  },
);
export type FeatureLevelRecord = Body<typeof featureLevelRecord>;
export type FeatureLevelRecordDraft = Draft<typeof featureLevelRecord>;

export const producerIdsRecord = message(
  { name: 'ProducerIdsRecord', key: 15, versions: [0, 0], flexibleFrom: 0 },
  {
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1),
    /** First id of the next block to give away. */
    nextProducerId: int64,
  },
);
export type ProducerIdsRecord = Body<typeof producerIdsRecord>;
export type ProducerIdsRecordDraft = Draft<typeof producerIdsRecord>;

export const brokerRegistrationChangeRecord = message(
  { name: 'BrokerRegistrationChangeRecord', key: 17, versions: [0, 3], flexibleFrom: 0 },
  {
    brokerId: int32,
    brokerEpoch: int64,
    /** 1 becomes fenced, -1 becomes unfenced, 0 stays. */
    fenced: tagged(0, int8),
    /** 1 begins its shutdown, 0 stays. */
    inControlledShutdown: tagged(1, since(1, int8)),
    logDirs: tagged(2, since(2, array(uuid))),
    cordonedLogDirs: tagged(3, since(3, nullable(array(uuid)), null)),
  },
);
export type BrokerRegistrationChangeRecord = Body<typeof brokerRegistrationChangeRecord>;
export type BrokerRegistrationChangeRecordDraft = Draft<typeof brokerRegistrationChangeRecord>;

export const noOpRecord = message({ name: 'NoOpRecord', key: 20, versions: [0, 0], flexibleFrom: 0 }, {});
export type NoOpRecord = Body<typeof noOpRecord>;
export type NoOpRecordDraft = Draft<typeof noOpRecord>;

export const clearElrRecord = message(
  { name: 'ClearElrRecord', key: 28, versions: [0, 0], flexibleFrom: 0 },
  {
    /** Empty for all topics. */
    topicName: string,
  },
);
export type ClearElrRecord = Body<typeof clearElrRecord>;
export type ClearElrRecordDraft = Draft<typeof clearElrRecord>;

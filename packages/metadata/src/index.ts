/** Cluster metadata: records, the image they build, and the active controller's decisions. */

export * from './config/exports.ts';
export { BrokerHeartbeats, brokenStreamGraceMs } from './controller/broker-heartbeats.ts';
export type { ControllerEvent, FencingReason, PartitionName } from './controller/events.ts';
export type {
  ApiError,
  ControllerContext,
  ControllerDecision,
  ControllerReply,
  ControllerRequest,
  ControllerSettings,
  OperationResult,
} from './controller/operation.ts';
export { MetadataDelta, type BrokerChange, type ConfigChange, type DeletedTopic, type PartitionChange } from './delta.ts';
export {
  clusterIdConfig,
  configKey,
  MetadataImage,
  type BrokerRegistration,
  type ConfigResource,
  type TopicImage,
} from './image.ts';
export {
  directoryIds,
  directoryOf,
  hasPreferredLeader,
  isReassigning,
  isReservedDirectory,
  mergePartitionChange,
  registrationFromRecord,
  registrationToRecord,
  type PartitionRegistration,
} from './partition-registration.ts';
export {
  brokerRegistrationChange,
  configResourceTypes,
  leaderRecovered,
  leaderRecovering,
  noLeader,
  noLeaderChange,
  partitionChange,
  type BrokerEndpoint,
  type BrokerFeature,
  type BrokerRegistrationChangeRecord,
  type ClearElrRecord,
  type ConfigRecord,
  type FeatureLevelRecord,
  type FenceBrokerRecord,
  type LeaderRecoveryState,
  type MetadataRecord,
  type NoOpRecord,
  type PartitionChangeRecord,
  type PartitionRecord,
  type ProducerIdsRecord,
  type RegisterBrokerRecord,
  type RemoveTopicRecord,
  type TopicRecord,
  type UnfenceBrokerRecord,
  type UnregisterBrokerRecord,
} from './records.ts';
export {
  hasCollisionChars,
  internalTopics,
  invalidTopicName,
  isInternalTopic,
  maxTopicNameLength,
  unifyCollisionChars,
} from './topic-name.ts';

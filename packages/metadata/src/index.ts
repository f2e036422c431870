/** Cluster metadata: records, the image they build, and the active controller's decisions. */

export * from './config/exports.ts';
export {
  ActiveController,
  defaultMaxEntryBytes,
  uncleanElectionIntervalMs,
  type ActiveControllerOptions,
  type ControllerMoment,
} from './controller/active-controller.ts';
export { apiError, noError, type ApiError } from './controller/api-error.ts';
export { supportedFeatures } from './controller/bootstrap.ts';
export { controllerApiKeys } from './controller/dispatch.ts';
export { maxPartitionsPerRequest } from './controller/new-partitions.ts';
export { producerIdBlockSize } from './controller/allocate-producer-ids.ts';
export {
  addressOf,
  aliveBrokers,
  isDirectoryOnline,
  isReplicaOffline,
  partitionStatus,
  type BrokerAddress,
  type PartitionStatus,
} from './describe/partition-status.ts';
export {
  decodeRecord,
  decodeRecordBatch,
  decodeSnapshot,
  encodeRecord,
  encodeRecordBatch,
  encodeSnapshot,
  MetadataFormatError,
} from './record-codec.ts';
export { BrokerHeartbeats, type SessionLimits } from './controller/broker-heartbeats.ts';
export type { ControllerEvent, FencingReason, PartitionName } from './controller/events.ts';
export type {
  ControllerContext,
  ControllerDecision,
  ControllerReply,
  ControllerRequest,
  ControllerSettings,
  OperationResult,
} from './controller/operation.ts';
export { MetadataDelta, type BrokerChange, type ConfigChange, type DeletedTopic, type PartitionChange } from './delta.ts';
export { configKey, MetadataImage, type BrokerRegistration, type ConfigResource, type TopicImage } from './image.ts';
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
  clusterIdConfig,
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

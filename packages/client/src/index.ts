/**
 * A small Kafka client: what the command line, the tests, the benchmarks and the fault harness talk to a cluster with.
 *
 * `Cluster.connect` is the way in; admin functions, `Producer`, `Consumer` and `GroupConsumer` take the cluster. It speaks to
 * Apache Kafka 4.x as well as to Jackdaw. Everything exported here is public, and nothing else is.
 */
export { apis } from './apis.ts';
export { Cluster, type CoordinatorKind, type NodeCallOptions, type RetryOptions } from './cluster.ts';
export { Connection, type CallOptions, type VersionRange } from './connection.ts';
export type { Assignment, ConsumerOptions, GroupConsumerOptions, StartPosition } from './consumer-options.ts';
export { errorText } from './error-texts.ts';
export { ConnectionError, isRetriable, KafkaError, TimeoutError, UnsupportedError } from './errors.ts';
export type { BrokerMetadata, ClusterMetadata, PartitionMetadata, TopicMetadata } from './metadata.ts';
export { murmur2, partitionForKey } from './murmur2.ts';
export {
  formatAddress,
  parseAddress,
  parseBootstrap,
  resolveOptions,
  type Address,
  type ClientOptions,
  type SaslOptions,
} from './options.ts';
export type { BrokerSocket, ClientPlatform, ConnectOptions } from './platform.ts';
export type { CompressionName, ProducerOptions } from './producer-options.ts';
export {
  partitionKey,
  type ConsumedRecord,
  type Delivery,
  type ProducerRecord,
  type RecordHeader,
  type TopicPartition,
} from './records.ts';
export { systemClientPlatform } from './system-client-platform.ts';
export { apiNameOf, type AnyApi, type Api } from './wire.ts';
export {
  brokerVersions,
  describeCluster,
  describeLogDirs,
  describeQuorum,
  electLeaders,
  type ClusterDescription,
  type DescribedBroker,
  type LogDirDescription,
  type QuorumDescription,
  type QuorumReplica,
} from './admin/cluster-info.ts';
export {
  alterConfigs,
  describeConfigs,
  type ConfigChange,
  type ConfigEntry,
  type ConfigResource,
  type ConfigResourceType,
  type ConfigSource,
  type DescribedConfigs,
} from './admin/configs.ts';
export {
  commitOffsets,
  deleteGroups,
  deleteOffsets,
  describeGroup,
  fetchOffsets,
  listGroups,
  readAssignment,
  type CommitMember,
  type CommittedOffset,
  type DescribedGroup,
  type GroupDescription,
  type GroupMember,
  type ListedGroup,
  type OffsetToCommit,
} from './admin/groups.ts';
export { listOffsets, type FoundOffset, type ListOffsetsOptions, type OffsetQuery, type OffsetSpec } from './admin/offsets.ts';
export type { Outcome } from './admin/outcome.ts';
export {
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  describeTopics,
  listTopics,
  type ChangeOptions,
  type CreatedTopic,
  type DescribedTopic,
  type NewTopic,
  type PartitionIncrease,
} from './admin/topics.ts';
export { Producer } from './producer.ts';
export { Consumer } from './consumer.ts';
export { GroupConsumer } from './group-consumer.ts';

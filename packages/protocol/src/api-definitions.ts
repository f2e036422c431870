/**
 * The registry of APIs: for every key its name, its two tables, and the versions to speak.
 *
 * A broker looks a request's key up here before it decodes the body; a client negotiates against it. That an API is listed
 * means that its encoding is known, not that it is served on the Kafka port: `brokerOnly` ones travel inside our gRPC.
 */
import { produceRequest, produceResponse } from './messages/00-produce.ts';
import { fetchRequest, fetchResponse } from './messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from './messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from './messages/03-metadata.ts';
import { offsetCommitRequest, offsetCommitResponse } from './messages/08-offset-commit.ts';
import { offsetFetchRequest, offsetFetchResponse } from './messages/09-offset-fetch.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from './messages/10-find-coordinator.ts';
import { joinGroupRequest, joinGroupResponse } from './messages/11-join-group.ts';
import { heartbeatRequest, heartbeatResponse } from './messages/12-heartbeat.ts';
import { leaveGroupRequest, leaveGroupResponse } from './messages/13-leave-group.ts';
import { syncGroupRequest, syncGroupResponse } from './messages/14-sync-group.ts';
import { describeGroupsRequest, describeGroupsResponse } from './messages/15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from './messages/16-list-groups.ts';
import { saslHandshakeRequest, saslHandshakeResponse } from './messages/17-sasl-handshake.ts';
import { apiVersionsRequest, apiVersionsResponse } from './messages/18-api-versions.ts';
import { createTopicsRequest, createTopicsResponse } from './messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from './messages/20-delete-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from './messages/21-delete-records.ts';
import { initProducerIdRequest, initProducerIdResponse } from './messages/22-init-producer-id.ts';
import { offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from './messages/23-offset-for-leader-epoch.ts';
import { addPartitionsToTxnRequest, addPartitionsToTxnResponse } from './messages/24-add-partitions-to-txn.ts';
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from './messages/25-add-offsets-to-txn.ts';
import { endTxnRequest, endTxnResponse } from './messages/26-end-txn.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from './messages/27-write-txn-markers.ts';
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from './messages/28-txn-offset-commit.ts';
import { describeConfigsRequest, describeConfigsResponse } from './messages/32-describe-configs.ts';
import { alterConfigsRequest, alterConfigsResponse } from './messages/33-alter-configs.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from './messages/35-describe-log-dirs.ts';
import { saslAuthenticateRequest, saslAuthenticateResponse } from './messages/36-sasl-authenticate.ts';
import { createPartitionsRequest, createPartitionsResponse } from './messages/37-create-partitions.ts';
import { deleteGroupsRequest, deleteGroupsResponse } from './messages/42-delete-groups.ts';
import { electLeadersRequest, electLeadersResponse } from './messages/43-elect-leaders.ts';
import { incrementalAlterConfigsRequest, incrementalAlterConfigsResponse } from './messages/44-incremental-alter-configs.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from './messages/47-offset-delete.ts';
import { describeQuorumRequest, describeQuorumResponse } from './messages/55-describe-quorum.ts';
import { alterPartitionRequest, alterPartitionResponse } from './messages/56-alter-partition.ts';
import { describeClusterRequest, describeClusterResponse } from './messages/60-describe-cluster.ts';
import { describeProducersRequest, describeProducersResponse } from './messages/61-describe-producers.ts';
import { brokerRegistrationRequest, brokerRegistrationResponse } from './messages/62-broker-registration.ts';
import { brokerHeartbeatRequest, brokerHeartbeatResponse } from './messages/63-broker-heartbeat.ts';
import { unregisterBrokerRequest, unregisterBrokerResponse } from './messages/64-unregister-broker.ts';
import { allocateProducerIdsRequest, allocateProducerIdsResponse } from './messages/67-allocate-producer-ids.ts';
import { assignReplicasToDirsRequest, assignReplicasToDirsResponse } from './messages/73-assign-replicas-to-dirs.ts';
import { listConfigResourcesRequest, listConfigResourcesResponse } from './messages/74-list-config-resources.ts';
import { describeTopicPartitionsRequest, describeTopicPartitionsResponse } from './messages/75-describe-topic-partitions.ts';
import type { MessageSchema } from './schema.ts';

/** Keys by name; the names are Kafka's. */
export const ApiKey = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  WriteTxnMarkers: 27,
  TxnOffsetCommit: 28,
  DescribeConfigs: 32,
  AlterConfigs: 33,
  DescribeLogDirs: 35,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  DeleteGroups: 42,
  ElectLeaders: 43,
  IncrementalAlterConfigs: 44,
  OffsetDelete: 47,
  DescribeQuorum: 55,
  AlterPartition: 56,
  DescribeCluster: 60,
  DescribeProducers: 61,
  BrokerRegistration: 62,
  BrokerHeartbeat: 63,
  UnregisterBroker: 64,
  AllocateProducerIds: 67,
  AssignReplicasToDirs: 73,
  ListConfigResources: 74,
  DescribeTopicPartitions: 75,
} as const;

export type ApiName = keyof typeof ApiKey;
export type ApiKey = (typeof ApiKey)[ApiName];

/** One API. Bodies are typed through the tables themselves (`fetchRequest`), not through this. */
export interface ApiDefinition {
  readonly key: ApiKey;
  readonly name: ApiName;
  readonly request: MessageSchema;
  readonly response: MessageSchema;
  /** Oldest version that is served. */
  readonly minVersion: number;
  /** Newest stable version; the tables may know a newer, unstable one. */
  readonly maxVersion: number;
  /** What an ApiVersions response states as the oldest version. */
  readonly advertisedMinVersion: number;
  /** First version with flexible headers and bodies, or null when there is none. */
  readonly flexibleFrom: number | null;
  /** Whether it is refused on the Kafka port, because brokers say it to each other over gRPC. */
  readonly brokerOnly: boolean;
}

/**
 * Kafka says that it has Produce 0 to 2, which it refuses, because librdkafka takes their absence for the absence of
 * compression codecs (KAFKA-18659).
 */
const advertisedMinVersions: ReadonlyMap<ApiName, number> = new Map([['Produce', 0]]);
/** Newest stable versions where the table goes further: InitProducerId 6 is two-phase commit (KIP-939). */
const maxStableVersions: ReadonlyMap<ApiName, number> = new Map([['InitProducerId', 5]]);
const brokerOnly: ReadonlySet<ApiName> = new Set([
  'AlterPartition',
  'BrokerRegistration',
  'BrokerHeartbeat',
  'AllocateProducerIds',
  'AssignReplicasToDirs',
] as const);

function define(name: ApiName, request: MessageSchema, response: MessageSchema): [ApiKey, ApiDefinition] {
  const [minVersion, maxVersion] = request.versions;
  const definition: ApiDefinition = {
    key: ApiKey[name],
    name,
    request,
    response,
    minVersion,
    maxVersion: maxStableVersions.get(name) ?? maxVersion,
    advertisedMinVersion: advertisedMinVersions.get(name) ?? minVersion,
    flexibleFrom: request.flexibleFrom,
    brokerOnly: brokerOnly.has(name),
  };
  return [definition.key, definition];
}

/** All APIs by key, in ascending order of keys. Any number may be looked up: it comes from the wire. */
export const apiDefinitions: ReadonlyMap<number, ApiDefinition> = new Map<number, ApiDefinition>([
  define('Produce', produceRequest, produceResponse),
  define('Fetch', fetchRequest, fetchResponse),
  define('ListOffsets', listOffsetsRequest, listOffsetsResponse),
  define('Metadata', metadataRequest, metadataResponse),
  define('OffsetCommit', offsetCommitRequest, offsetCommitResponse),
  define('OffsetFetch', offsetFetchRequest, offsetFetchResponse),
  define('FindCoordinator', findCoordinatorRequest, findCoordinatorResponse),
  define('JoinGroup', joinGroupRequest, joinGroupResponse),
  define('Heartbeat', heartbeatRequest, heartbeatResponse),
  define('LeaveGroup', leaveGroupRequest, leaveGroupResponse),
  define('SyncGroup', syncGroupRequest, syncGroupResponse),
  define('DescribeGroups', describeGroupsRequest, describeGroupsResponse),
  define('ListGroups', listGroupsRequest, listGroupsResponse),
  define('SaslHandshake', saslHandshakeRequest, saslHandshakeResponse),
  define('ApiVersions', apiVersionsRequest, apiVersionsResponse),
  define('CreateTopics', createTopicsRequest, createTopicsResponse),
  define('DeleteTopics', deleteTopicsRequest, deleteTopicsResponse),
  define('DeleteRecords', deleteRecordsRequest, deleteRecordsResponse),
  define('InitProducerId', initProducerIdRequest, initProducerIdResponse),
  define('OffsetForLeaderEpoch', offsetForLeaderEpochRequest, offsetForLeaderEpochResponse),
  define('AddPartitionsToTxn', addPartitionsToTxnRequest, addPartitionsToTxnResponse),
  define('AddOffsetsToTxn', addOffsetsToTxnRequest, addOffsetsToTxnResponse),
  define('EndTxn', endTxnRequest, endTxnResponse),
  define('WriteTxnMarkers', writeTxnMarkersRequest, writeTxnMarkersResponse),
  define('TxnOffsetCommit', txnOffsetCommitRequest, txnOffsetCommitResponse),
  define('DescribeConfigs', describeConfigsRequest, describeConfigsResponse),
  define('AlterConfigs', alterConfigsRequest, alterConfigsResponse),
  define('DescribeLogDirs', describeLogDirsRequest, describeLogDirsResponse),
  define('SaslAuthenticate', saslAuthenticateRequest, saslAuthenticateResponse),
  define('CreatePartitions', createPartitionsRequest, createPartitionsResponse),
  define('DeleteGroups', deleteGroupsRequest, deleteGroupsResponse),
  define('ElectLeaders', electLeadersRequest, electLeadersResponse),
  define('IncrementalAlterConfigs', incrementalAlterConfigsRequest, incrementalAlterConfigsResponse),
  define('OffsetDelete', offsetDeleteRequest, offsetDeleteResponse),
  define('DescribeQuorum', describeQuorumRequest, describeQuorumResponse),
  define('AlterPartition', alterPartitionRequest, alterPartitionResponse),
  define('DescribeCluster', describeClusterRequest, describeClusterResponse),
  define('DescribeProducers', describeProducersRequest, describeProducersResponse),
  define('BrokerRegistration', brokerRegistrationRequest, brokerRegistrationResponse),
  define('BrokerHeartbeat', brokerHeartbeatRequest, brokerHeartbeatResponse),
  define('UnregisterBroker', unregisterBrokerRequest, unregisterBrokerResponse),
  define('AllocateProducerIds', allocateProducerIdsRequest, allocateProducerIdsResponse),
  define('AssignReplicasToDirs', assignReplicasToDirsRequest, assignReplicasToDirsResponse),
  define('ListConfigResources', listConfigResourcesRequest, listConfigResourcesResponse),
  define('DescribeTopicPartitions', describeTopicPartitionsRequest, describeTopicPartitionsResponse),
]);

/** Whether a request of this key and version can be decoded and is stable. */
export function isSupportedVersion(key: number, version: number): boolean {
  const definition = apiDefinitions.get(key);
  return definition !== undefined && version >= definition.minVersion && version <= definition.maxVersion;
}

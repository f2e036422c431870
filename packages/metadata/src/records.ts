/**
 * Cluster metadata as records: the only thing that changes an image (architecture idea 2, "decide → records → replay").
 *
 * The controller decides a list of these, Raft commits the list as one entry, every node replays it. Names, fields and
 * defaults are Kafka's metadata record messages; `type` tells them apart. Ids, versions and bytes are in
 * `record-codec.ts`. Values travel as in Kafka: −1 is "no leader", null in a change record is "did not change".
 */

import type { LeaderEpoch, NodeId } from '@jackdaw/base';

/** `PartitionRecord.leader`: the partition has no leader. */
export const noLeader: NodeId = -1;
/** `PartitionChangeRecord.leader`: the leader stays, and so does the leader epoch. */
export const noLeaderChange: NodeId = -2;

/** 0: the leader has all committed data; 1: it was elected uncleanly and is still recovering (KIP-704). */
export type LeaderRecoveryState = 0 | 1;
export const leaderRecovered: LeaderRecoveryState = 0;
export const leaderRecovering: LeaderRecoveryState = 1;

/** Kafka's ConfigResource types that are stored as metadata. */
export const configResourceTypes = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;

/** The cluster's id has no record of its own in Kafka: here it is the cluster-wide configuration of this name. */
export const clusterIdConfig = 'cluster.id';

export interface BrokerEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's SecurityProtocol id: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

/** The levels of a feature that a broker can run, both included. */
export interface BrokerFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

export interface RegisterBrokerRecord {
  readonly type: 'registerBroker';
  readonly brokerId: NodeId;
  readonly isMigratingZkBroker: boolean;
  /** Uuid of the broker's process: a restart is another incarnation. */
  readonly incarnationId: string;
  /** Raft index of the entry that registered this incarnation. */
  readonly brokerEpoch: number;
  readonly endPoints: readonly BrokerEndpoint[];
  readonly features: readonly BrokerFeature[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  /** Uuids of the log directories that are online. */
  readonly logDirs: readonly string[];
  /** Null until the broker has reported them in a heartbeat. */
  readonly cordonedLogDirs: readonly string[] | null;
}

export interface UnregisterBrokerRecord {
  readonly type: 'unregisterBroker';
  readonly brokerId: NodeId;
  readonly brokerEpoch: number;
}

export interface TopicRecord {
  readonly type: 'topic';
  readonly name: string;
  readonly topicId: string;
}

export interface PartitionRecord {
  readonly type: 'partition';
  readonly partitionId: number;
  readonly topicId: string;
  /** In the order of preference: the first is the preferred leader. */
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
  readonly addingReplicas: readonly NodeId[];
  readonly leader: NodeId;
  readonly leaderRecoveryState: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
  /** One log directory uuid for each replica, in the same order. */
  readonly directories: readonly string[];
  /** Null is empty: KIP-966's eligible leader replicas. */
  readonly eligibleLeaderReplicas: readonly NodeId[] | null;
  readonly lastKnownElr: readonly NodeId[] | null;
}

export interface ConfigRecord {
  readonly type: 'config';
  readonly resourceType: number;
  readonly resourceName: string;
  readonly name: string;
  /** Null deletes the override. */
  readonly value: string | null;
}

export interface PartitionChangeRecord {
  readonly type: 'partitionChange';
  readonly partitionId: number;
  readonly topicId: string;
  readonly isr: readonly NodeId[] | null;
  /** {@link noLeaderChange} keeps the leader; any other value, the same leader too, raises the leader epoch. */
  readonly leader: NodeId;
  readonly replicas: readonly NodeId[] | null;
  readonly removingReplicas: readonly NodeId[] | null;
  readonly addingReplicas: readonly NodeId[] | null;
  /** −1 is "no change". */
  readonly leaderRecoveryState: number;
  readonly directories: readonly string[] | null;
  readonly eligibleLeaderReplicas: readonly NodeId[] | null;
  readonly lastKnownElr: readonly NodeId[] | null;
}

/** Written by old Kafka versions only; understood on replay. */
export interface FenceBrokerRecord {
  readonly type: 'fenceBroker';
  readonly id: NodeId;
  readonly epoch: number;
}

/** Written by old Kafka versions only; understood on replay. */
export interface UnfenceBrokerRecord {
  readonly type: 'unfenceBroker';
  readonly id: NodeId;
  readonly epoch: number;
}

export interface RemoveTopicRecord {
  readonly type: 'removeTopic';
  readonly topicId: string;
}

export interface FeatureLevelRecord {
  readonly type: 'featureLevel';
  readonly name: string;
  /** 0 removes the feature. */
  readonly featureLevel: number;
}

export interface ProducerIdsRecord {
  readonly type: 'producerIds';
  readonly brokerId: NodeId;
  readonly brokerEpoch: number;
  /** First id of the block that will be handed out next. */
  readonly nextProducerId: number;
}

export interface BrokerRegistrationChangeRecord {
  readonly type: 'brokerRegistrationChange';
  readonly brokerId: NodeId;
  readonly brokerEpoch: number;
  /** −1 unfences, 0 is no change, 1 fences. */
  readonly fenced: number;
  /** 0 is no change, 1 enters controlled shutdown; only a new registration leaves it. */
  readonly inControlledShutdown: number;
  /** Empty is no change. */
  readonly logDirs: readonly string[];
  readonly cordonedLogDirs: readonly string[] | null;
}

export interface NoOpRecord {
  readonly type: 'noOp';
}

/** Empties the ELR of one topic, or with the empty name of all: `min.insync.replicas` has changed (KIP-966). */
export interface ClearElrRecord {
  readonly type: 'clearElr';
  readonly topicName: string;
}

export type MetadataRecord =
  | RegisterBrokerRecord
  | UnregisterBrokerRecord
  | TopicRecord
  | PartitionRecord
  | ConfigRecord
  | PartitionChangeRecord
  | FenceBrokerRecord
  | UnfenceBrokerRecord
  | RemoveTopicRecord
  | FeatureLevelRecord
  | ProducerIdsRecord
  | BrokerRegistrationChangeRecord
  | NoOpRecord
  | ClearElrRecord;

/** A change record in which nothing changes yet; `changes` overrides the fields that do. */
export function partitionChange(
  topicId: string,
  partitionId: number,
  changes: Partial<Omit<PartitionChangeRecord, 'type' | 'topicId' | 'partitionId'>>,
): PartitionChangeRecord {
  return {
    type: 'partitionChange',
    partitionId,
    topicId,
    isr: null,
    leader: noLeaderChange,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    ...changes,
  };
}

/** A registration change in which nothing changes yet; `changes` overrides the fields that do. */
export function brokerRegistrationChange(
  brokerId: NodeId,
  brokerEpoch: number,
  changes: Partial<Omit<BrokerRegistrationChangeRecord, 'type' | 'brokerId' | 'brokerEpoch'>>,
): BrokerRegistrationChangeRecord {
  return {
    type: 'brokerRegistrationChange',
    brokerId,
    brokerEpoch,
    fenced: 0,
    inControlledShutdown: 0,
    logDirs: [],
    cordonedLogDirs: null,
    ...changes,
  };
}

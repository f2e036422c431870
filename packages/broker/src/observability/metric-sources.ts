/**
 * What the metrics read from the broker, as functions that are called at each scrape. The broker's parts keep plain
 * numbers and implement these; none of them knows Prometheus. Counters only grow while the broker runs.
 */

export interface TopicCounters {
  readonly topic: string;
  readonly messagesIn: number;
  readonly bytesIn: number;
  /** To consumers; bytes to followers are `replicationBytesOut`. */
  readonly bytesOut: number;
  readonly bytesRejected: number;
  readonly produceRequests: number;
  readonly fetchRequests: number;
  readonly failedProduceRequests: number;
  readonly failedFetchRequests: number;
}

export interface ReplicaStats {
  /** Partitions that this broker leads, and partitions that it holds at all. */
  readonly leaderCount: number;
  readonly partitionCount: number;
  readonly offlineReplicaCount: number;
  /** Of the partitions that this broker leads. */
  readonly underReplicatedCount: number;
  readonly underMinIsrCount: number;
  readonly atMinIsrCount: number;
  readonly isrShrinks: number;
  readonly isrExpands: number;
  readonly failedIsrUpdates: number;
  readonly replicationBytesIn: number;
  readonly replicationBytesOut: number;
  /** Records by which this broker's furthest follower partition is behind its leader. */
  readonly maxLagRecords: number;
  readonly offlineLogDirCount: number;
  /** Places where a log was found damaged, by a read or when it was opened. */
  readonly corruptBatches: number;
}

export interface PartitionStats {
  readonly topic: string;
  readonly partition: number;
  readonly isLeader: boolean;
  readonly sizeBytes: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly segmentCount: number;
  /** −1 on a follower. */
  readonly lagRecords: number;
  /** The following are the leader's knowledge; on a follower they are not read. */
  readonly replicaCount: number;
  readonly inSyncCount: number;
  readonly minInsyncReplicas: number;
  readonly leaderId: number;
  readonly isPreferredLeader: boolean;
  /** Log end offset less last stable offset. */
  readonly lastStableLagRecords: number;
}

/** The controller's numbers; on a broker that is not the active controller, what its image knows. */
export interface ControllerStats {
  readonly isActive: boolean;
  readonly activeBrokerCount: number;
  readonly fencedBrokerCount: number;
  readonly topicCount: number;
  readonly partitionCount: number;
  readonly offlinePartitionCount: number;
  readonly preferredReplicaImbalanceCount: number;
  readonly newActiveControllers: number;
  readonly timedOutHeartbeats: number;
  readonly metadataErrors: number;
  readonly uncleanLeaderElections: number;
  readonly lastAppliedOffset: number;
}

export type RaftState = 'leader' | 'candidate' | 'prospective' | 'follower' | 'observer' | 'unattached';

export interface RaftStats {
  readonly state: RaftState;
  /** −1 is none. */
  readonly leaderId: number;
  readonly term: number;
  /** −1 is none. */
  readonly votedFor: number;
  readonly highWatermark: number;
  readonly logEndOffset: number;
}

export interface GroupStats {
  /** Groups whose coordinator this broker is, by state ("Stable", "PreparingRebalance", …). */
  readonly byState: ReadonlyMap<string, number>;
}

export interface GroupOffsetStats {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number;
  /** null when the partition's end is not known here. */
  readonly lagRecords: number | null;
}

export interface ListenerStats {
  readonly listener: string;
  readonly connectionCount: number;
  readonly connectionsCreated: number;
}

/** Kafka's `BrokerState` numbers. */
export const brokerStates = {
  notRunning: 0,
  starting: 1,
  recovery: 2,
  running: 3,
  pendingControlledShutdown: 6,
  shuttingDown: 7,
} as const;

export interface MetricSources {
  /** One of `brokerStates`. */
  brokerState(): number;
  topics(): Iterable<TopicCounters>;
  replicas(): ReplicaStats;
  partitions(): Iterable<PartitionStats>;
  controller(): ControllerStats;
  /** null before the quorum has started. */
  raft(): RaftStats | null;
  groups(): GroupStats;
  /** Committed offsets of groups that this broker coordinates; may be empty. */
  groupOffsets(): Iterable<GroupOffsetStats>;
  listeners(): Iterable<ListenerStats>;
  /** Requests that are decoded and not yet answered. */
  requestQueueSize(): number;
}

/**
 * The part of a partition's metadata that a replica acts on: what the controller committed, nothing else.
 */
import type { LeaderEpoch, NodeId } from '@jackdaw/base';

export interface PartitionState {
  /** −1 when the partition has no leader. */
  readonly leader: NodeId;
  readonly leaderEpoch: LeaderEpoch;
  /** Grows with every change of the partition's registration; the compare-and-set token of AlterPartition (A15). */
  readonly partitionEpoch: number;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
}

/** The facts about other brokers that decide whether one may (re)join the ISR (A14). */
export interface BrokerFacts {
  readonly brokerEpoch: number;
  readonly isFenced: boolean;
  readonly isShuttingDown: boolean;
}

export interface ReplicationConfig {
  /** `min.insync.replicas` of the topic, now. */
  minInsyncReplicas(): number;
  /** `replica.lag.time.max.ms`, now. */
  replicaLagTimeMaxMs(): number;
  /** What the newest metadata image says of a broker; undefined when it is not registered. */
  broker(id: NodeId): BrokerFacts | undefined;
}

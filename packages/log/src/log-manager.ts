/**
 * All partition logs of a broker, over one or more log directories: the shape that the broker works with.
 *
 * The class that implements it replaces this interface under the same name; every member keeps its signature.
 */

import type { LogConfig } from './log-config.ts';
import type { PartitionLog } from './partition-log.ts';

export interface PartitionKey {
  topicName: string;
  topicId: string;
  partition: number;
}

export interface LogManager {
  /** Broker epoch inside the clean-shutdown marker of the last run; null after an unclean stop (A18). */
  readonly previousBrokerEpoch: number | null;
  readonly clusterId: string;
  readonly nodeId: number;
  /** Per online directory: its id in `meta.properties`. */
  readonly directoryIds: readonly string[];
  get(topicName: string, partition: number): PartitionLog | undefined;
  logs(): Iterable<PartitionLog>;
  getOrCreate(key: PartitionKey, config: LogConfig): Promise<PartitionLog>;
  remove(topicName: string, partition: number): Promise<void>;
  /** Retention, delayed deletions; `highWatermarkOf` says how far each log may be cut. */
  runRetention(nowMs: number, highWatermarkOf: (log: PartitionLog) => number): Promise<void>;
  checkpointRecoveryPoints(): Promise<void>;
  checkpointLogStartOffsets(): Promise<void>;
  checkpointHighWatermarks(highWatermarkOf: (log: PartitionLog) => number): Promise<void>;
  /** `replication-offset-checkpoint` as it was at start; 0 for a partition that is not in it. */
  highWatermarkCheckpoint(topicName: string, partition: number): number;
  shutdown(options: { brokerEpoch: number }): Promise<void>;
}

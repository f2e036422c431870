/**
 * One partition's log on disk: the shape that the broker and the replication glue work with.
 *
 * The class that implements it replaces this interface under the same name; every member keeps its signature.
 */

import type { LeaderEpoch, Offset } from '@jackdaw/base';
import type { LogConfig } from './log-config.ts';
import type {
  ActiveProducer,
  AppendResult,
  EpochEndOffset,
  LeaderAppendOptions,
  ReadOptions,
  ReadResult,
  RecoveryReport,
  TimestampOffset,
} from './log-types.ts';

export interface PartitionLog {
  readonly directory: string;
  readonly name: string;
  readonly topicId: string;
  readonly recovery: RecoveryReport;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  /** Offsets below this survive a power loss; equals `logEndOffset` in page-cache mode. */
  readonly durableOffset: Offset;
  readonly recoveryPoint: Offset;
  readonly sizeBytes: number;
  readonly segmentCount: number;
  readonly isOffline: boolean;
  /** Offset of the first batch that failed its CRC on a read, or null. A bad log must not be served or elected. */
  readonly corruptOffset: Offset | null;

  appendAsLeader(batches: Uint8Array, options: LeaderAppendOptions): AppendResult;
  appendAsFollower(batches: Uint8Array): { lastOffset: Offset };
  read(options: ReadOptions): ReadResult | Promise<ReadResult>;

  endOffsetForEpoch(epoch: LeaderEpoch): EpochEndOffset;
  latestEpoch(): LeaderEpoch | null;
  epochForOffset(offset: Offset): LeaderEpoch | null;
  assignEpochStartOffset(epoch: LeaderEpoch, startOffset: Offset): void;

  truncateTo(offset: Offset): void;
  truncateFullyAndStartAt(offset: Offset): void;
  /** Returns a Kafka error code: 0, or OFFSET_OUT_OF_RANGE when `offset` is above the high watermark. */
  advanceLogStartOffset(offset: Offset, highWatermark: Offset): number;

  offsetForTimestamp(timestampMs: number, maxOffsetExclusive: Offset): Promise<TimestampOffset | null>;
  maxTimestampOffset(): Promise<TimestampOffset | null>;
  activeProducers(): ActiveProducer[];

  retain(nowMs: number, highWatermark: Offset): { deletedSegments: number };
  rollIfNeeded(nowMs: number): boolean;
  updateConfig(config: LogConfig): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

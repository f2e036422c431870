/**
 * What goes into and comes out of a partition log: results of appends, reads and lookups.
 *
 * Kafka error codes are values here, never exceptions (architecture rule 3); a disk that fails is a `StorageError`.
 */

import type { LeaderEpoch, Offset } from '@jackdaw/base';

/** Who appends: clients get sequence checks, coordinators only epoch checks (Kafka's AppendOrigin). */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

export interface LeaderAppendOptions {
  leaderEpoch: LeaderEpoch;
  /** Wall clock: log append time, roll by time. */
  nowMs: number;
  /** Default `client`. */
  origin?: AppendOrigin;
  /** For end-transaction markers: 0, 1 or 2 (KIP-890, KIP-1228). Default 0. */
  transactionVersion?: number;
  /** What partition verification knows of the producer before its first append (KIP-890). */
  verification?: { lowestSequence: number; supportsEpochBump: boolean };
}

export type AppendResult =
  | {
      kind: 'appended';
      baseOffset: Offset;
      lastOffset: Offset;
      /** −1 unless `message.timestamp.type` is LogAppendTime. */
      appendTimeMs: number;
      logStartOffset: Offset;
    }
  /** One of the producer's last five batches came again: the answer is that of the first time (C1). */
  | { kind: 'duplicate'; baseOffset: Offset; lastOffset: Offset; timestamp: number; logStartOffset: Offset }
  /** Nothing was appended, nothing assigned. `error` is a Kafka error code. */
  | { kind: 'error'; error: number; message: string };

export interface ReadOptions {
  fetchOffset: Offset;
  /** Exclusive: batches that contain an offset ≥ this are not returned. */
  maxOffset: Offset;
  maxBytes: number;
  /** Return the first batch even when it alone is larger than `maxBytes` (KIP-74). */
  minOneBatch: boolean;
}

export type ReadResult =
  | {
      kind: 'data';
      /** Whole batches in order; a chunk may hold several. Views: do not change them. */
      chunks: Uint8Array[];
      sizeBytes: number;
      /** Offset after the last returned record; `fetchOffset` when nothing was returned. */
      nextOffset: Offset;
      /** Base offset of the first returned batch, which may lie below `fetchOffset` (A27). */
      startPositionOffset: Offset;
    }
  | { kind: 'outOfRange' }
  /** A batch on disk fails its CRC. It is not served; the log is marked bad (B3). */
  | { kind: 'corrupt'; baseOffset: Offset };

/** −1/−1 when the epoch is not known (A4). */
export interface EpochEndOffset {
  leaderEpoch: LeaderEpoch;
  endOffset: Offset;
}

export interface TimestampOffset {
  offset: Offset;
  timestamp: number;
  leaderEpoch: LeaderEpoch;
}

/** One idempotent or transactional producer, as DescribeProducers reports it. */
export interface ActiveProducer {
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastTimestamp: number;
  coordinatorEpoch: number;
  /** −1 when no transaction is open. */
  currentTxnStartOffset: Offset;
}

/** An aborted transaction that overlaps a read (KIP-98). */
export interface AbortedTransaction {
  producerId: number;
  firstOffset: Offset;
  lastOffset: Offset;
  lastStableOffset: Offset;
}

/** What opening a log found and repaired. */
export interface RecoveryReport {
  /** Batches were checked because the last shutdown was not clean. */
  wasUnclean: boolean;
  scannedBytes: number;
  truncatedBytes: number;
  deletedSegments: number;
  rebuiltIndexes: number;
  /**
   * Records below the recovery point, once synced, were lost to damage (B3): this replica must not be electable
   * until it has fetched them again.
   */
  lostDurableRecords: boolean;
  /**
   * The log was cut at a damaged batch although sound ones followed. No stop of this process does that, and a power loss
   * rarely: rather the disk has lost what was synced, above the recovery point that it knows of (B3).
   */
  wasCutInTheMiddle: boolean;
}

/**
 * What the replication core needs of a local log: synchronous facts and the two ways to shorten it.
 *
 * `@jackdaw/log`'s PartitionLog satisfies this interface; tests use an in-memory one. The core never appends or reads
 * records: the driver does, and reports what happened.
 */
import type { LeaderEpoch, Offset } from '@jackdaw/base';

/** Where an epoch ends: `endOffset` is exclusive. Both are −1 when the epoch is not known (Kafka's "undefined"). */
export interface EpochEndOffset {
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

export interface ReplicaLog {
  readonly logStartOffset: Offset;
  /** The next offset to write. */
  readonly logEndOffset: Offset;
  /** Records below it survive a crash of this machine (or are written, in page-cache mode). ≤ logEndOffset. */
  readonly durableOffset: Offset;
  /** Epoch of the last record, null when the log has never seen one. */
  latestEpoch(): LeaderEpoch | null;
  /**
   * End of the largest epoch ≤ `epoch` that this log knows, as in KIP-101/279; `{-1, -1}` when it knows none, never
   * the log end offset as a guess (A4).
   */
  endOffsetForEpoch(epoch: LeaderEpoch): EpochEndOffset;
  /** Notes that `epoch` starts at `startOffset`: called by a replica that becomes leader. */
  assignEpochStartOffset(epoch: LeaderEpoch, startOffset: Offset): void;
  /**
   * Drops every record at or above `offset`, and every epoch that begins there: at or past the log end too, where an
   * epoch without records may begin (Kafka's UnifiedLog.truncateTo).
   */
  truncateTo(offset: Offset): void;
  /**
   * Drops all records; the log then starts and ends at `offset`. Of producers it knows what the leader's snapshot says of all
   * before that offset; null: nothing.
   */
  truncateFullyAndStartAt(offset: Offset, producers: Uint8Array | null): void;
}

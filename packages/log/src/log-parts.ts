/**
 * The state of one open log, as the modules that append, read, truncate and clean share it.
 *
 * `PartitionLog` owns one and is the only way in from outside; the functions beside it work on this record. Everything
 * here changes only between two turns of the event loop: whoever awaits looks again at `truncations` afterwards.
 */

import { sometimes } from '@jackdaw/base';
import type { Clock, Offset } from '@jackdaw/base';
import type { Codecs } from '@jackdaw/protocol';
import type { Fs, StorageError } from './fs.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { ProducerState } from './producer-state.ts';
import type { SegmentContext } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import type { TailCache } from './tail-cache.ts';

export interface LogParts {
  readonly fs: Fs;
  readonly clock: Clock;
  /** `<topic>-<partition>`. */
  readonly name: string;
  config: LogConfig;
  /** Holds the directory. */
  readonly context: SegmentContext;
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  readonly producers: ProducerState;
  readonly tail: TailCache;
  readonly codecs: Codecs | null;

  /** ≤ logEndOffset; never goes back (B14). */
  logStartOffset: Offset;
  /** Next offset to write. */
  logEndOffset: Offset;
  /** Everything below is synced; ≤ logEndOffset. Recovery starts here. */
  syncedOffset: Offset;
  /** The recovery point in the checkpoint on disk, as far as known: it may be above `syncedOffset` after a truncation. */
  checkpointedRecoveryPoint: Offset;
  /** Throws StorageError of kind `noSpace` when so many bytes more must not be appended now. */
  readonly expectRoom: (bytes: number) => void;
  /** Lowers the recovery point on disk before this returns; see `lowerCheckpoint`. */
  readonly persistRecoveryPoint: (recoveryPoint: Offset) => void;

  /** Counts truncations and deletions: what was read before one may not be believed after it. */
  truncations: number;
  /** Appended since the last producer snapshot. */
  bytesSinceSnapshot: number;
  /** Where an ongoing sync may raise `syncedOffset` to; a truncation lowers it. */
  syncTarget: Offset;
  /** Names in the directory changed since it was last synced. */
  isDirectoryDirty: boolean;
  /** The directory is new and its own name has not been synced yet. */
  isParentDirty: boolean;
  /** Files renamed to `.deleted`, with the wall-clock time from which they may go. */
  pendingDeletes: { path: string; dueMs: number }[];
  /** Set once the disk has failed. */
  failure: StorageError | null;
  /** Offset of the first batch that failed its CRC on a read. */
  corruptOffset: Offset | null;
}

/**
 * Where recovery has to start: everything below is synced, and no file that lies wholly below was shortened without a
 * sync since, for a crash may bring its old end back. Epochs that are not in their file are found in the batches again, but
 * only in those that recovery walks: while there are such, the recovery point stays where it is on the disk (B6).
 */
export function recoveryPointOf(parts: LogParts): Offset {
  let recoveryPoint = parts.syncedOffset;
  if (!parts.epochs.isInFile) recoveryPoint = Math.min(recoveryPoint, parts.checkpointedRecoveryPoint);
  for (const segment of parts.segments.all) {
    if (segment.hasUnsyncedCut) recoveryPoint = Math.min(recoveryPoint, segment.baseOffset);
  }
  return recoveryPoint;
}

/**
 * Keeps recovery honest after a truncation. The checkpoint on disk may say that everything below R is synced while the
 * log was cut below R and written again. Recovery walks the whole segment that holds R, so this only matters once that
 * is no longer the segment of the cut: before a roll, and when a cut removes whole segments.
 *
 * `limit`: where the recovery point will be after a cut that is about to be made. Throws StorageError, and then nothing has
 * changed: on a full disk the log is as it was.
 */
export function lowerCheckpoint(parts: LogParts, limit: Offset = Number.POSITIVE_INFINITY): void {
  const recoveryPoint = Math.min(recoveryPointOf(parts), limit);
  if (parts.checkpointedRecoveryPoint <= recoveryPoint) return;
  sometimes('log: recovery point lowered on the disk');
  parts.persistRecoveryPoint(recoveryPoint);
  parts.checkpointedRecoveryPoint = recoveryPoint;
}

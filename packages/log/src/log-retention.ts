/**
 * Deciding what a log may forget: by time, by size, and below the log start (UnifiedLog.deleteOldSegments).
 *
 * Whole segments only, oldest first, and never one that reaches above the high watermark (B14).
 */

import { sometimes } from '@jackdaw/base';
import type { Offset } from '@jackdaw/base';
import { rollAt } from './log-append.ts';
import type { LogParts } from './log-parts.ts';
import { deleteSegments } from './log-truncate.ts';
import type { Segment } from './segment.ts';

export interface Retained {
  readonly deletedSegments: number;
  /**
   * All below this could go once the disk has what is known of producers and of leader epochs there: with the records go the
   * only others that tell it, and a crash must not take that (C1, B5, B6). Null: nothing waits.
   */
  readonly awaitedStart: Offset | null;
}

/** Applies `retention.ms`, `retention.bytes` and the log start offset. */
export function deleteOldSegments(parts: LogParts, nowMs: number, highWatermark: Offset): Retained {
  const { retentionBytes, retentionMs } = parts.config;
  const rules = [(_segment: Segment, next: Segment | undefined) => next !== undefined && next.baseOffset <= parts.logStartOffset];
  if (parts.config.isDelete && retentionBytes >= 0) rules.push(isExcess(parts, retentionBytes));
  if (parts.config.isDelete && retentionMs >= 0) rules.push((segment) => nowMs - retentionTime(segment, nowMs) > retentionMs);
  let deletedSegments = 0;
  for (const isDeletable of rules) {
    const retained = deleteWhile(parts, { nowMs, highWatermark }, isDeletable);
    deletedSegments += retained.deletedSegments;
    if (retained.awaitedStart !== null) return { ...retained, deletedSegments };
  }
  return { deletedSegments, awaitedStart: null };
}

function isExcess(parts: LogParts, retentionBytes: number): (segment: Segment) => boolean {
  let excessBytes: number | null = null;
  return (segment) => {
    // The rules before this one have done their part when it is asked first.
    excessBytes ??= parts.segments.sizeBytes - retentionBytes;
    if (excessBytes < segment.sizeBytes) return false;
    excessBytes -= segment.sizeBytes;
    return true;
  };
}

/**
 * The time from which a segment ages: its newest record's. A record from the future would keep it for ever, so then the
 * time of the last append counts (B19).
 */
function retentionTime(segment: Segment, nowMs: number): number {
  const { timestamp } = segment.maxTimestamp;
  return timestamp >= 0 && timestamp <= nowMs ? timestamp : segment.lastAppendMs;
}

function deleteWhile(
  parts: LogParts,
  limits: { nowMs: number; highWatermark: Offset },
  isDeletable: (segment: Segment, next: Segment | undefined) => boolean,
): Retained {
  const { segments } = parts;
  let count = 0;
  for (; count < segments.count; count++) {
    const segment = segments.at(count);
    const next = segments.at(count + 1);
    if (segment === undefined || limits.highWatermark < (next?.baseOffset ?? parts.logEndOffset)) break;
    if (next === undefined && segment.sizeBytes === 0) break;
    if (!isDeletable(segment, next)) break;
  }
  if (count === 0) return { deletedSegments: 0, awaitedStart: null };
  // A log always has a segment; the active one is sealed before it goes.
  if (count === segments.count) rollAt(parts, parts.logEndOffset, limits.nowMs);
  // Where a snapshot is missing, nobody would know any more what the producers wrote before: up to the next one, then (C1).
  while (count > 0 && !parts.producers.hasSnapshotAt(segments.at(count)?.baseOffset ?? parts.logEndOffset)) count--;
  if (count === 0) return { deletedSegments: 0, awaitedStart: null };
  const kept = segments.at(count);
  const newStart = kept?.baseOffset ?? parts.logEndOffset;
  if (!parts.producers.isDurableAt(newStart)) {
    sometimes('log: retention waits for the snapshot of the producers');
    return { deletedSegments: 0, awaitedStart: newStart };
  }
  if (!parts.epochs.isInFile) {
    sometimes('log: retention waits for the leader epochs');
    return { deletedSegments: 0, awaitedStart: newStart };
  }
  sometimes('log: segments deleted by retention');
  raiseLogStart(parts, newStart);
  // Nothing of what stays is synced, perhaps not even its name: without it a crash would leave a log that ends at 0 (B8).
  if (newStart >= parts.syncedOffset) parts.fs.syncDirectoryNow(parts.context.directory);
  deleteSegments(parts, segments.removeFirst(count));
  parts.producers.deleteSnapshots((offset) => offset < newStart);
  return { deletedSegments: count, awaitedStart: null };
}

/** Forgets what lies below `offset`; the log start never goes back. */
export function raiseLogStart(parts: LogParts, offset: Offset): void {
  if (offset <= parts.logStartOffset) return;
  sometimes('log: log start raised');
  parts.logStartOffset = offset;
  parts.epochs.truncateFromStart(offset);
}

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

/** Applies `retention.ms`, `retention.bytes` and the log start offset. Returns how many segments went. */
export function deleteOldSegments(parts: LogParts, nowMs: number, highWatermark: Offset): number {
  let deleted = deleteWhile(parts, { nowMs, highWatermark }, (_segment, next) => {
    return next !== undefined && next.baseOffset <= parts.logStartOffset;
  });
  if (!parts.config.isDelete) return deleted;
  const { retentionBytes, retentionMs } = parts.config;
  if (retentionBytes >= 0) {
    let excessBytes = parts.segments.sizeBytes - retentionBytes;
    deleted += deleteWhile(parts, { nowMs, highWatermark }, (segment) => {
      if (excessBytes < segment.sizeBytes) return false;
      excessBytes -= segment.sizeBytes;
      return true;
    });
  }
  if (retentionMs >= 0) {
    deleted += deleteWhile(parts, { nowMs, highWatermark }, (segment) => nowMs - retentionTime(segment, nowMs) > retentionMs);
  }
  return deleted;
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
): number {
  const { segments } = parts;
  let count = 0;
  for (; count < segments.count; count++) {
    const segment = segments.at(count);
    const next = segments.at(count + 1);
    if (segment === undefined || limits.highWatermark < (next?.baseOffset ?? parts.logEndOffset)) break;
    if (next === undefined && segment.sizeBytes === 0) break;
    if (!isDeletable(segment, next)) break;
  }
  if (count === 0) return 0;
  sometimes('log: segments deleted by retention');
  // A log always has a segment; the active one is sealed before it goes.
  if (count === segments.count) rollAt(parts, parts.logEndOffset, limits.nowMs);
  const kept = segments.at(count);
  const newStart = kept?.baseOffset ?? parts.logEndOffset;
  raiseLogStart(parts, newStart);
  // Nothing of what stays is synced, perhaps not even its name: without it a crash would leave a log that ends at 0 (B8).
  if (newStart >= parts.syncedOffset) parts.fs.syncDirectoryNow(parts.context.directory);
  deleteSegments(parts, segments.removeFirst(count));
  parts.producers.deleteSnapshots((offset) => offset < newStart);
  return count;
}

/** Forgets what lies below `offset`; the log start never goes back. */
export function raiseLogStart(parts: LogParts, offset: Offset): void {
  if (offset <= parts.logStartOffset) return;
  sometimes('log: log start raised');
  parts.logStartOffset = offset;
  parts.epochs.truncateFromStart(offset);
}

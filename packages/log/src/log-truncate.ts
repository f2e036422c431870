/**
 * Cutting a log: its end, when a follower diverged from its leader, or all of it (KIP-101, UnifiedLog.truncateTo).
 *
 * What survives a crash in between must be a prefix of the log, so later segments go before an earlier one is cut, with
 * a directory sync between, and the recovery point on disk is lowered first (`lowerCheckpoint`).
 */

import { sometimes } from '@jackdaw/base';
import type { BytePosition, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset } from '@jackdaw/protocol';
import { isBelievable, isSoundNow, scanHeadersNow } from './batch-scanner.ts';
import { deletedSuffix, offsetIndexSuffix, segmentSuffixes, timeIndexSuffix } from './file-names.ts';
import { readSmallFile } from './fs.ts';
import { headerBytes } from './header-walk.ts';
import { lowerCheckpoint, type LogParts } from './log-parts.ts';
import { OffsetIndex } from './offset-index.ts';
import { Segment } from './segment.ts';
import { SegmentIndexes } from './segment-indexes.ts';
import { TimeIndex } from './time-index.ts';

/** Removes everything at and above `offset`. A batch that straddles it goes as a whole. */
export function truncateLog(parts: LogParts, offset: Offset): void {
  if (offset >= parts.logEndOffset) {
    // A leader that appended nothing leaves an epoch at the very end, which the next leader may not know: with no record
    // to remove, the epoch still has to go, or this replica asks for it for ever (UnifiedLog.truncateTo).
    parts.epochs.truncateFromEnd(parts.logEndOffset);
    return;
  }
  const { segments } = parts;
  if (offset < segments.first.baseOffset) {
    truncateWholeLog(parts, offset);
    return;
  }
  const last = segments.indexFor(offset);
  // The checkpoint must let recovery find a cut that a crash undoes.
  if (last + 1 < segments.count) lowerCheckpoint(parts, segments.at(last)?.baseOffset);
  beginTruncation(parts, offset);
  const removed = segments.removeFrom(last + 1);
  if (removed.length > 0) {
    sometimes('log: truncation over several segments');
    segments.active.hasUnsyncedCut = true;
    deleteSegments(parts, removed.toReversed());
    parts.fs.syncDirectoryNow(parts.context.directory);
  }
  const cut = cutSegment(parts, segments.active, offset);
  finishTruncation(parts, cut);
}

/** Removes every record; the log goes on, empty, at `offset`, and knows the producers of `snapshot` (null: none). */
export function truncateWholeLog(parts: LogParts, offset: Offset, snapshot: Uint8Array | null = null): void {
  const { segments, fs, context } = parts;
  const recoveryPoint = Math.min(offset, parts.logStartOffset);
  lowerCheckpoint(parts, recoveryPoint);
  beginTruncation(parts, recoveryPoint);
  deleteSegments(parts, segments.removeFrom(0).toReversed());
  fs.syncDirectoryNow(context.directory);
  parts.producers.startAnewAt(offset, snapshot);
  segments.add(Segment.create(context, offset, parts.clock.wallMs()));
  // The log's end is nowhere but in this file's name, and counts as durable from here on (B8).
  fs.syncDirectoryNow(context.directory);
  parts.epochs.clear();
  parts.logStartOffset = offset;
  parts.logEndOffset = offset;
  parts.syncedOffset = offset;
  parts.corruptOffset = null;
}

function beginTruncation(parts: LogParts, offset: Offset): void {
  parts.truncations++;
  parts.syncedOffset = Math.min(parts.syncedOffset, offset);
  parts.syncTarget = Math.min(parts.syncTarget, offset);
  parts.tail.truncateTo(offset);
}

function finishTruncation(parts: LogParts, endOffset: Offset): void {
  parts.logEndOffset = endOffset;
  parts.logStartOffset = Math.min(parts.logStartOffset, endOffset);
  parts.syncedOffset = Math.min(parts.syncedOffset, endOffset);
  parts.syncTarget = Math.min(parts.syncTarget, endOffset);
  parts.tail.truncateTo(endOffset);
  parts.epochs.truncateFromEnd(endOffset);
  if (parts.corruptOffset !== null && parts.corruptOffset >= endOffset) parts.corruptOffset = null;
  reloadProducers(parts);
}

/** Cuts the (now last) segment and returns the log's new end. */
function cutSegment(parts: LogParts, segment: Segment, offset: Offset): Offset {
  const known = segment.isActive ? segment.indexes : loadIndexesNow(segment);
  for (let attempt: Attempt = { offset, entriesBelow: offset }; ;) {
    known.offsets.truncateTo(attempt.entriesBelow);
    known.times.truncateTo(attempt.entriesBelow);
    const indexes = new SegmentIndexes(segment.baseOffset, known.offsets, known.times);
    indexes.firstTimestamp = known.firstTimestamp;
    const found = walkToCut(segment, indexes, { offset: attempt.offset, isCompact: parts.config.isCompact });
    if ('position' in found) {
      if (found.position === 0) indexes.firstTimestamp = null;
      segment.truncateTo(found.position, indexes);
      segment.becomeActive(indexes);
      return Math.max(found.endOffset, Math.min(offset, parts.logStartOffset));
    }
    attempt = found;
  }
}

interface Cut {
  readonly position: BytePosition;
  readonly endOffset: Offset;
}

/** What to cut at, and which index entries to begin the walk with. The next attempt has a lower offset, or fewer entries. */
interface Attempt {
  readonly offset: Offset;
  readonly entriesBelow: Offset;
}

/**
 * Finds the first batch that has to go, and adds those before it to the indexes. Where a header is damaged the log ends
 * earlier than asked for: what cannot be shown to be there must be fetched again (B3). Another attempt is returned when
 * the batch that the last index entry names is not what it was, or the last batch to keep is not sound.
 */
function walkToCut(
  segment: Segment,
  indexes: SegmentIndexes,
  { offset, isCompact }: { offset: Offset; isCompact: boolean },
): Cut | Attempt {
  const last = indexes.offsets.lastEntry();
  const { fs, indexIntervalBytes } = segment.context;
  const range = { start: last?.position ?? 0, end: segment.sizeBytes };
  let isStartSound = last === null;
  let endOffset: Offset | null = null;
  let kept: { header: Uint8Array; filePosition: BytePosition } | null = null;
  const position = scanHeadersNow(fs, segment.file(), range, (bytes, at, filePosition) => {
    const baseOffset = batchBaseOffset(bytes, at);
    const lastOffset = batchLastOffset(bytes, at);
    const isStart = filePosition === last?.position;
    if (isStart && lastOffset !== last.offset) return false;
    isStartSound = true;
    const isGap = !isStart && baseOffset !== indexes.nextOffset;
    if (!indexes.canAdd(bytes, at) || (isGap && !isCompact)) return false;
    if (lastOffset >= offset) {
      endOffset = Math.min(baseOffset, offset);
      return false;
    }
    // The batch that the last entry points at is in the index already.
    indexes.add(bytes, at, { filePosition, interval: isStart ? Number.POSITIVE_INFINITY : indexIntervalBytes });
    kept = { header: bytes.slice(at, at + headerBytes), filePosition };
    return true;
  });
  if (!isStartSound) return { offset, entriesBelow: last?.offset ?? 0 };
  if (endOffset !== null) return { position, endOffset };
  const unsound = unsoundOffset(segment, kept);
  if (unsound !== null) return { offset: unsound, entriesBelow: unsound };
  const isGapAtEnd = isCompact && position === segment.sizeBytes;
  return { position, endOffset: isGapAtEnd ? offset : Math.min(offset, indexes.nextOffset) };
}

/** No batch behind it bears out what its header says of its end. */
function unsoundOffset(segment: Segment, kept: { header: Uint8Array; filePosition: BytePosition } | null): Offset | null {
  if (kept === null) return null;
  const { header, filePosition } = kept;
  const isSound = isSoundNow({ fs: segment.context.fs, file: segment.file() }, { bytes: header, position: 0 }, filePosition);
  return isSound ? null : batchBaseOffset(header, 0);
}

/** The indexes of a sealed segment from their files, or empty ones: then the walk begins at the segment's start. */
function loadIndexesNow(segment: Segment): SegmentIndexes {
  const { fs } = segment.context;
  const { baseOffset } = segment;
  const offsetBytes = readSmallFile(fs, segment.path(offsetIndexSuffix));
  const timeBytes = readSmallFile(fs, segment.path(timeIndexSuffix));
  const offsets = offsetBytes === null ? null : OffsetIndex.load(baseOffset, offsetBytes, segment.sizeBytes);
  const times = timeBytes === null ? null : TimeIndex.load(baseOffset, timeBytes);
  const isUsable = offsets !== null && times !== null && pointsAtBatch(segment, offsets);
  const indexes = isUsable ? new SegmentIndexes(baseOffset, offsets, times) : new SegmentIndexes(baseOffset);
  scanHeadersNow(fs, segment.file(), { start: 0, end: segment.sizeBytes }, (bytes, position) => {
    indexes.firstTimestamp = firstTimestamp(bytes, position);
    return false;
  });
  return indexes;
}

function firstTimestamp(bytes: Uint8Array, position: number): number {
  const probe = new SegmentIndexes(0);
  probe.add(bytes, position, { filePosition: 0, interval: Number.POSITIVE_INFINITY });
  return probe.maxTimestamp;
}

/** Whether the last entry names the batch that it points at. */
function pointsAtBatch(segment: Segment, offsets: OffsetIndex): boolean {
  const last = offsets.lastEntry();
  if (last === null) return true;
  let lastOffset: Offset = -1;
  const range: { start: BytePosition; end: BytePosition } = { start: last.position, end: segment.sizeBytes };
  scanHeadersNow(segment.context.fs, segment.file(), range, (bytes, position) => {
    lastOffset = batchLastOffset(bytes, position);
    return false;
  });
  return lastOffset === last.offset;
}

/**
 * Brings the producers back to what they were at the log end: from the newest snapshot below it and the headers behind
 * that. Snapshots are taken every few MiB, which bounds this walk.
 */
function reloadProducers(parts: LogParts): void {
  const { producers, segments, logEndOffset } = parts;
  if (producers.producerCount === 0 && producers.snapshotOffsets.length === 0) {
    producers.endOffset = logEndOffset;
    return;
  }
  producers.loadNewestSnapshot(logEndOffset, segments.first.baseOffset, parts.clock.wallMs());
  for (let index = segments.indexFor(producers.endOffset); index < segments.count; index++) {
    const segment = segments.at(index);
    if (segment === undefined) break;
    const log = { fs: segment.context.fs, file: segment.file() };
    scanHeadersNow(log.fs, log.file, startOfReplay(segment, producers.endOffset), (bytes, position, at) => {
      if (batchLastOffset(bytes, position) >= producers.endOffset && isBelievable(log, { bytes, position }, at)) {
        for (const completed of producers.replayBatch(bytes, position)) producers.completeTransaction(completed);
      }
      return true;
    });
  }
  producers.endOffset = logEndOffset;
}

function startOfReplay(segment: Segment, offset: Offset): { start: BytePosition; end: BytePosition } {
  const start = segment.isActive ? segment.indexes.positionBefore(offset) : 0;
  return { start, end: segment.sizeBytes };
}

// Deleting segments ---------------------------------------------------------------------------------------------

/**
 * Renames the segments' files to `.deleted` in the given order; `removeDueFiles` unlinks them after
 * `file.delete.delay.ms`. The snapshot at a segment's start goes with it.
 */
export function deleteSegments(parts: LogParts, segments: readonly Segment[]): void {
  const { fs } = parts;
  const dueMs = parts.clock.wallMs() + parts.config.fileDeleteDelayMs;
  parts.truncations++;
  for (const segment of segments) {
    segment.markDeleted();
    // The log itself is renamed last: without its indexes it can still be opened, they without it cannot.
    for (const suffix of segmentSuffixes) {
      const path = segment.path(suffix);
      if (fs.stat(path) === null) continue;
      fs.rename(path, path + deletedSuffix);
      parts.pendingDeletes.push({ path: path + deletedSuffix, dueMs });
    }
    parts.producers.deleteSnapshots((offset) => offset === segment.baseOffset);
  }
  parts.isDirectoryDirty = true;
}

/** Removes files that have been `.deleted` for long enough; a large one may take the disk a while. */
export async function removeDueFiles(parts: LogParts, nowMs: number): Promise<void> {
  const due = parts.pendingDeletes.filter((entry) => entry.dueMs <= nowMs);
  if (due.length === 0) return;
  parts.pendingDeletes = parts.pendingDeletes.filter((entry) => entry.dueMs > nowMs);
  for (const { path } of due) await parts.fs.remove(path);
}

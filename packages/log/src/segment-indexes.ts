/**
 * The offset and time index of one segment together, with the notes that appends keep for them.
 *
 * `loadIndexes` reads them from their files and checks them against the log; what is missing or cannot be true is built
 * again from the batch headers (B4). Both ways of getting them, and appending, go through `add`, so they agree.
 */

import { sometimes } from '@jackdaw/base';
import type { BytePosition, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, batchMaxTimestamp, batchSizeInBytes } from '@jackdaw/protocol';
import { isPlausible, scanBatches } from './batch-scanner.ts';
import { offsetIndexSuffix, timeIndexSuffix } from './file-names.ts';
import { readFully, type FileHandle, type Fs } from './fs.ts';
import { maxRelativeOffset, OffsetIndex, type IndexEntry } from './offset-index.ts';
import { TimeIndex } from './time-index.ts';

const headerBytes = 61;

export class SegmentIndexes {
  readonly baseOffset: Offset;
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
  /** Largest batch timestamp and the last offset of the first batch that has it; −1 when none has one. */
  maxTimestamp = -1;
  maxTimestampOffset: Offset;
  /** Timestamp of the first batch that was added, or null. */
  firstTimestamp: number | null = null;
  /** Offset after the last batch that was added. */
  nextOffset: Offset;
  #bytesSinceEntry = 0;

  constructor(baseOffset: Offset, offsets?: OffsetIndex, times?: TimeIndex) {
    this.baseOffset = baseOffset;
    this.offsets = offsets ?? new OffsetIndex(baseOffset);
    this.times = times ?? new TimeIndex(baseOffset);
    const last = this.times.lastEntry();
    this.maxTimestamp = last?.timestamp ?? -1;
    this.maxTimestampOffset = last?.offset ?? baseOffset;
    this.nextOffset = baseOffset;
  }

  get sizeBytes(): number {
    return this.offsets.capacityBytes + this.times.capacityBytes;
  }

  /** Whether the batch can come after what was added. A header is not under the CRC where it says so (B3). */
  canAdd(bytes: Uint8Array, position: number): boolean {
    const lastOffset = batchLastOffset(bytes, position);
    return batchBaseOffset(bytes, position) >= this.nextOffset && lastOffset - this.baseOffset <= maxRelativeOffset;
  }

  /** Notes the batch that lies at `filePosition`; one in about `interval` bytes gets an entry (LogSegment.append). */
  add(bytes: Uint8Array, position: number, at: { filePosition: BytePosition; interval: number }): void {
    const timestamp = batchMaxTimestamp(bytes, position);
    const lastOffset = batchLastOffset(bytes, position);
    this.firstTimestamp ??= timestamp;
    if (timestamp > this.maxTimestamp) {
      this.maxTimestamp = timestamp;
      this.maxTimestampOffset = lastOffset;
    }
    if (this.#bytesSinceEntry > at.interval) {
      this.offsets.append(lastOffset, at.filePosition);
      this.times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset);
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += batchSizeInBytes(bytes, position);
    this.nextOffset = lastOffset + 1;
  }

  /** Makes the largest timestamp the last entry: before the index is written for good. */
  complete(): void {
    this.times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset);
  }

  isFull(maxIndexBytes: number): boolean {
    return this.offsets.isFull(maxIndexBytes) || this.times.isFull(maxIndexBytes);
  }

  /** Where a search for `offset` starts. */
  positionBefore(offset: Offset): BytePosition {
    return this.offsets.lookup(offset)?.position ?? 0;
  }
}

/** The log whose indexes are loaded. */
export interface IndexedLog {
  fs: Fs;
  file: FileHandle;
  baseOffset: Offset;
  sizeBytes: BytePosition;
  /** `index.interval.bytes`, for a rebuild. */
  interval: number;
  path(suffix: string): string;
}

export interface LoadedIndexes {
  indexes: SegmentIndexes;
  /** The files were no use; they have to be written again. */
  wereRebuilt: boolean;
}

/** Loads a segment's indexes, or builds them again. `nextOffset` of the result is the end of the segment's batches. */
export async function loadIndexes(log: IndexedLog): Promise<LoadedIndexes> {
  const offsets = OffsetIndex.load(log.baseOffset, await readFile(log, offsetIndexSuffix), log.sizeBytes);
  const times = TimeIndex.load(log.baseOffset, await readFile(log, timeIndexSuffix));
  const indexes = offsets === null || times === null ? null : new SegmentIndexes(log.baseOffset, offsets, times);
  if (indexes === null || !(await agreesWithLog(log, indexes))) return { indexes: await rebuildIndexes(log), wereRebuilt: true };
  // The walk began near the end of the segment.
  indexes.firstTimestamp = await firstTimestampOf(log);
  return { indexes, wereRebuilt: false };
}

async function firstTimestampOf(log: IndexedLog): Promise<number | null> {
  const header = new Uint8Array(headerBytes);
  const count = await readFully(log.fs, log.file, header, 0);
  return count === headerBytes && isPlausible(header, 0) ? batchMaxTimestamp(header, 0) : null;
}

/** Builds both indexes from the headers of the whole segment. */
export async function rebuildIndexes(log: IndexedLog): Promise<SegmentIndexes> {
  sometimes('log: index rebuilt');
  let end = log.sizeBytes;
  for (;;) {
    const { indexes, doubtful } = await indexUpTo(log, end);
    if (doubtful === null) return indexes;
    end = doubtful;
  }
}

/**
 * Indexes the batches before `end`. One that lies behind a gap is doubtful until the next one goes on after it: its base
 * offset may have rotted, and an index that has it would lead readers past the batch that is really there (B3).
 */
async function indexUpTo(
  log: IndexedLog,
  end: BytePosition,
): Promise<{ indexes: SegmentIndexes; doubtful: BytePosition | null }> {
  const indexes = new SegmentIndexes(log.baseOffset);
  let gap: BytePosition | null = null;
  const range = { start: 0, end, verifyCrc: false };
  const scanned = await scanBatches(log.fs, log.file, range, (bytes, position, filePosition) => {
    if (!indexes.canAdd(bytes, position)) return false;
    gap = batchBaseOffset(bytes, position) > indexes.nextOffset ? filePosition : null;
    indexes.add(bytes, position, { filePosition, interval: log.interval });
    return true;
  });
  indexes.complete();
  return { indexes, doubtful: scanned < end ? gap : null };
}

/**
 * Checks what is cheap to check: the last entry points at the batch that it names, and the batches behind it have no
 * timestamp that the time index lacks, as they would if that file had lost its end.
 */
async function agreesWithLog(log: IndexedLog, indexes: SegmentIndexes): Promise<boolean> {
  const last = indexes.offsets.lastEntry();
  if (last !== null && !(await pointsAtBatch(log, last))) return false;
  const indexedTimestamp = indexes.maxTimestamp;
  const start = last?.position ?? 0;
  let isFirst = true;
  const end = await scanBatches(
    log.fs,
    log.file,
    { start, end: log.sizeBytes, verifyCrc: false },
    (bytes, position, filePosition) => {
      if (!indexes.canAdd(bytes, position)) return false;
      // The batch that the last entry points at is in the index already.
      const interval = isFirst && last !== null ? Number.POSITIVE_INFINITY : log.interval;
      isFirst = false;
      const entriesBefore = indexes.offsets.count;
      indexes.add(bytes, position, { filePosition, interval });
      return indexes.offsets.count === entriesBefore;
    },
  );
  // The file stops early, or there is room for an entry that is missing: the index lost its end.
  if (end !== log.sizeBytes) return false;
  return indexes.maxTimestamp === indexedTimestamp && indexes.times.count > 0 === indexes.maxTimestamp >= 0;
}

async function pointsAtBatch(log: IndexedLog, entry: IndexEntry): Promise<boolean> {
  const header = new Uint8Array(headerBytes);
  const count = await readFully(log.fs, log.file, header, entry.position);
  return count === headerBytes && isPlausible(header, 0) && batchLastOffset(header, 0) === entry.offset;
}

async function readFile(log: IndexedLog, suffix: string): Promise<Uint8Array> {
  const path = log.path(suffix);
  // Absent: as good as garbage, unless the log is empty too.
  if (log.fs.stat(path) === null) return log.sizeBytes === 0 ? new Uint8Array(0) : new Uint8Array(1);
  const file = log.fs.open(path, 'read');
  try {
    const bytes = new Uint8Array(log.fs.size(file));
    const count = await readFully(log.fs, file, bytes, 0);
    return bytes.subarray(0, count);
  } finally {
    log.fs.close(file);
  }
}

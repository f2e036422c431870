/**
 * One segment of a log: `<baseOffset>.log` and its indexes.
 *
 * The last segment of a log is active: its file stays open for appends and its indexes are in memory. Sealed segments
 * load on demand and are bounded by `OpenSegments`. Index files are written by `saveIndexes`, as part of the flush
 * that follows a roll, and when the log closes; until then recovery would rebuild them.
 */

import { assert, type BytePosition, type Offset } from '@jackdaw/base';
import { join } from 'node:path';
import { logSuffix, offsetIndexSuffix, segmentFileName, timeIndexSuffix, transactionIndexSuffix } from './file-names.ts';
import { StorageError, writeFully, type FileHandle, type Fs } from './fs.ts';
import type { AbortedTransaction } from './log-types.ts';
import { maxRelativeOffset } from './offset-index.ts';
import type { OpenSegments } from './open-segments.ts';
import { loadIndexes, rebuildIndexes, SegmentIndexes, type IndexedLog } from './segment-indexes.ts';
import { encodeTransactionIndex } from './transaction-index.ts';

/** What all segments of a log share. */
export interface SegmentContext {
  fs: Fs;
  /** Of the partition; changes when it is renamed for deletion. */
  directory: string;
  openSegments: OpenSegments;
  /** `index.interval.bytes`. */
  indexIntervalBytes: number;
}

export class Segment {
  readonly baseOffset: Offset;
  readonly context: SegmentContext;
  /** Wall clock of the creation, or of the last change of a file that was there already. */
  readonly createdMs: number;
  lastAppendMs: number;
  /** Drawn once, so that many logs do not roll at the same time (`segment.jitter.ms`). */
  jitterMs = 0;
  /** Transactions that were aborted by a marker in this segment, in order. */
  aborted: AbortedTransaction[] = [];
  isActive = false;
  /** True while the index files do not show what the indexes and `aborted` hold. They stay in memory until then. */
  hasUnsavedIndexes = false;
  /** The file was shortened and that is not synced: a crash could bring the old end back. */
  hasUnsyncedCut = false;
  /** The file was shortened, after a truncation or a failed append, and no append has made sure since that this lasts. */
  #isCutShort = false;
  #sizeBytes: BytePosition;
  /** Null while not loaded; never null in the active segment. */
  #indexes: SegmentIndexes | null = null;
  #loading: Promise<SegmentIndexes> | null = null;
  /** What is still known of the timestamps while the indexes are not loaded. */
  #knownTimestamp: { timestamp: number; offset: Offset };
  #file: FileHandle | null = null;
  #pins = 0;
  #isDeleted = false;

  constructor(context: SegmentContext, baseOffset: Offset, state: { sizeBytes: BytePosition; createdMs: number }) {
    this.context = context;
    this.baseOffset = baseOffset;
    this.createdMs = state.createdMs;
    this.lastAppendMs = state.createdMs;
    this.#sizeBytes = state.sizeBytes;
    this.#knownTimestamp = { timestamp: -1, offset: baseOffset };
  }

  /** Creates the segment's file. The name is durable after the next sync of the directory. */
  static create(context: SegmentContext, baseOffset: Offset, nowMs: number): Segment {
    const segment = new Segment(context, baseOffset, { sizeBytes: 0, createdMs: nowMs });
    const file = context.fs.open(segment.path(logSuffix), 'write');
    segment.#file = file;
    // Left-over bytes of a roll that a crash undid in part.
    if (context.fs.size(file) > 0) context.fs.truncate(file, 0);
    segment.becomeActive(new SegmentIndexes(baseOffset));
    return segment;
  }

  get sizeBytes(): BytePosition {
    return this.#sizeBytes;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get isPinned(): boolean {
    return this.#pins > 0 || this.hasUnsavedIndexes;
  }

  get indexBytes(): number {
    return this.#indexes?.sizeBytes ?? 0;
  }

  /** The indexes of the active segment, or of one that was just loaded. */
  get indexes(): SegmentIndexes {
    assert(this.#indexes !== null, 'the indexes of a segment are not loaded', this.baseOffset);
    return this.#indexes;
  }

  /** Largest timestamp of a batch, or −1; with the last offset of the first batch that has it. */
  get maxTimestamp(): { timestamp: number; offset: Offset } {
    if (this.#indexes === null) return this.#knownTimestamp;
    return { timestamp: this.#indexes.maxTimestamp, offset: this.#indexes.maxTimestampOffset };
  }

  /** Says what the last entry of the time index is, while the indexes are not loaded. */
  setKnownTimestamp(known: { timestamp: number; offset: Offset }): void {
    this.#knownTimestamp = known;
  }

  path(suffix: string): string {
    return join(this.context.directory, segmentFileName(this.baseOffset, suffix));
  }

  // Appending ---------------------------------------------------------------------------------------------------

  /** Whether an offset can be expressed relative to this segment (B13). */
  canHold(offset: Offset): boolean {
    return offset >= this.baseOffset && offset - this.baseOffset <= maxRelativeOffset;
  }

  /**
   * Writes whole batches at the end, into the page cache, and returns where. When that fails the file is cut back to
   * its length before, and the StorageError says whether the disk is full (`noSpace`) or broken (`io`, also when the
   * cut fails).
   */
  append(batches: Uint8Array, nowMs: number): BytePosition {
    assert(this.isActive, 'append to a sealed segment', this.baseOffset);
    const position = this.#sizeBytes;
    const file = this.file();
    if (this.#isCutShort) {
      // A crash that undoes the cut but keeps the next append would bring back what was cut off, with sound batches behind it:
      // nobody could tell that it is not of this log any more, for a replica is asked for the epoch of its last batch only.
      this.context.fs.dataSyncNow(file);
      this.#isCutShort = false;
    }
    try {
      writeFully(this.context.fs, file, [batches], position);
    } catch (error) {
      this.#cutBack(file, position);
      throw error;
    }
    this.#sizeBytes = position + batches.length;
    this.lastAppendMs = nowMs;
    this.hasUnsavedIndexes = true;
    return position;
  }

  #cutBack(file: FileHandle, sizeBytes: BytePosition): void {
    try {
      if (this.context.fs.size(file) === sizeBytes) return;
      this.hasUnsyncedCut = true;
      this.#isCutShort = true;
      this.context.fs.truncate(file, sizeBytes);
    } catch (error) {
      throw new StorageError('io', this.path(logSuffix), 'a failed append could not be undone', error);
    }
  }

  /** Makes this the segment that is appended to. */
  becomeActive(indexes: SegmentIndexes): void {
    this.context.openSegments.forget(this);
    this.#indexes = indexes;
    this.isActive = true;
  }

  /** Indexes that a scan has built; they are saved by the next flush. */
  takeIndexes(indexes: SegmentIndexes): void {
    this.#indexes = indexes;
    this.hasUnsavedIndexes = true;
  }

  /** No more appends. The index files are written by the next flush. */
  seal(): void {
    this.indexes.complete();
    this.hasUnsavedIndexes = true;
    this.isActive = false;
  }

  // Reading -----------------------------------------------------------------------------------------------------

  /** Loads what a read needs and keeps it until `release`. */
  async acquire(): Promise<SegmentIndexes> {
    this.#pins++;
    try {
      return this.#indexes ?? (await this.#load());
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    this.#pins--;
    assert(this.#pins >= 0, 'a segment was released more often than acquired');
    if (this.#isDeleted) this.#evictIfUnused();
    else if (!this.isActive) this.context.openSegments.touch(this);
  }

  async #load(): Promise<SegmentIndexes> {
    this.#loading ??= this.#loadAndNote().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #loadAndNote(): Promise<SegmentIndexes> {
    const { indexes, wereRebuilt } = await loadIndexes(this.indexedLog());
    // A truncation may have made this the active segment meanwhile, with indexes of its own.
    if (this.#indexes !== null) return this.#indexes;
    this.#indexes = indexes;
    if (wereRebuilt) this.hasUnsavedIndexes = true;
    return indexes;
  }

  /** Builds the indexes of a sealed segment again, because they turned out to be wrong. The caller holds it. */
  async rebuildIndexes(): Promise<SegmentIndexes> {
    assert(!this.isActive, 'the indexes of the active segment are made in memory');
    const rebuilt = await rebuildIndexes(this.indexedLog());
    if (this.isActive) return this.indexes;
    this.#indexes = rebuilt;
    this.hasUnsavedIndexes = true;
    return rebuilt;
  }

  indexedLog(): IndexedLog {
    const { fs, indexIntervalBytes } = this.context;
    return {
      fs,
      file: this.file(),
      baseOffset: this.baseOffset,
      sizeBytes: this.#sizeBytes,
      interval: indexIntervalBytes,
      path: (suffix) => this.path(suffix),
    };
  }

  /** The log file, opened for reading and writing; one that has been deleted is not created again. */
  file(): FileHandle {
    this.#file ??= this.context.fs.open(this.path(logSuffix), this.#isDeleted ? 'read' : 'write');
    return this.#file;
  }

  evict(): void {
    if (this.#indexes !== null) this.#knownTimestamp = this.maxTimestamp;
    this.#indexes = null;
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#file !== null) this.context.fs.close(this.#file);
    this.#file = null;
  }

  // Ending ------------------------------------------------------------------------------------------------------

  /** Cuts the file at a batch boundary and takes `indexes`, which describe what is left. */
  truncateTo(position: BytePosition, indexes: SegmentIndexes): void {
    this.context.fs.truncate(this.file(), position);
    this.hasUnsyncedCut = true;
    this.#isCutShort = true;
    this.#sizeBytes = position;
    this.#indexes = indexes;
    this.aborted = this.aborted.filter((entry) => entry.lastOffset < indexes.nextOffset);
    this.hasUnsavedIndexes = true;
  }

  /** Writes the index files and syncs them, off the event loop. */
  async saveIndexes(): Promise<void> {
    if (!this.hasUnsavedIndexes || this.#isDeleted) return;
    const indexes = await this.acquire();
    try {
      // Appends that come while the files are written keep the flag of an active segment up.
      this.hasUnsavedIndexes = this.isActive;
      await this.#saveFile(offsetIndexSuffix, indexes.offsets.toBytes().slice());
      await this.#saveFile(timeIndexSuffix, indexes.times.toBytes().slice());
      if (this.aborted.length > 0) await this.#saveFile(transactionIndexSuffix, encodeTransactionIndex(this.aborted));
      else this.context.fs.unlink(this.path(transactionIndexSuffix));
    } catch (error) {
      this.hasUnsavedIndexes = true;
      if (!this.#isDeleted) throw error;
    } finally {
      this.release();
    }
  }

  async #saveFile(suffix: string, bytes: Uint8Array): Promise<void> {
    const { fs } = this.context;
    if (this.#isDeleted) return;
    const file = fs.open(this.path(suffix), 'write');
    try {
      fs.truncate(file, 0);
      if (bytes.length > 0) writeFully(fs, file, [bytes], 0);
      await fs.dataSync(file);
    } finally {
      fs.close(file);
    }
  }

  /** The segment is no longer part of the log: its file closes when the last read is done (B14). */
  markDeleted(): void {
    this.#isDeleted = true;
    this.isActive = false;
    this.hasUnsavedIndexes = false;
    this.context.openSegments.forget(this);
    this.#evictIfUnused();
  }

  #evictIfUnused(): void {
    if (this.#pins === 0) this.evict();
  }

  /** The log is closed: files that a read or a sync still holds close when it is done. */
  close(): void {
    this.markDeleted();
  }
}

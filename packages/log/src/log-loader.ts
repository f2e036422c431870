/**
 * Opening a log: finds its segments, recovers what was not known to be synced, and brings up everything in memory.
 *
 * After a clean stop only the end of the last segment is read. Otherwise every segment from the one that holds the
 * recovery point on is walked with its CRCs; the first batch that is not sound ends the log, and later segments go
 * (B2, B3). Indexes, epochs, producers and aborted transactions are rebuilt on the way (B4–B6). Nothing here throws
 * because of what a crash did to the files; only a disk that fails does.
 */

import type { BytePosition, Clock, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, batchLeaderEpoch, batchSizeInBytes } from '@jackdaw/protocol';
import { join } from 'node:path';
import { isPlausible, scanBatches } from './batch-scanner.ts';
import {
  deletedSuffix,
  logSuffix,
  offsetIndexSuffix,
  offsetOfFileName,
  segmentFileName,
  segmentSuffixes,
  timeIndexSuffix,
  transactionIndexSuffix,
} from './file-names.ts';
import { readFully, readSmallFile, type Fs } from './fs.ts';
import { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { RecoveryReport } from './log-types.ts';
import { readLeaderEpochs } from './partition-files.ts';
import { ProducerState } from './producer-state.ts';
import { Segment, type SegmentContext } from './segment.ts';
import { SegmentIndexes } from './segment-indexes.ts';
import { SegmentList } from './segment-list.ts';
import { recoverInterruptedSwaps } from './swap-recovery.ts';
import { decodeTransactionIndex } from './transaction-index.ts';

export interface LoadOptions {
  fs: Fs;
  clock: Clock;
  context: SegmentContext;
  config: LogConfig;
  hadCleanShutdown: boolean;
  /** From the checkpoint on disk. */
  recoveryPoint: Offset;
  /** From the checkpoint on disk; records below it are gone even if their bytes are still there. */
  logStartOffset: Offset;
  /** `producer.id.expiration.ms`. */
  producerExpirationMs: () => number;
}

export interface LoadedLog {
  segments: SegmentList;
  epochs: LeaderEpochCache;
  producers: ProducerState;
  logStartOffset: Offset;
  logEndOffset: Offset;
  report: RecoveryReport;
}

export async function loadLog(options: LoadOptions): Promise<LoadedLog> {
  const loader = new Loader(options);
  return loader.load();
}

/** One opening. Lives as long as `loadLog`. */
class Loader {
  readonly #options: LoadOptions;
  readonly #segments = new SegmentList();
  readonly #epochs = new LeaderEpochCache();
  readonly #producers: ProducerState;
  readonly #report: RecoveryReport;
  /** Segments whose aborted transactions have to be found again. */
  readonly #withoutTransactionIndex = new Set<Segment>();
  #logEndOffset: Offset = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { fs, context, producerExpirationMs } = options;
    this.#producers = new ProducerState({ fs, directory: context.directory, expirationMs: producerExpirationMs });
    this.#report = {
      wasUnclean: !options.hadCleanShutdown,
      scannedBytes: 0,
      truncatedBytes: 0,
      deletedSegments: 0,
      rebuiltIndexes: 0,
      lostDurableRecords: false,
      wasCutInTheMiddle: false,
    };
  }

  async load(): Promise<LoadedLog> {
    const { fs, context, hadCleanShutdown, recoveryPoint } = this.#options;
    await recoverInterruptedSwaps(fs, context.directory);
    this.#findSegments();
    const isEpochFileSound = this.#epochs.load(readLeaderEpochs(fs, context.directory) ?? []);
    if (this.#segments.count > 0 && (!isEpochFileSound || this.#epochs.entries.length === 0)) await this.#rebuildEpochs();
    if (this.#segments.count > 0) {
      if (hadCleanShutdown) await this.#loadCleanly();
      else await this.#recover();
    }
    const firstBase = this.#segments.at(0)?.baseOffset ?? 0;
    let logStartOffset = Math.max(this.#options.logStartOffset, firstBase);
    // Segments below the log start only; somebody removed the rest (B13).
    if (this.#segments.count > 0 && this.#logEndOffset < logStartOffset) this.#dropAll(logStartOffset);
    if (this.#segments.count === 0) this.#startEmpty(logStartOffset);
    logStartOffset = Math.min(logStartOffset, this.#logEndOffset);
    this.#report.lostDurableRecords = this.#logEndOffset < recoveryPoint;
    this.#epochs.truncateFromEnd(this.#logEndOffset);
    this.#epochs.truncateFromStart(logStartOffset);
    return {
      segments: this.#segments,
      epochs: this.#epochs,
      producers: this.#producers,
      logStartOffset,
      logEndOffset: this.#logEndOffset,
      report: this.#report,
    };
  }

  #findSegments(): void {
    const { fs, context } = this.#options;
    const names = fs.list(context.directory);
    const bases = names.map((name) => offsetOfFileName(name, logSuffix)).filter((offset) => offset !== null);
    const known = new Set(bases);
    for (const suffix of [offsetIndexSuffix, timeIndexSuffix, transactionIndexSuffix]) {
      for (const name of names) {
        const offset = offsetOfFileName(name, suffix);
        if (offset !== null && !known.has(offset)) fs.unlink(join(context.directory, name));
      }
    }
    for (const baseOffset of [...known].sort((a, b) => a - b)) {
      const stat = fs.stat(join(context.directory, segmentFileName(baseOffset, logSuffix)));
      const state = { sizeBytes: stat?.sizeBytes ?? 0, createdMs: stat?.modifiedMs ?? 0 };
      this.#segments.add(new Segment(context, baseOffset, state));
    }
    this.#producers.loadSnapshotOffsets(names);
    for (const segment of this.#segments.all) this.#loadAborted(segment);
  }

  #loadAborted(segment: Segment): void {
    const bytes = readSmallFile(this.#options.fs, segment.path(transactionIndexSuffix));
    const aborted = bytes === null ? [] : decodeTransactionIndex(bytes, segment.baseOffset);
    if (aborted === null) this.#withoutTransactionIndex.add(segment);
    else segment.aborted = aborted;
  }

  /** After a clean stop: the last segment's indexes and its end; of the others only their largest timestamp. */
  async #loadCleanly(): Promise<void> {
    const { active } = this.#segments;
    for (const segment of this.#segments.all) if (segment !== active) await this.#noteTimestamp(segment);
    const indexes = await active.acquire();
    if (active.hasUnsavedIndexes) this.#report.rebuiltIndexes++;
    const end = await scanBatches(
      this.#options.fs,
      active.file(),
      { start: indexes.offsets.lastEntry()?.position ?? 0, end: active.sizeBytes, verifyCrc: false },
      () => true,
    );
    active.becomeActive(indexes);
    active.release();
    // Bytes behind the last batch: somebody else wrote here. They cannot be read, so they go.
    if (end < active.sizeBytes) {
      this.#report.truncatedBytes += active.sizeBytes - end;
      active.truncateTo(end, indexes);
    }
    this.#logEndOffset = indexes.nextOffset;
    if (this.#withoutTransactionIndex.size > 0) this.#producers.deleteSnapshots(() => true);
    this.#producers.loadNewestSnapshot(this.#logEndOffset, this.#options.logStartOffset, this.#options.clock.wallMs());
    await this.#replayProducers(this.#segments.count, this.#logEndOffset);
  }

  /** A sealed segment's last time-index entry; the indexes are rebuilt when it is not there (B4). */
  async #noteTimestamp(segment: Segment): Promise<void> {
    const { fs } = this.#options;
    if (segment.sizeBytes === 0) return;
    const stat = fs.stat(segment.path(timeIndexSuffix));
    if (stat === null || stat.sizeBytes < 12 || stat.sizeBytes % 12 !== 0) {
      await segment.acquire();
      segment.release();
      this.#report.rebuiltIndexes++;
      return;
    }
    const file = fs.open(segment.path(timeIndexSuffix), 'read');
    const entry = new Uint8Array(12);
    fs.readSmall(file, entry, stat.sizeBytes - 12);
    fs.close(file);
    const view = new DataView(entry.buffer);
    const timestamp = view.getInt32(0) * 0x1_0000_0000 + view.getUint32(4);
    segment.setKnownTimestamp({ timestamp, offset: segment.baseOffset + view.getInt32(8) });
  }

  /** After a crash: walks from the segment that holds the recovery point to the end of what is sound. */
  async #recover(): Promise<void> {
    const { recoveryPoint, logStartOffset, clock } = this.#options;
    const firstWalked = this.#segments.indexFor(recoveryPoint);
    for (const segment of this.#segments.all.slice(0, firstWalked)) await this.#noteTimestamp(segment);
    const start = this.#segments.at(firstWalked)?.baseOffset ?? 0;
    // What follows is read from the batches; a stale file must not add to it.
    this.#epochs.truncateFromEnd(start);
    if (this.#withoutTransactionIndex.size > 0) this.#producers.deleteSnapshots(() => true);
    this.#producers.loadNewestSnapshot(start, logStartOffset, clock.wallMs());
    await this.#replayProducers(firstWalked, start);
    let expectedOffset = start;
    for (let index = firstWalked; index < this.#segments.count; index++) {
      const segment = this.#segments.at(index);
      if (segment === undefined) break;
      // Only compaction leaves gaps between segments; otherwise the end of the one before is missing.
      const isGap = index > firstWalked && segment.baseOffset !== expectedOffset && !this.#options.config.isCompact;
      if (isGap || segment.baseOffset < expectedOffset) {
        this.#dropFrom(index);
        break;
      }
      const end = await this.#walk(segment);
      expectedOffset = segment.indexes.nextOffset;
      if (end === segment.sizeBytes) continue;
      // The next segment begins with what was written, and mostly synced, after this one.
      const hasNext = index + 1 < this.#segments.count;
      this.#report.wasCutInTheMiddle = hasNext || (await isDamagedBeforeSound(this.#options.fs, segment, end));
      this.#dropFrom(index + 1);
      this.#report.truncatedBytes += segment.sizeBytes - end;
      segment.truncateTo(end, segment.indexes);
      break;
    }
    this.#logEndOffset = this.#segments.active.indexes.nextOffset;
    this.#segments.active.becomeActive(this.#segments.active.indexes);
    this.#producers.endOffset = this.#logEndOffset;
  }

  /** Checks one segment batch by batch and rebuilds all that is known of it. Returns the end of its sound part. */
  async #walk(segment: Segment): Promise<number> {
    const { fs, config } = this.#options;
    const indexes = new SegmentIndexes(segment.baseOffset);
    segment.aborted = [];
    this.#report.rebuiltIndexes++;
    const range = { start: 0, end: segment.sizeBytes, verifyCrc: true };
    const end = await scanBatches(fs, segment.file(), range, (bytes, position, filePosition) => {
      const baseOffset = batchBaseOffset(bytes, position);
      if (baseOffset < indexes.nextOffset || !segment.canHold(batchLastOffset(bytes, position))) return false;
      const leaderEpoch = batchLeaderEpoch(bytes, position);
      const latestEpoch = this.#epochs.latestEpoch() ?? -1;
      // Epochs never go down along a log. Sound batches of an older one are left of an end that was cut and written
      // again, when the crash undid the cut but kept the writes.
      if (leaderEpoch >= 0 && leaderEpoch < latestEpoch) return false;
      if (leaderEpoch > latestEpoch) this.#epochs.assign(leaderEpoch, baseOffset);
      indexes.add(bytes, position, { filePosition, interval: config.indexIntervalBytes });
      this.#replay(segment, bytes, position);
      return true;
    });
    indexes.complete();
    this.#report.scannedBytes += end;
    segment.takeIndexes(indexes);
    return end;
  }

  /** Replays batches from the producers' end offset up to `limit`, in the segments before `endIndex`. */
  async #replayProducers(endIndex: number, limit: Offset): Promise<void> {
    const { fs } = this.#options;
    for (let index = this.#segments.indexFor(this.#producers.endOffset); index < endIndex; index++) {
      const segment = this.#segments.at(index);
      if (segment === undefined || this.#producers.endOffset >= limit) break;
      const isCollecting = this.#withoutTransactionIndex.has(segment);
      const range = { start: 0, end: segment.sizeBytes, verifyCrc: false };
      if (segment.isActive) range.start = segment.indexes.positionBefore(this.#producers.endOffset);
      await scanBatches(fs, segment.file(), range, (bytes, position) => {
        this.#replay(isCollecting ? segment : null, bytes, position);
        return true;
      });
      if (isCollecting) segment.hasUnsavedIndexes = true;
      if (!segment.isActive) this.#options.context.openSegments.touch(segment);
    }
    this.#producers.endOffset = Math.max(this.#producers.endOffset, limit);
  }

  /** Takes in one batch; aborted transactions are noted on `segment` when it is given. */
  #replay(segment: Segment | null, bytes: Uint8Array, position: number): void {
    if (batchLastOffset(bytes, position) < this.#producers.endOffset) return;
    for (const completed of this.#producers.replayBatch(bytes, position)) {
      const lastStableOffset = this.#producers.completeTransaction(completed);
      const { producerId, firstOffset, lastOffset } = completed;
      if (completed.isAborted) segment?.aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset });
    }
  }

  /** The epochs of all batches, when the file is of no use (B6). */
  async #rebuildEpochs(): Promise<void> {
    this.#epochs.clear();
    for (const segment of this.#segments.all) {
      const range = { start: 0, end: segment.sizeBytes, verifyCrc: false };
      await scanBatches(this.#options.fs, segment.file(), range, (bytes, position) => {
        const leaderEpoch = batchLeaderEpoch(bytes, position);
        if (leaderEpoch > (this.#epochs.latestEpoch() ?? -1)) this.#epochs.assign(leaderEpoch, batchBaseOffset(bytes, position));
        return true;
      });
      this.#options.context.openSegments.touch(segment);
    }
  }

  /** Takes segments from `index` on out of the log: last first, so that a crash leaves a prefix. */
  #dropFrom(index: number): void {
    const { fs, context } = this.#options;
    const dropped = this.#segments.removeFrom(index).toReversed();
    for (const segment of dropped) {
      this.#report.deletedSegments++;
      this.#report.truncatedBytes += segment.sizeBytes;
      segment.markDeleted();
      for (const suffix of segmentSuffixes) {
        const path = segment.path(suffix);
        if (fs.stat(path) !== null) fs.rename(path, path + deletedSuffix);
      }
    }
    if (dropped.length > 0) fs.syncDirectoryNow(context.directory);
  }

  #dropAll(logStartOffset: Offset): void {
    this.#dropFrom(0);
    this.#epochs.clear();
    this.#producers.truncateFullyAndStartAt(logStartOffset);
  }

  #startEmpty(logStartOffset: Offset): void {
    const { context, clock } = this.#options;
    this.#segments.add(Segment.create(context, logStartOffset, clock.wallMs()));
    this.#producers.loadNewestSnapshot(logStartOffset, logStartOffset, clock.wallMs());
    this.#producers.endOffset = logStartOffset;
    this.#logEndOffset = logStartOffset;
  }
}

const headerBytes = 61;

/** Whether the batch at `position` is damaged and the one behind it is not. */
async function isDamagedBeforeSound(fs: Fs, segment: Segment, position: BytePosition): Promise<boolean> {
  const header = new Uint8Array(headerBytes);
  const count = await readFully(fs, segment.file(), header, position);
  if (count < headerBytes || !isPlausible(header, 0) || (await isSoundAt(fs, segment, position))) return false;
  return isSoundAt(fs, segment, position + batchSizeInBytes(header, 0));
}

async function isSoundAt(fs: Fs, segment: Segment, position: BytePosition): Promise<boolean> {
  let isSound = false;
  await scanBatches(fs, segment.file(), { start: position, end: segment.sizeBytes, verifyCrc: true }, () => {
    isSound = true;
    return false;
  });
  return isSound;
}

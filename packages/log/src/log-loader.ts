/**
 * Opening a log: finds its segments, recovers what was not known to be synced, and brings up everything in memory.
 *
 * After a clean stop only the end of the last segment is read. Otherwise every segment from the one that holds the
 * recovery point on is walked with its CRCs; the first batch that is not sound ends the log, and later segments go
 * (B2, B3). Indexes, epochs, producers and aborted transactions are rebuilt on the way (B4–B6). Nothing here throws
 * because of what a crash did to the files; only a disk that fails does.
 */

import { sometimes } from '@jackdaw/base';
import type { BytePosition, Clock, LeaderEpoch, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, batchLeaderEpoch } from '@jackdaw/protocol';
import { join } from 'node:path';
import { BatchChain, type Place } from './batch-chain.ts';
import { isBelievable, scanBatches } from './batch-scanner.ts';
import { hasSoundBatch } from './damage-search.ts';
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
import { readSmallFile, StorageError, type Fs } from './fs.ts';
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
  /** Records that were on disk are damaged or gone; called before anything is cut that would hide it from the next start. */
  onDamage?: (() => void) | undefined;
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
  /** Where recovery has decided to cut a segment. */
  readonly #ends = new Map<Segment, BytePosition>();
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
    const firstWalked = hadCleanShutdown ? this.#segments.count : this.#segments.indexFor(recoveryPoint);
    const hasEpochs = isEpochFileSound && this.#epochs.entries.length > 0;
    if (!hasEpochs || !(await this.#epochsFit(firstWalked))) await this.#rebuildEpochs(firstWalked);
    if (this.#segments.count > 0) {
      // A log that was closed in order ends where its checkpoint says; else it is not what it was (B3).
      if (!hadCleanShutdown || !(await this.#loadCleanly())) await this.#recover();
    }
    const firstBase = this.#segments.at(0)?.baseOffset ?? 0;
    let logStartOffset = Math.max(this.#options.logStartOffset, firstBase);
    // Segments below the log start only; somebody removed the rest (B13).
    if (this.#segments.count > 0 && this.#logEndOffset < logStartOffset) this.#dropAll(logStartOffset);
    if (this.#segments.count === 0) this.#startEmpty(logStartOffset);
    logStartOffset = Math.min(logStartOffset, this.#logEndOffset);
    this.#report.lostDurableRecords = this.#logEndOffset < recoveryPoint;
    if (this.#report.lostDurableRecords) {
      sometimes('log: records below the recovery point are gone');
      this.#options.onDamage?.();
    }
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

  /**
   * After a clean stop: the last segment's indexes and its end; of the others only their largest timestamp. False when
   * the end is not where the stop left it, or the epochs are not those of the last batch.
   */
  async #loadCleanly(): Promise<boolean> {
    const { fs, recoveryPoint, clock } = this.#options;
    const { active } = this.#segments;
    const indexes = await active.acquire();
    const range = { start: indexes.offsets.lastEntry()?.position ?? 0, end: active.sizeBytes, verifyCrc: false };
    let lastEpoch: number | null = null;
    // As the indexes walk it: behind a batch that has no place here they know nothing, and what were appended would be lost.
    let nextOffset = active.baseOffset;
    const end = await scanBatches(fs, active.file(), range, (bytes, position) => {
      if (batchBaseOffset(bytes, position) < nextOffset) return false;
      nextOffset = batchLastOffset(bytes, position) + 1;
      lastEpoch = batchLeaderEpoch(bytes, position);
      return true;
    });
    active.release();
    const hasRightEpoch = lastEpoch === null || lastEpoch === (this.#epochs.epochForOffset(indexes.nextOffset - 1) ?? -1);
    if (!hasRightEpoch) await this.#rebuildEpochs(this.#segments.count);
    if (!hasRightEpoch || end < active.sizeBytes || indexes.nextOffset !== recoveryPoint) return false;
    sometimes('log: opened after a clean stop');
    if (active.hasUnsavedIndexes) this.#report.rebuiltIndexes++;
    for (const segment of this.#segments.all) if (segment !== active) await this.#noteTimestamp(segment);
    active.becomeActive(indexes);
    this.#logEndOffset = indexes.nextOffset;
    this.#forgetSnapshotsForReplay();
    this.#producers.loadNewestSnapshot(this.#logEndOffset, this.#segments.first.baseOffset, clock.wallMs());
    await this.#replayProducers(this.#segments.count, this.#logEndOffset);
    return true;
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
    this.#report.wasUnclean = true;
    const firstWalked = this.#segments.indexFor(this.#options.recoveryPoint);
    for (const segment of this.#segments.all.slice(0, firstWalked)) await this.#noteTimestamp(segment);
    this.#forgetSnapshotsForReplay();
    // A batch that later ones prove wrong was taken in already: then all of it again, up to that batch.
    for (let doubt = await this.#walkFrom(firstWalked); doubt !== null; doubt = await this.#walkFrom(firstWalked)) {
      sometimes('log: batch proved wrong by a later one');
      this.#ends.set(doubt.segment, doubt.position);
    }
    this.#logEndOffset = this.#segments.active.indexes.nextOffset;
    this.#segments.active.becomeActive(this.#segments.active.indexes);
    this.#producers.endOffset = this.#logEndOffset;
  }

  /** Null when done; or a batch that cannot have been written where it is. */
  async #walkFrom(firstWalked: number): Promise<Place | null> {
    const { clock, config } = this.#options;
    const start = this.#segments.at(firstWalked)?.baseOffset ?? 0;
    // What follows is read from the batches; a stale file must not add to it.
    this.#epochs.truncateFromEnd(start);
    this.#producers.loadNewestSnapshot(start, this.#segments.first.baseOffset, clock.wallMs());
    await this.#replayProducers(firstWalked, start);
    const chain = new BatchChain({ nextOffset: start, epoch: this.#epochs.latestEpoch() ?? -1, isCompact: config.isCompact });
    for (let index = firstWalked; index < this.#segments.count; index++) {
      const segment = this.#segments.at(index);
      if (segment === undefined) break;
      if (!chain.canContinueWith(segment)) {
        if (chain.doubt !== null) return chain.doubt;
        this.#report.wasCutInTheMiddle = await hasSoundBatch(segment, 0);
        if (this.#report.wasCutInTheMiddle) this.#options.onDamage?.();
        this.#dropFrom(index);
        break;
      }
      this.#takeSnapshotAt(index);
      const end = await this.#walk(segment, chain);
      if (end < segment.sizeBytes && chain.doubt !== null) return chain.doubt;
      if (end === segment.sizeBytes) continue;
      // The next segment begins with what was written, and mostly synced, after this one.
      const hasNext = index + 1 < this.#segments.count;
      this.#report.wasCutInTheMiddle = hasNext || (await hasSoundBatch(segment, end));
      if (this.#report.wasCutInTheMiddle) {
        sometimes('log: damage in the middle found by recovery');
        this.#options.onDamage?.();
      } else sometimes('log: torn end cut');
      this.#dropFrom(index + 1);
      this.#report.truncatedBytes += segment.sizeBytes - end;
      segment.truncateTo(end, segment.indexes);
      break;
    }
    return chain.gap;
  }

  /** Checks one segment batch by batch and rebuilds all that is known of it. Returns the end of its sound part. */
  async #walk(segment: Segment, chain: BatchChain): Promise<BytePosition> {
    const { fs, config } = this.#options;
    const indexes = new SegmentIndexes(segment.baseOffset);
    segment.aborted = [];
    this.#report.rebuiltIndexes++;
    const limit = this.#ends.get(segment) ?? segment.sizeBytes;
    const end = await scanBatches(
      fs,
      segment.file(),
      { start: 0, end: segment.sizeBytes, verifyCrc: true },
      (bytes, position, filePosition) => {
        if (filePosition >= limit || !indexes.canAdd(bytes, position)) return false;
        if (!chain.add(bytes, position, { segment, position: filePosition })) return false;
        const leaderEpoch = batchLeaderEpoch(bytes, position);
        if (leaderEpoch > (this.#epochs.latestEpoch() ?? -1)) this.#epochs.assign(leaderEpoch, batchBaseOffset(bytes, position));
        indexes.add(bytes, position, { filePosition, interval: config.indexIntervalBytes });
        this.#replay(segment, bytes, position);
        return true;
      },
    );
    indexes.complete();
    this.#report.scannedBytes += end;
    segment.takeIndexes(indexes);
    return end;
  }

  /** Aborted transactions are found by a replay of every batch that is still there; the first snapshot knows what went before. */
  #forgetSnapshotsForReplay(): void {
    const firstBase = this.#segments.first.baseOffset;
    if (this.#withoutTransactionIndex.size > 0) this.#producers.deleteSnapshots((offset) => offset > firstBase);
  }

  /**
   * A crash may have taken the snapshot at a segment's start, or recovery has, which believes none behind the recovery point.
   * Without it nobody would know the producers any more once retention has deleted what lies before (C1).
   */
  #takeSnapshotAt(index: number): void {
    const baseOffset = this.#segments.at(index)?.baseOffset;
    if (index === 0 || baseOffset === undefined) return;
    this.#producers.endOffset = Math.max(this.#producers.endOffset, baseOffset);
    if (this.#producers.endOffset > baseOffset) return;
    try {
      this.#producers.takeSnapshot();
    } catch (error) {
      // Retention then deletes nothing up to here.
      if (!(error instanceof StorageError) || error.kind !== 'noSpace') throw error;
    }
  }

  /** Replays batches from the producers' end offset up to `limit`, in the segments before `endIndex`. */
  async #replayProducers(endIndex: number, limit: Offset): Promise<void> {
    const { fs } = this.#options;
    for (let index = this.#segments.indexFor(this.#producers.endOffset); index < endIndex; index++) {
      const segment = this.#segments.at(index);
      if (segment === undefined || this.#producers.endOffset >= limit) break;
      this.#takeSnapshotAt(index);
      const isCollecting = this.#withoutTransactionIndex.has(segment);
      const range = { start: 0, end: segment.sizeBytes, verifyCrc: false };
      if (segment.isActive) range.start = segment.indexes.positionBefore(this.#producers.endOffset);
      const log = { fs, file: segment.file() };
      await scanBatches(fs, log.file, range, (bytes, position, at) => {
        if (isBelievable(log, { bytes, position }, at)) this.#replay(isCollecting ? segment : null, bytes, position);
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

  /** Whether each epoch of the file begins with a batch of it: the file has no checksum, and a digit of it can rot (B6). */
  async #epochsFit(segmentCount: number): Promise<boolean> {
    const first = this.#segments.at(0)?.baseOffset ?? 0;
    const end = this.#segments.at(segmentCount)?.baseOffset ?? Number.POSITIVE_INFINITY;
    for (const { epoch, startOffset } of this.#epochs.entries) {
      const segment = this.#segments.at(this.#segments.indexFor(startOffset));
      if (segment === undefined || startOffset < first || startOffset >= end) continue;
      if (!(await this.#beginsAt(segment, epoch, startOffset))) return false;
    }
    return true;
  }

  /** One batch alone that says otherwise has rotted itself, for its CRC does not cover the epoch either. */
  async #beginsAt(segment: Segment, epoch: LeaderEpoch, startOffset: Offset): Promise<boolean> {
    const indexes = await segment.acquire();
    const range = { start: indexes.positionBefore(startOffset - 1), end: segment.sizeBytes, verifyCrc: false };
    let [wrong, seen] = [0, 0];
    await scanBatches(this.#options.fs, segment.file(), range, (bytes, position) => {
      const found = batchLeaderEpoch(bytes, position);
      const isBefore = batchLastOffset(bytes, position) < startOffset;
      const fits = isBefore ? found < epoch : found >= epoch && batchBaseOffset(bytes, position) >= startOffset;
      if (!fits || (seen === 0 && !isBefore && found !== epoch)) wrong++;
      if (!isBefore) seen++;
      return seen < 2;
    });
    segment.release();
    this.#options.context.openSegments.touch(segment);
    return wrong < 2;
  }

  /** The epochs of all batches in the first segments, when the file is of no use (B6). */
  async #rebuildEpochs(segmentCount: number): Promise<void> {
    sometimes('log: leader epochs rebuilt from the batches');
    this.#epochs.clear();
    // A batch that alone raises the epoch has rotted: the next one must bear it out.
    let raise: { epoch: LeaderEpoch; startOffset: Offset } | null = null;
    for (const segment of this.#segments.all.slice(0, segmentCount)) {
      const range = { start: 0, end: segment.sizeBytes, verifyCrc: false };
      await scanBatches(this.#options.fs, segment.file(), range, (bytes, position) => {
        const epoch = batchLeaderEpoch(bytes, position);
        const startOffset = batchBaseOffset(bytes, position);
        if (raise !== null && epoch >= raise.epoch) this.#epochs.assign(raise.epoch, raise.startOffset);
        raise = epoch > (this.#epochs.latestEpoch() ?? -1) && segment.canHold(startOffset) ? { epoch, startOffset } : null;
        return true;
      });
      this.#options.context.openSegments.touch(segment);
    }
    // The compiler does not see that a callback has set it.
    const last = raise as { epoch: LeaderEpoch; startOffset: Offset } | null;
    if (last !== null) this.#epochs.assign(last.epoch, last.startOffset);
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
    if (dropped.length > 0) sometimes('log: segments behind a cut dropped');
    if (dropped.length > 0) fs.syncDirectoryNow(context.directory);
  }

  #dropAll(logStartOffset: Offset): void {
    this.#dropFrom(0);
    this.#epochs.clear();
    this.#producers.startAnewAt(logStartOffset, null);
  }

  #startEmpty(logStartOffset: Offset): void {
    const { context, clock } = this.#options;
    this.#segments.add(Segment.create(context, logStartOffset, clock.wallMs()));
    this.#producers.loadNewestSnapshot(logStartOffset, logStartOffset, clock.wallMs());
    this.#producers.endOffset = logStartOffset;
    this.#logEndOffset = logStartOffset;
  }
}

/**
 * One partition's log: what the broker appends to, replicates and reads.
 *
 * All calls but those that return a Promise finish at once, so a caller's checks still hold when it appends
 * (architecture idea 8). Written is not durable: `durableOffset` trails `logEndOffset` until the directory's
 * `LogFlusher` has synced the files, or equals it in page-cache mode. A disk that fails takes the log offline: every
 * later append is refused with KAFKA_STORAGE_ERROR, and the failed sync is never tried again (B9).
 */

import { assert, type Clock, type LeaderEpoch, type Offset, buggify, sometimes } from '@jackdaw/base';
import { ErrorCode, type Codecs } from '@jackdaw/protocol';
import { StorageError, type Fs } from './fs.ts';
import { appendFollower, appendLeader, rollAt } from './log-append.ts';
import type { LogConfig } from './log-config.ts';
import type { Flushable, LogFlusher } from './log-flusher.ts';
import { loadLog } from './log-loader.ts';
import { findByTimestamp, findMaxTimestamp } from './log-lookup.ts';
import { recoveryPointOf, type LogParts } from './log-parts.ts';
import { readDisk, readTail } from './log-read.ts';
import { deleteOldSegments, raiseLogStart, type Retained } from './log-retention.ts';
import { saveForClose, syncFiles, writeLeaderEpochs } from './log-sync.ts';
import { producersAtStart, type ProducersAtStart } from './producer-handover.ts';
import { removeDueFiles, truncateLog, truncateWholeLog } from './log-truncate.ts';
import type {
  AbortedTransaction,
  ActiveProducer,
  AppendResult,
  EpochEndOffset,
  LeaderAppendOptions,
  ReadOptions,
  ReadResult,
  RecoveryReport,
  TimestampOffset,
} from './log-types.ts';
import { mendEpochs } from './mend-epochs.ts';
import { rewriteUnsynced } from './rewrite.ts';
import type { OpenSegments } from './open-segments.ts';
import { TailCache, type TailCacheBudget } from './tail-cache.ts';
import { collectAborted } from './transaction-index.ts';

export interface PartitionLogOptions {
  fs: Fs;
  clock: Clock;
  /** `<topic>-<partition>`. */
  name: string;
  directory: string;
  topicId: string;
  config: LogConfig;
  recoveryPoint: Offset;
  logStartOffset: Offset;
  hadCleanShutdown: boolean;
  /** `producer.id.expiration.ms`. */
  maxProducerIdExpirationMs: () => number;
  flusher: LogFlusher<PartitionLog>;
  tailCache: TailCacheBudget;
  openSegments: OpenSegments;
  /** Opens compressed batches for timestamp lookups; without it the batch's base offset is the answer. */
  codecs?: Codecs;
  /** Throws StorageError of kind `noSpace` when so many bytes more must not be appended now. Default: the disk decides. */
  expectRoom?: (log: PartitionLog, bytes: number) => void;
  /** The disk has refused a write of this log for lack of space. */
  onFull?: () => void;
  /** Writes the recovery point of this log to disk before returning. Default: there is none to lower. */
  persistRecoveryPoint?: (log: PartitionLog, recoveryPoint: Offset) => void;
  /** A group commit has succeeded and took so long: the fdatasync of its segments, and of names that were new. */
  onSynced?: (durationMs: number) => void;
  /** The disk failed; the whole log directory is to go offline. Called once. */
  onFailure?: (log: PartitionLog, error: StorageError) => void;
  /** Opening has found records damaged or gone, and is about to cut the log there. */
  onDamage?: (() => void) | undefined;
  /** The directory was made just now and its name is not durable yet. */
  isNew?: boolean;
}

export class PartitionLog implements Flushable {
  readonly name: string;
  readonly topicId: string;
  /** What opening found and repaired. */
  readonly recovery: RecoveryReport;
  readonly #parts: LogParts;
  readonly #options: PartitionLogOptions;
  #isClosed = false;
  #syncing: Promise<void> | null = null;
  /** Kafka's flush.ms counts from here in page-cache mode. */
  #lastFlushMs: number;

  private constructor(options: PartitionLogOptions, recovery: RecoveryReport, parts: LogParts) {
    this.#options = options;
    this.#parts = parts;
    this.name = options.name;
    this.topicId = options.topicId;
    this.recovery = recovery;
    this.#lastFlushMs = options.clock.monotonicMs();
  }

  /** Opens or creates the log in `directory`, recovering it first when the last stop was not clean. */
  static async open(options: PartitionLogOptions): Promise<PartitionLog> {
    const { fs, clock, name, config } = options;
    fs.makeDirectory(options.directory);
    const context = {
      fs,
      directory: options.directory,
      openSegments: options.openSegments,
      indexIntervalBytes: config.indexIntervalBytes,
    };
    const { hadCleanShutdown, recoveryPoint, logStartOffset, maxProducerIdExpirationMs: producerExpirationMs } = options;
    const loaded = await loadLog({
      ...{ fs, clock, context, config, hadCleanShutdown, recoveryPoint, logStartOffset, producerExpirationMs },
      onDamage: options.onDamage,
    });
    const { logEndOffset } = loaded;
    const log: PartitionLog = new PartitionLog(options, loaded.report, {
      ...{ fs, clock, name, config, context, logEndOffset },
      segments: loaded.segments,
      epochs: loaded.epochs,
      producers: loaded.producers,
      tail: new TailCache(options.tailCache),
      codecs: options.codecs ?? null,
      logStartOffset: loaded.logStartOffset,
      syncedOffset: loaded.report.wasUnclean ? Math.min(recoveryPoint, logEndOffset) : logEndOffset,
      checkpointedRecoveryPoint: recoveryPoint,
      expectRoom: (bytes) => options.expectRoom?.(log, bytes),
      persistRecoveryPoint: (offset) => options.persistRecoveryPoint?.(log, offset),
      truncations: 0,
      bytesSinceSnapshot: 0,
      syncTarget: logEndOffset,
      isDirectoryDirty: true,
      isParentDirty: options.isNew === true,
      pendingDeletes: [],
      failure: null,
      corruptOffset: null,
    });
    // Recovered bytes and rebuilt indexes are on disk, or durable, only after a sync.
    const isUnsaved = loaded.segments.all.some((segment) => !segment.isActive && segment.hasUnsavedIndexes);
    if (log.needsSync || isUnsaved) options.flusher.markDirty(log);
    return log;
  }

  get directory(): string {
    return this.#parts.context.directory;
  }

  get config(): LogConfig {
    return this.#parts.config;
  }

  /** Changes the directory that holds the files, after it has been renamed. */
  onDirectoryRenamed(directory: string): void {
    this.#parts.context.directory = directory;
  }

  get logStartOffset(): Offset {
    return this.#parts.logStartOffset;
  }

  get logEndOffset(): Offset {
    return this.#parts.logEndOffset;
  }

  /** Records below survive a power loss; in page-cache mode all that are written count. */
  get durableOffset(): Offset {
    return this.#parts.config.flushMode === 'pageCache' ? this.#parts.logEndOffset : this.#parts.syncedOffset;
  }

  /** From where recovery would have to look after a crash now, in either mode. */
  get recoveryPoint(): Offset {
    return recoveryPointOf(this.#parts);
  }

  get sizeBytes(): number {
    return this.#parts.segments.sizeBytes;
  }

  get segmentCount(): number {
    return this.#parts.segments.count;
  }

  get firstSegmentBaseOffset(): Offset {
    return this.#parts.segments.first.baseOffset;
  }

  get activeSegmentBaseOffset(): Offset {
    return this.#parts.segments.active.baseOffset;
  }

  /** Ascending; each is the name of a file of this log. */
  get segmentBaseOffsets(): readonly Offset[] {
    return this.#parts.segments.all.map(({ baseOffset }) => baseOffset);
  }

  /** Truncations and deletions so far: what was read before one may not be believed after it. */
  get truncations(): number {
    return this.#parts.truncations;
  }

  get isOffline(): boolean {
    return this.#parts.failure !== null;
  }

  /** Offset of the first batch that failed its CRC on a read, or null. A bad log must not be served or elected (B3). */
  get corruptOffset(): Offset | null {
    return this.#parts.corruptOffset;
  }

  // Append ------------------------------------------------------------------------------------------------------

  /**
   * Assigns the next offsets and `leaderEpoch` to the batches, in place, and appends them. The caller has validated
   * them (`validateBatches`). Answers an error when producer state forbids it or the disk is full or broken.
   */
  appendAsLeader(batches: Uint8Array, options: LeaderAppendOptions): AppendResult {
    if (this.#parts.failure !== null) return storageError(this.#parts.failure);
    try {
      const result = appendLeader(this.#parts, batches, options);
      if (result.kind === 'appended') this.#afterAppend();
      return result;
    } catch (error) {
      return storageError(this.#expectStorageError(error));
    }
  }

  /**
   * Appends batches as the leader made them, gaps included. Throws CorruptRecordError, UnexpectedOffsetError or
   * StorageError; see `appendFollower`.
   */
  appendAsFollower(batches: Uint8Array): { lastOffset: Offset } {
    if (this.#parts.failure !== null) throw offlineError(this.#parts);
    const before = this.#parts.logEndOffset;
    try {
      const lastOffset = appendFollower(this.#parts, batches, this.#parts.clock.wallMs());
      return { lastOffset };
    } catch (error) {
      if (error instanceof StorageError) this.#expectStorageError(error);
      throw error;
    } finally {
      if (this.#parts.logEndOffset > before) this.#afterAppend();
    }
  }

  #afterAppend(): void {
    const { config, logEndOffset, syncedOffset, segments } = this.#parts;
    const isDue = config.flushMode === 'durable' || logEndOffset - syncedOffset >= config.flushMessages;
    // After a roll the sealed segment is synced in either mode, so that recovery never reads more than a segment.
    if (isDue || segments.active.baseOffset > syncedOffset) this.#options.flusher.markDirty(this);
  }

  // Read --------------------------------------------------------------------------------------------------------

  /** At once when the tail cache has the offset, else after a read from disk. */
  read(options: ReadOptions): ReadResult | Promise<ReadResult> {
    const parts = this.#parts;
    const { fetchOffset } = options;
    if (fetchOffset < parts.logStartOffset || fetchOffset > parts.logEndOffset) return { kind: 'outOfRange' };
    if (fetchOffset >= Math.min(options.maxOffset, parts.logEndOffset)) {
      return { kind: 'data', chunks: [], sizeBytes: 0, nextOffset: fetchOffset, startPositionOffset: fetchOffset };
    }
    const isFromDisk = buggify('log: read past the tail cache');
    return (isFromDisk ? null : readTail(parts, options)) ?? this.#readDisk(options);
  }

  async #readDisk(options: ReadOptions): Promise<ReadResult> {
    const result = await readDisk(this.#parts, options).catch((error: unknown) => {
      // A disk that cannot be read is no better than one that cannot be written: others must lead (B9).
      if (error instanceof StorageError && error.kind === 'io') this.#goOffline(error);
      throw error;
    });
    sometimes('log: read from the disk');
    if (result.kind === 'corrupt') sometimes('log: damaged batch found by a read');
    if (result.kind === 'corrupt') this.#parts.corruptOffset ??= result.baseOffset;
    return result;
  }

  /** Aborted transactions that overlap [fetchOffset, upperBoundOffset), for `read_committed` (C9). */
  abortedTransactions(fetchOffset: Offset, upperBoundOffset: Offset): AbortedTransaction[] {
    const { segments } = this.#parts;
    const found: AbortedTransaction[] = [];
    for (let index = segments.indexFor(fetchOffset); index < segments.count; index++) {
      const aborted = segments.at(index)?.aborted ?? [];
      if (collectAborted(aborted, { fetchOffset, upperBoundOffset }, found)) break;
    }
    return found;
  }

  /** First offset that `read_committed` may not see (C8): of the oldest undecided transaction, or the high watermark. */
  lastStableOffset(highWatermark: Offset): Offset {
    const unstable = this.#parts.producers.firstUnstableOffset(highWatermark);
    return unstable === null ? highWatermark : Math.min(highWatermark, Math.max(unstable, this.logStartOffset));
  }

  // Leader epochs -----------------------------------------------------------------------------------------------

  endOffsetForEpoch(epoch: LeaderEpoch): EpochEndOffset {
    return this.#parts.epochs.endOffsetFor(epoch, this.#parts.logEndOffset);
  }

  latestEpoch(): LeaderEpoch | null {
    return this.#parts.epochs.latestEpoch();
  }

  epochForOffset(offset: Offset): LeaderEpoch | null {
    return this.#parts.epochs.epochForOffset(offset);
  }

  /** Called on becoming leader, with the log end offset. */
  assignEpochStartOffset(epoch: LeaderEpoch, startOffset: Offset): void {
    this.#parts.epochs.assign(epoch, startOffset);
  }

  /**
   * Gives all batches from `startOffset` on the epoch that this replica is about to lead in, because theirs have rotted (B3).
   * Throws StorageError.
   */
  mendEpochs(epoch: LeaderEpoch, startOffset: Offset): void {
    this.#mutate(() => mendEpochs(this.#parts, startOffset, epoch));
    this.#options.flusher.markDirty(this);
  }

  // Truncate and clean ------------------------------------------------------------------------------------------

  /** Removes everything at and above `offset`; a batch that straddles it goes as a whole. Throws StorageError. */
  truncateTo(offset: Offset): void {
    this.#mutate(() => truncateLog(this.#parts, offset));
  }

  /**
   * Removes all records; the log starts again, empty, at `offset`, and knows the producers of a snapshot. Throws StorageError.
   */
  truncateFullyAndStartAt(offset: Offset, producers: Uint8Array | null = null): void {
    this.#mutate(() => truncateWholeLog(this.#parts, offset, producers));
  }

  /** What a replica that begins anew at this log's start has to know of producers. Rejects with StorageError. */
  async producersAtStart(): Promise<ProducersAtStart> {
    try {
      return await producersAtStart(this.#parts, this.#options.maxProducerIdExpirationMs);
    } catch (error) {
      throw this.#expectStorageError(error);
    }
  }

  /** What is known of producers at the log end, as a snapshot. */
  producersAtEnd(): Uint8Array {
    return this.#parts.producers.encoded();
  }

  /**
   * DeleteRecords, and a follower learning its leader's log start. Returns a Kafka error code: OFFSET_OUT_OF_RANGE when
   * `offset` is above the high watermark. Files go with the next `retain`.
   */
  advanceLogStartOffset(offset: Offset, highWatermark: Offset): number {
    if (offset > highWatermark || offset > this.#parts.logEndOffset) return ErrorCode.OFFSET_OUT_OF_RANGE;
    raiseLogStart(this.#parts, offset);
    return ErrorCode.NONE;
  }

  /**
   * Applies retention and forgets expired producers. Segments are renamed to `.deleted`; `removeDueFiles` removes them.
   * Waits for the disk where what is known of producers and epochs must be there first. Rejects with StorageError.
   */
  async retain(nowMs: number, highWatermark: Offset): Promise<{ deletedSegments: number }> {
    const retained = this.#retain(nowMs, highWatermark);
    if (retained.awaitedStart === null) return retained;
    try {
      const { epochs, producers } = this.#parts;
      if (!epochs.isInFile) await writeLeaderEpochs(this.#parts);
      if (!producers.isDurableAt(retained.awaitedStart)) await producers.syncSnapshot(retained.awaitedStart);
    } catch (error) {
      // The log may be on its way to its deletion.
      if (this.#isClosed) return retained;
      throw this.#expectStorageError(error);
    }
    if (this.#isClosed || this.#parts.failure !== null) return retained;
    const { deletedSegments } = this.#retain(nowMs, highWatermark);
    return { deletedSegments: retained.deletedSegments + deletedSegments };
  }

  #retain(nowMs: number, highWatermark: Offset): Retained {
    let retained: Retained | undefined;
    this.#mutate(() => (retained = deleteOldSegments(this.#parts, nowMs, highWatermark)));
    this.#parts.producers.removeExpired(nowMs);
    const { deletedSegments = 0, awaitedStart = null } = retained ?? {};
    if (deletedSegments > 0) this.#options.flusher.markDirty(this);
    return { deletedSegments, awaitedStart };
  }

  /** Removes files that have been `.deleted` for `file.delete.delay.ms`, off the event loop. Rejects with StorageError. */
  removeDueFiles(nowMs: number): Promise<void> {
    return removeDueFiles(this.#parts, nowMs);
  }

  /** Seals an active segment that has records older than `segment.ms`; returns whether it did. Throws StorageError. */
  rollIfNeeded(nowMs: number): boolean {
    const { active } = this.#parts.segments;
    if (active.sizeBytes === 0 || nowMs - active.createdMs <= this.#parts.config.segmentMs - active.jitterMs) return false;
    this.roll(nowMs);
    return true;
  }

  /** Starts a new segment at the log end, unless the active one is empty. Throws StorageError. */
  roll(nowMs: number): void {
    this.#mutate(() => rollAt(this.#parts, this.#parts.logEndOffset, nowMs));
    this.#options.flusher.markDirty(this);
  }

  updateConfig(config: LogConfig): void {
    this.#parts.config = config;
    this.#parts.context.indexIntervalBytes = config.indexIntervalBytes;
    if (this.needsSync) this.#options.flusher.markDirty(this);
  }

  // Lookups -----------------------------------------------------------------------------------------------------

  /** The first record with a timestamp ≥ `timestampMs`, if it lies below `maxOffsetExclusive`. */
  offsetForTimestamp(timestampMs: number, maxOffsetExclusive: Offset): Promise<TimestampOffset | null> {
    return findByTimestamp(this.#parts, { timestampMs, maxOffsetExclusive });
  }

  /** The record with the largest timestamp. */
  maxTimestampOffset(): Promise<TimestampOffset | null> {
    return findMaxTimestamp(this.#parts);
  }

  activeProducers(): ActiveProducer[] {
    return this.#parts.producers.activeProducers();
  }

  /** What is remembered of one producer, or undefined. */
  latestProducerState(producerId: number): ActiveProducer | undefined {
    return this.#parts.producers.activeProducer(producerId);
  }

  hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#parts.producers.hasOpenTransaction(producerId, producerEpoch);
  }

  // Durability --------------------------------------------------------------------------------------------------

  get needsSync(): boolean {
    return this.#parts.failure === null && this.#parts.syncedOffset < this.#parts.logEndOffset;
  }

  /** Logs of this directory that wait for their turn to be synced: news of their durability come one after the other. */
  get waitingSyncs(): number {
    return this.#options.flusher.waiting;
  }

  /** For the timer, in page-cache mode: asks for a sync when `flush.ms` is over. */
  flushIfDue(monotonicMs: number): void {
    if (this.needsSync && monotonicMs - this.#lastFlushMs >= this.#parts.config.flushMs) this.#options.flusher.markDirty(this);
  }

  /**
   * Makes all that is written now durable, unless the log is closed or given up meanwhile: of that nothing may be said.
   * Rejects with StorageError when the log is or goes offline.
   */
  async flush(): Promise<void> {
    const target = this.#parts.logEndOffset;
    while (!this.#isClosed && this.needsSync && this.#parts.syncedOffset < target) await this.syncOnce();
    if (this.#parts.failure !== null) throw offlineError(this.#parts);
  }

  /** One group commit; called by the flusher. Never rejects: a failure takes the log offline. One at a time. */
  async syncOnce(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing;
    this.#syncing = this.#sync().finally(() => (this.#syncing = null));
    await this.#syncing;
  }

  async #sync(): Promise<void> {
    const parts = this.#parts;
    if (parts.failure !== null || this.#isClosed) return;
    parts.syncTarget = parts.logEndOffset;
    const { truncations } = parts;
    const startedMs = parts.clock.monotonicMs();
    try {
      await syncFiles(parts);
      // Given up meanwhile: segments that were closed have been passed over, so nothing may be said of what is durable.
      if (this.#isClosed) return;
      parts.syncedOffset = Math.max(parts.syncedOffset, Math.min(parts.syncTarget, parts.logEndOffset));
      this.#lastFlushMs = parts.clock.monotonicMs();
      this.#options.onSynced?.(this.#lastFlushMs - startedMs);
    } catch (error) {
      // A segment that was deleted under the sync is no failure of the disk.
      if (error instanceof StorageError && error.kind === 'notFound' && truncations !== parts.truncations) {
        return;
      }
      this.#goOffline(error);
    }
  }

  /** Makes durable what is there after an earlier sync failed, of which it cannot be told what reached the disk (B9). */
  async rewriteAndFlush(): Promise<void> {
    await rewriteUnsynced(this.#parts);
    await this.syncOnce();
    await this.flush();
  }

  /** Writes `leader-epoch-checkpoint` when it is out of date; before a recovery point on disk may pass its epochs. */
  async writeLeaderEpochs(): Promise<void> {
    if (this.isOffline || this.#isClosed) return;
    try {
      await writeLeaderEpochs(this.#parts);
    } catch (error) {
      // The directory may have been moved away meanwhile.
      if (!this.#isClosed) throw error;
    }
  }

  /** The checkpoint that is being written says this; until it is known to be on the disk, the old one or it may be there. */
  onRecoveryPointLeaves(recoveryPoint: Offset): void {
    this.#parts.checkpointedRecoveryPoint = Math.max(this.#parts.checkpointedRecoveryPoint, recoveryPoint);
  }

  /** The checkpoint on disk now says this; see `lowerCheckpoint`. */
  onRecoveryPointCheckpointed(recoveryPoint: Offset): void {
    this.#parts.checkpointedRecoveryPoint = recoveryPoint;
  }

  /**
   * Syncs and saves everything, so that the next open reads no more than the end. A log that is given up meanwhile, because its
   * topic goes, has nothing left to save. Rejects with StorageError.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#parts.failure === null) await this.#save();
    if (this.#isClosed) sometimes('log: given up while it was being closed');
    else this.#release();
  }

  async #save(): Promise<void> {
    try {
      await this.flush();
      if (!this.#isClosed) await saveForClose(this.#parts);
    } catch (error) {
      // The directory may have been moved away meanwhile.
      if (!this.#isClosed) throw error;
    }
  }

  /** Lets go of files and memory without saving: the directory is about to be removed, or the disk has failed. */
  async abandon(): Promise<void> {
    this.#release();
    while (this.#syncing !== null) await this.#syncing;
  }

  #release(): void {
    this.#isClosed = true;
    this.#options.flusher.forget(this);
    this.#parts.tail.clear();
    this.#parts.truncations++;
    for (const segment of this.#parts.segments.all) segment.close();
  }

  // Failure -----------------------------------------------------------------------------------------------------

  /** The log's directory has failed elsewhere. */
  goOffline(error: StorageError): void {
    this.#parts.failure ??= error;
  }

  #goOffline(error: unknown): void {
    if (this.#parts.failure !== null || this.#isClosed) return;
    const failure = error instanceof StorageError ? error : new StorageError('io', this.directory, 'unexpected failure', error);
    sometimes('log: failed disk takes its directory offline');
    this.#parts.failure = failure;
    this.#options.onFailure?.(this, failure);
  }

  #mutate(change: () => void): void {
    assert(!this.#isClosed, 'a closed log is changed', this.name);
    if (this.#parts.failure !== null) throw offlineError(this.#parts);
    try {
      change();
    } catch (error) {
      if (error instanceof StorageError) this.#expectStorageError(error);
      throw error;
    }
  }

  /** A full disk leaves the log as it was; any other failure of the disk takes the directory offline. */
  #expectStorageError(error: unknown): StorageError {
    if (!(error instanceof StorageError)) throw error;
    if (error.kind === 'noSpace') sometimes('log: change refused by a full disk');
    if (error.kind === 'noSpace') this.#options.onFull?.();
    if (error.kind !== 'noSpace') this.#goOffline(error);
    return error;
  }
}

function storageError(error: StorageError): AppendResult {
  return { kind: 'error', error: ErrorCode.KAFKA_STORAGE_ERROR, message: error.message };
}

function offlineError(parts: LogParts): StorageError {
  return new StorageError('offline', parts.context.directory, `the log directory of ${parts.name} is offline`, parts.failure);
}

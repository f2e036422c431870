/**
 * All producers that a partition remembers, its open transactions, and their snapshots on disk.
 *
 * Filled by appends, by replication and by replay of the log after a restart (Kafka's ProducerStateManager). A snapshot
 * is written at each roll and at close without a sync: its CRC tells a torn one, and the log can always replace it (B5).
 */

import { assert, type Offset, sometimes } from '@jackdaw/base';
import {
  batchBaseSequence,
  batchLastOffset,
  batchLastOffsetDelta,
  batchProducerEpoch,
  batchProducerId,
  CorruptRecordError,
  incrementSequence,
  isControlBatch,
} from '@jackdaw/protocol';
import { join } from 'node:path';
import { offsetOfFileName, segmentFileName, snapshotSuffix } from './file-names.ts';
import { readSmallFile, StorageError, writeFully, type Fs } from './fs.ts';
import type { ActiveProducer } from './log-types.ts';
import {
  beginProducerUpdate,
  checkBatch,
  type CompletedTransaction,
  type ProducerCheckContext,
  ProducerUpdates,
  type Refusal,
} from './producer-append.ts';
import { emptyProducerEntry, findDuplicate, lastSequenceOf, type ProducerBatch, type ProducerEntry } from './producer-entry.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts';

/** Producers remembered for one partition; beyond it those silent for longest are forgotten first. */
export const maxProducersPerLog = 100_000;
/** Share of the producers that goes at once when the limit is reached, so that the search for them pays. */
const evictedShare = 0.05;

const replay: ProducerCheckContext = { origin: 'replication', transactionVersion: 0, verification: undefined };

const noneCompleted: readonly CompletedTransaction[] = [];

export interface ProducerStateOptions {
  fs: Fs;
  directory: string;
  /** `producer.id.expiration.ms`. */
  /** `producer.id.expiration.ms`, which may change while the broker runs. */
  expirationMs: () => number;
  maxProducers?: number;
}

interface SnapshotRange {
  limit: Offset;
  firstOffset: Offset;
  nowMs: number;
}

interface Transaction {
  producerId: number;
  firstOffset: Offset;
  /** Offset of the marker; −1 while open. */
  lastOffset: Offset;
}

export class ProducerState {
  readonly #options: ProducerStateOptions;
  readonly #producers = new Map<number, ProducerEntry>();
  /** Open transactions by first offset, ascending: they begin in log order. */
  readonly #openTransactions = new Map<Offset, Transaction>();
  /** Ended ones whose marker is not below the high watermark yet. */
  readonly #unreplicated = new Map<Offset, Transaction>();
  /** Offsets at which a snapshot file exists, ascending. */
  #snapshotOffsets: Offset[] = [];
  /** Those with producers in them that were written and not synced since. */
  readonly #unsyncedSnapshots = new Set<Offset>();
  /** Those that are on the disk for sure. Of an earlier process nobody knows. */
  readonly #durableSnapshots = new Set<Offset>();
  /** Of snapshots. */
  #deletions = 0;
  /** The state covers every record below this offset. */
  endOffset: Offset = 0;

  constructor(options: ProducerStateOptions) {
    this.#options = options;
  }

  get producerCount(): number {
    return this.#producers.size;
  }

  /** The batch that was appended with the very same producer, epoch and sequence numbers, or undefined (C1). */
  duplicateOf(bytes: Uint8Array, position: number): ProducerBatch | undefined {
    const entry = this.#producers.get(batchProducerId(bytes, position));
    if (entry === undefined || isControlBatch(bytes, position)) return undefined;
    const firstSequence = batchBaseSequence(bytes, position);
    const lastSequence = incrementSequence(firstSequence, batchLastOffsetDelta(bytes, position));
    return findDuplicate(entry, { producerEpoch: batchProducerEpoch(bytes, position), firstSequence, lastSequence });
  }

  /**
   * Adds a batch to this append's `updates` or says why it may not be appended. Nothing is remembered until `commit`.
   */
  check(updates: ProducerUpdates, batch: { bytes: Uint8Array; position: number }, context: ProducerCheckContext): Refusal | null {
    const producerId = batchProducerId(batch.bytes, batch.position);
    let update = updates.get(producerId);
    if (update === undefined) {
      update = beginProducerUpdate(this.#producers.get(producerId) ?? emptyProducerEntry(producerId));
      updates.add(update);
    }
    return checkBatch(update, batch, context);
  }

  /** Remembers what has been appended; `endOffset` is the new log end. Returns aborted transactions in order. */
  commit(updates: ProducerUpdates, endOffset: Offset): readonly CompletedTransaction[] {
    let completed = noneCompleted;
    for (let update = updates.first; update !== null; update = update.next) {
      const { producerId } = update.after;
      this.#producers.set(producerId, update.after);
      for (const firstOffset of update.startedTransactions) {
        this.#openTransactions.set(firstOffset, { producerId, firstOffset, lastOffset: -1 });
      }
      if (update.completedTransactions.length > 0) completed = [...completed, ...update.completedTransactions];
    }
    this.endOffset = endOffset;
    if (this.#producers.size > (this.#options.maxProducers ?? maxProducersPerLog)) this.#evictSilent();
    return completed;
  }

  /**
   * Closes a transaction whose marker has been appended. Returns the last stable offset at that moment, which the
   * transaction index keeps.
   */
  completeTransaction(completed: CompletedTransaction): Offset {
    const transaction = this.#openTransactions.get(completed.firstOffset);
    assert(transaction !== undefined, `a transaction from offset ${completed.firstOffset} ends that never began`);
    this.#openTransactions.delete(completed.firstOffset);
    this.#unreplicated.set(completed.firstOffset, { ...transaction, lastOffset: completed.lastOffset });
    for (const open of this.#openTransactions.values()) if (open.producerId !== completed.producerId) return open.firstOffset;
    return completed.lastOffset + 1;
  }

  /** Takes in a batch that is in the log already: replay after a restart. Returns transactions that it ends. */
  replayBatch(bytes: Uint8Array, position: number): readonly CompletedTransaction[] {
    const endOffset = batchLastOffset(bytes, position) + 1;
    if (batchProducerId(bytes, position) < 0) {
      this.endOffset = endOffset;
      return [];
    }
    const updates = new ProducerUpdates();
    try {
      // Refusals are for producers; what is in the log happened.
      this.check(updates, { bytes, position }, replay);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      // A marker that cannot be read ends no transaction; a start must not fail for it.
      updates.clear();
    }
    return this.commit(updates, endOffset);
  }

  /** First offset that a `read_committed` reader may not see: of an open transaction, or of one whose end may be lost. */
  firstUnstableOffset(highWatermark: Offset): Offset | null {
    let first = this.#openTransactions.keys().next().value ?? Number.POSITIVE_INFINITY;
    for (const [firstOffset, transaction] of this.#unreplicated) {
      if (transaction.lastOffset < highWatermark) this.#unreplicated.delete(firstOffset);
      else first = Math.min(first, firstOffset);
    }
    return first === Number.POSITIVE_INFINITY ? null : first;
  }

  /** True when the producer has a transaction open on this partition under this epoch. */
  hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    const entry = this.#producers.get(producerId);
    return entry !== undefined && entry.currentTxnFirstOffset >= 0 && entry.producerEpoch === producerEpoch;
  }

  activeProducer(producerId: number): ActiveProducer | undefined {
    const entry = this.#producers.get(producerId);
    return entry === undefined ? undefined : describe(entry);
  }

  activeProducers(): ActiveProducer[] {
    return [...this.#producers.values()].map(describe);
  }

  /** Forgets producers that have been silent for the expiration time and have no transaction open. */
  removeExpired(nowMs: number): void {
    for (const [producerId, entry] of this.#producers) {
      if (isExpired(entry, nowMs, this.#options.expirationMs())) this.#producers.delete(producerId);
    }
  }

  /**
   * Starts at `offset` with no record before it; old snapshots go. What is known there comes from `snapshot`, as another replica
   * has it, or is nothing. It is on the disk when this returns, unless that is full: then a crash takes it. Throws StorageError.
   */
  startAnewAt(offset: Offset, snapshot: Uint8Array | null): void {
    this.#clear();
    this.deleteSnapshots(() => true);
    this.endOffset = offset;
    const entries = snapshot === null ? null : decodeProducerSnapshot(snapshot);
    if (entries === null || entries.length === 0) return;
    sometimes('log: producers taken over from another replica');
    this.#load(entries);
    try {
      this.takeSnapshot();
      this.#syncNewSnapshot(offset);
    } catch (error) {
      if (!(error instanceof StorageError) || error.kind !== 'noSpace') throw error;
    }
  }

  /** The caller syncs the directory. */
  #syncNewSnapshot(offset: Offset): void {
    const { fs, directory } = this.#options;
    const file = fs.open(join(directory, segmentFileName(offset, snapshotSuffix)), 'read');
    try {
      fs.dataSyncNow(file);
    } finally {
      fs.close(file);
    }
  }

  /** All that is known now, in the form of a snapshot. */
  encoded(): Uint8Array {
    return encodeProducerSnapshot(this.#producers.values());
  }

  // Snapshots ---------------------------------------------------------------------------------------------------

  get snapshotOffsets(): readonly Offset[] {
    return this.#snapshotOffsets;
  }

  /** Learns which snapshot files there are. */
  loadSnapshotOffsets(fileNames: readonly string[]): void {
    const offsets = fileNames.map((name) => offsetOfFileName(name, snapshotSuffix)).filter((offset) => offset !== null);
    this.#snapshotOffsets = offsets.sort((a, b) => a - b);
  }

  /** Whether a file has what is to be known of producers at `offset`; true as well when nothing is known of any. */
  hasSnapshotAt(offset: Offset): boolean {
    return this.#producers.size === 0 || this.#snapshotOffsets.includes(offset);
  }

  /** Whether a crash leaves what is to be known of producers at `offset`: nothing, or a snapshot that is on the disk for sure. */
  isDurableAt(offset: Offset): boolean {
    return this.#producers.size === 0 || this.#durableSnapshots.has(offset);
  }

  get hasUnsyncedSnapshots(): boolean {
    return this.#unsyncedSnapshots.size > 0;
  }

  /**
   * Brings new snapshots to the disk, together with the first data behind them: once the recovery point is past a roll, nobody
   * makes the snapshot at that place again (C1). Rejects with StorageError.
   */
  async syncSnapshots(): Promise<void> {
    for (const offset of this.#unsyncedSnapshots) {
      this.#unsyncedSnapshots.delete(offset);
      await this.syncSnapshot(offset);
    }
  }

  /** Brings the snapshot at `offset`, with its name, to the disk; nothing when it is gone. Rejects with StorageError. */
  async syncSnapshot(offset: Offset): Promise<void> {
    const { fs, directory } = this.#options;
    const deletions = this.#deletions;
    const path = join(directory, segmentFileName(offset, snapshotSuffix));
    if (fs.stat(path) === null) return;
    const file = fs.open(path, 'read');
    try {
      await fs.dataSync(file);
    } finally {
      fs.close(file);
    }
    await fs.syncDirectory(directory);
    // There may be another one at the same offset by now.
    if (deletions === this.#deletions) this.#durableSnapshots.add(offset);
  }

  /** Writes a snapshot at `endOffset` unless there is one. Not synced here. Throws StorageError and leaves no part of one. */
  takeSnapshot(): void {
    if (this.#snapshotOffsets.at(-1) === this.endOffset) return;
    const { fs, directory } = this.#options;
    const path = join(directory, segmentFileName(this.endOffset, snapshotSuffix));
    const file = fs.open(path, 'write');
    try {
      fs.truncate(file, 0);
      writeFully(fs, file, [encodeProducerSnapshot(this.#producers.values())], 0);
    } catch (error) {
      // Nobody would know of it, and remove it with the records that it is of.
      fs.unlink(path);
      throw error;
    } finally {
      fs.close(file);
    }
    if (this.#producers.size > 0) {
      sometimes('log: producer snapshot written');
      this.#unsyncedSnapshots.add(this.endOffset);
    }
    this.#snapshotOffsets.push(this.endOffset);
    this.#snapshotOffsets.sort((a, b) => a - b);
  }

  /** Deletes the files of snapshots whose offset matches. */
  deleteSnapshots(matches: (offset: Offset) => boolean): void {
    const { fs, directory } = this.#options;
    this.#snapshotOffsets = this.#snapshotOffsets.filter((offset) => {
      if (!matches(offset)) return true;
      this.#deletions++;
      this.#durableSnapshots.delete(offset);
      fs.unlink(join(directory, segmentFileName(offset, snapshotSuffix)));
      return false;
    });
  }

  /**
   * Starts over from the newest sound snapshot at or below `limit`, else from nothing at `firstOffset`, the first whose batches
   * are still in a file, wherever the log starts for readers. Damaged snapshots and those above `limit` are deleted.
   * `endOffset` says from where the log has to be replayed.
   */
  loadNewestSnapshot(limit: Offset, firstOffset: Offset, nowMs: number): void {
    this.#clear();
    this.deleteSnapshots((offset) => offset > limit);
    const { fs, directory } = this.#options;
    const expirationMs = this.#options.expirationMs();
    for (;;) {
      const offset = this.#snapshotOffsets.at(-1);
      this.endOffset = firstOffset;
      if (offset === undefined || offset < firstOffset) return;
      const bytes = readSmallFile(fs, join(directory, segmentFileName(offset, snapshotSuffix)));
      const entries = bytes === null ? null : decodeProducerSnapshot(bytes);
      if (entries === null) {
        sometimes('log: damaged producer snapshot deleted');
        this.deleteSnapshots((other) => other === offset);
        continue;
      }
      if (entries.length > 0) sometimes('log: producer snapshot loaded');
      this.#load(entries.filter((entry) => !isExpired(entry, nowMs, expirationMs)));
      this.endOffset = offset;
      return;
    }
  }

  /** The same from the files of another state, which stay as they are. */
  readNewestSnapshot(offsets: readonly Offset[], { limit, firstOffset, nowMs }: SnapshotRange): void {
    const { fs, directory, expirationMs } = this.#options;
    this.endOffset = firstOffset;
    for (const offset of offsets.filter((one) => one >= firstOffset && one <= limit).toReversed()) {
      const bytes = readSmallFile(fs, join(directory, segmentFileName(offset, snapshotSuffix)));
      const entries = bytes === null ? null : decodeProducerSnapshot(bytes);
      if (entries === null) continue;
      this.#load(entries.filter((entry) => !isExpired(entry, nowMs, expirationMs())));
      this.endOffset = offset;
      return;
    }
  }

  #load(entries: readonly ProducerEntry[]): void {
    for (const entry of entries) this.#producers.set(entry.producerId, entry);
    const open = entries.filter((entry) => entry.currentTxnFirstOffset >= 0);
    open.sort((a, b) => a.currentTxnFirstOffset - b.currentTxnFirstOffset);
    for (const { producerId, currentTxnFirstOffset: firstOffset } of open) {
      this.#openTransactions.set(firstOffset, { producerId, firstOffset, lastOffset: -1 });
    }
  }

  #clear(): void {
    this.#producers.clear();
    this.#openTransactions.clear();
    this.#unreplicated.clear();
  }

  #evictSilent(): void {
    const idle = [...this.#producers.values()].filter((entry) => entry.currentTxnFirstOffset < 0);
    idle.sort((a, b) => a.lastTimestamp - b.lastTimestamp);
    for (const entry of idle.slice(0, Math.ceil(idle.length * evictedShare))) this.#producers.delete(entry.producerId);
  }
}

function isExpired(entry: ProducerEntry, nowMs: number, expirationMs: number): boolean {
  return entry.currentTxnFirstOffset < 0 && nowMs - entry.lastTimestamp >= expirationMs;
}

function describe(entry: ProducerEntry): ActiveProducer {
  return {
    producerId: entry.producerId,
    producerEpoch: entry.producerEpoch,
    lastSequence: lastSequenceOf(entry),
    lastTimestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnStartOffset: entry.currentTxnFirstOffset,
  };
}

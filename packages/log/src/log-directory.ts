/**
 * One log directory: its lock, its identity, its checkpoints and the flusher of its logs.
 *
 * It fails as a whole: the first I/O error takes it offline with all its logs, and nothing is written to it again (B9).
 */

import { sometimes } from '@jackdaw/base';
import { utf8Encode, type Clock, type Offset } from '@jackdaw/base';
import { join } from 'node:path';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { readOffsetCheckpoint, type OffsetCheckpoint } from './checkpoint-file.ts';
import { lockDirectory, type DirectoryLock, type Processes } from './directory-lock.ts';
import { failureNoteFile, highWatermarkFile, logStartOffsetFile, recoveryPointFile } from './file-names.ts';
import { StorageError, writeFully, type Fs } from './fs.ts';
import { LogFlusher } from './log-flusher.ts';
import {
  expectSameOwner,
  readMetaProperties,
  takeShutdownMarker,
  writeMetaProperties,
  writeShutdownMarker,
} from './meta-properties.ts';
import type { PartitionLog } from './partition-log.ts';
import { SpaceGuard } from './space-guard.ts';

export interface LogDirectoryOptions {
  fs: Fs;
  clock: Clock;
  path: string;
  /** Null: take the one that the directory has. */
  clusterId: string | null;
  nodeId: number;
  processes: Processes;
  /** A new random id in Kafka's text form. */
  newUuid: () => string;
  maxParallelSyncs?: number;
  /** `jackdaw.log.min.free.bytes`. Default: records may fill the disk. */
  minFreeBytes?: () => number;
  /** Runs a callback after the current turn of the event loop. */
  defer: (callback: () => void) => void;
  onDurable: (log: PartitionLog) => void;
  onFailure: (directory: LogDirectory, error: StorageError) => void;
}

export class LogDirectory {
  readonly path: string;
  readonly directoryId: string;
  readonly clusterId: string;
  readonly flusher: LogFlusher<PartitionLog>;
  readonly space: SpaceGuard;
  readonly wasCleanlyShutDown: boolean;
  readonly previousBrokerEpoch: number | null;
  /** The last process that used it saw it fail: see `rewriteUnsynced`. */
  readonly hadFailed: boolean;
  /** As they were when the directory was opened. */
  readonly recoveryPoints: OffsetCheckpoint;
  readonly logStartOffsets: OffsetCheckpoint;
  /** The same, without what was forgotten since. */
  readonly highWatermarks: OffsetCheckpoint;
  readonly logs = new Map<string, PartitionLog>();
  readonly #options: LogDirectoryOptions;
  readonly #lock: DirectoryLock;
  readonly #recoveryPointWriter: CheckpointWriter;
  readonly #logStartWriter: CheckpointWriter;
  readonly #highWatermarkWriter: CheckpointWriter;
  #failure: StorageError | null = null;

  /** Locks, formats if it is new, checks whose it is, and takes the shutdown marker. Throws StorageError. */
  constructor(options: LogDirectoryOptions) {
    const { fs, path } = options;
    this.path = path;
    this.#options = options;
    fs.makeDirectory(path);
    this.#lock = lockDirectory(fs, path, { processes: options.processes, token: options.newUuid() });
    try {
      const meta = this.#loadOrFormat();
      this.directoryId = meta.directoryId;
      this.clusterId = meta.clusterId;
      const marker = takeShutdownMarker(fs, path);
      this.wasCleanlyShutDown = marker.isClean;
      this.previousBrokerEpoch = marker.brokerEpoch;
      this.hadFailed = fs.stat(join(path, failureNoteFile)) !== null;
      this.recoveryPoints = readOffsetCheckpoint(fs, join(path, recoveryPointFile));
      this.logStartOffsets = readOffsetCheckpoint(fs, join(path, logStartOffsetFile));
      this.highWatermarks = readOffsetCheckpoint(fs, join(path, highWatermarkFile));
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#recoveryPointWriter = new CheckpointWriter(fs, join(path, recoveryPointFile), this.recoveryPoints);
    this.#logStartWriter = new CheckpointWriter(fs, join(path, logStartOffsetFile), this.logStartOffsets);
    this.#highWatermarkWriter = new CheckpointWriter(fs, join(path, highWatermarkFile), this.highWatermarks);
    this.space = new SpaceGuard({ fs, path, minFreeBytes: options.minFreeBytes ?? (() => 0) });
    this.flusher = new LogFlusher({
      onDurable: options.onDurable,
      defer: options.defer,
      ...(options.maxParallelSyncs === undefined ? {} : { maxParallelSyncs: options.maxParallelSyncs }),
    });
  }

  #loadOrFormat(): { clusterId: string; directoryId: string } {
    const { fs, path, nodeId, clusterId, newUuid } = this.#options;
    const found = readMetaProperties(fs, path);
    if (found !== null) {
      expectSameOwner(path, found, { clusterId, nodeId });
      return found;
    }
    const meta = { clusterId: clusterId ?? newUuid(), nodeId, directoryId: newUuid() };
    writeMetaProperties(fs, path, meta);
    return meta;
  }

  get isOffline(): boolean {
    return this.#failure !== null;
  }

  get failure(): StorageError | null {
    return this.#failure;
  }

  /** Takes the directory and every log in it offline; only the first failure counts. */
  goOffline(error: StorageError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    for (const log of this.logs.values()) log.goOffline(error);
    this.#leaveNote(error);
    this.#options.onFailure(this, error);
  }

  /** In the page cache is enough: with it goes what the note warns of. */
  #leaveNote(error: StorageError): void {
    const { fs } = this.#options;
    try {
      const file = fs.open(join(this.path, failureNoteFile), 'write');
      writeFully(fs, file, [utf8Encode(`${error.message}\n`)], 0);
      fs.close(file);
    } catch {
      // The file is there or the disk takes nothing any more.
    }
  }

  /** Everything that is in the logs now has been written again and synced. */
  async removeNote(): Promise<void> {
    const { fs } = this.#options;
    fs.unlink(join(this.path, failureNoteFile));
    await fs.syncDirectory(this.path);
  }

  /** Writes the recovery points of all logs, after the epochs that lie below them. */
  async checkpointRecoveryPoints(): Promise<void> {
    await this.#guarded(async () => {
      for (const log of this.logs.values()) await log.writeLeaderEpochs();
      let written: [PartitionLog, Offset][] = [];
      await this.#recoveryPointWriter.write(() => {
        written = [...this.logs.values()].map((log) => [log, log.recoveryPoint]);
        // From now on it may be on the disk at any moment: what is cut and rolled meanwhile has to lower it.
        for (const [log, offset] of written) log.onRecoveryPointLeaves(offset);
        return new Map(written.map(([log, offset]) => [log.name, offset]));
      });
      for (const [log, offset] of written) log.onRecoveryPointCheckpointed(offset);
    });
  }

  /** Writes all recovery points before returning, with a lower one for `log`. */
  persistRecoveryPoint(log: PartitionLog, recoveryPoint: Offset): void {
    const offsets: OffsetCheckpoint = new Map();
    for (const other of this.logs.values()) {
      offsets.set(other.name, other === log ? recoveryPoint : other.recoveryPoint);
      if (other !== log) other.onRecoveryPointLeaves(other.recoveryPoint);
    }
    offsets.set(log.name, recoveryPoint);
    this.#recoveryPointWriter.writeNow(offsets);
  }

  /** Writes the log start of every log that has moved past its first segment's start, as Kafka does. */
  async checkpointLogStartOffsets(): Promise<void> {
    await this.#guarded(() =>
      this.#logStartWriter.write(() => {
        const moved = [...this.logs.values()].filter((log) => log.logStartOffset > log.firstSegmentBaseOffset);
        return new Map(moved.map((log) => [log.name, log.logStartOffset]));
      }),
    );
  }

  async checkpointHighWatermarks(highWatermarkOf: (log: PartitionLog) => Offset): Promise<void> {
    await this.#guarded(() =>
      this.#highWatermarkWriter.write(() => new Map([...this.logs.values()].map((log) => [log.name, highWatermarkOf(log)]))),
    );
  }

  /**
   * Before a log is made: what the checkpoints say of a former one of that name would cut the new one's recovery short, or hide
   * its records (B2). Rejects with StorageError; the log must not be used then.
   */
  async forget(name: string): Promise<void> {
    await this.#recoveryPointWriter.forget(name);
    await this.#logStartWriter.forget(name);
    await this.#highWatermarkWriter.forget(name);
    // A partition that is opened begins with what was found at the start.
    this.highWatermarks.delete(name);
  }

  /** A full disk leaves the old checkpoint, which is always safe; any other failure takes the directory offline. */
  async #guarded(write: () => Promise<void>): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.kind === 'noSpace') sometimes('log: checkpoint left for later on a full disk');
      if (error.kind !== 'noSpace' && error.kind !== 'offline') this.goOffline(error);
    }
  }

  /** After every log has been closed: says that the directory was left in order. */
  markCleanShutdown(brokerEpoch: number): void {
    if (this.#failure === null) writeShutdownMarker(this.#options.fs, this.path, brokerEpoch);
  }

  unlock(): void {
    this.#lock.release();
  }
}

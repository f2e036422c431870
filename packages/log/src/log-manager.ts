/**
 * All partition logs of a broker, over one or more log directories (Kafka's LogManager).
 *
 * Opens what is there, creates and removes logs, keeps the checkpoints, and leaves the directories so that the next
 * start is quick. It has no timers: the broker calls `runRetention`, `runFlush` and the `checkpoint…` methods from its
 * own. A directory that nobody knows is put aside, never deleted (B16).
 */

import { sometimes } from '@jackdaw/base';
import type { Clock, Offset } from '@jackdaw/base';
import type { Codecs } from '@jackdaw/protocol';
import { join } from 'node:path';
import type { Processes } from './directory-lock.ts';
import {
  deletedDirectoryName,
  parsePartitionDirectory,
  partitionDirectoryName,
  partitionMetadataFile,
  strayDirectoryName,
} from './file-names.ts';
import { StorageError, writeFully, type Fs } from './fs.ts';
import type { LogConfig } from './log-config.ts';
import { LogDirectory } from './log-directory.ts';
import { OpenSegments, type OpenSegmentsLimits } from './open-segments.ts';
import { encodePartitionMetadata, readTopicId } from './partition-files.ts';
import { PartitionLog } from './partition-log.ts';
import { RetentionClock } from './retention-clock.ts';
import { TailCacheBudget } from './tail-cache.ts';

export interface PartitionKey {
  topicName: string;
  topicId: string;
  partition: number;
}

export interface LogManagerOptions {
  fs: Fs;
  clock: Clock;
  /** `log.dirs`. */
  directories: readonly string[];
  /** Null: the one in the directories, or a new one. */
  clusterId: string | null;
  nodeId: number;
  /** Configuration of a log that is found at start; `updateConfig` corrects it once metadata is there. */
  configOf: (topicName: string) => LogConfig;
  /** `producer.id.expiration.ms`. */
  maxProducerIdExpirationMs: () => number;
  tailCache: { maxTotalBytes: number; maxBytesPerLog: number };
  openSegments?: OpenSegmentsLimits;
  codecs?: Codecs;
  processes: Processes;
  /** A new random id in Kafka's text form. */
  newUuid: () => string;
  onDurable: (log: PartitionLog) => void;
  /** A group commit of a log has succeeded and took so long. */
  onSynced?: (durationMs: number) => void;
  /** A log directory has failed; all its logs are offline. */
  onDirectoryOffline: (directory: LogDirectory, error: StorageError) => void;
  maxParallelSyncs?: number;
  /**
   * A log that is being opened was found damaged (B3). Called before it is cut: after that the next start would find nothing,
   * and whoever must know of the damage has to be told by what this leaves behind. May throw StorageError.
   */
  onDamage?: () => void;
  /** Free bytes of a log directory below which records are refused; see SpaceGuard. Default: none. */
  minFreeBytes?: () => number;
  /** Runs a callback after the current turn of the event loop. */
  defer: (callback: () => void) => void;
  /** Logs that are opened, closed or cleaned at the same time. Default 8. */
  maxConcurrency?: number;
}

/** The directory on disk belongs to another topic of the same name (A25). */
export class TopicIdMismatchError extends Error {
  override readonly name = 'TopicIdMismatchError';
  readonly expectedTopicId: string;
  readonly foundTopicId: string;

  constructor(directory: string, expectedTopicId: string, foundTopicId: string) {
    super(`${directory} belongs to topic id ${foundTopicId}, not ${expectedTopicId}`);
    this.expectedTopicId = expectedTopicId;
    this.foundTopicId = foundTopicId;
  }
}

/** A partition directory that could not be opened; it is left as it is. */
export interface UnreadablePartition {
  directory: string;
  error: StorageError;
}

export class LogManager {
  readonly #options: LogManagerOptions;
  readonly #directories: LogDirectory[];
  readonly #tailCache: TailCacheBudget;
  readonly #openSegments: OpenSegments;
  readonly #retentionClock: RetentionClock;
  readonly #creating = new Map<string, Promise<PartitionLog>>();
  /** Directories renamed for deletion, with the wall-clock time from which they may go. */
  #pendingDeletes: { path: string; dueMs: number }[] = [];
  readonly unreadable: UnreadablePartition[] = [];
  /** Directories of partitions that a checkpoint knows and the disk has lost. */
  readonly missing: string[] = [];

  private constructor(options: LogManagerOptions, directories: LogDirectory[]) {
    this.#options = options;
    this.#directories = directories;
    this.#tailCache = new TailCacheBudget(options.tailCache);
    this.#openSegments = new OpenSegments(options.openSegments);
    this.#retentionClock = new RetentionClock(options.clock.wallMs(), options.clock.monotonicMs());
  }

  /** Locks and opens all directories and every log in them. Throws StorageError when a directory cannot be used. */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const directories: LogDirectory[] = [];
    let { clusterId } = options;
    try {
      for (const path of options.directories) {
        const directory: LogDirectory = new LogDirectory({
          ...options,
          path,
          clusterId,
          onFailure: (failed, error) => options.onDirectoryOffline(failed, error),
        });
        directories.push(directory);
        clusterId = directory.clusterId;
      }
      const manager = new LogManager(options, directories);
      for (const directory of directories) await manager.#openLogs(directory);
      for (const directory of directories) if (directory.hadFailed) await manager.#rewrite(directory);
      return manager;
    } catch (error) {
      for (const directory of directories) directory.unlock();
      throw error;
    }
  }

  get directories(): readonly LogDirectory[] {
    return this.#directories;
  }

  get clusterId(): string {
    return this.#directories[0]?.clusterId ?? '';
  }

  get nodeId(): number {
    return this.#options.nodeId;
  }

  /** Ids of the directories that work. */
  get directoryIds(): string[] {
    return this.#directories.filter((directory) => !directory.isOffline).map((directory) => directory.directoryId);
  }

  /** Broker epoch of the last run if all directories were left in order under the same one, else null (A18). */
  get previousBrokerEpoch(): number | null {
    const epochs = new Set(this.#directories.map((directory) => directory.previousBrokerEpoch));
    return epochs.size === 1 ? ([...epochs][0] ?? null) : null;
  }

  /** Logs that were found damaged when they were opened, or not at all although they had records on disk (B3). */
  get damagedLogs(): number {
    let count = this.missing.length;
    for (const { recovery } of this.logs()) if (recovery.lostDurableRecords || recovery.wasCutInTheMiddle) count++;
    return count;
  }

  get(topicName: string, partition: number): PartitionLog | undefined {
    const name = partitionDirectoryName(topicName, partition);
    for (const directory of this.#directories) {
      const log = directory.logs.get(name);
      if (log !== undefined) return log;
    }
    return undefined;
  }

  /** Id of the directory that holds the partition's log; null when none does. */
  directoryIdOf(topicName: string, partition: number): string | null {
    const name = partitionDirectoryName(topicName, partition);
    return this.#directories.find((directory) => directory.logs.has(name))?.directoryId ?? null;
  }

  *logs(): Generator<PartitionLog, void> {
    for (const directory of this.#directories) yield* directory.logs.values();
  }

  /**
   * Of `replication-offset-checkpoint` as it was at start, in the directory of the partition's log: another directory may still
   * name a former log. 0 when it is not there, or the log has been made since.
   */
  highWatermarkCheckpoint(topicName: string, partition: number): Offset {
    const name = partitionDirectoryName(topicName, partition);
    const directory = this.#directories.find((candidate) => candidate.logs.has(name));
    return directory?.highWatermarks.get(name) ?? 0;
  }

  /**
   * The log of a partition, created in the emptiest directory when there is none. Rejects with TopicIdMismatchError when
   * the log that is there is another topic's, and with StorageError.
   */
  async getOrCreate(key: PartitionKey, config: LogConfig): Promise<PartitionLog> {
    const name = partitionDirectoryName(key.topicName, key.partition);
    const existing = this.get(key.topicName, key.partition) ?? (await this.#creating.get(name));
    if (existing !== undefined) {
      if (existing.topicId !== key.topicId) sometimes('log: directory of another topic id found');
      if (existing.topicId !== key.topicId) throw new TopicIdMismatchError(existing.directory, key.topicId, existing.topicId);
      existing.updateConfig(config);
      return existing;
    }
    const created = this.#create(key, name, config).finally(() => this.#creating.delete(name));
    this.#creating.set(name, created);
    return created;
  }

  async #create(key: PartitionKey, name: string, config: LogConfig): Promise<PartitionLog> {
    const online = this.#directories.filter((directory) => !directory.isOffline);
    online.sort((a, b) => a.logs.size - b.logs.size);
    const directory = online[0];
    if (directory === undefined) throw new StorageError('offline', name, 'no log directory is online');
    const { fs, newUuid } = this.#options;
    const path = join(directory.path, name);
    // Something that could not be opened is in the way: kept for an operator, never taken over (A25, B16).
    if (fs.stat(path) !== null) {
      fs.rename(path, join(directory.path, strayDirectoryName(key.topicName, key.partition, uniqueSuffix(newUuid))));
    }
    fs.makeDirectory(path);
    try {
      await directory.forget(name);
      await this.#writeTopicId(path, key.topicId);
      const log = await this.#openLog(directory, { name, topicId: key.topicId, config, isNew: true });
      directory.logs.set(name, log);
      return log;
    } catch (error) {
      // Where no log can be made, none can be kept: others must lead, as after any failed write (B9).
      if (error instanceof StorageError && error.kind === 'io') directory.goOffline(error);
      else this.#discardNew(path);
      throw error;
    }
  }

  /** What is left of a log that could not be created, so that it is not in the way of the next try. */
  #discardNew(path: string): void {
    const { fs } = this.#options;
    try {
      for (const name of fs.list(path)) fs.unlink(join(path, name));
      fs.removeDirectory(path);
    } catch (error) {
      // Then the next try puts it aside.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** One sync; the name becomes durable with the log's first flush. */
  async #writeTopicId(path: string, topicId: string): Promise<void> {
    const { fs } = this.#options;
    const temporary = join(path, `${partitionMetadataFile}.tmp`);
    const file = fs.open(temporary, 'write');
    try {
      fs.truncate(file, 0);
      writeFully(fs, file, [encodePartitionMetadata(topicId)], 0);
      await fs.dataSync(file);
    } finally {
      fs.close(file);
    }
    fs.rename(temporary, join(path, partitionMetadataFile));
  }

  async #openLogs(directory: LogDirectory): Promise<void> {
    const names = this.#options.fs.list(directory.path);
    await this.#forEach(names, async (name) => {
      const parsed = parsePartitionDirectory(name);
      const path = join(directory.path, name);
      if (parsed === null || this.#options.fs.stat(path)?.isDirectory !== true) return;
      if (parsed.kind === 'deleted') sometimes('log: deleted directory found at the start');
      if (parsed.kind === 'deleted') this.#pendingDeletes.push({ path, dueMs: 0 });
      if (parsed.kind !== 'live') return;
      try {
        const topicId = readTopicId(this.#options.fs, path) ?? '';
        const config = this.#options.configOf(parsed.topicName);
        directory.logs.set(name, await this.#openLog(directory, { name, topicId, config, isNew: false }));
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (error.kind !== 'corrupt') directory.goOffline(error);
        this.unreadable.push({ directory: path, error });
      }
    });
    this.#noteMissing(directory, names);
    if (!directory.wasCleanlyShutDown) await this.#makeNamesDurable(directory);
  }

  /** A process that was killed may have made a partition and not have synced its name; its log would never do so again (B8). */
  async #makeNamesDurable(directory: LogDirectory): Promise<void> {
    try {
      await this.#options.fs.syncDirectory(directory.path);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      directory.goOffline(error);
    }
  }

  /** What was removed on purpose has left the checkpoint before it left the disk. */
  #noteMissing(directory: LogDirectory, names: readonly string[]): void {
    const found = new Set<string>();
    for (const name of names) {
      const parsed = parsePartitionDirectory(name);
      if (parsed !== null) found.add(partitionDirectoryName(parsed.topicName, parsed.partition));
    }
    for (const [name, recoveryPoint] of directory.recoveryPoints) {
      if (recoveryPoint > 0 && !found.has(name)) this.missing.push(join(directory.path, name));
    }
  }

  /** The last process here saw the disk fail, so what it left in the page cache may not be on the disk (B9). */
  async #rewrite(directory: LogDirectory): Promise<void> {
    await this.#forEach([...directory.logs.values()], (log) => log.rewriteAndFlush());
    await directory.removeNote();
  }

  #openLog(
    directory: LogDirectory,
    log: { name: string; topicId: string; config: LogConfig; isNew: boolean },
  ): Promise<PartitionLog> {
    const { fs, clock, maxProducerIdExpirationMs, codecs, onSynced } = this.#options;
    const { name } = log;
    return PartitionLog.open({
      ...{ fs, clock, maxProducerIdExpirationMs, ...log },
      ...(codecs === undefined ? {} : { codecs }),
      ...(onSynced === undefined ? {} : { onSynced }),
      directory: join(directory.path, name),
      // A directory that was used before and holds nothing for this name: the log is new or unknown, so it is walked.
      recoveryPoint: log.isNew ? 0 : (directory.recoveryPoints.get(name) ?? 0),
      logStartOffset: log.isNew ? 0 : (directory.logStartOffsets.get(name) ?? 0),
      hadCleanShutdown: log.isNew || directory.wasCleanlyShutDown,
      flusher: directory.flusher,
      tailCache: this.#tailCache,
      openSegments: this.#openSegments,
      onDamage: this.#options.onDamage,
      onFull: () => directory.space.onFull(),
      expectRoom: (asking, bytes) => directory.space.expectRoom(bytes, asking.name.startsWith(internalTopicPrefix)),
      persistRecoveryPoint: (changed, recoveryPoint) => directory.persistRecoveryPoint(changed, recoveryPoint),
      onFailure: (_failed, error) => directory.goOffline(error),
    });
  }

  // Removing ----------------------------------------------------------------------------------------------------

  /** Takes a log out of use; its files go after `file.delete.delay.ms`, by `runRetention`. */
  async remove(topicName: string, partition: number): Promise<void> {
    await this.#moveAway(topicName, partition, (uniqueId) => deletedDirectoryName(topicName, partition, uniqueId));
  }

  /** Puts a log aside that metadata does not know: kept for an operator to look at (B16). Returns where. */
  async quarantine(topicName: string, partition: number): Promise<string | null> {
    sometimes('log: stray log put aside');
    return this.#moveAway(topicName, partition, (uniqueId) => strayDirectoryName(topicName, partition, uniqueId));
  }

  async #moveAway(topicName: string, partition: number, nameOf: (uniqueId: string) => string): Promise<string | null> {
    const { fs, clock, newUuid } = this.#options;
    const name = partitionDirectoryName(topicName, partition);
    const directory = this.#directories.find((candidate) => candidate.logs.has(name));
    const log = directory?.logs.get(name);
    if (directory === undefined || log === undefined) return null;
    directory.logs.delete(name);
    const newName = nameOf(uniqueSuffix(newUuid));
    const path = join(directory.path, newName);
    try {
      const from = log.directory;
      await log.abandon();
      fs.rename(from, path);
      await fs.syncDirectory(directory.path);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      directory.goOffline(error);
      throw error;
    }
    if (parsePartitionDirectory(newName)?.kind === 'deleted') {
      this.#pendingDeletes.push({ path, dueMs: clock.wallMs() + log.config.fileDeleteDelayMs });
    }
    return path;
  }

  async #removeDueDirectories(nowMs: number): Promise<void> {
    const due = this.#pendingDeletes.filter((entry) => entry.dueMs <= nowMs);
    this.#pendingDeletes = this.#pendingDeletes.filter((entry) => entry.dueMs > nowMs);
    const { fs } = this.#options;
    // What leaves the disk while a checkpoint names it would be missed at the next start.
    if (due.length > 0) await this.checkpointRecoveryPoints();
    for (const { path } of due) {
      sometimes('log: deleted directory removed');
      for (const name of fs.list(path)) await fs.remove(join(path, name));
      fs.removeDirectory(path);
    }
  }

  // Periodic work -----------------------------------------------------------------------------------------------

  /** Wall-clock milliseconds that no jump ahead has moved, for whatever deletes by age (B19). */
  trustedWallMs(nowMs: number = this.#options.clock.wallMs()): number {
    return this.#retentionClock.trust(nowMs, this.#options.clock.monotonicMs());
  }

  /** Retention of every log and removal of what is due. One log at a time, with the event loop free in between. */
  async runRetention(nowMs: number, highWatermarkOf: (log: PartitionLog) => Offset): Promise<void> {
    const trustedMs = this.trustedWallMs(nowMs);
    for (const log of [...this.logs()]) {
      if (log.isOffline) continue;
      try {
        await log.retain(trustedMs, highWatermarkOf(log));
        await log.removeDueFiles(nowMs);
      } catch (error) {
        // A full disk must not keep other logs from freeing space; a broken one has gone offline by itself.
        if (!(error instanceof StorageError)) throw error;
      }
      await new Promise<void>((resolve) => this.#options.defer(resolve));
    }
    await this.#removeDueDirectories(nowMs);
  }

  /** `flush.ms` of logs in page-cache mode. */
  runFlush(monotonicMs: number): void {
    for (const log of this.logs()) log.flushIfDue(monotonicMs);
  }

  async checkpointRecoveryPoints(): Promise<void> {
    for (const directory of this.#directories) await directory.checkpointRecoveryPoints();
  }

  async checkpointLogStartOffsets(): Promise<void> {
    for (const directory of this.#directories) await directory.checkpointLogStartOffsets();
  }

  async checkpointHighWatermarks(highWatermarkOf: (log: PartitionLog) => Offset): Promise<void> {
    for (const directory of this.#directories) await directory.checkpointHighWatermarks(highWatermarkOf);
  }

  /** Closes every log, writes the checkpoints and, where all went well, the marker with the broker's epoch. */
  async shutdown(options: { brokerEpoch: number }): Promise<void> {
    for (const directory of this.#directories) {
      await this.#forEach([...directory.logs.values()], async (log) => {
        try {
          await log.close();
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
          if (error.kind !== 'offline') directory.goOffline(error);
        }
      });
      await directory.checkpointRecoveryPoints();
      await directory.checkpointLogStartOffsets();
      directory.markCleanShutdown(options.brokerEpoch);
      directory.unlock();
    }
  }

  /** Lets go of all files and locks as they are, as a crash would; nothing is flushed or marked. */
  abandon(): void {
    for (const directory of this.#directories) {
      for (const log of directory.logs.values()) void log.abandon();
      directory.unlock();
    }
  }

  async #forEach<T>(items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await visit(item);
    };
    await Promise.all(Array.from({ length: this.#options.maxConcurrency ?? 8 }, work));
  }
}

/** Topics that the cluster keeps its own state in. */
const internalTopicPrefix = '__';

/** Part of a directory's name; without the characters that mean something there. */
function uniqueSuffix(newUuid: () => string): string {
  return newUuid().replaceAll(/[-_]/g, '');
}

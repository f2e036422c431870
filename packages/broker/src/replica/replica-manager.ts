/**
 * All partition replicas of this broker: gives them roles as the metadata says, and takes appends and reads to them.
 *
 * Metadata changes are *desired states*: opening a log takes time, so a partition remembers the newest one and is
 * brought there as soon as its log is open. Everything after that is synchronous: when a handler looks, a partition
 * either leads in exactly one epoch, follows exactly one leader, or does neither.
 */
import { assert, sometimes } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffset, ErrorCode } from '@jackdaw/protocol';
import type { Clock, NodeId, Offset } from '@jackdaw/base';
import { StorageError, TopicIdMismatchError, UnexpectedOffsetError } from '@jackdaw/log';
import type { LogConfig, LogManager, PartitionLog } from '@jackdaw/log';
import {
  PartitionFollower,
  PartitionLeader,
  type PartitionState,
  type ReplicationConfig,
  type Truncation,
} from '@jackdaw/replication';
import { cutDamagedLog } from './replica-directories.ts';
import { HostedPartition, type DesiredPartition } from './hosted-partition.ts';

export interface PartitionKey {
  readonly topicName: string;
  readonly topicId: string;
  readonly partition: number;
}

/** Operator-visible happenings, for logs and metrics. */
export interface ReplicaEvents {
  onBecameLeader(partition: HostedPartition, state: PartitionState): void;
  onBecameFollower(partition: HostedPartition, state: PartitionState): void;
  onTruncated(partition: HostedPartition, plan: Truncation): void;
  onFailure(partition: HostedPartition, error: unknown): void;
  /** A batch on disk fails its CRC; told once for each offset below those told before (B3). */
  onCorrupt(partition: HostedPartition, offset: Offset): void;
  /** The log is damaged, and no other replica can lead. */
  onLastCopy(partition: HostedPartition): void;
  /** The epochs of batches had rotted, and nobody else can lead: from here on they have the leader's own. */
  onEpochsMended(partition: HostedPartition, offset: Offset): void;
  /** A damaged log was cut and is fetched again from here on. */
  onRefetching(partition: HostedPartition, offset: Offset): void;
  onRemoved(partition: HostedPartition): void;
  /** A directory that belongs to no partition of this broker was put aside. */
  onQuarantined(name: string, keptAs: string | null, reason: string): void;
}

export interface ReplicaManagerOptions {
  readonly nodeId: NodeId;
  readonly logManager: LogManager;
  readonly clock: Clock;
  readonly logConfig: (topicName: string) => LogConfig;
  readonly minInsyncReplicas: (topicName: string) => number;
  readonly replicaLagTimeMaxMs: () => number;
  readonly broker: ReplicationConfig['broker'];
  readonly follow: (partition: HostedPartition, follower: PartitionFollower) => void;
  readonly unfollow: (partition: HostedPartition) => void;
  readonly followerDurable: (partition: HostedPartition) => void;
  /** The ISR of a led partition may have to change: look soon. */
  readonly isrMayChange: (partition: HostedPartition) => void;
  /** The ISR of a led partition, where all was in order, may have to change by time alone from now on. */
  readonly isrUnsettled: (partition: HostedPartition) => void;
  /** A partition has another role, or has lost its role. */
  readonly onRole: (partition: HostedPartition) => void;
  /** A replica was found damaged, or its damage was cut off, or its log was opened: the controller may have to be told. */
  readonly directoryMayDiffer: (partition: HostedPartition) => void;
  readonly events: ReplicaEvents;
}

/** Pause before a log is created again on a disk that was full. */
const reopenMs = 1_000;

export class ReplicaManager {
  readonly #options: ReplicaManagerOptions;
  /** By topic id, then partition. */
  readonly #byId = new Map<string, Map<number, HostedPartition>>();
  /** By topic name, then partition: what clients of older versions ask for. */
  readonly #byName = new Map<string, Map<number, HostedPartition>>();
  readonly #byLog = new Map<PartitionLog, HostedPartition>();
  /**
   * Opening and removing of a directory, one after the other: a topic that is deleted and created again under its name
   * while the first is still being opened must not end up in the directory that is about to go.
   */
  readonly #directoryWork = new Map<string, Promise<void>>();
  /** The metadata is at least as new as this broker's registration. Before, it may be older than what is on the disk. */
  #isMetadataCurrent = false;
  /** Openings that wait for that, one a partition at most. */
  #waitingForMetadata: (() => void)[] = [];
  /** Those whose log found no room on the disk, and when to try again. */
  readonly #unopened = new Map<HostedPartition, number>();
  #isClosed = false;
  /** Damaged batches that reads have found since the start. */
  corruptBatches = 0;

  constructor(options: ReplicaManagerOptions) {
    this.#options = options;
  }

  get(topicName: string, partition: number): HostedPartition | undefined {
    return this.#byName.get(topicName)?.get(partition);
  }

  getById(topicId: string, partition: number): HostedPartition | undefined {
    return this.#byId.get(topicId)?.get(partition);
  }

  ofLog(log: PartitionLog): HostedPartition | undefined {
    return this.#byLog.get(log);
  }

  *partitions(): Iterable<HostedPartition> {
    for (const ofTopic of this.#byId.values()) yield* ofTopic.values();
  }

  /** The metadata's newest word on a partition of which this broker is a replica. */
  update(key: PartitionKey, desired: DesiredPartition): void {
    let hosted = this.getById(key.topicId, key.partition);
    if (hosted === undefined) {
      hosted = new HostedPartition(key, desired);
      place(this.#byId, key.topicId, hosted);
      place(this.#byName, key.topicName, hosted);
      const opening = hosted;
      this.#enqueue(hosted.name, () => this.#open(opening));
      return;
    }
    const before = hosted.desired.state;
    const { leaderEpoch, partitionEpoch } = desired.state;
    assert(leaderEpoch >= before.leaderEpoch, `the leader epoch of ${hosted.name} would fall to ${leaderEpoch}`);
    assert(partitionEpoch >= before.partitionEpoch, `the partition epoch of ${hosted.name} would fall to ${partitionEpoch}`);
    hosted.desired = desired;
    if (!desired.isLost && hosted.isRefetching) sometimes('broker: replica that was damaged counts again');
    if (!desired.isLost) hosted.isRefetching = false;
    this.#reconcile(hosted);
  }

  /** The metadata no longer wants this replica here: the topic is deleted, or the partition has moved away. */
  remove(topicId: string, partition: number): void {
    const hosted = this.getById(topicId, partition);
    if (hosted === undefined) return;
    if (hosted.log === null) sometimes('broker: partition removed while its log was opened');
    hosted.isRemoved = true;
    this.#leaveRole(hosted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    displace(this.#byId, topicId, hosted);
    displace(this.#byName, hosted.topicName, hosted);
    this.#wakeWaiting();
    this.#options.events.onRemoved(hosted);
    this.#enqueue(hosted.name, () => this.#removeLog(hosted));
  }

  /** A topic's configuration has changed. */
  updateConfig(topicName: string): void {
    const config = this.#options.logConfig(topicName);
    for (const hosted of this.#byName.get(topicName)?.values() ?? []) {
      hosted.log?.updateConfig(config);
      hosted.leader?.onLocalProgress(this.#options.clock.monotonicMs());
    }
  }

  /** The flusher's notice: records of this log are durable up to `log.durableOffset` now. */
  onDurable(log: PartitionLog): void {
    const hosted = this.#byLog.get(log);
    if (hosted === undefined) return;
    if (hosted.role.kind === 'leader') hosted.role.leader.onLocalProgress(this.#options.clock.monotonicMs());
    else if (hosted.role.kind === 'follower') this.#options.followerDurable(hosted);
  }

  /** A log has failed: every request for it gets KAFKA_STORAGE_ERROR, and others must lead. */
  onStorageFailure(hosted: HostedPartition, error: Error): void {
    if (hosted.storageFailure !== null) return;
    hosted.storageFailure = error;
    this.#leaveRole(hosted, ErrorCode.KAFKA_STORAGE_ERROR);
    this.#options.events.onFailure(hosted, error);
  }

  /**
   * A batch at or after `offset` fails its CRC. Sound records are served on until another replica leads, which then has
   * the damaged ones (B3).
   */
  onCorrupt(hosted: HostedPartition, offset: Offset): void {
    const isNew = offset < (hosted.damagedFrom ?? Number.POSITIVE_INFINITY);
    if (isNew) {
      hosted.damagedFrom = offset;
      this.corruptBatches++;
      this.#options.events.onCorrupt(hosted, offset);
    }
    this.#options.directoryMayDiffer(hosted);
  }

  /**
   * The controller has nobody else to lead. When nobody who is away could either, a log in which only epochs of batches have
   * rotted is mended, and leads. Any other damage stays where it is; it is told once, when it is news.
   */
  onLastCopy(hosted: HostedPartition, isNews: boolean): void {
    const { log, desired } = hosted;
    if (hosted.isRemoved || this.#isClosed || log === null || hosted.storageFailure !== null) return;
    const { state, isOnlyCandidate } = desired;
    const mayMend = state.leader === this.#options.nodeId && isOnlyCandidate && this.#isRotten(hosted, log);
    if (!mayMend) {
      if (isNews) this.#options.events.onLastCopy(hosted);
      return;
    }
    try {
      this.#leadMended(hosted, log);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (log.isOffline) this.onStorageFailure(hosted, error);
      // A full disk: tried again when the controller is asked again.
    }
  }

  #leadMended(hosted: HostedPartition, log: PartitionLog): void {
    const { state } = hosted.desired;
    const { endOffset } = log.endOffsetForEpoch(state.leaderEpoch);
    log.mendEpochs(state.leaderEpoch, endOffset);
    if (hosted.damagedFrom === endOffset) hosted.damagedFrom = null;
    this.#options.events.onEpochsMended(hosted, endOffset);
    this.#beginToLead(hosted, log, state);
  }

  /** Appends replicated batches; throws what the log throws. */
  appendAsFollower(hosted: HostedPartition, batches: Uint8Array): void {
    const log = hosted.log;
    if (log === null) return;
    const durableBefore = log.durableOffset;
    try {
      appendReplicated(log, batches);
    } catch (error) {
      if (error instanceof StorageError && log.isOffline) this.onStorageFailure(hosted, error);
      throw error;
    }
    if (log.durableOffset !== durableBefore) this.#options.followerDurable(hosted);
  }

  /** Tries again to open what a full disk had no room for (B10); to be called from time to time. */
  openAgain(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [hosted, dueMs] of [...this.#unopened]) {
      if (nowMs < dueMs) continue;
      sometimes('broker: partition that a full disk had no room for is opened again');
      this.#unopened.delete(hosted);
      if (hosted.isRemoved) continue;
      hosted.storageFailure = null;
      this.#enqueue(hosted.name, () => this.#open(hosted));
    }
  }

  /** Stops every role; logs stay with the log manager, which closes them. */
  close(): void {
    this.#isClosed = true;
    this.#wakeWaiting();
    for (const hosted of this.partitions()) this.#leaveRole(hosted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }

  async #open(hosted: HostedPartition): Promise<void> {
    const key = { topicName: hosted.topicName, topicId: hosted.topicId, partition: hosted.partition };
    try {
      if (hosted.isRemoved || this.#isClosed) return;
      const log = await this.#getOrCreate(hosted, key);
      if (log === null) return;
      hosted.log = log;
      hosted.restoreHighWatermark(this.#options.logManager.highWatermarkCheckpoint(hosted.topicName, hosted.partition));
    } catch (error) {
      hosted.storageFailure = error instanceof Error ? error : new Error(String(error));
      if (isFull(error)) this.#unopened.set(hosted, this.#options.clock.monotonicMs() + reopenMs);
      this.#options.events.onFailure(hosted, error);
      return;
    }
    // The removal of a partition that went while it was opened comes next in the queue of its directory.
    if (hosted.isRemoved || this.#isClosed) return;
    this.#byLog.set(hosted.log, hosted);
    this.#options.directoryMayDiffer(hosted);
    this.#reconcile(hosted);
  }

  /**
   * A directory of an earlier topic of the same name is put aside, never written to (A25). While the metadata is older than
   * the disk, as it is after a crash until the controller has told the rest, the directory may as well be that of a later
   * topic: it is left alone until the metadata is current. Null when the partition is not wanted any more by then.
   */
  async #getOrCreate(hosted: HostedPartition, key: PartitionKey): Promise<PartitionLog | null> {
    const { logManager, logConfig, events } = this.#options;
    try {
      return await logManager.getOrCreate(key, logConfig(key.topicName));
    } catch (error) {
      if (!(error instanceof TopicIdMismatchError)) throw error;
      await this.#untilCurrent(hosted);
      if (hosted.isRemoved || this.#isClosed) return null;
      sometimes('broker: directory of a former topic put aside');
      const keptAs = await logManager.quarantine(key.topicName, key.partition);
      events.onQuarantined(`${key.topicName}-${key.partition}`, keptAs, error.message);
      return await logManager.getOrCreate(key, logConfig(key.topicName));
    }
  }

  async #untilCurrent(hosted: HostedPartition): Promise<void> {
    while (!this.#isMetadataCurrent && !hosted.isRemoved && !this.#isClosed) {
      sometimes('broker: directory of another topic is left alone until the metadata is current');
      await new Promise<void>((resolve) => this.#waitingForMetadata.push(resolve));
    }
  }

  #wakeWaiting(): void {
    for (const wake of this.#waitingForMetadata.splice(0)) wake();
  }

  /** The metadata is up to date now: logs of partitions that it does not place here are put aside. */
  async onMetadataCurrent(): Promise<void> {
    const { logManager, events } = this.#options;
    this.#isMetadataCurrent = true;
    this.#wakeWaiting();
    for (const hosted of this.partitions()) if (hasLaterEpoch(hosted)) this.#reconcile(hosted);
    for (const log of [...logManager.logs()]) {
      const { topicName, partition } = partitionOfName(log.name);
      if (this.#byName.get(topicName)?.has(partition) === true) continue;
      const keptAs = await logManager.quarantine(topicName, partition);
      events.onQuarantined(log.name, keptAs, 'the metadata does not place this partition here');
    }
  }

  async #removeLog(hosted: HostedPartition): Promise<void> {
    if (hosted.log === null) return;
    this.#byLog.delete(hosted.log);
    try {
      await this.#options.logManager.remove(hosted.topicName, hosted.partition);
    } catch (error) {
      this.#options.events.onFailure(hosted, error);
    }
  }

  #enqueue(directory: string, work: () => Promise<void>): void {
    const before = this.#directoryWork.get(directory) ?? Promise.resolve();
    const after = before.then(work).finally(() => {
      if (this.#directoryWork.get(directory) === after) this.#directoryWork.delete(directory);
    });
    this.#directoryWork.set(directory, after);
  }

  /** Brings an open partition into the role that the metadata wants. */
  #reconcile(hosted: HostedPartition): void {
    if (hosted.log === null || hosted.storageFailure !== null || hosted.isRemoved || this.#isClosed) return;
    const { state } = hosted.desired;
    if (state.leader >= 0 && this.#hasRottenEpoch(hosted, hosted.log, state)) return;
    if (state.leader === this.#options.nodeId) this.#lead(hosted, hosted.log, state);
    else if (state.leader >= 0) this.#followLeader(hosted, hosted.log, state);
    else this.#leaveRole(hosted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }

  /**
   * An epoch in the log that no leader has been given yet: a batch's header has rotted, for the CRC does not cover its epoch
   * (B3). It can neither lead nor follow with it, unless nobody else can lead (`onLastCopy`). Known only when the metadata is
   * up to date: after a start it may be older than the log.
   */
  #hasRottenEpoch(hosted: HostedPartition, log: PartitionLog, { leaderEpoch }: PartitionState): boolean {
    if (!this.#isRotten(hosted, log)) return false;
    this.#leaveRole(hosted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    this.onCorrupt(hosted, log.endOffsetForEpoch(leaderEpoch).endOffset);
    return true;
  }

  #isRotten(hosted: HostedPartition, log: PartitionLog): boolean {
    return this.#isMetadataCurrent && !hosted.desired.isLost && (log.latestEpoch() ?? -1) > hosted.leaderEpoch;
  }

  #lead(hosted: HostedPartition, log: PartitionLog, state: PartitionState): void {
    if (hosted.role.kind === 'leader' && hosted.role.leader.leaderEpoch === state.leaderEpoch) {
      hosted.role.leader.onMetadata(state, this.#options.clock.monotonicMs());
      this.#options.isrMayChange(hosted);
      return;
    }
    if ((log.latestEpoch() ?? -1) >= state.leaderEpoch) {
      sometimes('broker: told to lead in an epoch that its log has reached');
      // This log has records of the epoch, or of a later one, already: leading in it again could write others (A9).
      this.#leaveRole(hosted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      const text = `told to lead in epoch ${state.leaderEpoch}, but its log has reached epoch ${log.latestEpoch()}`;
      this.#options.events.onFailure(hosted, new Error(text));
      return;
    }
    this.#beginToLead(hosted, log, state);
  }

  #beginToLead(hosted: HostedPartition, log: PartitionLog, state: PartitionState): void {
    this.#options.unfollow(hosted);
    if (hosted.role.kind === 'leader') hosted.role.leader.resign();
    const leader = new PartitionLeader({
      nodeId: this.#options.nodeId,
      state,
      log,
      highWatermark: hosted.highWatermark,
      config: {
        minInsyncReplicas: () => this.#options.minInsyncReplicas(hosted.topicName),
        replicaLagTimeMaxMs: this.#options.replicaLagTimeMaxMs,
        broker: this.#options.broker,
      },
      nowMs: this.#options.clock.monotonicMs(),
      onHighWatermark: () => hosted.notifyHighWatermark(),
      onUnsettled: () => this.#options.isrUnsettled(hosted),
    });
    hosted.changeRole({ kind: 'leader', leader });
    this.#options.onRole(hosted);
    this.#options.events.onBecameLeader(hosted, state);
    this.#options.isrMayChange(hosted);
  }

  #followLeader(hosted: HostedPartition, log: PartitionLog, state: PartitionState): void {
    if (hosted.role.kind === 'follower') {
      const { leaderEpoch, leader } = hosted.role.follower;
      const isSame = leaderEpoch === state.leaderEpoch && leader === state.leader;
      if (isSame && (!hosted.desired.isLost || hosted.isRefetching)) return;
    }
    this.#options.unfollow(hosted);
    if (hosted.role.kind === 'leader') sometimes('broker: leader becomes a follower');
    if (hosted.role.kind === 'leader') hosted.role.leader.resign();
    if (hosted.desired.isLost && !hosted.isRefetching && !this.#cutDamage(hosted, log)) return;
    const follower = new PartitionFollower({ state, log, highWatermark: hosted.highWatermark });
    hosted.changeRole({ kind: 'follower', follower });
    this.#options.onRole(hosted);
    this.#options.events.onBecameFollower(hosted, state);
    this.#options.follow(hosted, follower);
  }

  #cutDamage(hosted: HostedPartition, log: PartitionLog): boolean {
    try {
      cutDamagedLog(hosted, log);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.onStorageFailure(hosted, error);
      return false;
    }
    sometimes('broker: damaged log cut and fetched again');
    this.#options.events.onRefetching(hosted, log.logEndOffset);
    this.#options.directoryMayDiffer(hosted);
    return true;
  }

  #leaveRole(hosted: HostedPartition, error: number): void {
    this.#options.unfollow(hosted);
    if (hosted.role.kind === 'leader') hosted.role.leader.resign(error);
    if (hosted.role.kind === 'none') return;
    hosted.changeRole({ kind: 'none' });
    this.#options.onRole(hosted);
  }
}

/**
 * Where records were deleted up to the middle of a batch, the leader's log begins inside it, and a log that starts anew there is
 * sent the whole batch: it then begins with that (as in Kafka's `Partition`), and learns the leader's start after it.
 */
function appendReplicated(log: PartitionLog, batches: Uint8Array): void {
  const { logEndOffset, logStartOffset } = log;
  try {
    log.appendAsFollower(batches);
  } catch (error) {
    if (!(error instanceof UnexpectedOffsetError) || logStartOffset !== logEndOffset) throw error;
    const baseOffset = batchBaseOffset(batches, 0);
    if (error.baseOffset !== baseOffset || batchLastOffset(batches, 0) < logEndOffset) throw error;
    const producers = log.producersAtEnd();
    log.truncateFullyAndStartAt(baseOffset, producers);
    try {
      log.appendAsFollower(batches);
    } catch (refusal) {
      // A full disk: the log must not end below its own high watermark (A5) until there is space again.
      if (!log.isOffline) log.truncateFullyAndStartAt(logEndOffset, producers);
      throw refusal;
    }
  }
}

function hasLaterEpoch({ log, desired }: HostedPartition): boolean {
  return (log?.latestEpoch() ?? -1) > desired.state.leaderEpoch;
}

function isFull(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'noSpace';
}

function place(index: Map<string, Map<number, HostedPartition>>, topic: string, hosted: HostedPartition): void {
  let ofTopic = index.get(topic);
  if (ofTopic === undefined) index.set(topic, (ofTopic = new Map<number, HostedPartition>()));
  ofTopic.set(hosted.partition, hosted);
}

function displace(index: Map<string, Map<number, HostedPartition>>, topic: string, hosted: HostedPartition): void {
  const ofTopic = index.get(topic);
  if (ofTopic?.get(hosted.partition) !== hosted) return;
  ofTopic.delete(hosted.partition);
  if (ofTopic.size === 0) index.delete(topic);
}

/** `<topic>-<partition>`; a topic name may have dashes itself. */
function partitionOfName(name: string): { topicName: string; partition: number } {
  const dash = name.lastIndexOf('-');
  return { topicName: name.slice(0, dash), partition: Number(name.slice(dash + 1)) };
}

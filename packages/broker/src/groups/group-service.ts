/**
 * The group coordinators of this broker: one shard for each partition of `__consumer_offsets` that it leads.
 *
 * A shard is born when the broker becomes leader of the partition, loads the partition's log, serves once everything in
 * it is committed, and dies with the leadership: all that waits is then told NOT_COORDINATOR. Its records are appended
 * like any producer's with acks=all. Until compaction exists, a log that has grown is replaced by the shard's live
 * state: written anew at its end, and everything before is dropped once that is committed.
 */
import {
  assert,
  setRepeating,
  type Clock,
  type Offset,
  type Randomness,
  type Scheduler,
  type Timer,
  buggify,
  sometimes,
} from '@jackdaw/base';
import {
  defaultGroupConfig,
  GroupShard,
  maxTickIntervalMs,
  partitionFor,
  type GroupConfig,
  type GroupEvent,
} from '@jackdaw/coordinator';
import type { CoordinatorRecord, DeletedTopic, Now, TopicResolver } from '@jackdaw/coordinator';
import type { MetadataImage } from '@jackdaw/metadata';
import {
  batchSizeInBytes,
  decodeRecords,
  eachBatch,
  encodeBatch,
  ErrorCode,
  isControlBatch,
  type Codecs,
} from '@jackdaw/protocol';
import { StorageError, type PartitionLog } from '@jackdaw/log';
import type { PartitionLeader } from '@jackdaw/replication';
import type { HostedPartition, PartitionListener } from '../replica/hosted-partition.ts';

export const offsetsTopic = '__consumer_offsets';

export interface GroupServiceOptions {
  readonly clock: Clock;
  /** The wall clock that retention goes by (B19). */
  readonly trustedWallMs: () => number;
  readonly scheduler: Scheduler;
  readonly random: Randomness;
  readonly config: GroupConfig;
  readonly image: () => MetadataImage;
  readonly codecs: Codecs;
  /** Bytes of one read while a partition is loaded: `offsets.load.buffer.size`. */
  readonly loadReadBytes: number;
  /** Log bytes of one partition past which its live state is written anew. */
  readonly maxLogBytes: () => number;
  readonly onEvent: (event: GroupEvent, partition: number) => void;
  /** A batch of a group partition fails its CRC. */
  readonly onCorrupt: (partition: HostedPartition, offset: Offset) => void;
  readonly onLoaded: (partition: number, records: number, durationMs: number) => void;
  readonly onFailure: (what: string, partition: number, error: unknown) => void;
}

interface Shard {
  readonly shard: GroupShard;
  readonly hosted: HostedPartition;
  readonly leader: PartitionLeader;
  isLoaded: boolean;
  /** When a load that failed is tried again; null while there is nothing to try again. */
  loadAgainAtMs: number | null;
  isTrimming: boolean;
  /** Size of the live state when it was last written whole. */
  lastSnapshotBytes: number;
}

const tickMs = 50;
/** Largest uncompressed batch that is loaded: our own batches are not compressed, Kafka's may be. */
const maxInflatedBytes = 256 * 1024 * 1024;
/** Most records, and bytes but for the last record, of one batch of a rewritten state. */
const snapshotBatchRecords = 1_000;
const snapshotBatchBytes = 512 * 1024;
/** How long after a load that failed the next one begins. */
const loadAgainMs = 5_000;

/** A random UUID (RFC 9562, version 4) in the form of member ids of Kafka's classic groups. */
function memberUuid(random: Randomness): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export class GroupService {
  readonly #options: GroupServiceOptions;
  readonly #shards = new Map<number, Shard>();
  readonly #timer: Timer;
  #nextTrimCheckMs = 0;

  constructor(options: GroupServiceOptions) {
    this.#options = options;
    this.#timer = setRepeating(options.scheduler, Math.min(tickMs, maxTickIntervalMs), () => this.#tick());
  }

  /** The shard that serves a group here, or the error code: it is elsewhere, or nowhere yet. */
  shardOf(groupId: string): GroupShard | number {
    const partition = this.partitionOf(groupId);
    if (partition === null) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (buggify('broker: coordinator answers as if it were loading')) return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    return this.#shards.get(partition)?.shard ?? ErrorCode.NOT_COORDINATOR;
  }

  /** The partition of `__consumer_offsets` that a group belongs to; null while the topic does not exist. */
  partitionOf(groupId: string): number | null {
    const topic = this.#options.image().topicByName(offsetsTopic);
    return topic === null ? null : partitionFor(groupId, topic.partitions.size);
  }

  *shards(): Iterable<GroupShard> {
    for (const { shard } of this.#shards.values()) yield shard;
  }

  /** In which role the partition of a shard is led; null for a shard that is over. */
  leaderOf(shard: GroupShard): PartitionLeader | null {
    for (const one of this.#shards.values()) if (one.shard === shard) return one.leader;
    return null;
  }

  now(): Now {
    const { clock, trustedWallMs } = this.#options;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs(), trustedWallMs: trustedWallMs() };
  }

  /** A partition of any topic has another role on this broker. */
  onRole(hosted: HostedPartition): void {
    if (hosted.topicName !== offsetsTopic) return;
    const current = this.#shards.get(hosted.partition);
    if (current !== undefined && current.leader !== hosted.leader) {
      this.#shards.delete(hosted.partition);
      current.shard.onResigned();
    }
    if (hosted.leader !== null && this.#shards.get(hosted.partition) === undefined) this.#lead(hosted, hosted.leader);
  }

  onTopicsDeleted(topics: readonly DeletedTopic[]): void {
    for (const { shard, isLoaded } of this.#shards.values()) if (isLoaded) shard.onTopicsDeleted(topics, this.now());
  }

  close(): void {
    this.#timer.cancel();
    for (const { shard } of this.#shards.values()) shard.onResigned();
    this.#shards.clear();
  }

  #lead(hosted: HostedPartition, leader: PartitionLeader): void {
    const shard: Shard = {
      shard: new GroupShard({
        config: this.#options.config,
        newUuid: () => memberUuid(this.#options.random),
        append: (records, onResult) => this.#append(shard, records, onResult),
        topics: this.#topics(),
        onEvent: (event) => this.#options.onEvent(event, hosted.partition),
      }),
      hosted,
      leader,
      isLoaded: false,
      loadAgainAtMs: null,
      isTrimming: false,
      lastSnapshotBytes: 0,
    };
    this.#shards.set(hosted.partition, shard);
    this.#load(shard).catch((error: unknown) => {
      this.#options.onFailure('load groups', hosted.partition, error);
      shard.loadAgainAtMs = this.#options.clock.monotonicMs() + loadAgainMs;
    });
  }

  /** What could not be read, or made sense of, has cost this shard its state: another begins from the start of the log. */
  #loadAgain(failed: Shard): void {
    this.#shards.delete(failed.hosted.partition);
    failed.shard.onResigned();
    this.#lead(failed.hosted, failed.leader);
  }

  #topics(): TopicResolver {
    const image = this.#options.image;
    return {
      topicIdOf: (name) => image().topicIdsByName.get(name) ?? null,
      topicNameOf: (topicId) => image().topicsById.get(topicId)?.name ?? null,
      hasPartition: (name, partition) => image().topicByName(name)?.partitions.has(partition) === true,
    };
  }

  /** Reads the whole log, then waits until all of it is committed: only then may answers depend on it (A10, D2). */
  async #load(loading: Shard): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs();
    const { hosted, leader, shard } = loading;
    const log = hosted.log;
    if (log === null) return;
    const endOffset = leader.leaderEpochStartOffset;
    let records = 0;
    const maxBytes = this.#options.loadReadBytes;
    for (let offset = log.logStartOffset; offset < endOffset;) {
      const read = await log.read({ fetchOffset: offset, maxOffset: endOffset, maxBytes, minOneBatch: true });
      if (!this.#isCurrent(loading)) return;
      if (read.kind === 'outOfRange') {
        offset = log.logStartOffset;
        continue;
      }
      if (read.kind === 'corrupt') {
        this.#options.onCorrupt(hosted, Math.min(read.baseOffset, offset));
        throw new Error(`corrupt batch at offset ${read.baseOffset}`);
      }
      if (read.sizeBytes === 0) break;
      for (const chunk of read.chunks) records += this.#replay(shard, chunk, offset);
      offset = read.nextOffset;
      await new Promise<void>((resolve) => this.#options.scheduler.defer(resolve));
      if (!this.#isCurrent(loading)) return;
    }
    if (!leader.isHighWatermarkReady) sometimes('broker: loaded groups wait for the high watermark');
    await whenCommitted(hosted, leader);
    if (!this.#isCurrent(loading)) sometimes('broker: groups given up while they were loaded');
    if (!this.#isCurrent(loading)) return;
    loading.isLoaded = true;
    shard.onLoaded(this.now());
    this.#options.onLoaded(hosted.partition, records, this.#options.clock.monotonicMs() - startedMs);
  }

  #replay(shard: GroupShard, chunk: Uint8Array, fromOffset: number): number {
    let count = 0;
    for (const position of eachBatch(chunk)) {
      const batch = chunk.subarray(position, position + batchSizeInBytes(chunk, position));
      // Markers of transactions, in a log that Kafka has written: no state of groups.
      if (isControlBatch(batch, 0)) continue;
      const records = decodeRecords(batch, this.#options.codecs, { maxDecompressedBytes: maxInflatedBytes });
      for (const { offset, key, value } of records) {
        if (key === null || offset < fromOffset) continue;
        shard.replay(key, value);
        count++;
      }
    }
    return count;
  }

  #isCurrent(shard: Shard): boolean {
    return this.#shards.get(shard.hosted.partition) === shard && shard.hosted.leader === shard.leader;
  }

  #append(to: Shard, records: readonly CoordinatorRecord[], onResult: (errorCode: number) => void): void {
    const { hosted, leader } = to;
    const log = hosted.log;
    if (!this.#isCurrent(to) || log === null) return onResult(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const refusal = leader.checkAppend(-1);
    if (refusal !== ErrorCode.NONE) sometimes('broker: group record refused because the ISR is too small');
    if (refusal !== ErrorCode.NONE) return onResult(refusal);
    const written = this.#write(to, log, records);
    if (written.error !== ErrorCode.NONE) return onResult(written.error);
    leader.whenCommitted(written.endOffset, (errorCode) => {
      to.shard.passTime(this.now());
      onResult(errorCode);
    });
  }

  /** Appends one batch. Returns the log's new end, or the error for which nothing was appended. */
  #write(
    { hosted, leader }: Shard,
    log: PartitionLog,
    records: readonly CoordinatorRecord[],
  ): { error: number; endOffset: Offset } {
    const nowMs = this.#options.clock.wallMs();
    const batch = encodeBatch({ records: records.map(({ key, value }) => ({ timestamp: nowMs, key, value, headers: [] })) });
    try {
      const result = log.appendAsLeader(batch, { leaderEpoch: leader.leaderEpoch, nowMs, origin: 'coordinator' });
      assert(result.kind !== 'duplicate', 'records of a coordinator have no producer');
      if (result.kind === 'error') return { error: result.error, endOffset: log.logEndOffset };
      leader.onLocalProgress(this.#options.clock.monotonicMs());
      hosted.notifyAppended();
      return { error: ErrorCode.NONE, endOffset: result.lastOffset + 1 };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#options.onFailure('write group records', hosted.partition, error);
      return { error: ErrorCode.KAFKA_STORAGE_ERROR, endOffset: log.logEndOffset };
    }
  }

  #tick(): void {
    const now = this.now();
    for (const each of this.#shards.values()) {
      if (each.isLoaded && each.shard.nextDeadlineMs() <= now.nowMs) each.shard.tick(now);
      if (each.loadAgainAtMs !== null && each.loadAgainAtMs <= now.nowMs && this.#isCurrent(each)) this.#loadAgain(each);
    }
    if (now.nowMs < this.#nextTrimCheckMs) return;
    this.#nextTrimCheckMs = now.nowMs + trimCheckMs;
    for (const shard of this.#shards.values()) if (shard.isLoaded && !shard.isTrimming) this.#maybeTrim(shard);
  }

  /** Bounds the log: when it is several times the live state, the state is written anew and the rest dropped. */
  #maybeTrim(shard: Shard): void {
    const log = shard.hosted.log;
    if (log === null) return;
    const isLarge = log.sizeBytes >= Math.max(this.#options.maxLogBytes(), trimFactor * shard.lastSnapshotBytes);
    if (!isLarge && !buggify('broker: log of groups written anew early')) return;
    if (shard.leader.checkAppend(-1) !== ErrorCode.NONE) return;
    const startOffset = log.logEndOffset;
    const sizeBefore = log.sizeBytes;
    let endOffset = startOffset;
    for (const records of batchesOf(shard.shard.snapshotRecords())) {
      const written = this.#write(shard, log, records);
      if (written.error !== ErrorCode.NONE) return;
      ({ endOffset } = written);
    }
    shard.lastSnapshotBytes = Math.max(0, log.sizeBytes - sizeBefore);
    shard.isTrimming = true;
    shard.leader.whenCommitted(endOffset, (error) => {
      shard.isTrimming = false;
      if (error !== ErrorCode.NONE) return;
      sometimes('broker: log of groups written anew');
      log.advanceLogStartOffset(startOffset, shard.hosted.highWatermark);
    });
  }
}

const trimCheckMs = 5_000;
const trimFactor = 4;

/** Pieces of a state in the order of its records: one with many large groups does not fit a batch. */
function* batchesOf(records: readonly CoordinatorRecord[]): Generator<CoordinatorRecord[], void> {
  let batch: CoordinatorRecord[] = [];
  let sizeBytes = 0;
  for (const record of records) {
    batch.push(record);
    sizeBytes += record.key.length + (record.value?.length ?? 0);
    if (batch.length < snapshotBatchRecords && sizeBytes < snapshotBatchBytes) continue;
    yield batch;
    batch = [];
    sizeBytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Resolves when everything before the leader's epoch is committed, or when it no longer leads. */
function whenCommitted(hosted: HostedPartition, leader: PartitionLeader): Promise<void> {
  return new Promise((resolve) => {
    const isOver = (): boolean => leader.isHighWatermarkReady || hosted.leader !== leader;
    const listener: PartitionListener = { onHighWatermark: check, onRoleChanged: check };
    function check(): void {
      if (!isOver()) return;
      hosted.unlisten(listener);
      resolve();
    }
    hosted.listen(listener);
    check();
  });
}

/** The coordinator's settings from the broker's configuration. */
export function groupConfigOf(view: { number(name: string): number }): GroupConfig {
  return {
    ...defaultGroupConfig,
    minSessionTimeoutMs: view.number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: view.number('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: view.number('group.initial.rebalance.delay.ms'),
    maxSize: view.number('group.max.size'),
    offsetMetadataMaxBytes: view.number('offset.metadata.max.bytes'),
    offsetsRetentionMs: view.number('offsets.retention.minutes') * 60_000,
    offsetsRetentionCheckIntervalMs: view.number('offsets.retention.check.interval.ms'),
    commitTimeoutMs: view.number('offsets.commit.timeout.ms'),
  };
}

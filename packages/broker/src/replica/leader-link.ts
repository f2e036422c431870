/**
 * The follower's end of one replication stream: fetches all partitions that this broker follows from one leader.
 *
 * Each fetch is opened under a fresh handle with the log's end and last epoch. The leader's answer either brings
 * batches, which are appended in order, or says where the logs diverge: then the log is truncated and the fetch opened
 * again (A2, A3). Positions go back when records have become durable, gathered over one turn of the event loop; they
 * are what the leader counts for the high watermark (B1). The stream reconnects by itself while anything is followed.
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { NodeId, Scheduler, Timer } from '@jackdaw/base';
import type { PartitionFollower, Truncation } from '@jackdaw/replication';
import type { FollowerMessage, OpenFetchMessage, PositionMessage } from '../rpc/services.ts';
import type { HostedPartition } from './hosted-partition.ts';
import type { PartitionPush } from './push-codec.ts';

/** First pause before a refused fetch is opened again, or a broken stream dialled again; each failure doubles it. */
export const firstRetryMs = 20;
/** Logs that wait for a sync, from which on positions wait for each other: more of them come all the time. */
const manyWaitingSyncs = 8;
/** How long they wait. A sync in such a queue takes some times as long, and each message costs about as much as a sync. */
const gatherMs = 3;
/** Rounds of truncation without a pause; every fail-over that both logs missed can cost one (A3). */
const maxTruncationsInARow = 8;

/** The transport of one stream; made anew for each attempt. */
export interface FollowerTransport {
  write(message: FollowerMessage): void;
  cancel(): void;
}

export interface TransportEvents {
  onPush(push: PartitionPush[]): void;
  onEnd(reason: string): void;
}

export interface LeaderLinkOptions {
  readonly scheduler: Scheduler;
  readonly leaderId: NodeId;
  /** Longest pause between two tries: `replica.fetch.backoff.ms`, at least the first one. */
  readonly maxRetryMs: number;
  readonly hello: () => { clusterId: string; brokerId: number; brokerEpoch: number };
  readonly connect: (events: TransportEvents) => FollowerTransport;
  /** Appends to the log; throws StorageError or a corruption error. */
  readonly append: (partition: HostedPartition, batches: Uint8Array) => void;
  readonly onTruncated: (partition: HostedPartition, plan: Truncation) => void;
  /** May this truncation be carried out? False ends the fetch: the replica keeps its log and follows no more (A6). */
  readonly mayTruncate: (partition: HostedPartition, plan: Truncation) => boolean;
  readonly onFailure: (partition: HostedPartition, error: unknown) => void;
  readonly onStreamEnd: (leaderId: NodeId, reason: string) => void;
}

interface Fetch {
  readonly partition: HostedPartition;
  readonly follower: PartitionFollower;
  /** 0 while no fetch is open on the stream. */
  handle: number;
  /** Truncations since the last append: logs that match in the end need few. */
  truncations: number;
  retryMs: number;
  retryTimer: Timer | undefined;
}

export class LeaderLink {
  readonly #options: LeaderLinkOptions;
  readonly #byPartition = new Map<HostedPartition, Fetch>();
  readonly #byHandle = new Map<number, Fetch>();
  #transport: FollowerTransport | null = null;
  #nextHandle = 1;
  #opens: OpenFetchMessage[] = [];
  #closes: number[] = [];
  #moved = new Set<Fetch>();
  #isFlushScheduled = false;
  #gatherTimer: Timer | undefined;
  #reconnectMs = firstRetryMs;
  #reconnectTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: LeaderLinkOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byPartition.size;
  }

  follow(partition: HostedPartition, follower: PartitionFollower): void {
    this.unfollow(partition);
    const fetch: Fetch = { partition, follower, handle: 0, truncations: 0, retryMs: firstRetryMs, retryTimer: undefined };
    this.#byPartition.set(partition, fetch);
    this.#connect();
    this.#open(fetch);
  }

  unfollow(partition: HostedPartition): void {
    const fetch = this.#byPartition.get(partition);
    if (fetch === undefined) return;
    this.#byPartition.delete(partition);
    fetch.retryTimer?.cancel();
    this.#moved.delete(fetch);
    if (fetch.handle === 0) return;
    this.#byHandle.delete(fetch.handle);
    this.#closes.push(fetch.handle);
    this.#scheduleFlush();
  }

  /** The log of a followed partition has become durable further: the leader should know. */
  onDurable(partition: HostedPartition): void {
    const fetch = this.#byPartition.get(partition);
    if (fetch === undefined || fetch.handle === 0) return;
    this.#moved.add(fetch);
    if ((partition.log?.waitingSyncs ?? 0) >= manyWaitingSyncs) this.#gather();
    else this.#scheduleFlush();
  }

  /** The broker has a new registration: every later position must be told under it (KIP-903). */
  onBrokerEpoch(): void {
    if (this.#byHandle.size > 0) sometimes('broker: positions told again under a new registration');
    this.#transport?.write({ hello: this.#options.hello() });
    // What was told under the former epoch does not count toward the ISR: tell it again (A14).
    for (const fetch of this.#byHandle.values()) this.#moved.add(fetch);
    this.#scheduleFlush();
  }

  close(): void {
    this.#isClosed = true;
    this.#reconnectTimer?.cancel();
    this.#gatherTimer?.cancel();
    for (const fetch of this.#byPartition.values()) fetch.retryTimer?.cancel();
    this.#byPartition.clear();
    this.#byHandle.clear();
    this.#transport?.cancel();
    this.#transport = null;
  }

  #connect(): void {
    if (this.#transport !== null || this.#isClosed || this.#reconnectTimer !== undefined) return;
    const transport = this.#options.connect({
      onPush: (push) => {
        if (this.#transport !== transport) return;
        this.#reconnectMs = firstRetryMs;
        for (const one of push) this.#onPush(one);
      },
      onEnd: (reason) => {
        if (this.#transport === transport) this.#onEnd(reason);
      },
    });
    this.#transport = transport;
    transport.write({ hello: this.#options.hello() });
  }

  #onEnd(reason: string): void {
    this.#transport = null;
    this.#byHandle.clear();
    this.#opens = [];
    this.#closes = [];
    this.#moved.clear();
    for (const fetch of this.#byPartition.values()) {
      fetch.handle = 0;
      fetch.retryTimer?.cancel();
    }
    sometimes('broker: replication stream ended');
    this.#options.onStreamEnd(this.#options.leaderId, reason);
    if (this.#isClosed || this.#byPartition.size === 0) return;
    this.#reconnectTimer = this.#options.scheduler.setTimer(this.#reconnectMs, () => {
      this.#reconnectTimer = undefined;
      if (this.#isClosed || this.#byPartition.size === 0) return;
      this.#connect();
      for (const fetch of this.#byPartition.values()) this.#open(fetch);
    });
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, this.#options.maxRetryMs);
  }

  #open(fetch: Fetch): void {
    if (this.#transport === null || this.#byPartition.get(fetch.partition) !== fetch) return;
    const position = fetch.follower.position();
    fetch.handle = this.#nextHandle++;
    this.#byHandle.set(fetch.handle, fetch);
    this.#opens.push({
      handle: fetch.handle,
      topicId: fetch.partition.topicId,
      partition: fetch.partition.partition,
      leaderEpoch: position.currentLeaderEpoch,
      fetchOffset: position.fetchOffset,
      lastFetchedEpoch: position.lastFetchedEpoch,
      durableOffset: position.durableOffset,
      logStartOffset: position.logStartOffset,
    });
    this.#scheduleFlush();
  }

  #reopenLater(fetch: Fetch): void {
    fetch.retryTimer?.cancel();
    fetch.retryTimer = this.#options.scheduler.setTimer(fetch.retryMs, () => this.#open(fetch));
    fetch.retryMs = Math.min(fetch.retryMs * 2, this.#options.maxRetryMs);
  }

  #onPush(push: PartitionPush): void {
    const fetch = this.#byHandle.get(push.handle);
    if (fetch === undefined) {
      sometimes('broker: push for a fetch that has ended');
      return;
    }
    const isOver = push.error !== ErrorCode.NONE || push.diverging !== null;
    if (isOver) {
      this.#byHandle.delete(fetch.handle);
      fetch.handle = 0;
    }
    try {
      if (push.diverging !== null) this.#truncate(fetch, fetch.follower.planTruncation(push.diverging));
      else if (push.error === ErrorCode.OFFSET_OUT_OF_RANGE) this.#truncateOutOfRange(fetch, push);
      else if (push.error !== ErrorCode.NONE) this.#reopenLater(fetch);
      else this.#onData(fetch, push);
    } catch (error) {
      this.#byHandle.delete(fetch.handle);
      if (fetch.handle !== 0) this.#closes.push(fetch.handle);
      fetch.handle = 0;
      sometimes('broker: replicated batches could not be taken in');
      this.#options.onFailure(fetch.partition, error);
      this.#reopenLater(fetch);
    }
  }

  #truncateOutOfRange(fetch: Fetch, push: PartitionPush): void {
    const plan = fetch.follower.planOutOfRange(push);
    // What the leader knows of producers is true at its start only.
    const isAtStart = plan !== null && plan.isFull && plan.offset === push.logStartOffset;
    this.#truncate(fetch, plan, isAtStart ? push.producers : null);
  }

  #truncate(fetch: Fetch, plan: Truncation | null, producers: Uint8Array | null = null): void {
    if (plan === null) return this.#reopenLater(fetch);
    if (!this.#options.mayTruncate(fetch.partition, plan)) return;
    fetch.follower.truncate(plan, producers);
    this.#options.onTruncated(fetch.partition, plan);
    if (fetch.truncations > 0) sometimes('broker: logs match only after several truncations');
    if (++fetch.truncations > maxTruncationsInARow) this.#reopenLater(fetch);
    else this.#open(fetch);
  }

  #onData(fetch: Fetch, push: PartitionPush): void {
    const log = fetch.partition.log;
    if (log === null) return;
    const durableBefore = log.durableOffset;
    for (const batches of push.batches) this.#options.append(fetch.partition, batches);
    fetch.follower.onAppended(push.highWatermark);
    fetch.partition.leaderEndOffset = push.logEndOffset;
    const start = Math.min(push.logStartOffset, fetch.follower.highWatermark);
    const startBefore = log.logStartOffset;
    if (start > startBefore) log.advanceLogStartOffset(start, fetch.follower.highWatermark);
    fetch.retryMs = firstRetryMs;
    // A new start is told as well: whoever deleted records at the leader waits for it.
    if (log.durableOffset !== durableBefore || log.logStartOffset !== startBefore) this.onDurable(fetch.partition);
  }

  /**
   * While many logs wait for the disk, each sync would send a message of its own with one position: they are sent together.
   * Whatever is flushed meanwhile takes them along.
   */
  #gather(): void {
    this.#gatherTimer ??= this.#options.scheduler.setTimer(gatherMs, () => {
      this.#gatherTimer = undefined;
      this.#flush();
    });
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#options.scheduler.defer(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#transport === null) return;
    const positions: PositionMessage[] = [];
    for (const fetch of this.#moved) {
      if (fetch.handle === 0) continue;
      const { fetchOffset, durableOffset, logStartOffset } = fetch.follower.position();
      positions.push({ handle: fetch.handle, fetchOffset, durableOffset, logStartOffset });
    }
    this.#moved.clear();
    if (positions.length === 0 && this.#opens.length === 0 && this.#closes.length === 0) return;
    this.#transport.write({ open: this.#opens, positions, close: this.#closes });
    this.#opens = [];
    this.#closes = [];
  }
}

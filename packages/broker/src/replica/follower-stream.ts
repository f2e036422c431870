/**
 * The leader's end of one replication stream: pushes what is appended to the partitions that a follower broker fetches.
 *
 * A fetch is opened with the follower's position and answered at once when the logs do not match. Then every append
 * marks it dirty, and one turn of the event loop later the new batches of all dirty fetches go out in as few messages
 * as the limits allow. Unacknowledged bytes are bounded for each stream, so a slow follower costs memory only up to
 * its window. Reads older than the tail cache come from disk asynchronously; after each, the role is looked at anew.
 */
import { buggify, sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { Clock, Offset, Scheduler, Timer } from '@jackdaw/base';
import { StorageError, type ReadResult } from '@jackdaw/log';
import type { PartitionLeader } from '@jackdaw/replication';
import type { FollowerMessage, OpenFetchMessage, PositionMessage } from '../rpc/services.ts';
import type { HostedPartition, PartitionListener } from './hosted-partition.ts';
import type { PartitionPush } from './push-codec.ts';

/** Bytes on their way to one follower that it has not acknowledged yet. */
export const streamWindowBytes = 16 * 1024 * 1024;
/** Most bytes of one read, and of a push before its last read, whatever is configured: a partition must not hold up others. */
export const maxReadBytes = 512 * 1024;
export const maxPushBytes = 1024 * 1024;
/** How long a high watermark without data may wait for company. */
const highWatermarkDelayMs = 5;

export interface StreamWriter {
  /** False when the transport wants a pause; `onDrain` is called when it is over. */
  write(push: PartitionPush[]): boolean;
  close(error: Error | null): void;
}

export interface FollowerStreamOptions {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Bytes of one read (`replica.fetch.max.bytes`); a larger first batch is sent whole. */
  readonly readBytes: number;
  /** Bytes at which a push is sent (`replica.fetch.response.max.bytes`). */
  readonly pushBytes: number;
  readonly writer: StreamWriter;
  readonly find: (topicId: string, partition: number) => HostedPartition | undefined;
  /** A follower outside the ISR has moved: the ISR may have to grow. */
  readonly onPosition: (partition: HostedPartition, leader: PartitionLeader) => void;
  readonly onBytesSent: (partition: HostedPartition, bytes: number) => void;
  readonly onCorrupt: (partition: HostedPartition, baseOffset: Offset) => void;
}

interface Fetch {
  readonly handle: number;
  readonly partition: HostedPartition;
  readonly leader: PartitionLeader;
  readonly listener: PartitionListener;
  nextOffset: Offset;
  /** Sent and not acknowledged, in order: the end of each push and its bytes. */
  inFlight: { endOffset: Offset; bytes: number }[];
  sentHighWatermark: Offset;
  sentLogStartOffset: number;
  isReading: boolean;
  isClosed: boolean;
}

export class FollowerStream {
  readonly #options: FollowerStreamOptions;
  readonly #fetches = new Map<number, Fetch>();
  #dirty = new Set<Fetch>();
  #highWatermarkDirty = new Set<Fetch>();
  #ready: PartitionPush[] = [];
  #readyBytes = 0;
  #unacknowledgedBytes = 0;
  #isFlushScheduled = false;
  #highWatermarkTimer: Timer | undefined;
  #isWritable = true;
  #isClosed = false;
  #brokerId = -1;
  #brokerEpoch = -1;

  constructor(options: FollowerStreamOptions) {
    this.#options = options;
  }

  get brokerId(): number {
    return this.#brokerId;
  }

  onMessage(message: FollowerMessage): void {
    if (this.#isClosed) return;
    if (message.hello !== undefined && message.hello !== null) {
      if (message.hello.clusterId !== this.#options.clusterId) {
        this.close(new Error(`cluster ${message.hello.clusterId} is not ${this.#options.clusterId}`));
        return;
      }
      this.#brokerId = message.hello.brokerId;
      this.#brokerEpoch = message.hello.brokerEpoch;
    }
    for (const handle of message.close ?? []) this.#closeFetch(this.#fetches.get(handle));
    for (const open of message.open ?? []) this.#open(open);
    for (const position of message.positions ?? []) this.#onPosition(position);
    this.#scheduleFlush();
  }

  onDrain(): void {
    this.#isWritable = true;
    this.#flush();
    this.#sendBounds();
  }

  close(error: Error | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#highWatermarkTimer?.cancel();
    for (const fetch of this.#fetches.values()) {
      fetch.isClosed = true;
      fetch.partition.unlisten(fetch.listener);
    }
    this.#fetches.clear();
    this.#dirty.clear();
    this.#highWatermarkDirty.clear();
    this.#ready = [];
    this.#options.writer.close(error);
  }

  #open(open: OpenFetchMessage): void {
    const partition = this.#options.find(open.topicId, open.partition);
    const leader = partition?.leader;
    if (partition === undefined) {
      sometimes('broker: follower asks for a partition that is not here');
      return this.#refuse(open.handle, ErrorCode.UNKNOWN_TOPIC_ID);
    }
    if (leader === null || leader === undefined || partition.log === null) {
      sometimes('broker: follower asks one that does not lead yet');
      return this.#refuse(open.handle, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }
    const answer = leader.checkFetchStart({
      brokerId: this.#brokerId,
      currentLeaderEpoch: open.leaderEpoch,
      fetchOffset: open.fetchOffset,
      lastFetchedEpoch: open.lastFetchedEpoch,
    });
    if (answer.kind === 'error' && answer.error === ErrorCode.OFFSET_OUT_OF_RANGE) {
      void this.#sendAway(open.handle, partition);
      return;
    }
    if (answer.kind === 'error') return this.#refuse(open.handle, answer.error, partition);
    if (answer.kind === 'diverging') {
      this.#queue(pushOf(open.handle, partition, { diverging: answer.epochEnd }), 0);
      return;
    }
    this.#accept(open, partition, leader);
  }

  /** The follower may have to begin anew at this log's start: it is told what nobody can read from the log any more (C1). */
  async #sendAway(handle: number, partition: HostedPartition): Promise<void> {
    const { leader, log } = partition;
    if (leader === null || log === null) return this.#refuse(handle, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    try {
      const { offset, snapshot } = await log.producersAtStart();
      if (partition.leader !== leader) this.#refuse(handle, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      else {
        // The log may start later by now: then the follower is sent away from this start in turn.
        const push = pushOf(handle, partition, { error: ErrorCode.OFFSET_OUT_OF_RANGE });
        this.#queue({ ...push, logStartOffset: offset, producers: snapshot }, snapshot?.length ?? 0);
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#refuse(handle, ErrorCode.KAFKA_STORAGE_ERROR, partition);
    }
    this.#scheduleFlush();
  }

  #accept(open: OpenFetchMessage, partition: HostedPartition, leader: PartitionLeader): void {
    const fetch: Fetch = {
      handle: open.handle,
      partition,
      leader,
      listener: {
        onAppended: () => this.#markDirty(fetch),
        onHighWatermark: () => this.#markHighWatermark(fetch),
        onLogStart: () => this.#markHighWatermark(fetch),
        onRoleChanged: () => this.#onRoleChanged(fetch),
      },
      nextOffset: open.fetchOffset,
      inFlight: [],
      sentHighWatermark: -1,
      sentLogStartOffset: -1,
      isReading: false,
      isClosed: false,
    };
    this.#closeFetch(this.#fetches.get(open.handle));
    this.#fetches.set(open.handle, fetch);
    partition.listen(fetch.listener);
    this.#report(fetch, open);
    this.#markDirty(fetch);
    this.#markHighWatermark(fetch);
  }

  #onPosition(position: PositionMessage): void {
    const fetch = this.#fetches.get(position.handle);
    if (fetch === undefined) return;
    while (fetch.inFlight.length > 0 && (fetch.inFlight[0]?.endOffset ?? 0) <= position.fetchOffset) {
      this.#unacknowledgedBytes -= fetch.inFlight.shift()?.bytes ?? 0;
    }
    if (fetch.nextOffset < fetch.leader.highWatermark || fetch.partition.log?.logEndOffset !== fetch.nextOffset) {
      this.#dirty.add(fetch);
    }
    this.#report(fetch, position);
  }

  #report(fetch: Fetch, position: Omit<PositionMessage, 'handle'>): void {
    if (fetch.partition.leader !== fetch.leader) return;
    const { fetchOffset, durableOffset, logStartOffset } = position;
    fetch.leader.onFollowerPosition(
      this.#brokerId,
      { brokerEpoch: this.#brokerEpoch, fetchOffset, durableOffset: Math.min(durableOffset, fetchOffset), logStartOffset },
      this.#options.clock.monotonicMs(),
    );
    if (!fetch.leader.committedIsr.has(this.#brokerId)) this.#options.onPosition(fetch.partition, fetch.leader);
  }

  #onRoleChanged(fetch: Fetch): void {
    if (fetch.isClosed || fetch.partition.leader === fetch.leader) return;
    sometimes('broker: follower told that its leader leads no longer');
    this.#closeFetch(fetch);
    this.#refuse(fetch.handle, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    this.#scheduleFlush();
  }

  #closeFetch(fetch: Fetch | undefined): void {
    if (fetch === undefined || fetch.isClosed) return;
    fetch.isClosed = true;
    fetch.partition.unlisten(fetch.listener);
    this.#fetches.delete(fetch.handle);
    this.#dirty.delete(fetch);
    this.#highWatermarkDirty.delete(fetch);
    for (const sent of fetch.inFlight) this.#unacknowledgedBytes -= sent.bytes;
    fetch.inFlight = [];
    // Room in the window that others may have waited for.
    if (this.#dirty.size > 0) this.#scheduleFlush();
  }

  #markDirty(fetch: Fetch): void {
    this.#dirty.add(fetch);
    this.#scheduleFlush();
  }

  #markHighWatermark(fetch: Fetch): void {
    this.#highWatermarkDirty.add(fetch);
    this.#highWatermarkTimer ??= this.#options.scheduler.setTimer(highWatermarkDelayMs, () => {
      this.#highWatermarkTimer = undefined;
      this.#sendBounds();
    });
  }

  /** Tells bounds that no data has taken along; while the transport wants a pause, they wait for its end. */
  #sendBounds(): void {
    if (!this.#isWritable) return;
    for (const waiting of this.#highWatermarkDirty) if (haveBoundsMoved(waiting)) this.#queueData(waiting, [], 0);
    this.#highWatermarkDirty.clear();
    this.#send();
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#isClosed) return;
    this.#isFlushScheduled = true;
    this.#options.scheduler.defer(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const fetch of dirty) {
      const windowBytes = buggify('broker: small window of a replication stream') ? 1 : streamWindowBytes;
      if (this.#unacknowledgedBytes >= windowBytes || !this.#isWritable) {
        sometimes('broker: replication stream has no room');
        // No room: whatever acknowledges or drains next flushes again.
        this.#dirty.add(fetch);
        continue;
      }
      this.#read(fetch);
    }
    this.#send();
  }

  /** Queues the next batches of one fetch; a read from disk goes on by itself when it is done. */
  #read(fetch: Fetch): void {
    const log = fetch.partition.log;
    if (fetch.isReading || fetch.isClosed || log === null || fetch.nextOffset >= log.logEndOffset) return;
    const result = log.read({
      fetchOffset: fetch.nextOffset,
      maxOffset: log.logEndOffset,
      maxBytes: buggify('broker: one batch in a push') ? 1 : this.#options.readBytes,
      minOneBatch: true,
    });
    if (!(result instanceof Promise)) {
      this.#onRead(fetch, result);
      return;
    }
    fetch.isReading = true;
    result.then(
      (read) => {
        fetch.isReading = false;
        if (fetch.isClosed || this.#isClosed || fetch.partition.leader !== fetch.leader) {
          sometimes('broker: read for a follower came after the end of its fetch');
          return;
        }
        this.#onRead(fetch, read);
        this.#send();
      },
      () => {
        fetch.isReading = false;
        this.#fail(fetch, ErrorCode.KAFKA_STORAGE_ERROR);
        this.#send();
      },
    );
  }

  #onRead(fetch: Fetch, result: ReadResult): void {
    if (result.kind === 'outOfRange') {
      this.#closeFetch(fetch);
      void this.#sendAway(fetch.handle, fetch.partition);
      return;
    }
    if (result.kind === 'corrupt') {
      // The offset in a damaged header may be wrong; the one that was asked for lies in the batch.
      sometimes('broker: damaged batch found for a follower');
      this.#options.onCorrupt(fetch.partition, Math.min(result.baseOffset, fetch.nextOffset));
      return this.#fail(fetch, ErrorCode.KAFKA_STORAGE_ERROR);
    }
    if (result.sizeBytes === 0) return;
    fetch.nextOffset = result.nextOffset;
    fetch.inFlight.push({ endOffset: result.nextOffset, bytes: result.sizeBytes });
    this.#unacknowledgedBytes += result.sizeBytes;
    this.#options.onBytesSent(fetch.partition, result.sizeBytes);
    this.#queueData(fetch, result.chunks, result.sizeBytes);
    if (fetch.nextOffset < (fetch.partition.log?.logEndOffset ?? 0)) this.#markDirty(fetch);
  }

  #fail(fetch: Fetch, error: number): void {
    if (fetch.isClosed) return;
    this.#closeFetch(fetch);
    this.#refuse(fetch.handle, error, fetch.partition);
  }

  #refuse(handle: number, error: number, partition?: HostedPartition): void {
    this.#queue(pushOf(handle, partition, { error }), 0);
  }

  #queueData(fetch: Fetch, batches: readonly Uint8Array[], bytes: number): void {
    fetch.sentHighWatermark = fetch.partition.highWatermark;
    fetch.sentLogStartOffset = fetch.partition.log?.logStartOffset ?? 0;
    this.#highWatermarkDirty.delete(fetch);
    this.#queue(pushOf(fetch.handle, fetch.partition, { batches }), bytes);
  }

  #queue(push: PartitionPush, bytes: number): void {
    this.#ready.push(push);
    this.#readyBytes += bytes;
    if (this.#readyBytes >= this.#options.pushBytes) this.#send();
  }

  #send(): void {
    if (this.#isClosed || this.#ready.length === 0) return;
    const ready = this.#ready;
    this.#ready = [];
    this.#readyBytes = 0;
    if (!this.#options.writer.write(ready)) this.#isWritable = false;
  }
}

type PushContent = Partial<Pick<PartitionPush, 'error' | 'diverging' | 'batches'>>;

/** What is told of a partition at any time, and what this push is for. */
function pushOf(handle: number, partition: HostedPartition | undefined, content: PushContent): PartitionPush {
  return {
    handle,
    error: content.error ?? ErrorCode.NONE,
    highWatermark: partition?.highWatermark ?? 0,
    logStartOffset: partition?.log?.logStartOffset ?? 0,
    logEndOffset: partition?.log?.logEndOffset ?? 0,
    diverging: content.diverging ?? null,
    batches: content.batches ?? [],
    producers: null,
  };
}

/** Whether the follower has not been told yet how far the partition reaches, at either end. */
function haveBoundsMoved({ partition, sentHighWatermark, sentLogStartOffset }: Fetch): boolean {
  return partition.highWatermark > sentHighWatermark || (partition.log?.logStartOffset ?? 0) > sentLogStartOffset;
}

/**
 * Produces records: gathers them into batches by partition, and hands the batches to the sender.
 *
 * `send` returns a promise per record that settles when the broker has acknowledged it under the chosen acks. Records of one
 * partition keep the order of the `send` calls. Memory is bounded: beyond `bufferBytes` a `send` waits for room.
 */
import { ErrorCode } from '@jackdaw/protocol';
import type { Cluster } from './cluster.ts';
import { KafkaError } from './errors.ts';
import type { TopicMetadata } from './metadata.ts';
import { partitionForKey } from './murmur2.ts';
import type { ClientPlatform } from './platform.ts';
import { PartitionQueue, ProducerBatch, toBytes, toPending, type PendingRecord } from './producer-batch.ts';
import type { ProducerOptions } from './producer-options.ts';
import { ProducerSender, type ResolvedProducerOptions } from './producer-sender.ts';
import { partitionKey, type Delivery, type ProducerRecord } from './records.ts';

export class Producer {
  readonly #cluster: Cluster;
  readonly #platform: ClientPlatform;
  readonly #options: ResolvedProducerOptions;
  readonly #sender: ProducerSender;
  readonly #queues = new Map<string, PartitionQueue>();
  /** Topic → partition that keyless records go to until its batch is closed. */
  readonly #sticky = new Map<string, number>();
  /** Topic → tail of the records that wait for its metadata; while one waits, later ones line up behind it. */
  readonly #waiting = new Map<string, Promise<unknown>>();
  readonly #roomWaiters: (() => void)[] = [];
  #bufferedBytes = 0;
  #isClosed = false;

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    this.#cluster = cluster;
    this.#platform = cluster.options.platform;
    this.#options = resolveProducerOptions(options);
    if (this.#options.compression !== 'none' && cluster.options.codecs === undefined) {
      throw new RangeError(`compression ${this.#options.compression} needs the codecs option of the client`);
    }
    this.#sender = new ProducerSender({
      cluster,
      options: this.#options,
      queues: this.#queues,
      onReleased: (bytes) => this.#release(bytes),
    });
  }

  /** Settles when the record is acknowledged. Rejects with KafkaError, TimeoutError or ConnectionError. */
  send(record: ProducerRecord): Promise<Delivery> {
    if (this.#isClosed) return Promise.reject(new RangeError('the producer is closed'));
    const topic = this.#cluster.cachedTopic(record.topic);
    if (topic !== undefined && !this.#waiting.has(record.topic) && this.#bufferedBytes < this.#options.bufferBytes) {
      return this.#append(record, topic);
    }
    return this.#appendLater(record);
  }

  /** Settles when everything that was sent so far is acknowledged or has failed. */
  async flush(): Promise<void> {
    await Promise.allSettled(this.#waiting.values());
    for (const queue of this.#queues.values()) queue.closeOpen();
    await this.#sender.idle();
  }

  /** Flushes, then accepts no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#sender.stop();
    this.#cluster.closeLane(this.#sender.lane);
  }

  #append(record: ProducerRecord, topic: TopicMetadata): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      const pending = toPending(record, this.#platform.clock.wallMs(), { resolve, reject });
      if (pending.sizeBytes > this.#options.maxRequestSizeBytes) {
        const text = `a record of ${pending.sizeBytes} bytes; a request has at most ${this.#options.maxRequestSizeBytes}`;
        reject(new KafkaError(ErrorCode.MESSAGE_TOO_LARGE, text));
        return;
      }
      this.#place(this.#queueFor(record, topic), pending);
    });
  }

  #place(queue: PartitionQueue, record: PendingRecord): void {
    const { batchSizeBytes, lingerMs } = this.#options;
    if (queue.open !== undefined && queue.open.sizeBytes + record.sizeBytes > batchSizeBytes) this.#closeBatch(queue);
    const isNew = queue.open === undefined;
    const batch = (queue.open ??= new ProducerBatch(queue, this.#platform.clock.monotonicMs()));
    batch.add(record);
    this.#bufferedBytes += record.sizeBytes;
    if (batch.sizeBytes >= batchSizeBytes) this.#closeBatch(queue);
    else if (isNew) this.#sender.wakeWithin(lingerMs);
  }

  #closeBatch(queue: PartitionQueue): void {
    queue.closeOpen();
    this.#sticky.delete(queue.topic);
    this.#sender.wakeWithin(0);
  }

  #queueFor(record: ProducerRecord, topic: TopicMetadata): PartitionQueue {
    const partition = record.partition ?? this.#choosePartition(record, topic);
    const key = partitionKey(record.topic, partition);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(record.topic, partition);
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #choosePartition(record: ProducerRecord, topic: TopicMetadata): number {
    const count = topic.partitions.length;
    const key = toBytes(record.key);
    if (key !== null) return partitionForKey(key, count);
    let partition = this.#sticky.get(record.topic);
    if (partition === undefined || partition >= count) {
      const withLeader = topic.partitions.filter((candidate) => candidate.leaderId >= 0);
      const choices = withLeader.length > 0 ? withLeader : topic.partitions;
      partition = choices[Math.floor(this.#platform.random.float() * choices.length)]?.partition ?? 0;
      this.#sticky.set(record.topic, partition);
    }
    return partition;
  }

  /** Waits for metadata and room, in line with earlier records of the topic, then appends. */
  #appendLater(record: ProducerRecord): Promise<Delivery> {
    const before = this.#waiting.get(record.topic) ?? Promise.resolve();
    const placed = before.then(async () => {
      while (this.#bufferedBytes >= this.#options.bufferBytes)
        await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
      return this.#cluster.cachedTopic(record.topic) ?? (await this.#findTopic(record.topic));
    });
    const delivered = placed.then((topic) => ({ delivery: this.#append(record, topic) }));
    const tail = delivered.catch(() => undefined);
    this.#waiting.set(record.topic, tail);
    void tail.then(() => {
      if (this.#waiting.get(record.topic) === tail) this.#waiting.delete(record.topic);
    });
    return delivered.then(({ delivery }) => delivery);
  }

  /** The topic's metadata, which makes the broker create it where that is allowed. */
  #findTopic(name: string): Promise<TopicMetadata> {
    return this.#cluster.retrying(() => this.#cluster.topic(name, { autoCreate: true }), {
      what: `find topic ${name}`,
      deadlineMs: Math.min(this.#options.deliveryTimeoutMs, this.#cluster.options.deadlineMs),
    });
  }

  #release(bytes: number): void {
    this.#bufferedBytes -= bytes;
    if (this.#bufferedBytes < this.#options.bufferBytes) for (const wake of this.#roomWaiters.splice(0)) wake();
  }
}

/** Fills in the defaults. Throws RangeError on choices that contradict each other. */
export function resolveProducerOptions(options: ProducerOptions): ResolvedProducerOptions {
  const acks = options.acks ?? -1;
  const isIdempotent = options.idempotent ?? acks === -1;
  if (isIdempotent && acks !== -1) throw new RangeError('an idempotent producer needs acks all');
  const maxInFlight = options.maxInFlight ?? 5;
  if (isIdempotent && maxInFlight > 5) throw new RangeError('an idempotent producer can have 5 requests in flight at most');
  return {
    acks,
    isIdempotent,
    lingerMs: options.lingerMs ?? 0,
    batchSizeBytes: options.batchSizeBytes ?? 16_384,
    maxRequestSizeBytes: options.maxRequestSizeBytes ?? 1_048_576,
    maxInFlight,
    compression: options.compression ?? 'none',
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    bufferBytes: options.bufferBytes ?? 32 * 1024 * 1024,
  };
}

/**
 * Sends closed batches to the leaders of their partitions and deals with the answers.
 *
 * One request carries at most one batch of each partition; `maxInFlight` requests may be under way to one broker. A batch that
 * failed in a way that may pass goes back in line before its successors. When the broker's and our sequence numbers can no
 * longer agree (a batch expired, or OUT_OF_ORDER_SEQUENCE_NUMBER with nothing before it), the producer takes a new identity once
 * nothing is in flight (the idea of KIP-360), and batches whose fate is unknown fail rather than risk a duplicate.
 */
import type { Timer } from '@jackdaw/base';
import { ErrorCode, zeroUuid, type ProduceRequestDraft, type ProduceResponse } from '@jackdaw/protocol';
import { apis } from './apis.ts';
import type { Cluster } from './cluster.ts';
import { expectSuccess, isRetriable, KafkaError, TimeoutError } from './errors.ts';
import type { ClientPlatform } from './platform.ts';
import { noIdentity, type PartitionQueue, type ProducerBatch, type ProducerIdentity } from './producer-batch.ts';
import type { CompressionName } from './producer-options.ts';
import { sleepUnlessAborted } from './sleep.ts';

export interface ResolvedProducerOptions {
  readonly acks: -1 | 0 | 1;
  readonly isIdempotent: boolean;
  readonly lingerMs: number;
  readonly batchSizeBytes: number;
  readonly maxRequestSizeBytes: number;
  readonly maxInFlight: number;
  readonly compression: CompressionName;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly bufferBytes: number;
}

interface SenderSetup {
  readonly cluster: Cluster;
  readonly options: ResolvedProducerOptions;
  readonly queues: Map<string, PartitionQueue>;
  /** Called with the bytes of batches that are done, one way or the other. */
  readonly onReleased: (bytes: number) => void;
}

/** How often batches are looked through for expiry while some wait. */
const expiryCheckMs = 100;

let nextLane = 1;

export class ProducerSender {
  /** The connections of this producer, apart from everybody else's. */
  readonly lane = `produce-${nextLane++}`;
  readonly #setup: SenderSetup;
  readonly #platform: ClientPlatform;
  readonly #inFlightByNode = new Map<number, number>();
  readonly #idleWaiters: (() => void)[] = [];
  #identity: ProducerIdentity | undefined;
  /** Set while nothing may be sent: metadata or a new identity is being fetched. */
  #pausedBy: Promise<void> | undefined;
  /** The identity cannot be used any more; a new one is taken when nothing is in flight. */
  #needsIdentity = false;
  #consecutiveFailures = 0;
  #lastError: Error | undefined;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #isScheduled = false;
  #isStopped = false;

  constructor(setup: SenderSetup) {
    this.#setup = setup;
    this.#platform = setup.cluster.options.platform;
    if (!setup.options.isIdempotent) this.#identity = noIdentity;
  }

  /** Looks for work after `delayMs` at the latest; 0 means at the end of this turn of the event loop. */
  wakeWithin(delayMs: number): void {
    if (this.#isStopped) return;
    if (delayMs <= 0) {
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      this.#platform.scheduler.defer(() => {
        this.#isScheduled = false;
        this.#run();
      });
      return;
    }
    const atMs = this.#nowMs() + delayMs;
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#platform.scheduler.setTimer(delayMs, () => {
      this.#timerAtMs = Infinity;
      this.#run();
    });
  }

  /** Settles when nothing is queued or in flight. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    this.wakeWithin(0);
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #nowMs(): number {
    return this.#platform.clock.monotonicMs();
  }

  #isIdle(): boolean {
    for (const queue of this.#setup.queues.values()) if (!queue.isEmpty) return false;
    return true;
  }

  #run(): void {
    this.#closeLingered();
    this.#expire();
    if (this.#isIdle()) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
      return;
    }
    if (this.#pausedBy === undefined) this.#sendReady();
    this.wakeWithin(expiryCheckMs);
  }

  #closeLingered(): void {
    const { lingerMs } = this.#setup.options;
    const isFlushing = this.#idleWaiters.length > 0;
    const nowMs = this.#nowMs();
    for (const queue of this.#setup.queues.values()) {
      if (queue.open === undefined) continue;
      const waitMs = queue.open.createdAtMs + lingerMs - nowMs;
      if (isFlushing || waitMs <= 0.5) queue.closeOpen();
      else this.wakeWithin(waitMs);
    }
  }

  /** Fails batches that have waited too long. One that was sent before leaves a gap in the sequence. */
  #expire(): void {
    const { deliveryTimeoutMs } = this.#setup.options;
    const oldestMs = this.#nowMs() - deliveryTimeoutMs;
    for (const queue of this.#setup.queues.values()) {
      while (queue.ready[0] !== undefined && queue.ready[0].createdAtMs < oldestMs) {
        const batch = queue.ready.shift() as ProducerBatch;
        if (batch.baseSequence >= 0) this.#needsIdentity = true;
        this.#finish(batch, this.#expiryError(batch));
      }
    }
  }

  #expiryError(batch: ProducerBatch): TimeoutError {
    const { topic, partition } = batch.queue;
    const last = this.#lastError === undefined ? '' : `; last: ${this.#lastError.message}`;
    const text = `${topic}-${partition}: not acknowledged within ${this.#setup.options.deliveryTimeoutMs} ms${last}`;
    return new TimeoutError(text, { cause: this.#lastError });
  }

  #sendReady(): void {
    if (this.#needsIdentity && this.#hasInFlight()) return;
    if (this.#identity === undefined || this.#needsIdentity) {
      this.#pauseFor(() => this.#takeIdentity());
      return;
    }
    const byLeader = new Map<number, ProducerBatch[]>();
    let lacksLeader = false;
    for (const queue of this.#setup.queues.values()) {
      if (!queue.canSend) continue;
      const leader = this.#leaderOf(queue);
      if (leader === undefined) lacksLeader = true;
      else this.#gather(byLeader, leader, queue);
    }
    for (const [leader, batches] of byLeader) this.#sendTo(leader, batches);
    if (lacksLeader) this.#pauseFor(() => this.#refreshMetadata());
  }

  #gather(byLeader: Map<number, ProducerBatch[]>, leader: number, queue: PartitionQueue): void {
    if ((this.#inFlightByNode.get(leader) ?? 0) >= this.#setup.options.maxInFlight) return;
    const batches = byLeader.get(leader) ?? [];
    const next = queue.ready[0] as ProducerBatch;
    const sizeBytes = batches.reduce((sum, batch) => sum + batch.sizeBytes, next.sizeBytes);
    if (batches.length > 0 && sizeBytes > this.#setup.options.maxRequestSizeBytes) {
      this.wakeWithin(0);
      return;
    }
    queue.ready.shift();
    queue.inFlight.add(next);
    byLeader.set(leader, [...batches, next]);
  }

  #leaderOf(queue: PartitionQueue): number | undefined {
    const topic = this.#setup.cluster.cachedTopic(queue.topic);
    const leader = topic?.partitions.find((candidate) => candidate.partition === queue.partition)?.leaderId ?? -1;
    return leader >= 0 && this.#setup.cluster.brokers.has(leader) ? leader : undefined;
  }

  #sendTo(leader: number, batches: readonly ProducerBatch[]): void {
    this.#inFlightByNode.set(leader, (this.#inFlightByNode.get(leader) ?? 0) + 1);
    for (const batch of batches) batch.attempts++;
    void this.#exchange(leader, batches).finally(() => {
      this.#inFlightByNode.set(leader, (this.#inFlightByNode.get(leader) ?? 1) - 1);
      this.wakeWithin(0);
    });
    // More batches of the same partitions may follow at once, while requests may be in flight.
    if (batches.some((batch) => batch.queue.ready.length > 0)) this.wakeWithin(0);
  }

  async #exchange(leader: number, batches: readonly ProducerBatch[]): Promise<void> {
    const { cluster, options } = this.#setup;
    // Bytes, and with them sequence numbers, are fixed in the order in which the requests were decided on.
    let request: { draft: ProduceRequestDraft; hasTopicIds: boolean };
    try {
      request = this.#toRequest(batches);
      const limit = request.hasTopicIds ? {} : { maxVersion: 12 };
      if (options.acks === 0) {
        const connection = await cluster.connectionTo(leader, this.lane);
        connection.sendOnly(apis.produce, request.draft, limit);
        for (const batch of batches) this.#settle(batch, undefined);
        return;
      }
      const timeoutMs = options.requestTimeoutMs + 5_000;
      const watch = { topics: topicsOf(batches), hasMoved: () => this.#areLedElsewhere(leader, batches) };
      const callOptions = { ...limit, lane: this.lane, timeoutMs, watch };
      this.#onResponse(batches, await cluster.callLeader(leader, apis.produce, request.draft, callOptions));
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const batch of batches) this.#onFailure(batch, failure);
    }
  }

  #areLedElsewhere(leader: number, batches: readonly ProducerBatch[]): boolean {
    return batches.every(({ queue }) => (this.#leaderOf(queue) ?? leader) !== leader);
  }

  #toRequest(batches: readonly ProducerBatch[]): { draft: ProduceRequestDraft; hasTopicIds: boolean } {
    const { cluster, options } = this.#setup;
    const encoding = { compression: options.compression, codecs: cluster.options.codecs };
    const topics = new Map<string, { index: number; records: Uint8Array }[]>();
    for (const batch of batches) {
      const part = { index: batch.queue.partition, records: batch.bytes(this.#identity as ProducerIdentity, encoding) };
      topics.set(batch.queue.topic, [...(topics.get(batch.queue.topic) ?? []), part]);
    }
    const topicData = [...topics].map(([name, partitionData]) => ({
      name,
      topicId: cluster.cachedTopic(name)?.topicId ?? zeroUuid,
      partitionData,
    }));
    return {
      draft: { acks: options.acks, timeoutMs: options.requestTimeoutMs, topicData },
      hasTopicIds: topicData.every((topic) => topic.topicId !== zeroUuid),
    };
  }

  #onResponse(batches: readonly ProducerBatch[], response: ProduceResponse): void {
    for (const batch of batches) {
      const { topic, partition } = batch.queue;
      const topicId = this.#setup.cluster.cachedTopic(topic)?.topicId;
      const answers = response.responses.find((one) => one.name === topic || (one.name === '' && one.topicId === topicId));
      // With ids only, a topic that was made anew while the request was under way cannot be matched: one topic, one answer.
      const only = response.responses.length === 1 ? response.responses[0] : undefined;
      const answer = (answers ?? only)?.partitionResponses.find((one) => one.index === partition);
      if (answer === undefined) {
        this.#onFailure(
          batch,
          new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `${topic}-${partition}: the broker's answer leaves it out`),
        );
      } else if (answer.errorCode === 0 || answer.errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
        this.#settle(batch, answer);
      } else {
        this.#onFailure(batch, new KafkaError(answer.errorCode, answer.errorMessage));
      }
    }
  }

  #settle(batch: ProducerBatch, answer: { readonly baseOffset: number; readonly logAppendTimeMs: number } | undefined): void {
    this.#consecutiveFailures = 0;
    batch.queue.inFlight.delete(batch);
    this.#setup.onReleased(batch.sizeBytes);
    batch.succeed(answer?.baseOffset ?? -1, answer?.logAppendTimeMs ?? -1);
  }

  #finish(batch: ProducerBatch, error: Error): void {
    batch.queue.inFlight.delete(batch);
    this.#setup.onReleased(batch.sizeBytes);
    batch.fail(error);
  }

  #onFailure(batch: ProducerBatch, error: Error): void {
    this.#lastError = error;
    batch.queue.inFlight.delete(batch);
    const code = error instanceof KafkaError ? error.code : undefined;
    const isOutOfOrder = code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
    const mayRetry = isRetriable(error) || (isOutOfOrder && batch.queue.hasEarlier(batch));
    const isExpired = this.#nowMs() - batch.createdAtMs > this.#setup.options.deliveryTimeoutMs;
    if (mayRetry && !isExpired) {
      batch.queue.requeue(batch);
      this.#pauseFor(() => this.#refreshMetadata());
      return;
    }
    // A refused batch has used up sequence numbers that the broker never saw.
    if (batch.baseSequence >= 0) this.#needsIdentity = true;
    this.#finish(batch, isExpired && mayRetry ? this.#expiryError(batch) : error);
  }

  #hasInFlight(): boolean {
    for (const queue of this.#setup.queues.values()) if (queue.inFlight.size > 0) return true;
    return false;
  }

  /** Holds back sending until `work` is done, however it ends; the next run finds out. */
  #pauseFor(work: () => Promise<void>): void {
    if (this.#pausedBy !== undefined) return;
    this.#pausedBy = work()
      .catch((error: unknown) => {
        this.#lastError = error instanceof Error ? error : new Error(String(error));
        if (!isRetriable(error)) this.#failQueued(this.#lastError);
      })
      .finally(() => {
        this.#pausedBy = undefined;
        this.wakeWithin(0);
      });
  }

  async #refreshMetadata(): Promise<void> {
    const { cluster } = this.#setup;
    await sleepUnlessAborted(this.#platform.scheduler, cluster.backoffMs(this.#consecutiveFailures++), undefined);
    const topics = new Set<string>();
    for (const queue of this.#setup.queues.values()) if (queue.ready.length > 0) topics.add(queue.topic);
    await cluster.fetchMetadata([...topics]);
  }

  /** A first identity, or a new one; with it every partition begins at sequence 0. */
  async #takeIdentity(): Promise<void> {
    const { cluster } = this.#setup;
    if (this.#consecutiveFailures > 0)
      await sleepUnlessAborted(this.#platform.scheduler, cluster.backoffMs(this.#consecutiveFailures - 1), undefined);
    this.#consecutiveFailures++;
    const body = await cluster.callAny(apis.initProducerId, { transactionalId: null, transactionTimeoutMs: 60_000 });
    expectSuccess(body.errorCode);
    this.#consecutiveFailures = 0;
    this.#identity = { producerId: body.producerId, producerEpoch: body.producerEpoch };
    this.#needsIdentity = false;
    for (const queue of this.#setup.queues.values()) {
      queue.nextSequence = 0;
      for (const batch of queue.ready.filter((one) => one.baseSequence >= 0)) {
        queue.ready.splice(queue.ready.indexOf(batch), 1);
        this.#finish(batch, this.#lastError ?? new TimeoutError('the fate of the record is not known'));
      }
    }
  }

  #failQueued(error: Error): void {
    for (const queue of this.#setup.queues.values()) {
      queue.closeOpen();
      for (const batch of queue.ready.splice(0)) this.#finish(batch, error);
    }
  }
}

function topicsOf(batches: readonly ProducerBatch[]): string[] {
  return [...new Set(batches.map(({ queue }) => queue.topic))];
}

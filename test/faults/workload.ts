/**
 * Clients that write, read, ask and commit without pause while the brokers are being killed, and record what they are told.
 *
 * Idempotent and plain senders with acks=all, some patient and some that give up soon (whose records' fate is then unknown);
 * consumers that follow every partition from its beginning; an observer of the logs' ends; a group that commits offsets.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, commitOffsets, Consumer, fetchOffsets, KafkaError, listOffsets, partitionKey, Producer } from '@jackdaw/client';
import { Prng } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { Key } from '@jackdaw/sim';
import type { Recorder } from './recorder.ts';
import { waitFor } from './wait.ts';

export interface WorkloadOptions {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  readonly recorder: Recorder;
  readonly seed: number;
  /** Between a sender's bursts. */
  readonly senderPauseMs: number;
}

interface SenderPlan {
  readonly name: string;
  readonly isIdempotent: boolean;
  readonly deliveryTimeoutMs: number;
}

const patienceMs = 60_000;

const senders: readonly SenderPlan[] = [
  { name: 'idempotent-1', isIdempotent: true, deliveryTimeoutMs: patienceMs },
  { name: 'idempotent-2', isIdempotent: true, deliveryTimeoutMs: patienceMs },
  { name: 'idempotent-hasty', isIdempotent: true, deliveryTimeoutMs: 3_000 },
  { name: 'plain-1', isIdempotent: false, deliveryTimeoutMs: patienceMs },
  { name: 'plain-hasty', isIdempotent: false, deliveryTimeoutMs: 3_000 },
];
const readers: readonly string[] = ['reader-1', 'reader-2'];
/** Records a sender may have under way; then it waits. */
const maxOutstanding = 200;
const observerPauseMs = 250;
/** Errors after which the record is certainly not in the log. */
const refusals: ReadonlySet<number> = new Set([
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.INVALID_RECORD,
  ErrorCode.INVALID_TOPIC_EXCEPTION,
]);

export class Workload {
  readonly keys: readonly Key[];
  readonly #options: WorkloadOptions;
  readonly #prng: Prng;
  readonly #clusters: Cluster[] = [];
  readonly #consumers = new Map<string, Consumer>();
  readonly #sending: Promise<void>[] = [];
  readonly #watching: Promise<void>[] = [];
  readonly #endOfSending = new AbortController();
  #isWatching = true;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
    this.keys = Array.from({ length: options.partitions }, (_, partition) => partitionKey(options.topic, partition));
  }

  async start(): Promise<void> {
    for (const plan of senders) this.#sending.push(this.#send(plan, await this.#connect(plan.name)));
    for (const name of readers) this.#watching.push(this.#read(name, await this.#connect(name)));
    this.#watching.push(this.#observeEnds(await this.#connect('end-observer')));
    this.#watching.push(this.#commit(await this.#connect('committer')));
  }

  /** Resolves when every record that was sent is acknowledged or given up. */
  async stopSending(): Promise<void> {
    this.#endOfSending.abort();
    await Promise.all(this.#sending);
  }

  /** Waits until the consumers have read to the ends of the logs, so that none is stuck, then stops everything. */
  async stop(timeoutMs: number): Promise<void> {
    await this.stopSending();
    try {
      const ends = await this.#ends(await this.#connect('stopper'));
      for (const [name, consumer] of this.#consumers) {
        await waitFor(`${name} reads to the ends`, async () => (isAtEnds(consumer, ends) ? true : undefined), timeoutMs);
      }
    } finally {
      this.#isWatching = false;
      for (const consumer of this.#consumers.values()) consumer.interrupt();
      await Promise.all(this.#watching);
      await this.close();
    }
  }

  /** Reads everything once more with a new consumer. */
  async readFinally(timeoutMs: number): Promise<void> {
    const cluster = await this.#connect('final-reader');
    const ends = await this.#ends(cluster);
    const consumer = this.#newConsumer(cluster, 'final-reader');
    const deadlineMs = performance.now() + timeoutMs;
    while (!isAtEnds(consumer, ends)) {
      if (performance.now() > deadlineMs) throw new Error(`the final read did not reach the ends within ${timeoutMs} ms`);
      await this.#poll('final-reader', consumer, true);
    }
    await consumer.close();
    await this.close();
  }

  async close(): Promise<void> {
    this.#endOfSending.abort();
    this.#isWatching = false;
    for (const cluster of this.#clusters.splice(0)) await cluster.close();
  }

  async #connect(clientId: string): Promise<Cluster> {
    const cluster = await Cluster.connect({
      bootstrapServers: this.#options.bootstrap,
      clientId,
      connectTimeoutMs: 2_000,
      requestTimeoutMs: 5_000,
      retryBackoffMs: 50,
      deadlineMs: 120_000,
    });
    this.#clusters.push(cluster);
    return cluster;
  }

  async #send(plan: SenderPlan, cluster: Cluster): Promise<void> {
    const { recorder } = this.#options;
    if (plan.isIdempotent) recorder.idempotent.add(plan.name);
    const producer = new Producer(cluster, {
      idempotent: plan.isIdempotent,
      deliveryTimeoutMs: plan.deliveryTimeoutMs,
      requestTimeoutMs: 5_000,
      lingerMs: 2,
      batchSizeBytes: 512,
    });
    const outstanding = new Set<Promise<void>>();
    for (let sequence = 0; !this.#endOfSending.signal.aborted;) {
      const burst = this.#prng.between(1, 6);
      for (let i = 0; i < burst; i++) {
        const sent = this.#sendOne(producer, plan, `${plan.name}-${sequence++}`);
        outstanding.add(sent);
        void sent.then(() => outstanding.delete(sent));
      }
      if (outstanding.size >= maxOutstanding) await Promise.race(outstanding);
      await sleep(this.#options.senderPauseMs);
    }
    await Promise.all(outstanding);
    await producer.close();
  }

  async #sendOne(producer: Producer, { name: process, deliveryTimeoutMs }: SenderPlan, value: string): Promise<void> {
    const { recorder, topic, partitions } = this.#options;
    const partition = this.#prng.below(partitions);
    const key = partitionKey(topic, partition);
    recorder.add({ op: 'send', type: 'invoke', process, key, value });
    try {
      const { offset } = await producer.send({ topic, partition, value });
      recorder.addAcknowledgement(value, { key, offset });
    } catch (error) {
      const type = error instanceof KafkaError && refusals.has(error.code) ? 'fail' : 'info';
      recorder.add({ op: 'send', type, value, error: messageOf(error) });
      if (deliveryTimeoutMs >= patienceMs) recorder.failed++;
    }
  }

  #newConsumer(cluster: Cluster, process: string): Consumer {
    const consumer = new Consumer(cluster, { autoOffsetReset: 'none', maxWaitMs: 200 });
    this.#assign(consumer, process);
    return consumer;
  }

  #assign(consumer: Consumer, process: string): void {
    const { topic, partitions, recorder } = this.#options;
    consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, start: 'earliest' as const })));
    for (const key of this.keys) recorder.add({ op: 'assign', process, key });
  }

  async #read(name: string, cluster: Cluster): Promise<void> {
    const consumer = this.#newConsumer(cluster, name);
    this.#consumers.set(name, consumer);
    while (this.#isWatching) await this.#poll(name, consumer, false);
    await consumer.close();
  }

  async #poll(process: string, consumer: Consumer, isFinal: boolean): Promise<void> {
    const { recorder } = this.#options;
    try {
      const byKey = new Map<Key, [number, string, number][]>();
      for (const { topic, partition, offset, value, leaderEpoch } of await consumer.poll(500)) {
        const key = partitionKey(topic, partition);
        const records = byKey.get(key) ?? [];
        records.push([offset, Buffer.from(value ?? []).toString(), leaderEpoch]);
        byKey.set(key, records);
      }
      for (const [key, records] of byKey) recorder.add({ op: 'poll', process, key, records, isFinal });
    } catch (error) {
      if (!this.#isWatching && !isFinal) return;
      recorder.add({ op: 'read-error', process, error: messageOf(error) });
      this.#assign(consumer, process);
    }
  }

  async #ends(cluster: Cluster): Promise<Map<number, number>> {
    return new Map((await this.#listEnds(cluster)).map(({ partition, offset }) => [partition, offset]));
  }

  #listEnds(cluster: Cluster) {
    const { topic, partitions } = this.#options;
    return listOffsets(
      cluster,
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition, at: 'latest' as const })),
    );
  }

  async #observeEnds(cluster: Cluster): Promise<void> {
    const { recorder, topic } = this.#options;
    const process = 'end-observer';
    while (this.#isWatching) {
      recorder.add({ op: 'end', type: 'invoke', process });
      const ends = await this.#listEnds(cluster).catch(() => undefined);
      for (const { partition, offset, leaderEpoch } of ends ?? []) {
        recorder.add({ op: 'end', type: 'ok', process, key: partitionKey(topic, partition), offset, leaderEpoch });
      }
      await sleep(observerPauseMs);
    }
  }

  /** Commits growing offsets for partition 0 and reads every fourth one back. */
  async #commit(cluster: Cluster): Promise<void> {
    const { recorder, topic } = this.#options;
    const line = { op: 'commit', process: 'committer', key: partitionKey(topic, 0) } as const;
    for (let offset = 1; this.#isWatching; offset++) {
      recorder.add({ ...line, type: 'invoke', offset });
      const outcomes = await commitOffsets(cluster, 'fault-group', { offsets: [{ topic, partition: 0, offset }] }).catch(
        () => [],
      );
      const isDone = outcomes.length > 0 && outcomes.every((outcome) => outcome.error === undefined);
      recorder.add({ ...line, type: isDone ? 'ok' : 'info', offset });
      if (offset % 4 === 0) {
        const found = await fetchOffsets(cluster, 'fault-group', [{ topic, partition: 0 }]).catch(() => undefined);
        if (found !== undefined) recorder.add({ ...line, type: 'read', offset: found[0]?.offset ?? -1 });
      }
      await sleep(observerPauseMs);
    }
  }
}

function isAtEnds(consumer: Consumer, ends: ReadonlyMap<number, number>): boolean {
  return consumer.assignment.every(
    ({ topic, partition }) => (consumer.position(topic, partition) ?? -1) >= (ends.get(partition) ?? Infinity),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

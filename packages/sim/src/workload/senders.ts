/**
 * Clients that write: idempotent and plain ones with acks all, patient and hasty, and weak ones with acks 1 and 0.
 *
 * They send in bursts with pauses between them, some records by key and some by partition, some in compressed batches.
 */
import { KafkaError, partitionForKey, partitionKey, Producer, type CompressionName, type ProducerRecord } from '@jackdaw/client';
import { ErrorCode } from '@jackdaw/protocol';
import type { SimClient } from '../node/sim-client.ts';
import { messageOf, patient, pauseOf, pick, type WorkloadContext } from './context.ts';
import { toValue } from './values.ts';

interface SenderPlan {
  readonly name: string;
  readonly isIdempotent: boolean;
  readonly acks: -1 | 0 | 1;
  readonly deliveryTimeoutMs: number;
}

/** Longer than any run: the fate of a patient sender's record is known in the end. */
const patienceMs = 600_000;
const hastyTimeoutMs = 1_500;
/** Records that a sender may have under way; then it waits. */
const maxOutstanding = 50;
/** Keys that records have, so that each is used often. */
const keys = 16;
/** A pause in which everything settles, every so many bursts, and how much longer it is. */
const longPauseChance = 0.05;
const longPauseFactor = 10;
/** Errors after which the record is certainly not in the log. */
const refusals: ReadonlySet<number> = new Set([
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.INVALID_RECORD,
  ErrorCode.INVALID_TOPIC_EXCEPTION,
]);
const codecs: readonly CompressionName[] = ['gzip', 'snappy', 'lz4', 'zstd'];

/** All senders' names begin with it. */
export const senderPrefix = 'sender-';

export function startSenders(context: WorkloadContext): void {
  for (const plan of sendersOf(context)) {
    const client = context.newClient(plan.name);
    context.run(client, 'send', () => new Sender(context, client, plan).run());
  }
}

function sendersOf({ plan }: WorkloadContext): SenderPlan[] {
  const { idempotentSenders, plainSenders, hastySenders, weakSenders } = plan.workload;
  const many = (count: number, kind: string, fields: (i: number) => Omit<SenderPlan, 'name'>): SenderPlan[] =>
    Array.from({ length: count }, (_, i) => ({ name: `${senderPrefix}${kind}-${i + 1}`, ...fields(i) }));
  return [
    ...many(idempotentSenders, 'idempotent', () => ({ isIdempotent: true, acks: -1, deliveryTimeoutMs: patienceMs })),
    ...many(plainSenders, 'plain', () => ({ isIdempotent: false, acks: -1, deliveryTimeoutMs: patienceMs })),
    ...many(hastySenders, 'hasty', (i) => ({ isIdempotent: i % 2 === 0, acks: -1, deliveryTimeoutMs: hastyTimeoutMs })),
    ...many(weakSenders, 'weak', (i) => ({ isIdempotent: false, acks: i % 2 === 0 ? 1 : 0, deliveryTimeoutMs: hastyTimeoutMs })),
  ];
}

class Sender {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  readonly #plan: SenderPlan;
  #sequence = 0;

  constructor(context: WorkloadContext, client: SimClient, plan: SenderPlan) {
    this.#context = context;
    this.#client = client;
    this.#plan = plan;
    if (plan.isIdempotent) context.recorder.idempotent.add(plan.name);
  }

  async run(): Promise<void> {
    const context = this.#context;
    const { prng } = this.#client;
    const { pauseMs, maxBurst } = context.plan.workload;
    const cluster = await context.connect(this.#client);
    const producer = new Producer(cluster, {
      acks: this.#plan.acks,
      idempotent: this.#plan.isIdempotent,
      deliveryTimeoutMs: this.#plan.deliveryTimeoutMs,
      requestTimeoutMs: patient.requestTimeoutMs,
      lingerMs: prng.below(5),
      batchSizeBytes: prng.between(100, 2_000),
      compression: prng.chance(context.plan.workload.compression) ? pick(prng, codecs) : 'none',
    });
    const outstanding = new Set<Promise<void>>();
    while (!context.isDraining) {
      for (let left = prng.between(1, maxBurst); left > 0 && context.takeRecord(); left--) {
        const sent = this.#send(producer);
        outstanding.add(sent);
        void sent.then(() => outstanding.delete(sent));
      }
      if (outstanding.size >= maxOutstanding) await Promise.race(outstanding);
      await this.#client.sleep(pauseOf(prng, prng.chance(longPauseChance) ? longPauseFactor * pauseMs : pauseMs));
    }
    await Promise.all(outstanding);
    await producer.close();
    await cluster.close();
  }

  async #send(producer: Producer): Promise<void> {
    const { recorder } = this.#context;
    const { name: process, acks } = this.#plan;
    const value = `${process}-${this.#sequence++}`;
    const { record, key } = this.#toRecord(value);
    recorder.add({ op: 'send', type: 'invoke', process, key, value, ...(acks === -1 ? {} : { isWeak: true }) });
    try {
      const { offset } = await producer.send(record);
      recorder.add({ op: 'send', type: 'ok', value, offset });
    } catch (error) {
      const type = error instanceof KafkaError && refusals.has(error.code) ? 'fail' : 'info';
      recorder.add({ op: 'send', type, value, error: messageOf(error) });
      this.#context.noteError(process, error, `send ${value}`);
    }
  }

  #toRecord(name: string): { record: ProducerRecord; key: string } {
    const { prng } = this.#client;
    const { topics, plan } = this.#context;
    const { name: topic, partitions } = pick(prng, topics);
    const value = toValue(name, plan.workload.recordBytes);
    if (plan.workload.isKeyless === true || prng.chance(0.5)) {
      const partition = prng.below(partitions);
      return { record: { topic, partition, value }, key: partitionKey(topic, partition) };
    }
    const key = `key-${prng.below(keys)}`;
    return { record: { topic, key, value }, key: partitionKey(topic, partitionForKey(Buffer.from(key), partitions)) };
  }
}

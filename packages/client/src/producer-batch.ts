/**
 * What a producer holds for one partition: the batch that is being filled, and those that wait to be sent or sent again.
 *
 * A batch gets its sequence number when it is first sent and keeps it, with its bytes, through every retry; that is what
 * lets the broker recognise a repetition (KIP-98). Waiting batches are therefore ordered: retries first, by sequence.
 */
import { codecIdOf, encodeBatch, incrementSequence, type Codecs } from '@jackdaw/protocol';
import type { CompressionName } from './producer-options.ts';
import { partitionKey, type Delivery, type ProducerRecord } from './records.ts';

/** Bytes that a record takes besides key, value and headers, at most. */
const recordOverheadBytes = 24;

export interface PendingRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: { readonly key: string; readonly value: Uint8Array | null }[];
  readonly timestamp: number;
  readonly sizeBytes: number;
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (error: Error) => void;
}

/** Who produces: id and epoch from InitProducerId, or none for a plain producer. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export const noIdentity: ProducerIdentity = { producerId: -1, producerEpoch: -1 };

export class ProducerBatch {
  readonly queue: PartitionQueue;
  readonly records: PendingRecord[] = [];
  readonly createdAtMs: number;
  sizeBytes = 0;
  /** −1 until first sent, and always for a plain producer. */
  baseSequence = -1;
  /** How often it has been sent. */
  attempts = 0;
  #encoded: Uint8Array | undefined;

  constructor(queue: PartitionQueue, createdAtMs: number) {
    this.queue = queue;
    this.createdAtMs = createdAtMs;
  }

  add(record: PendingRecord): void {
    this.records.push(record);
    this.sizeBytes += record.sizeBytes;
  }

  /** The batch's bytes; made once, because the sequence number in them must not change. */
  bytes(
    identity: ProducerIdentity,
    encoding: { readonly compression: CompressionName; readonly codecs: Codecs | undefined },
  ): Uint8Array {
    if (this.#encoded !== undefined) return this.#encoded;
    if (identity.producerId >= 0) {
      this.baseSequence = this.queue.nextSequence;
      this.queue.nextSequence = incrementSequence(this.baseSequence, this.records.length);
    }
    const batch = {
      ...identity,
      baseSequence: this.baseSequence,
      records: this.records,
      codec: codecIdOf(encoding.compression) ?? 0,
    };
    this.#encoded = encodeBatch(batch, encoding.codecs);
    return this.#encoded;
  }

  succeed(baseOffset: number, logAppendTimeMs: number): void {
    const { topic, partition } = this.queue;
    this.records.forEach((record, i) => {
      const offset = baseOffset < 0 ? -1 : baseOffset + i;
      record.resolve({ topic, partition, offset, timestamp: logAppendTimeMs >= 0 ? logAppendTimeMs : record.timestamp });
    });
  }

  fail(error: Error): void {
    for (const record of this.records) record.reject(error);
  }
}

export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  /** Being filled; not among the ready ones. */
  open: ProducerBatch | undefined;
  /** Closed batches in the order in which they must reach the broker. */
  readonly ready: ProducerBatch[] = [];
  readonly inFlight = new Set<ProducerBatch>();
  nextSequence = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
    this.key = partitionKey(topic, partition);
  }

  get isEmpty(): boolean {
    return this.open === undefined && this.ready.length === 0 && this.inFlight.size === 0;
  }

  /**
   * Whether the first ready batch may go out now. A batch that is sent again goes alone: what follows it must not overtake it,
   * and what was in flight with it has to come back first.
   */
  get canSend(): boolean {
    const next = this.ready[0];
    if (next === undefined) return false;
    if (next.attempts > 0) return this.inFlight.size === 0;
    for (const batch of this.inFlight) if (batch.attempts > 1) return false;
    return true;
  }

  /** True while a batch with a smaller sequence number has not been acknowledged. */
  hasEarlier(batch: ProducerBatch): boolean {
    const isEarlier = (other: ProducerBatch): boolean =>
      other !== batch && other.baseSequence >= 0 && other.baseSequence < batch.baseSequence;
    return this.ready.some(isEarlier) || [...this.inFlight].some(isEarlier);
  }

  closeOpen(): void {
    if (this.open === undefined) return;
    this.ready.push(this.open);
    this.open = undefined;
  }

  /** Puts a batch back in front of every batch that comes after it. */
  requeue(batch: ProducerBatch): void {
    let at = 0;
    for (; at < this.ready.length; at++) {
      const other = this.ready[at] as ProducerBatch;
      if (other.attempts === 0) break;
      if (batch.baseSequence >= 0 ? other.baseSequence > batch.baseSequence : other.createdAtMs > batch.createdAtMs) break;
    }
    this.ready.splice(at, 0, batch);
  }
}

/** The record with text turned into bytes, and the callbacks of its promise. */
export function toPending(
  record: ProducerRecord,
  nowMs: number,
  { resolve, reject }: Pick<PendingRecord, 'resolve' | 'reject'>,
): PendingRecord {
  const key = toBytes(record.key);
  const value = toBytes(record.value);
  const headers = (record.headers ?? []).map((header) => ({ key: header.key, value: toBytes(header.value) }));
  const headerBytes = headers.reduce((sum, header) => sum + header.key.length * 3 + (header.value?.length ?? 0) + 6, 0);
  const sizeBytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0) + headerBytes;
  return { key, value, headers, timestamp: record.timestamp ?? nowMs, sizeBytes, resolve, reject };
}

export function toBytes(data: Uint8Array | string | null | undefined): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data) : (data ?? null);
}

/**
 * Records as a program sees them: what a producer is given, what it reports back, and what a consumer hands out.
 *
 * Keys and values are bytes; strings are accepted where a program writes them and stored as UTF-8. `null` is Kafka's null,
 * which as a value is a tombstone; it is not the empty byte string.
 */

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** One record to produce. */
export interface ProducerRecord {
  readonly topic: string;
  /** Absent: chosen by the key's murmur2 hash, or for a null key sticky until the batch is sent. */
  readonly partition?: number;
  readonly key?: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | string | null }[];
  /** Milliseconds since the Unix epoch; absent: now. */
  readonly timestamp?: number;
}

/** Where a produced record went. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  /** −1 with acks=0, where the broker sends no answer. */
  readonly offset: number;
  /** Milliseconds; the broker's when the topic has LogAppendTime. */
  readonly timestamp: number;
}

/** One record that was consumed. */
export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly leaderEpoch: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Text for use as a key in a `Map`; topic names cannot contain a slash. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

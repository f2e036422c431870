/**
 * The bytes that members of a classic consumer group exchange through their coordinator: subscriptions and assignments.
 *
 * Each is an int16 version and a body (Kafka ConsumerProtocol). We write version 0 of both, which every client reads.
 */
import { consumerProtocolAssignment, consumerProtocolSubscription, decodeBody, encodeBody } from '@jackdaw/protocol';
import type { TopicPartition } from './records.ts';

export function encodeSubscription(topics: readonly string[]): Uint8Array {
  return withVersion0(encodeBody(consumerProtocolSubscription, 0, { topics: [...topics].sort(), userData: null }));
}

/** The topics of a subscription of any version. */
export function decodeSubscription(bytes: Uint8Array): string[] {
  if (bytes.length < 2) return [];
  const version = Math.min((bytes[0] as number) * 256 + (bytes[1] as number), consumerProtocolSubscription.versions[1]);
  return decodeBody(consumerProtocolSubscription, version, bytes.subarray(2)).topics;
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  const assignedPartitions = [...topics].map(([topic, list]) => ({ topic, partitions: list }));
  return withVersion0(encodeBody(consumerProtocolAssignment, 0, { assignedPartitions, userData: null }));
}

function withVersion0(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 2);
  bytes.set(body, 2);
  return bytes;
}

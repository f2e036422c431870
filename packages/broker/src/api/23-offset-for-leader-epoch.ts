/**
 * OffsetForLeaderEpoch v2–4: where a leader epoch ends in this leader's log, so that a consumer sees whether the records
 * that it has read are still there (KIP-320).
 *
 * An epoch that the log does not know is answered -1/-1. Consumers say replica id -1 or -2; one that poses as a broker
 * ends its connection, because brokers replicate over gRPC here.
 */
import { ApiKey, ErrorCode, offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from '@jackdaw/protocol';
import type { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponseDraft } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { findLedPartitionInEpoch } from './epoch-lookup.ts';
import { closeConnection, defineHandler } from './handler.ts';
import { findTopic } from './topic-lookup.ts';

type WantedPartition = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number];
type Result = OffsetForLeaderEpochResponseDraft['topics'][number]['partitions'][number];

export const offsetForLeaderEpochHandler = defineHandler({
  apiKey: ApiKey.OffsetForLeaderEpoch,
  request: offsetForLeaderEpochRequest,
  response: offsetForLeaderEpochResponse,
  handle: (broker, request) => {
    if (request.replicaId >= 0) return closeConnection;
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((wanted) => epochEndOf(broker, topic, wanted)),
    }));
    return { throttleTimeMs: 0, topics };
  },
  refuse: (request, { errorCode }) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => failed(partition, errorCode)),
    })),
  }),
});

function epochEndOf(broker: BrokerServices, name: string, wanted: WantedPartition): Result {
  const topic = findTopic(broker.image(), { name, id: '' });
  if (typeof topic === 'number') return failed(wanted.partition, topic);
  const led = findLedPartitionInEpoch(broker, topic, wanted);
  if (typeof led === 'number') return failed(wanted.partition, led);
  return { errorCode: ErrorCode.NONE, partition: wanted.partition, ...led.log.endOffsetForEpoch(wanted.leaderEpoch) };
}

function failed(partition: number, errorCode: number): Result {
  return { errorCode, partition, leaderEpoch: -1, endOffset: -1 };
}

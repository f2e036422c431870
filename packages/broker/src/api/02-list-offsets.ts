/**
 * ListOffsets v1–11: the offset that belongs to a timestamp, or one of the offsets that negative timestamps stand for.
 *
 * Consumers see nothing at or above the high watermark, which is the last stable offset too while there are no
 * transactions. A new leader whose high watermark has not reached its own epoch does not know the end yet (A10):
 * OFFSET_NOT_AVAILABLE, before v5 LEADER_NOT_AVAILABLE. There is no tiered storage: -4 is the start of the log, -5 and
 * -6 are unknown (-1). A request that poses as a broker ends its connection; replica id -2 is taken for a consumer.
 */
import { sometimes } from '@jackdaw/base';
import { ApiKey, ErrorCode, listOffsetsRequest, listOffsetsResponse } from '@jackdaw/protocol';
import type { ListOffsetsRequest, ListOffsetsResponseDraft } from '@jackdaw/protocol';
import type { TimestampOffset } from '@jackdaw/log';
import type { BrokerServices } from '../broker-services.ts';
import { readFailure } from '../fetch/read-failure.ts';
import { findLedPartitionInEpoch } from './epoch-lookup.ts';
import { closeConnection, defineHandler } from './handler.ts';
import { findTopic, type LedPartition } from './topic-lookup.ts';

const timestamps = {
  latest: -1,
  earliest: -2,
  max: -3,
  earliestLocal: -4,
  latestTiered: -5,
  earliestPendingUpload: -6,
} as const;

/** The oldest version that may ask for a special timestamp. */
const firstVersions: ReadonlyMap<number, number> = new Map<number, number>([
  [timestamps.max, 7],
  [timestamps.earliestLocal, 8],
  [timestamps.latestTiered, 9],
  [timestamps.earliestPendingUpload, 11],
]);
const offsetNotAvailableVersion = 5;

type WantedPartition = ListOffsetsRequest['topics'][number]['partitions'][number];
type Result = ListOffsetsResponseDraft['topics'][number]['partitions'][number];

export const listOffsetsHandler = defineHandler({
  apiKey: ApiKey.ListOffsets,
  request: listOffsetsRequest,
  response: listOffsetsResponse,
  handle: async (broker, request, { version }) => {
    if (request.replicaId >= 0) return closeConnection;
    const isDuplicate = duplicatesOf(request);
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(partitions.map((wanted) => offsetOf(broker, wanted, { topic: name, version, isDuplicate }))),
    }));
    return { topics: await Promise.all(topics) };
  },
  refuse: (request, { errorCode }) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => failed(partitionIndex, errorCode)),
    })),
  }),
});

function duplicatesOf(request: ListOffsetsRequest): (topic: string, partition: number) => boolean {
  const counts = new Map<string, number>();
  const keyOf = (topic: string, partition: number): string => `${topic}-${partition}`;
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = keyOf(name, partitionIndex);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return (topic, partition) => (counts.get(keyOf(topic, partition)) ?? 0) > 1;
}

async function offsetOf(
  broker: BrokerServices,
  wanted: WantedPartition,
  { topic: name, version, isDuplicate }: { topic: string; version: number; isDuplicate: ReturnType<typeof duplicatesOf> },
): Promise<Result> {
  const { partitionIndex, currentLeaderEpoch, timestamp } = wanted;
  if (isDuplicate(name, partitionIndex)) return failed(partitionIndex, ErrorCode.INVALID_REQUEST);
  const isKnownTimestamp = timestamp >= timestamps.earliestPendingUpload && version >= (firstVersions.get(timestamp) ?? 0);
  if (!isKnownTimestamp) return failed(partitionIndex, ErrorCode.UNSUPPORTED_VERSION);
  const topic = findTopic(broker.image(), { name, id: '' });
  if (typeof topic === 'number') return failed(partitionIndex, topic);
  const led = findLedPartitionInEpoch(broker, topic, { partition: partitionIndex, currentLeaderEpoch });
  if (typeof led === 'number') return failed(partitionIndex, led);
  const notReady = version >= offsetNotAvailableVersion ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.LEADER_NOT_AVAILABLE;
  try {
    return await lookUp(led, wanted, notReady);
  } catch (error) {
    return failed(partitionIndex, readFailure(broker, led, error));
  }
}

async function lookUp({ hosted, leader, log }: LedPartition, wanted: WantedPartition, notReady: number): Promise<Result> {
  const { partitionIndex, timestamp } = wanted;
  const found = (offset: number, leaderEpoch: number, at = -1): Result => {
    return { partitionIndex, errorCode: ErrorCode.NONE, timestamp: at, offset, leaderEpoch };
  };
  switch (timestamp) {
    case timestamps.latest:
      if (!leader.isHighWatermarkReady) sometimes('broker: end not told until the new leader knows it');
      if (!leader.isHighWatermarkReady) return failed(partitionIndex, notReady);
      return found(leader.highWatermark, leader.leaderEpoch);
    case timestamps.earliest:
    case timestamps.earliestLocal:
      return found(log.logStartOffset, log.epochForOffset(log.logStartOffset) ?? -1);
    case timestamps.latestTiered:
    case timestamps.earliestPendingUpload:
      return found(-1, -1);
  }
  const isMax = timestamp === timestamps.max;
  const match: TimestampOffset | null = isMax
    ? await log.maxTimestampOffset()
    : await log.offsetForTimestamp(timestamp, leader.highWatermark);
  // The role may have changed while the log was searched: what was found is then not ours to tell.
  if (hosted.leader !== leader) return failed(partitionIndex, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  if (match !== null && match.offset < leader.highWatermark) return found(match.offset, match.leaderEpoch, match.timestamp);
  return leader.isHighWatermarkReady ? found(-1, -1) : failed(partitionIndex, notReady);
}

function failed(partitionIndex: number, errorCode: number): Result {
  return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 };
}

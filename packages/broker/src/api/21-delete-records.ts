/**
 * DeleteRecords v0–2: raises the start of partitions that this broker leads; offset -1 means the high watermark.
 *
 * The answer waits until every live replica has taken the new start, within the client's timeout: none of them will bring the
 * records back as a leader. Fenced ones are not waited for, as in Kafka: a member of the ELR that is elected before it hears
 * of the start has the records still. Followers report their start with their position, so their word is looked for again at
 * short intervals. Internal topics are refused, and topics whose cleanup policy never deletes (POLICY_VIOLATION).
 */
import { isInternalTopic } from '@jackdaw/metadata';
import { ApiKey, deleteRecordsRequest, deleteRecordsResponse, ErrorCode } from '@jackdaw/protocol';
import type { DeleteRecordsRequest, DeleteRecordsResponseDraft } from '@jackdaw/protocol';
import { StorageError } from '@jackdaw/log';
import type { BrokerServices } from '../broker-services.ts';
import { defineHandler } from './handler.ts';
import { boundedTimeoutMs } from './image-waits.ts';
import { findLedPartition, findTopic, type LedPartition } from './topic-lookup.ts';

type WantedPartition = DeleteRecordsRequest['topics'][number]['partitions'][number];
type Result = DeleteRecordsResponseDraft['topics'][number]['partitions'][number];

const highWatermarkOffset = -1;
const followerCheckMs = 20;

export const deleteRecordsHandler = defineHandler({
  apiKey: ApiKey.DeleteRecords,
  request: deleteRecordsRequest,
  response: deleteRecordsResponse,
  handle: async (broker, request) => {
    const deadlineMs = broker.clock.monotonicMs() + boundedTimeoutMs(request.timeoutMs);
    // All starts are raised before the first wait.
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((wanted) => deleteBefore(broker, name, wanted)),
    }));
    const answers = topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(async (deletion) => ('led' in deletion ? whenReplicated(broker, deletion, deadlineMs) : deletion)),
      ),
    }));
    return { throttleTimeMs: 0, topics: await Promise.all(answers) };
  },
  refuse: (request, { errorCode }) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => failed(partitionIndex, errorCode)),
    })),
  }),
});

interface Deletion {
  readonly led: LedPartition;
  readonly partitionIndex: number;
  readonly startOffset: number;
}

function deleteBefore(broker: BrokerServices, name: string, { partitionIndex, offset }: WantedPartition): Deletion | Result {
  const topic = findTopic(broker.image(), { name, id: '' });
  if (typeof topic === 'number') return failed(partitionIndex, topic);
  if (!topic.partitions.has(partitionIndex)) return failed(partitionIndex, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (isInternalTopic(name)) return failed(partitionIndex, ErrorCode.INVALID_TOPIC_EXCEPTION);
  const led = findLedPartition(broker, topic, partitionIndex);
  if (typeof led === 'number') return failed(partitionIndex, led);
  const { isDeleting, isCompacting } = broker.topicConfigs.of(name);
  if (isCompacting && !isDeleting) return failed(partitionIndex, ErrorCode.POLICY_VIOLATION);
  const { highWatermark } = led.leader;
  const startOffset = offset === highWatermarkOffset ? highWatermark : offset;
  if (startOffset < 0) return failed(partitionIndex, ErrorCode.OFFSET_OUT_OF_RANGE);
  const error = advanceStart(broker, led, startOffset);
  return error === ErrorCode.NONE ? { led, partitionIndex, startOffset } : failed(partitionIndex, error);
}

function advanceStart(broker: BrokerServices, led: LedPartition, startOffset: number): number {
  try {
    const error = led.log.advanceLogStartOffset(startOffset, led.leader.highWatermark);
    if (error === ErrorCode.NONE) led.hosted.notifyLogStart();
    return error;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (led.log.isOffline) broker.replicas.onStorageFailure(led.hosted, error);
    return ErrorCode.KAFKA_STORAGE_ERROR;
  }
}

async function whenReplicated(
  broker: BrokerServices,
  { led, partitionIndex, startOffset }: Deletion,
  deadlineMs: number,
): Promise<Result> {
  for (;;) {
    if (led.hosted.storageFailure !== null) return failed(partitionIndex, ErrorCode.KAFKA_STORAGE_ERROR);
    if (led.hosted.isRemoved) return failed(partitionIndex, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    if (led.hosted.leader !== led.leader) return failed(partitionIndex, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const lowWatermark = lowWatermarkOf(broker, led);
    if (lowWatermark >= startOffset) return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE };
    const leftMs = deadlineMs - broker.clock.monotonicMs();
    if (leftMs <= 0) return { partitionIndex, lowWatermark, errorCode: ErrorCode.REQUEST_TIMED_OUT };
    await new Promise<void>((resolve) => broker.timers.setTimer(Math.min(followerCheckMs, leftMs), resolve));
  }
}

/** The lowest start of all replicas on live brokers; a follower that has not reported yet counts as having everything. */
function lowWatermarkOf(broker: BrokerServices, { leader, log }: LedPartition): number {
  const image = broker.image();
  return leader.replicas
    .filter((id) => id !== broker.nodeId && image.brokers.get(id)?.fenced === false)
    .reduce((lowest, id) => Math.min(lowest, leader.follower(id)?.logStartOffset ?? -1), log.logStartOffset);
}

function failed(partitionIndex: number, errorCode: number): Result {
  return { partitionIndex, lowWatermark: -1, errorCode };
}

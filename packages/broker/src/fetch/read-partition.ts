/**
 * Reads one partition for a consumer: all checks of Kafka's fetch, then whole batches up to the high watermark.
 *
 * Consumers never see an offset at or above the high watermark (A20). A position that the leader's log does not contain
 * is told apart: out of range, or diverged from this log in an earlier leader epoch (KIP-320).
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { findLedPartition, findTopic } from '../api/topic-lookup.ts';
import type { HostedPartition } from '../replica/hosted-partition.ts';
import type { FetchPartition } from './fetch-sessions.ts';
import { readFailure } from './read-failure.ts';

export interface PartitionRead {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly diverging: { readonly epoch: number; readonly endOffset: number } | null;
  readonly records: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Some of what may be read was left out: by a limit of the consumer's or ours, or because a segment ends there. */
  readonly hasMore: boolean;
  /** The partition to wait for; null when waiting cannot help. */
  readonly hosted: HostedPartition | null;
}

export interface ReadBudget {
  readonly maxBytes: number;
  /** No partition of this fetch has data yet: the first batch may exceed the budget (KIP-74). */
  readonly minOneBatch: boolean;
}

export function readPartition(
  broker: BrokerServices,
  wanted: FetchPartition,
  budget: ReadBudget,
): PartitionRead | Promise<PartitionRead> {
  const topic = findTopic(broker.image(), { name: wanted.topic, id: wanted.topicId });
  if (typeof topic === 'number') return failed(topic);
  const led = findLedPartition(broker, topic, wanted.partition);
  if (typeof led === 'number') return failed(led);
  const { leader, log, hosted } = led;
  const epochError = leader.checkEpoch(wanted.currentLeaderEpoch);
  if (epochError !== ErrorCode.NONE) return failed(epochError);

  const bounds = { highWatermark: leader.highWatermark, logStartOffset: log.logStartOffset, hosted };
  if (wanted.lastFetchedEpoch >= 0) {
    const end = log.endOffsetForEpoch(wanted.lastFetchedEpoch);
    if (end.leaderEpoch < 0) return failed(ErrorCode.OFFSET_OUT_OF_RANGE);
    if (end.leaderEpoch < wanted.lastFetchedEpoch || end.endOffset < wanted.fetchOffset) {
      return nothingRead(bounds, { epoch: end.leaderEpoch, endOffset: end.endOffset });
    }
  }
  if (wanted.fetchOffset < log.logStartOffset || wanted.fetchOffset > log.logEndOffset) {
    sometimes('broker: consumer asks outside the log');
    return failed(ErrorCode.OFFSET_OUT_OF_RANGE, bounds);
  }
  const maxBytes = Math.max(0, Math.min(wanted.maxBytes, budget.maxBytes));
  // Without room there is still the first batch of the fetch, or a consumer with a small limit would never move (KIP-74).
  if (wanted.fetchOffset >= leader.highWatermark || (maxBytes === 0 && !budget.minOneBatch)) {
    return nothingRead(bounds, null);
  }
  const fail = (error: unknown): PartitionRead => failed(readFailure(broker, led, error));
  const convert = (read: Awaited<ReturnType<typeof log.read>>): PartitionRead => {
    // After a read from disk, the role may be another one: what was read is then not ours to serve (A20).
    if (hosted.leader !== leader) sometimes('broker: read for a consumer came after the end of the role');
    if (hosted.leader !== leader) return failed(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    if (read.kind === 'outOfRange') return failed(ErrorCode.OFFSET_OUT_OF_RANGE, bounds);
    if (read.kind === 'corrupt') {
      sometimes('broker: damaged batch found for a consumer');
      // The offset in a damaged header may be wrong; the one that was asked for lies in the batch.
      broker.replicas.onCorrupt(hosted, Math.min(read.baseOffset, wanted.fetchOffset));
      return failed(ErrorCode.KAFKA_STORAGE_ERROR);
    }
    const { highWatermark, logStartOffset } = bounds;
    const { chunks: records, sizeBytes } = read;
    const hasMore = sizeBytes > 0 && read.nextOffset < highWatermark;
    return { errorCode: ErrorCode.NONE, highWatermark, logStartOffset, diverging: null, records, sizeBytes, hasMore, hosted };
  };
  try {
    const result = log.read({
      fetchOffset: wanted.fetchOffset,
      maxOffset: leader.highWatermark,
      maxBytes,
      minOneBatch: budget.minOneBatch,
    });
    return result instanceof Promise ? result.then(convert, fail) : convert(result);
  } catch (error) {
    return fail(error);
  }
}

const noRecords: readonly Uint8Array[] = [];

/** All that is returned here is written out in one order of fields: a read is made for each partition of each fetch. */
function nothingRead(
  { highWatermark, logStartOffset, hosted }: { highWatermark: number; logStartOffset: number; hosted: HostedPartition },
  diverging: PartitionRead['diverging'],
): PartitionRead {
  return {
    errorCode: ErrorCode.NONE,
    highWatermark,
    logStartOffset,
    diverging,
    records: noRecords,
    sizeBytes: 0,
    hasMore: false,
    hosted,
  };
}

/** A partition of which nothing is read. */
export function failed(errorCode: number, bounds?: { highWatermark: number; logStartOffset: number }): PartitionRead {
  return {
    errorCode,
    highWatermark: bounds?.highWatermark ?? -1,
    logStartOffset: bounds?.logStartOffset ?? -1,
    diverging: null,
    records: noRecords,
    sizeBytes: 0,
    hasMore: false,
    hosted: null,
  };
}

/**
 * A led partition as a client sees it that says under which leader epoch it believes to speak.
 *
 * Kafka compares epochs before it asks who leads: a client that is ahead of this broker, or behind the cluster, learns
 * that first (KIP-320), so that it refreshes its metadata for the right reason.
 */
import type { TopicImage } from '@jackdaw/metadata';
import { ErrorCode } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import { findLedPartition, type LedPartition } from './topic-lookup.ts';

export interface EpochPartition {
  readonly partition: number;
  /** −1: not given. */
  readonly currentLeaderEpoch: number;
}

/** The partition as led by this broker in the client's leader epoch, or the error code. */
export function findLedPartitionInEpoch(
  broker: BrokerServices,
  topic: TopicImage,
  wanted: EpochPartition,
): LedPartition | number {
  const led = findLedPartition(broker, topic, wanted.partition);
  const knownEpoch = broker.replicas.getById(topic.id, wanted.partition)?.leaderEpoch;
  if (led === ErrorCode.NOT_LEADER_OR_FOLLOWER && knownEpoch !== undefined) {
    const error = epochError(wanted.currentLeaderEpoch, knownEpoch);
    return error === ErrorCode.NONE ? led : error;
  }
  if (typeof led === 'number') return led;
  const error = led.leader.checkEpoch(wanted.currentLeaderEpoch);
  return error === ErrorCode.NONE ? led : error;
}

function epochError(currentLeaderEpoch: number, knownEpoch: number): number {
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === knownEpoch) return ErrorCode.NONE;
  return currentLeaderEpoch < knownEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

/**
 * Partitions that come into being, for CreateTopics and CreatePartitions: placed by the controller, or by the client
 * under the rules of Kafka's `validateManualPartitionAssignment`.
 *
 * The ISR of a new partition is those of its replicas that are alive; its leader the first of them, epochs start at 0.
 */

import type { NodeId } from '@jackdaw/base';
import type { BrokerRegistration, MetadataImage } from '../image.ts';
import { registrationToRecord } from '../partition-registration.ts';
import { leaderRecovered, type PartitionRecord } from '../records.ts';
import { apiError, type ApiError } from './api-error.ts';
import { defaultDirectory } from './decision.ts';
import type { ControllerContext } from './operation.ts';
import { placeReplicas, type PlacementSpec, type UsableBroker } from './placement.ts';

/** Partitions that one request may create; Kafka has the same limit. */
export const maxPartitionsPerRequest = 10_000;

export type Assignments =
  | { readonly ok: true; readonly assignments: readonly (readonly NodeId[])[] }
  | { readonly ok: false; readonly error: ApiError };

/** Replicas for new partitions, chosen by the controller. */
export function placePartitions(image: MetadataImage, spec: PlacementSpec, context: ControllerContext): Assignments {
  const unable = (reason: string): Assignments => ({
    ok: false,
    error: apiError(
      'INVALID_REPLICATION_FACTOR',
      `Unable to replicate the partition ${spec.replicationFactor} time(s): ${reason}`,
    ),
  });
  const placement = placeReplicas(spec, usableBrokers(image, context), context.prng);
  if (!placement.ok) return unable(placement.reason);
  const hasDeadPartition = placement.assignments.some((replicas) => !replicas.some((id) => image.isActiveBroker(id)));
  return hasDeadPartition ? unable('All brokers are currently fenced or in controlled shutdown.') : placement;
}

/**
 * What is wrong with replicas that a client chose, or null. `replicationFactor` is that of the partitions before, null
 * when there is none; `partitionId` is named in the error when nobody could lead it.
 */
export function checkManualAssignment(
  image: MetadataImage,
  replicas: readonly NodeId[],
  { replicationFactor, partitionId }: { replicationFactor: number | null; partitionId: number },
): ApiError | null {
  const invalid = (message: string): ApiError => apiError('INVALID_REPLICA_ASSIGNMENT', message);
  if (replicas.length === 0) return invalid('The manual partition assignment includes an empty replica list.');
  let previous: NodeId | null = null;
  for (const brokerId of replicas.toSorted((a, b) => a - b)) {
    if (!image.brokers.has(brokerId)) {
      return invalid(`The manual partition assignment includes broker ${brokerId}, but no such broker is registered.`);
    }
    if (brokerId === previous) return invalid(`The manual partition assignment includes the broker ${brokerId} more than once.`);
    previous = brokerId;
  }
  if (replicationFactor !== null && replicas.length !== replicationFactor) {
    return invalid(
      `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not ` +
        `consistent with previous partitions, which have ${replicationFactor} replica(s).`,
    );
  }
  if (replicas.some((id) => image.isActiveBroker(id))) return null;
  return invalid(
    `All brokers specified in the manual partition assignment for partition ${partitionId} are fenced or in controlled shutdown.`,
  );
}

export function newPartitionRecord(
  image: MetadataImage,
  replicas: readonly NodeId[],
  { topicId, partitionId }: { topicId: string; partitionId: number },
): PartitionRecord {
  const isr = replicas.filter((id) => image.isActiveBroker(id));
  return registrationToRecord(topicId, partitionId, {
    replicas,
    directories: replicas.map((id) => defaultDirectory(image, id)),
    isr,
    removingReplicas: [],
    addingReplicas: [],
    elr: [],
    lastKnownElr: [],
    leader: isr[0] ?? -1,
    leaderRecoveryState: leaderRecovered,
    leaderEpoch: 0,
    partitionEpoch: 0,
  });
}

/** Every registered broker that is not stopping and has a log directory that takes new replicas. */
function usableBrokers(image: MetadataImage, context: ControllerContext): UsableBroker[] {
  return [...image.brokers.values()].filter((broker) => isUsable(broker, context));
}

function isUsable(broker: BrokerRegistration, context: ControllerContext): boolean {
  if (broker.inControlledShutdown || context.heartbeats.controlledShutdownIndexOf(broker.brokerId) >= 0) return false;
  const { logDirs, cordonedLogDirs } = broker;
  return cordonedLogDirs === null || logDirs.length === 0 || logDirs.some((directory) => !cordonedLogDirs.includes(directory));
}

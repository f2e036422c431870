/**
 * AssignReplicasToDirs (73): a broker says in which log directory a replica of its is (KIP-858).
 *
 * The rules are those of Kafka's `ReplicationControlManager.handleAssignReplicasToDirs`: a replica in a directory that is
 * not online leaves the ISR, and its leadership moves. On top of that a broker says "lost" of a replica whose log it has
 * found damaged (B3). It will fetch the log anew, so it leaves the ELR as well; and it is refused while nobody else could
 * lead, because a damaged log that still gives its sound records is better than none.
 */

import { sometimes } from '@jackdaw/base';
import { ErrorCode, type AssignReplicasToDirsRequest, type AssignReplicasToDirsResponseDraft } from '@jackdaw/protocol';
import { isDirectoryOnline } from '../describe/partition-status.ts';
import type { BrokerRegistration, MetadataImage, TopicImage } from '../image.ts';
import { directoryIds, directoryOf, isReservedDirectory, type PartitionRegistration } from '../partition-registration.ts';
import type { ApiError } from './api-error.ts';
import { checkBrokerEpoch } from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = AssignReplicasToDirsResponseDraft;

interface Assignment {
  readonly brokerId: number;
  readonly directoryId: string;
  /** False for "lost", and for what the broker has not registered or has said to have failed. */
  readonly isOnline: boolean;
}

export function assignReplicasToDirs(
  image: MetadataImage,
  request: AssignReplicasToDirsRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const { brokerId } = request;
  const decision = new Decision(image, context);
  const error = checkBrokerEpoch(image, brokerId, request.brokerEpoch);
  const broker = image.brokers.get(brokerId);
  if (error !== null) return decision.result(failedAssignReplicasToDirs(error));
  const directories = request.directories.map(({ id, topics }) => {
    const assignment = { brokerId, directoryId: id, isOnline: isOnlineAt(broker, id) };
    const results = topics.map(({ topicId, partitions }) => {
      const topic = image.topicsById.get(topicId);
      const assigned = partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode:
          topic === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : assignOne({ image, decision, topic, partitionIndex }, assignment),
      }));
      return { topicId, partitions: assigned };
    });
    return { id, topics: results };
  });
  return decision.result({ throttleTimeMs: 0, errorCode: 0, directories });
}

export function failedAssignReplicasToDirs(error: ApiError): Response {
  return { throttleTimeMs: 0, errorCode: error.errorCode, directories: [] };
}

interface Place {
  readonly image: MetadataImage;
  readonly decision: Decision;
  readonly topic: TopicImage;
  readonly partitionIndex: number;
}

function assignOne({ image, decision, topic, partitionIndex }: Place, assignment: Assignment): number {
  const { brokerId, directoryId, isOnline } = assignment;
  const before = decision.partition(topic.id, partitionIndex);
  if (before === null) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (!before.replicas.includes(brokerId)) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
  const directories = new Map([[brokerId, directoryId]]);
  if (isOnline) {
    sometimes('controller: replica has a directory again');
    // From one directory to another it comes with nothing.
    const isReplaced = !isReservedDirectory(directoryOf(before, brokerId) ?? directoryIds.unassigned);
    const emptyReplicas = isReplaced && directoryOf(before, brokerId) !== directoryId ? [brokerId] : [];
    decision.changePartition(topic, partitionIndex, { directories, emptyReplicas });
    return ErrorCode.NONE;
  }
  const isLost = directoryId === directoryIds.lost;
  if (isLost && isLastHope(image, before, brokerId)) sometimes('controller: damaged replica is the last hope');
  else if (isLost) sometimes('controller: damaged replica taken out of the ISR');
  if (isLost && isLastHope(image, before, brokerId)) return ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE;
  decision.changePartition(topic, partitionIndex, {
    directories,
    isr: before.isr.filter((id) => id !== brokerId),
    isAlive: (id) => id !== brokerId && image.isActiveBroker(id),
    ...(isLost ? { uncleanShutdownReplicas: [brokerId] } : {}),
  });
  return ErrorCode.NONE;
}

/** Whether the broker may lead or come to lead, and nobody else could without losing committed records. */
function isLastHope(image: MetadataImage, before: PartitionRegistration, brokerId: number): boolean {
  const { isr, elr, lastKnownElr } = before;
  // Then the last known leader is the one that may, and "lost" would keep it from that for ever: nobody could heal it.
  if (isr.length === 0 && elr.length === 0) return lastKnownElr.includes(brokerId);
  if (!isr.includes(brokerId) && !elr.includes(brokerId)) return false;
  const inSync = isr.filter((id) => id !== brokerId);
  const candidates = inSync.length > 0 ? inSync : elr.filter((id) => id !== brokerId);
  return !candidates.some((id) => image.isActiveBroker(id) && isOnlineAt(image.brokers.get(id), directoryOf(before, id)));
}

function isOnlineAt(broker: BrokerRegistration | undefined, directoryId: string | null): boolean {
  return broker !== undefined && isDirectoryOnline(broker, directoryId);
}

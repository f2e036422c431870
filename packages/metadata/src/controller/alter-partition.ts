/**
 * AlterPartition (56): the leader of a partition proposes another ISR, or that it has recovered.
 *
 * A compare-and-set on (leaderEpoch, partitionEpoch) (A15); a replica may join only when it is registered, unfenced, not
 * shutting down and still the incarnation that the leader saw (A14, KIP-841, KIP-903), and its log not lost: a damaged
 * one is fetched anew first (B3). A refused partition is left as it was; the others of the request are not affected.
 */

import { sometimes } from '@jackdaw/base';
import { ErrorCode, type AlterPartitionRequest, type AlterPartitionResponseDraft } from '@jackdaw/protocol';
import type { MetadataImage, TopicImage } from '../image.ts';
import { directoryIds, directoryOf, type PartitionRegistration } from '../partition-registration.ts';
import { leaderRecovered, leaderRecovering } from '../records.ts';
import type { ApiError } from './api-error.ts';
import { checkBrokerEpoch } from './broker-changes.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = AlterPartitionResponseDraft;
type AlteredPartition = AlterPartitionRequest['topics'][number]['partitions'][number];
type PartitionResult = AlterPartitionResponseDraft['topics'][number]['partitions'][number];

interface Member {
  readonly brokerId: number;
  /** −1: the leader did not look. */
  readonly brokerEpoch: number;
}

/** From this version on the proposed ISR names broker epochs. */
const firstVersionWithEpochs = 3;

export function alterPartition(
  image: MetadataImage,
  request: AlterPartitionRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const decision = new Decision(image, context);
  const error = checkBrokerEpoch(image, request.brokerId, request.brokerEpoch);
  if (error !== null) return decision.result(failedAlterPartition(error));
  const hasEpochs = context.apiVersion >= firstVersionWithEpochs;
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = image.topicsById.get(topicId);
    const results = partitions.map((partition) => {
      if (topic === undefined) return failed(partition, ErrorCode.UNKNOWN_TOPIC_ID);
      const proposal = { image, topic, partition, leader: request.brokerId, isr: isrOf(partition, hasEpochs) };
      return alterOne(decision, proposal);
    });
    return { topicId, partitions: results };
  });
  return decision.result({ throttleTimeMs: 0, errorCode: 0, topics });
}

export function failedAlterPartition(error: ApiError): Response {
  return { throttleTimeMs: 0, errorCode: error.errorCode, topics: [] };
}

interface Proposal {
  readonly image: MetadataImage;
  readonly topic: TopicImage;
  readonly partition: AlteredPartition;
  /** The broker that asks. */
  readonly leader: number;
  readonly isr: readonly Member[];
}

function isrOf(partition: AlteredPartition, hasEpochs: boolean): readonly Member[] {
  return hasEpochs ? partition.newIsrWithEpochs : partition.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
}

function alterOne(decision: Decision, proposal: Proposal): PartitionResult {
  const { topic, partition, isr, leader } = proposal;
  const before = decision.partition(topic.id, partition.partitionIndex);
  if (before === null) return failed(partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const errorCode = checkEpochs(before, proposal) ?? checkProposal(before, proposal) ?? checkMembers(before, proposal);
  if (errorCode !== null) return failed(partition, errorCode);
  const changed = decision.changePartition(topic, partition.partitionIndex, {
    isr: isr.map(({ brokerId }) => brokerId),
    leaderRecoveryState: partition.leaderRecoveryState === leaderRecovering ? leaderRecovering : leaderRecovered,
  });
  const after = changed ?? before;
  // The change completed a reassignment and thereby moved the leadership: the asker must read the metadata first.
  if (after.leaderEpoch !== before.leaderEpoch && after.leader !== leader) return failed(partition, ErrorCode.NEW_LEADER_ELECTED);
  return {
    partitionIndex: partition.partitionIndex,
    errorCode: 0,
    leaderId: after.leader,
    leaderEpoch: after.leaderEpoch,
    isr: after.isr,
    leaderRecoveryState: after.leaderRecoveryState,
    partitionEpoch: after.partitionEpoch,
  };
}

/** An epoch above ours says that we are the old controller; one below, that the leader is behind. */
function checkEpochs(before: PartitionRegistration, { partition, leader }: Proposal): number | null {
  noteOldEpochs(before, partition);
  if (partition.leaderEpoch > before.leaderEpoch) return ErrorCode.NOT_CONTROLLER;
  if (partition.partitionEpoch > before.partitionEpoch) return ErrorCode.NOT_CONTROLLER;
  if (partition.leaderEpoch < before.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (leader !== before.leader) return ErrorCode.INVALID_REQUEST;
  if (partition.partitionEpoch < before.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION;
  return null;
}

/** For the simulator: whose knowledge is old. */
function noteOldEpochs(before: PartitionRegistration, { leaderEpoch, partitionEpoch }: AlteredPartition): void {
  if (leaderEpoch < before.leaderEpoch) sometimes('controller: ISR change of an old leader refused');
  else if (partitionEpoch < before.partitionEpoch) sometimes('controller: outdated ISR change refused');
}

function checkProposal(before: PartitionRegistration, { partition, isr }: Proposal): number | null {
  const ids = isr.map(({ brokerId }) => brokerId);
  const isSubset = ids.every((id) => before.replicas.includes(id)) && new Set(ids).size === ids.length;
  if (!isSubset || !ids.includes(before.leader)) return ErrorCode.INVALID_REQUEST;
  const isRecovering = partition.leaderRecoveryState === leaderRecovering;
  if (isRecovering && (ids.length > 1 || before.leaderRecoveryState === leaderRecovered)) return ErrorCode.INVALID_REQUEST;
  return null;
}

function checkMembers(before: PartitionRegistration, { image, isr }: Proposal): number | null {
  const isIneligible = ({ brokerId, brokerEpoch }: Member): boolean => {
    if (!image.isActiveBroker(brokerId)) return true;
    if (!before.isr.includes(brokerId) && directoryOf(before, brokerId) === directoryIds.lost) return true;
    return brokerEpoch !== -1 && image.brokers.get(brokerId)?.brokerEpoch !== brokerEpoch;
  };
  const isRefused = isr.some(isIneligible);
  if (isRefused) sometimes('controller: ISR with an ineligible replica refused');
  return isRefused ? ErrorCode.INELIGIBLE_REPLICA : null;
}

function failed(partition: AlteredPartition, errorCode: number): PartitionResult {
  return {
    partitionIndex: partition.partitionIndex,
    errorCode,
    leaderId: 0,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: 0,
    partitionEpoch: 0,
  };
}

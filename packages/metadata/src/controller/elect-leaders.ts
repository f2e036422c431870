/**
 * ElectLeaders (43): an operator asks for the preferred leaders back, or for any leader at all (KIP-460).
 *
 * Type 0 is "preferred", 1 "unclean": the operator takes the risk of losing committed records, whatever the topic's
 * configuration says. Without a list of partitions every partition is meant, and those with nothing to do are left out.
 */

import { sometimes } from '@jackdaw/base';
import { ErrorCode, type ElectLeadersRequest, type ElectLeadersResponseDraft } from '@jackdaw/protocol';
import type { MetadataImage } from '../image.ts';
import { hasPreferredLeader } from '../partition-registration.ts';
import { noLeader } from '../records.ts';
import { apiError, noError, type ApiError } from './api-error.ts';
import { Decision } from './decision.ts';
import type { ControllerContext, OperationResult } from './operation.ts';

type Response = ElectLeadersResponseDraft;

const preferredElection = 0;
const uncleanElection = 1;

export function electLeaders(
  image: MetadataImage,
  request: ElectLeadersRequest,
  context: ControllerContext,
): OperationResult<Response> {
  const decision = new Decision(image, context);
  const { electionType, topicPartitions } = request;
  if (electionType !== preferredElection && electionType !== uncleanElection) {
    return decision.result(failedElectLeaders(apiError('INVALID_REQUEST', `Unknown election type ${electionType}`)));
  }
  const isUnclean = electionType === uncleanElection;
  const asked = topicPartitions ?? everyPartition(image);
  const replicaElectionResults = asked.map(({ topic, partitions }) => {
    const results = partitions.map((partitionId) => ({
      partitionId,
      ...electOne(image, decision, { topicName: topic, partitionId, isUnclean }),
    }));
    const wanted = topicPartitions !== null ? results : results.filter((it) => it.errorCode !== ErrorCode.ELECTION_NOT_NEEDED);
    return { topic, partitionResult: wanted };
  });
  return decision.result({ throttleTimeMs: 0, errorCode: 0, replicaElectionResults });
}

export function failedElectLeaders(error: ApiError): Response {
  return { throttleTimeMs: 0, errorCode: error.errorCode, replicaElectionResults: [] };
}

function everyPartition(image: MetadataImage): { topic: string; partitions: number[] }[] {
  return [...image.topicsById.values()].map((topic) => ({ topic: topic.name, partitions: [...topic.partitions.keys()] }));
}

function electOne(
  image: MetadataImage,
  decision: Decision,
  { topicName, partitionId, isUnclean }: { topicName: string; partitionId: number; isUnclean: boolean },
): ApiError {
  const topic = image.topicByName(topicName);
  if (topic === null) return apiError('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topicName}`);
  const registration = decision.partition(topic.id, partitionId);
  if (registration === null) {
    return apiError('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topicName}-${partitionId}`);
  }
  const isNeeded = isUnclean ? registration.leader === noLeader : !hasPreferredLeader(registration);
  if (!isNeeded) sometimes('controller: asked for an election that is not needed');
  if (!isNeeded) return apiError('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.');
  const election = isUnclean ? 'unclean' : 'preferred';
  if (decision.changePartition(topic, partitionId, { election }) !== null) {
    sometimes('controller: leader elected on demand');
    return noError;
  }
  return isUnclean
    ? apiError('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'Eligible topic partition leaders are not available.')
    : apiError('PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.');
}

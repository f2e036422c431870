/**
 * DescribeQuorum as the leader of the quorum answers it: its term, the commit index, and how far every voter and observer
 * is.
 *
 * In Kafka's words a Raft index is an offset and the term the leader's epoch; ends are exclusive. The leader counts the
 * time since it heard from a node in ticks. When a node was caught up is known only while it is: -1 ("unknown") else.
 */
import { internalTopics } from '@jackdaw/metadata';
import { ErrorCode, errorName, isUuid, zeroUuid } from '@jackdaw/protocol';
import type { DescribeQuorumRequest, DescribeQuorumResponseDraft } from '@jackdaw/protocol';
import type { PeerStatus, RaftStatus } from '@jackdaw/raft';
import type { VoterConfig } from '../config/endpoints.ts';

export interface QuorumFacts {
  /** Of the node that leads the quorum. */
  readonly status: RaftStatus;
  /** Milliseconds of one tick. */
  readonly tickMs: number;
  readonly wallMs: number;
  readonly voters: readonly VoterConfig[];
  readonly listenerName: string;
}

type PartitionData = DescribeQuorumResponseDraft['topics'][number]['partitions'][number];
type ReplicaState = PartitionData['currentVoters'][number];

export function describeQuorum(request: DescribeQuorumRequest, facts: QuorumFacts): DescribeQuorumResponseDraft {
  const [topic, ...otherTopics] = request.topics;
  const [partition, ...otherPartitions] = topic?.partitions ?? [];
  const isMetadata = topic?.topicName === internalTopics.clusterMetadata && partition?.partitionIndex === 0;
  if (!isMetadata || otherTopics.length > 0 || otherPartitions.length > 0) return unknownPartitions(request);
  const { voters, listenerName } = facts;
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    topics: [{ topicName: internalTopics.clusterMetadata, partitions: [describePartition(facts)] }],
    nodes: voters.map(({ id, host, port }) => ({ nodeId: id, listeners: [{ name: listenerName, host, port }] })),
  };
}

function describePartition(facts: QuorumFacts): PartitionData {
  const { status, wallMs } = facts;
  const logEndOffset = status.lastIndex + 1;
  const leader = {
    replicaId: status.id,
    replicaDirectoryId: directoryIdOf(status.directoryId),
    logEndOffset,
    lastFetchTimestamp: wallMs,
    lastCaughtUpTimestamp: wallMs,
  };
  const peers = status.peers.map((peer) => replicaState(peer, facts));
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    leaderId: status.id,
    leaderEpoch: status.term,
    highWatermark: status.commitIndex + 1,
    currentVoters: [leader, ...peers].toSorted((a, b) => a.replicaId - b.replicaId),
    observers: status.observers.map((observer) => replicaState(observer, facts)),
  };
}

function replicaState(peer: PeerStatus, { status, tickMs, wallMs }: QuorumFacts): ReplicaState {
  const hasBeenHeard = peer.directoryId !== null;
  const lastFetchTimestamp = hasBeenHeard ? Math.round(wallMs - peer.lastContactTicks * tickMs) : -1;
  return {
    replicaId: peer.id,
    replicaDirectoryId: directoryIdOf(peer.directoryId),
    logEndOffset: hasBeenHeard ? peer.matchIndex + 1 : -1,
    lastFetchTimestamp,
    lastCaughtUpTimestamp: peer.matchIndex >= status.lastIndex ? lastFetchTimestamp : -1,
  };
}

function directoryIdOf(directoryId: string | null): string {
  return directoryId !== null && isUuid(directoryId) ? directoryId : zeroUuid;
}

function unknownPartitions(request: DescribeQuorumRequest): DescribeQuorumResponseDraft {
  const error = {
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: errorName(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
  };
  const nothing = { leaderId: 0, leaderEpoch: 0, highWatermark: 0, currentVoters: [], observers: [] };
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...error, ...nothing })),
  }));
  return { errorCode: ErrorCode.NONE, errorMessage: '', topics, nodes: [] };
}

/**
 * OffsetCommit: store how far a group has read.
 *
 * Topics are checked first, partition by partition, as Kafka's KafkaApis does; then the member and its generation, whose
 * error goes to every partition that is left (D1). A commit is visible, and answered, when its records are committed (D2).
 */
import { sometimes } from '@jackdaw/base';
import { ErrorCode, zeroUuid } from '@jackdaw/protocol';
import { coordinatorErrorOf } from '../append-error.ts';
import type { ClassicGroup } from '../classic/group.ts';
import { restartSession } from '../classic/rebalance.ts';
import { maxOffsetsPerGroup, maxPendingAppends } from '../limits.ts';
import type { OffsetCommitRequest, OffsetCommitRequestTopic, OffsetCommitResponse } from '../messages.ts';
import { offsetCommitRecord } from '../records.ts';
import { type Call, createGroup, hasRoomForGroup, type ShardState } from '../shard-state.ts';
import type { CommittedOffset, OffsetKey } from './offset-store.ts';

export type CommitCall = Call<OffsetCommitRequest, OffsetCommitResponse>;

const topicIdVersion = 10;
/** From this version on, a generation of an unknown group is GROUP_ID_NOT_FOUND. */
const groupIdNotFoundVersion = 9;

type RequestPartition = OffsetCommitRequestTopic['partitions'][number];
type ResponsePartition = OffsetCommitResponse['topics'][number]['partitions'][number];

/** A partition that has passed so far, and the place in the response where its error goes. */
interface Accepted {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: RequestPartition;
  readonly answer: ResponsePartition;
}

export function offsetCommit(state: ShardState, call: CommitCall, shardError: number): void {
  const { request, context, reply } = call;
  const response: OffsetCommitResponse = { throttleTimeMs: 0, topics: [] };
  const accepted = request.topics.flatMap((topic) => acceptTopic(state, topic, { call, response }));
  if (accepted.length === 0) {
    reply(response);
    return;
  }
  const error = shardError === ErrorCode.NONE ? validateCommit(state, request, context.apiVersion) : shardError;
  if (error !== ErrorCode.NONE) {
    for (const { answer } of accepted) answer.errorCode = error;
    reply(response);
    return;
  }
  const writes = writesOf(state, accepted, request);
  if (writes.length === 0) {
    reply(response);
    return;
  }
  submit(state, request.groupId, {
    writes,
    onDone: (appendError) => {
      for (const { answer } of writes) answer.errorCode = appendError;
      reply(response);
    },
  });
}

/** The partitions of a topic that exist; the others get their error here. */
function acceptTopic(
  state: ShardState,
  topic: OffsetCommitRequestTopic,
  { call, response }: { readonly call: CommitCall; readonly response: OffsetCommitResponse },
): Accepted[] {
  const byId = call.context.apiVersion >= topicIdVersion;
  const name = byId ? state.topics.topicNameOf(topic.topicId) : topic.name;
  const topicId = byId ? topic.topicId : state.topics.topicIdOf(topic.name);
  const answers: ResponsePartition[] = [];
  response.topics.push({ name: name ?? '', topicId: topicId ?? zeroUuid, partitions: answers });
  const topicError =
    name === null ? ErrorCode.UNKNOWN_TOPIC_ID : topicId === null ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NONE;
  const accepted: Accepted[] = [];
  for (const partition of topic.partitions) {
    const answer: ResponsePartition = { partitionIndex: partition.partitionIndex, errorCode: topicError };
    answers.push(answer);
    if (name === null || topicId === null) continue;
    if (state.topics.hasPartition(name, partition.partitionIndex)) accepted.push({ topic: name, topicId, partition, answer });
    else answer.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }
  return accepted;
}

/** 0, or the error of the whole commit. */
function validateCommit(state: ShardState, request: OffsetCommitRequest, apiVersion: number): number {
  const group = state.groups.get(request.groupId);
  const generationId = request.generationIdOrMemberEpoch;
  if (state.appends.size >= maxPendingAppends) {
    state.onEvent({ kind: 'limit-reached', limit: 'maxPendingAppends', groupId: request.groupId });
    return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
  }
  if (group === undefined) {
    // A consumer that manages its partitions itself, or an administrator: the commit makes a simple group.
    if (generationId < 0) sometimes('groups: commit without a group');
    else sometimes('groups: commit for a group that is not there');
    if (generationId < 0) return hasRoomForGroup(state, request.groupId) ? ErrorCode.NONE : ErrorCode.POLICY_VIOLATION;
    return apiVersion >= groupIdNotFoundVersion ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
  }
  const error = validateCommitter(group, request);
  if (error !== ErrorCode.NONE) return error;
  // A commit is a sign of life, too.
  const member = group.members.get(request.memberId);
  if (member !== undefined && (group.state === 'Stable' || group.state === 'PreparingRebalance')) restartSession(member);
  return ErrorCode.NONE;
}

function validateCommitter(group: ClassicGroup, request: OffsetCommitRequest): number {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request;
  if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  if (generationId < 0 && group.state === 'Empty') return ErrorCode.NONE;
  if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
    const error = group.validateMember(memberId, groupInstanceId);
    if (error === ErrorCode.UNKNOWN_MEMBER_ID) sometimes('groups: commit of an unknown member refused');
    if (error !== ErrorCode.NONE) return error;
    if (generationId !== group.generationId) sometimes('groups: commit of an old generation refused');
    if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  } else if (group.state !== 'Empty') {
    return ErrorCode.UNKNOWN_MEMBER_ID;
  }
  // The member knows the generation but not its assignment: it cannot mean partitions of this generation.
  if (group.state === 'CompletingRebalance') sometimes('groups: commit during a rebalance refused');
  return group.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

interface OffsetWrite {
  readonly key: OffsetKey;
  readonly value: CommittedOffset;
  readonly answer: ResponsePartition;
}

function writesOf(state: ShardState, accepted: readonly Accepted[], request: OffsetCommitRequest): OffsetWrite[] {
  const { groupId } = request;
  const writes: OffsetWrite[] = [];
  const expireTimestampMs = request.retentionTimeMs === -1 ? -1 : state.wallMs + request.retentionTimeMs;
  let room = maxOffsetsPerGroup - state.offsets.entryCount(groupId);
  for (const { topic, topicId, partition, answer } of accepted) {
    const metadata = partition.committedMetadata ?? '';
    const key: OffsetKey = { groupId, topic, partition: partition.partitionIndex };
    if (metadata.length > state.config.offsetMetadataMaxBytes) {
      answer.errorCode = ErrorCode.OFFSET_METADATA_TOO_LARGE;
    } else if (state.offsets.entry(key) === null && room-- <= 0) {
      state.onEvent({ kind: 'limit-reached', limit: 'maxOffsetsPerGroup', groupId });
      answer.errorCode = ErrorCode.INVALID_COMMIT_OFFSET_SIZE;
    } else {
      const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition;
      const value = { offset, leaderEpoch, metadata, commitTimestampMs: state.wallMs, expireTimestampMs, topicId };
      writes.push({ key, value, answer });
    }
  }
  return writes;
}

interface Submission {
  readonly writes: readonly OffsetWrite[];
  /** Gets 0 or the error for clients. */
  readonly onDone: (errorCode: number) => void;
}

function submit(state: ShardState, groupId: string, { writes, onDone }: Submission): void {
  // Whatever cannot be encoded is known before anything counts as being on its way.
  const records = writes.map(({ key, value }) => offsetCommitRecord(key, value));
  for (const { key, value } of writes) state.offsets.beginWrite(key, value);
  state.appends.submit({
    records,
    onCommitted: () => {
      const group = state.groups.get(groupId) ?? createGroup(state, groupId);
      group.isCommitted = true;
      for (const { key, value } of writes) state.offsets.endWrite(key, value, { isCommitted: true });
      state.onEvent({ kind: 'offsets-committed', groupId, count: writes.length });
    },
    onRefused: () => {
      sometimes('groups: commit forgotten because its records were refused');
      for (const { key, value } of writes) state.offsets.endWrite(key, value, { isCommitted: false });
    },
    onDone: (appendError) => {
      if (appendError !== ErrorCode.NONE) state.onEvent({ kind: 'append-failed', groupId, errorCode: appendError });
      onDone(coordinatorErrorOf(appendError));
    },
  });
}

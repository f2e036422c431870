/**
 * OffsetFetch: how far a group has read, as far as it is committed.
 *
 * With `requireStable` the answer first waits for every commit that is on its way (in Kafka, too, that is what the flag does
 * apart from transactions). An unknown group is no error: it has no offsets.
 */
import { ErrorCode, zeroUuid } from '@jackdaw/protocol';
import { coordinatorErrorOf } from '../append-error.ts';
import type {
  OffsetFetchOfGroup,
  OffsetFetchRequest,
  OffsetFetchRequestGroup,
  OffsetFetchResponse,
  OffsetFetchResponseGroup,
  OffsetFetchResponsePartition,
  OffsetFetchResponseTopic,
} from '../messages.ts';
import { noOffset, offsetFetchError } from '../responses.ts';
import type { Call, ShardState } from '../shard-state.ts';
import type { CommittedOffset, PartitionOffsets } from './offset-store.ts';

export type FetchCall = Call<OffsetFetchOfGroup, OffsetFetchResponseGroup>;

const topicIdVersion = 10;
const manyGroupsVersion = 8;

export function offsetFetch(state: ShardState, call: FetchCall): void {
  const { request, context, reply } = call;
  const { group } = request;
  if (!request.requireStable) {
    reply(committedOffsets(state, group, context.apiVersion));
    return;
  }
  state.appends.afterPending((appendError) => {
    if (appendError === ErrorCode.NONE) reply(committedOffsets(state, group, context.apiVersion));
    else reply(offsetFetchError(group, fetchErrorOf(appendError), context.apiVersion));
  });
}

/** Consumers before 3.9 give up on COORDINATOR_NOT_AVAILABLE here; NOT_COORDINATOR makes them look again. */
function fetchErrorOf(appendError: number): number {
  const error = coordinatorErrorOf(appendError);
  return error === ErrorCode.COORDINATOR_NOT_AVAILABLE ? ErrorCode.NOT_COORDINATOR : error;
}

function committedOffsets(state: ShardState, group: OffsetFetchRequestGroup, apiVersion: number): OffsetFetchResponseGroup {
  const topics = group.topics === null ? allTopics(state, group.groupId, apiVersion) : someTopics(state, group, apiVersion);
  return { groupId: group.groupId, topics, errorCode: ErrorCode.NONE };
}

function allTopics(state: ShardState, groupId: string, apiVersion: number): OffsetFetchResponseTopic[] {
  const topics: OffsetFetchResponseTopic[] = [];
  for (const [name, offsets] of state.offsets.topicsOf(groupId) ?? []) {
    const topicId = apiVersion >= topicIdVersion ? state.topics.topicIdOf(name) : zeroUuid;
    const partitions = committedPartitions(offsets);
    // Without an id the answer could not name the topic.
    if (topicId !== null && partitions.length > 0) topics.push({ name, topicId, partitions });
  }
  return topics;
}

function committedPartitions(offsets: PartitionOffsets): OffsetFetchResponsePartition[] {
  const partitions: OffsetFetchResponsePartition[] = [];
  for (const [partition, { committed }] of offsets) if (committed !== null) partitions.push(answerOf(partition, committed));
  return partitions;
}

function someTopics(state: ShardState, group: OffsetFetchRequestGroup, apiVersion: number): OffsetFetchResponseTopic[] {
  const stored = state.offsets.topicsOf(group.groupId);
  const known: OffsetFetchResponseTopic[] = [];
  const unknown: OffsetFetchResponseTopic[] = [];
  for (const { name: givenName, topicId, partitionIndexes } of group.topics ?? []) {
    const name = apiVersion >= topicIdVersion ? state.topics.topicNameOf(topicId) : givenName;
    if (name === null) {
      unknown.push({
        name: '',
        topicId,
        partitions: partitionIndexes.map((index) => noOffset(index, ErrorCode.UNKNOWN_TOPIC_ID)),
      });
      continue;
    }
    const offsets = stored?.get(name);
    const partitions = partitionIndexes.map((index) => {
      const committed = offsets?.get(index)?.committed ?? null;
      return committed === null || isOfAnotherTopic(committed, topicId) ? noOffset(index) : answerOf(index, committed);
    });
    known.push({ name, topicId, partitions });
  }
  return [...known, ...unknown];
}

/** An offset in a topic of the same name that was deleted meanwhile. */
function isOfAnotherTopic(committed: CommittedOffset, topicId: string): boolean {
  return committed.topicId !== zeroUuid && topicId !== zeroUuid && committed.topicId !== topicId;
}

function answerOf(partitionIndex: number, committed: CommittedOffset): OffsetFetchResponsePartition {
  const { offset, leaderEpoch, metadata } = committed;
  return { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: ErrorCode.NONE };
}

/**
 * The groups that a request of any version asks for, and in each the topics and partitions: every one of them once. What is
 * stored for a partition may be a thousand times as long as its number, so a list of one name must not multiply it.
 */
export function offsetFetchGroupsOf(request: OffsetFetchRequest, apiVersion: number): readonly OffsetFetchRequestGroup[] {
  if (apiVersion >= manyGroupsVersion) return distinctGroups(request.groups);
  const topics = request.topics?.map(({ name, partitionIndexes }) => ({ name, topicId: zeroUuid, partitionIndexes })) ?? null;
  return distinctGroups([{ groupId: request.groupId, memberId: null, memberEpoch: -1, topics }]);
}

type WantedTopic = NonNullable<OffsetFetchRequestGroup['topics']>[number];

/** A group that comes again adds to what is wanted of it; null, which is everything, goes before any list. */
function distinctGroups(groups: readonly OffsetFetchRequestGroup[]): OffsetFetchRequestGroup[] {
  const byId = new Map<string, { first: OffsetFetchRequestGroup; topics: WantedTopic[] | null }>();
  for (const group of groups) {
    const known = byId.get(group.groupId);
    if (known === undefined) byId.set(group.groupId, { first: group, topics: group.topics === null ? null : [...group.topics] });
    else if (group.topics === null) known.topics = null;
    else for (const topic of group.topics) known.topics?.push(topic);
  }
  return Array.from(byId.values(), ({ first, topics }) => ({
    ...first,
    topics: topics === null ? null : distinctTopics(topics),
  }));
}

function distinctTopics(topics: readonly WantedTopic[]): WantedTopic[] {
  const byKey = new Map<string, { first: WantedTopic; partitions: Set<number> }>();
  for (const topic of topics) {
    const key = `${topic.topicId} ${topic.name}`;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { first: topic, partitions: new Set(topic.partitionIndexes) });
    else for (const index of topic.partitionIndexes) known.partitions.add(index);
  }
  return Array.from(byKey.values(), ({ first, partitions }) => ({ ...first, partitionIndexes: [...partitions] }));
}

/** The response of any version around the answers for its groups, in the order of the request. */
export function offsetFetchResponseOf(groups: readonly OffsetFetchResponseGroup[], apiVersion: number): OffsetFetchResponse {
  if (apiVersion >= manyGroupsVersion) return { throttleTimeMs: 0, topics: [], errorCode: ErrorCode.NONE, groups: [...groups] };
  const first = groups[0];
  return { throttleTimeMs: 0, topics: first?.topics ?? [], errorCode: first?.errorCode ?? ErrorCode.NONE, groups: [] };
}

/**
 * Consumer groups: list, describe, read and move their offsets, delete.
 */
import { consumerProtocolAssignment, decodeBody, ErrorCode, isRetriable as isRetriableCode } from '@jackdaw/protocol';
import { apis } from '../apis.ts';
import type { Cluster } from '../cluster.ts';
import { KafkaError, expectSuccess } from '../errors.ts';
import type { TopicPartition } from '../records.ts';
import { outcomeOf, type Outcome } from './outcome.ts';

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: string;
  /** "classic", "consumer", "share", "streams"; '' when the broker is too old to say. */
  readonly type: string;
  readonly coordinatorId: number;
}

/** The groups of all brokers, by id. A broker that cannot be asked makes the whole call fail: a partial list misleads. */
export async function listGroups(
  cluster: Cluster,
  filter: { readonly states?: readonly string[]; readonly types?: readonly string[] } = {},
): Promise<ListedGroup[]> {
  await cluster.fetchMetadata([]);
  const draft = { statesFilter: [...(filter.states ?? [])], typesFilter: [...(filter.types ?? [])] };
  const lists = [...cluster.brokers.keys()].map((nodeId) =>
    cluster.retrying(
      async () => {
        const body = await cluster.callNode(nodeId, apis.listGroups, draft);
        expectSuccess(body.errorCode);
        return body.groups.map((group) => ({
          groupId: group.groupId,
          protocolType: group.protocolType,
          state: group.groupState,
          type: group.groupType,
          coordinatorId: nodeId,
        }));
      },
      { what: `list groups of broker ${nodeId}` },
    ),
  );
  const all = (await Promise.all(lists)).flat();
  return all.sort((a, b) => (a.groupId < b.groupId ? -1 : a.groupId > b.groupId ? 1 : 0));
}

export interface GroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly TopicPartition[];
}

export interface GroupDescription {
  readonly groupId: string;
  /** "Stable", "Empty", "PreparingRebalance", "CompletingRebalance", "Dead". */
  readonly state: string;
  readonly protocolType: string;
  /** The assignor in use; '' while there is none. */
  readonly protocol: string;
  readonly coordinatorId: number;
  readonly members: readonly GroupMember[];
}

export interface DescribedGroup extends Outcome {
  readonly group: GroupDescription | undefined;
}

/** One group through the classic API. A group that does not exist is an error or "Dead", as the broker's version has it. */
export async function describeGroup(cluster: Cluster, groupId: string): Promise<DescribedGroup> {
  return atCoordinator(cluster, groupId, async (nodeId) => {
    const body = await cluster.callNode(nodeId, apis.describeGroups, { groups: [groupId] });
    const group = body.groups[0];
    if (group === undefined) throw new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR);
    expectNotMoved(group.errorCode);
    if (group.errorCode !== 0) return { ...outcomeOf(groupId, group.errorCode, group.errorMessage), group: undefined };
    const members = group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: member.clientHost,
      partitions: group.protocolType === 'consumer' ? readAssignment(member.memberAssignment) : [],
    }));
    const { groupState: state, protocolType, protocolData: protocol } = group;
    return { name: groupId, error: undefined, group: { groupId, state, protocolType, protocol, coordinatorId: nodeId, members } };
  });
}

/** The partitions in a member's assignment bytes: an int16 version, then the body. Nothing during a rebalance. */
export function readAssignment(bytes: Uint8Array): TopicPartition[] {
  if (bytes.length < 2) return [];
  const version = Math.min(
    Math.max(((bytes[0] as number) << 8) | (bytes[1] as number), 0),
    consumerProtocolAssignment.versions[1],
  );
  const body = decodeBody(consumerProtocolAssignment, version, bytes.subarray(2));
  return body.assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

export interface CommittedOffset extends TopicPartition {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** What a group has committed: of the given partitions, or of all that it has. Partitions without a commit are left out. */
export async function fetchOffsets(
  cluster: Cluster,
  groupId: string,
  partitions?: readonly TopicPartition[],
): Promise<CommittedOffset[]> {
  const topics =
    partitions === undefined
      ? null
      : byTopic(partitions).map(([name, list]) => ({ name, partitionIndexes: list.map((one) => one.partition) }));
  return atCoordinator(cluster, groupId, async (nodeId) => {
    // v10 names topics by id only, which would need a lookup for topics that may have been deleted since.
    const draft = { groupId, topics, groups: [{ groupId, topics }], requireStable: false };
    const body = await cluster.callNode(nodeId, apis.offsetFetch, draft, { maxVersion: 9 });
    const group = body.groups[0] ?? body;
    expectSuccess(group.errorCode);
    const offsets: CommittedOffset[] = [];
    for (const topic of group.topics) {
      for (const part of topic.partitions) {
        expectSuccess(part.errorCode);
        if (part.committedOffset < 0) continue;
        const { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: leaderEpoch } = part;
        offsets.push({ topic: topic.name, partition, offset, leaderEpoch, metadata: part.metadata ?? '' });
      }
    }
    return offsets;
  });
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** The member on whose behalf offsets are committed; absent for a tool that moves an empty group. */
export interface CommitMember {
  readonly memberId: string;
  readonly generationId: number;
  readonly groupInstanceId: string | null;
}

/** Commits offsets; an outcome for each partition, named "topic-partition". Not repeated while a rebalance is going on. */
export async function commitOffsets(
  cluster: Cluster,
  groupId: string,
  commit: { readonly offsets: readonly OffsetToCommit[]; readonly member?: CommitMember; readonly lane?: string },
): Promise<Outcome[]> {
  const draft = {
    groupId,
    generationIdOrMemberEpoch: commit.member?.generationId ?? -1,
    memberId: commit.member?.memberId ?? '',
    groupInstanceId: commit.member?.groupInstanceId ?? null,
    topics: byTopic(commit.offsets).map(([name, offsets]) => ({
      name,
      partitions: offsets.map((one) => ({
        partitionIndex: one.partition,
        committedOffset: one.offset,
        committedLeaderEpoch: one.leaderEpoch ?? -1,
        committedMetadata: one.metadata ?? '',
      })),
    })),
  };
  return atCoordinator(cluster, groupId, async (nodeId) => {
    const body = await cluster.callNode(nodeId, apis.offsetCommit, draft, {
      maxVersion: 9,
      ...(commit.lane === undefined ? {} : { lane: commit.lane }),
    });
    const parts = body.topics.flatMap((topic) =>
      topic.partitions.map((part) => ({ name: `${topic.name}-${part.partitionIndex}`, errorCode: part.errorCode })),
    );
    for (const part of parts)
      if (isRetriableCode(part.errorCode) && part.errorCode !== ErrorCode.REBALANCE_IN_PROGRESS) expectNotMoved(part.errorCode);
    return parts.map((part) => outcomeOf(part.name, part.errorCode));
  });
}

/** Forgets what a group has committed for these partitions. */
export async function deleteOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<Outcome[]> {
  const topics = byTopic(partitions).map(([name, list]) => ({
    name,
    partitions: list.map((one) => ({ partitionIndex: one.partition })),
  }));
  return atCoordinator(cluster, groupId, async (nodeId) => {
    const body = await cluster.callNode(nodeId, apis.offsetDelete, { groupId, topics });
    expectSuccess(body.errorCode);
    return body.topics.flatMap((topic) =>
      topic.partitions.map((part) => outcomeOf(`${topic.name}-${part.partitionIndex}`, part.errorCode)),
    );
  });
}

export async function deleteGroups(cluster: Cluster, groupIds: readonly string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const groupId of groupIds) {
    outcomes.push(
      await atCoordinator(cluster, groupId, async (nodeId) => {
        const body = await cluster.callNode(nodeId, apis.deleteGroups, { groupsNames: [groupId] });
        const errorCode = body.results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
        expectNotMoved(errorCode);
        return outcomeOf(groupId, errorCode);
      }),
    );
  }
  return outcomes;
}

/** Calls with the group's coordinator, which is looked up again whenever it turns out to have moved. */
function atCoordinator<T>(cluster: Cluster, groupId: string, call: (nodeId: number) => Promise<T>): Promise<T> {
  return cluster.retrying(
    async () => {
      try {
        return await call(await cluster.coordinatorOf('group', groupId));
      } catch (error) {
        cluster.forgetCoordinator('group', groupId);
        throw error;
      }
    },
    { what: `group ${groupId}` },
  );
}

/** Throws codes that say "ask again, perhaps another broker"; others are results. */
function expectNotMoved(errorCode: number): void {
  if (errorCode !== 0 && isRetriableCode(errorCode)) throw new KafkaError(errorCode);
}

function byTopic<T extends TopicPartition>(items: readonly T[]): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const list = topics.get(item.topic);
    if (list === undefined) topics.set(item.topic, [item]);
    else list.push(item);
  }
  return [...topics];
}

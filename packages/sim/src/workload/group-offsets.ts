/**
 * Offsets of groups, committed and asked for in single attempts: the history knows of each, and of its fate.
 */
import { apis, KafkaError, partitionKey, type Cluster, type CommitMember, type OffsetToCommit } from '@jackdaw/client';
import { ErrorCode } from '@jackdaw/protocol';
import type { Key } from '../history/history.ts';
import type { WatchedPartition, WorkloadContext } from './context.ts';
import { coordinationOf, isSameLeadership } from './leaders.ts';

export interface Commit {
  readonly cluster: Cluster;
  readonly process: string;
  readonly group: string;
  readonly offsets: readonly OffsetToCommit[];
  readonly member: CommitMember;
}

const lane = 'offsets';
/** Refusals that tell for certain that nothing was committed. */
const refusals: ReadonlySet<number> = new Set([
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.REBALANCE_IN_PROGRESS,
]);

/** True when every offset was committed. */
export async function commitOnce(context: WorkloadContext, commit: Commit): Promise<boolean> {
  const { cluster, process, group, offsets, member } = commit;
  const { recorder } = context;
  const lineOf = ({ topic, partition, offset }: OffsetToCommit) =>
    ({
      op: 'group-commit',
      process,
      group,
      generation: member.generationId,
      key: partitionKey(topic, partition),
      offset,
    }) as const;
  for (const one of offsets) recorder.add({ ...lineOf(one), type: 'invoke' });
  const codes = await askToCommit(context, commit);
  let isDone = true;
  for (const one of offsets) {
    const code = codes?.get(partitionKey(one.topic, one.partition));
    const type = code === 0 ? 'ok' : code !== undefined && refusals.has(code) ? 'fail' : 'info';
    recorder.add({ ...lineOf(one), type });
    if (code !== undefined && code !== 0) context.noteError(process, new KafkaError(code), `commit ${one.offset}`);
    isDone &&= code === 0;
  }
  if (!isDone) cluster.forgetCoordinator('group', group);
  return isDone;
}

/** Error codes by partition; undefined when no answer came. */
async function askToCommit(context: WorkloadContext, commit: Commit): Promise<Map<Key, number> | undefined> {
  const { cluster, process, group, offsets, member } = commit;
  const draft = {
    groupId: group,
    generationIdOrMemberEpoch: member.generationId,
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    topics: topicsOf(offsets).map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: metadataOf(offset),
      })),
    })),
  };
  try {
    const body = await cluster.callNode(await cluster.coordinatorOf('group', group), apis.offsetCommit, draft, {
      maxVersion: 9,
      lane,
    });
    return new Map(
      body.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, errorCode }) => [partitionKey(name, partitionIndex), errorCode]),
      ),
    );
  } catch (error) {
    context.noteError(process, error, 'commit offsets');
    await cluster.fetchMetadata([]).catch(() => undefined);
    return undefined;
  }
}

export interface OffsetsQuestion {
  readonly cluster: Cluster;
  readonly process: string;
  readonly group: string;
  readonly partitions: readonly WatchedPartition[];
}

/** What a group has committed, −1 where it has not; undefined when nobody says. */
export async function readGroupOffsets(
  context: WorkloadContext,
  question: OffsetsQuestion,
): Promise<Map<Key, number> | undefined> {
  const { process, group, cluster, partitions } = question;
  const { recorder } = context;
  const line = { op: 'group-read', process, group } as const;
  const before = coordinationOf(context.cluster, group);
  for (const { key } of partitions) recorder.add({ ...line, type: 'invoke', key, offset: -1 });
  try {
    const nodeId = await cluster.coordinatorOf('group', group);
    const offsets = await askOffsets(context, question, nodeId);
    const isSure = before?.nodeId === nodeId && isSameLeadership(before, coordinationOf(context.cluster, group));
    if (isSure) for (const [key, offset] of offsets) recorder.add({ ...line, type: 'ok', key, offset });
    return offsets;
  } catch (error) {
    context.noteError(process, error, 'ask for offsets');
    cluster.forgetCoordinator('group', group);
    await cluster.fetchMetadata([]).catch(() => undefined);
    return undefined;
  }
}

async function askOffsets(context: WorkloadContext, question: OffsetsQuestion, nodeId: number): Promise<Map<Key, number>> {
  const { cluster, group: groupId, partitions, process } = question;
  const topics = topicsOf(partitions).map(([name, list]) => ({ name, partitionIndexes: list.map(({ partition }) => partition) }));
  const draft = { groupId, topics, groups: [{ groupId, topics }], requireStable: true };
  const body = await cluster.callNode(nodeId, apis.offsetFetch, draft, { maxVersion: 9, lane });
  const found = body.groups[0] ?? body;
  if (found.errorCode !== 0) throw new KafkaError(found.errorCode);
  const offsets = new Map<Key, number>();
  for (const { name, partitions: parts } of found.topics) {
    for (const { partitionIndex, committedOffset, errorCode, metadata } of parts) {
      if (errorCode !== 0) throw new KafkaError(errorCode);
      const key = partitionKey(name, partitionIndex);
      offsets.set(key, committedOffset);
      if (committedOffset >= 0 && metadata !== metadataOf(committedOffset)) {
        context.recorder.add({ op: 'unexpected', process, error: `${key}: offset ${committedOffset} came with "${metadata}"` });
      }
    }
  }
  return offsets;
}

/** Committed beside an offset, so that an answer which mixes two commits is found. */
function metadataOf(offset: number): string {
  return `at ${offset}`;
}

function topicsOf<T extends { readonly topic: string }>(items: readonly T[]): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const item of items) topics.set(item.topic, [...(topics.get(item.topic) ?? []), item]);
  return [...topics];
}

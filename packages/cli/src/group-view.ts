/**
 * What `group describe` shows: for every partition of a group where it stands, how far behind, and who reads it.
 */
import { ErrorCode } from '@jackdaw/protocol';
import {
  describeGroup,
  fetchOffsets,
  formatAddress,
  KafkaError,
  listOffsets,
  partitionKey,
  type Cluster,
  type GroupDescription,
  type TopicPartition,
} from '@jackdaw/client';

export interface GroupRow extends TopicPartition {
  readonly group: string;
  readonly currentOffset: number | null;
  readonly leaderEpoch: number | null;
  readonly logEndOffset: number | null;
  readonly lag: number | null;
  readonly consumerId: string | null;
  readonly host: string | null;
  readonly clientId: string | null;
}

export interface GroupView {
  readonly group: GroupDescription;
  /** host:port of the coordinator. */
  readonly coordinator: string;
  /** By topic and partition. */
  readonly rows: readonly GroupRow[];
}

/** Throws KafkaError GROUP_ID_NOT_FOUND for a group that does not exist. */
export async function viewGroup(cluster: Cluster, groupId: string): Promise<GroupView> {
  const described = await describeGroup(cluster, groupId);
  const { group } = described;
  if (described.error !== undefined || group === undefined) throw groupError(groupId, described.error);
  const committed = await fetchOffsets(cluster, groupId);
  if (group.state === 'Dead' && committed.length === 0) throw groupError(groupId, undefined);
  const owners = new Map(
    group.members.flatMap((member) =>
      member.partitions.map((one) => [partitionKey(one.topic, one.partition), { member, ...one }] as const),
    ),
  );
  const commits = new Map(committed.map((one) => [partitionKey(one.topic, one.partition), one]));
  const keys = new Map<string, TopicPartition>([...commits, ...owners]);
  const ends = await endOffsets(cluster, [...keys.values()]);
  const rows = [...keys].map(([key, { topic, partition }]) => {
    const member = owners.get(key)?.member;
    const commit = commits.get(key);
    const logEndOffset = ends.get(key) ?? null;
    return {
      group: groupId,
      topic,
      partition,
      currentOffset: commit?.offset ?? null,
      leaderEpoch: commit === undefined || commit.leaderEpoch < 0 ? null : commit.leaderEpoch,
      logEndOffset,
      lag: commit === undefined || logEndOffset === null ? null : Math.max(0, logEndOffset - commit.offset),
      consumerId: member?.memberId ?? null,
      host: member?.host ?? null,
      clientId: member?.clientId ?? null,
    };
  });
  const address = cluster.brokers.get(group.coordinatorId);
  const coordinator = address === undefined ? '' : formatAddress(address);
  return {
    group,
    coordinator,
    rows: rows.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1)),
  };
}

/** GROUP_ID_NOT_FOUND, whatever the broker's version says about a group that it does not have. */
function groupError(groupId: string, error: KafkaError | undefined): KafkaError {
  const isMissing = error === undefined || error.codeName === 'GROUP_ID_NOT_FOUND';
  return isMissing ? new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, `group "${groupId}" does not exist`) : error;
}

/** End offsets of the partitions that exist; a committed topic may have been deleted since. */
async function endOffsets(cluster: Cluster, partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
  const topics = [...new Set(partitions.map((one) => one.topic))];
  if (topics.length === 0) return new Map();
  const metadata = await cluster.fetchMetadata(topics);
  const led = new Set(
    metadata.topics.flatMap((topic) =>
      topic.partitions.filter((one) => one.leaderId >= 0).map((one) => partitionKey(topic.name, one.partition)),
    ),
  );
  const present = partitions.filter((one) => led.has(partitionKey(one.topic, one.partition)));
  const found = await listOffsets(
    cluster,
    present.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const })),
  );
  return new Map(found.map((one) => [partitionKey(one.topic, one.partition), one.offset]));
}

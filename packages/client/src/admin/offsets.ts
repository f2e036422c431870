/**
 * Offsets of partitions: earliest, latest, by time, asked of each partition's leader.
 */
import { ErrorCode } from '@jackdaw/protocol';
import { apis } from '../apis.ts';
import type { Cluster } from '../cluster.ts';
import { KafkaError } from '../errors.ts';
import { partitionKey, type TopicPartition } from '../records.ts';

/** `maxTimestamp`: the record with the largest timestamp (KIP-734). */
export type OffsetSpec = 'earliest' | 'latest' | 'maxTimestamp' | { readonly timestamp: number };

export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetSpec;
}

export interface FoundOffset extends TopicPartition {
  /** −1 when no record is that young. */
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

export interface ListOffsetsOptions {
  /** `read_committed` counts "latest" as the last stable offset. */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed';
  readonly deadlineMs?: number;
}

/** In the order of `queries`. Throws when one partition's answer cannot be had before the deadline. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions = {},
): Promise<FoundOffset[]> {
  const found = new Map<OffsetQuery, FoundOffset>();
  const retry = options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs };
  await cluster.retrying(() => askLeaders(cluster, { queries, found, options }), { what: 'list offsets', ...retry });
  return queries.map((query) => found.get(query) as FoundOffset);
}

interface Search {
  readonly queries: readonly OffsetQuery[];
  readonly found: Map<OffsetQuery, FoundOffset>;
  readonly options: ListOffsetsOptions;
}

/** One round: every query that is still open goes to its leader. Throws the first error after all have answered. */
async function askLeaders(cluster: Cluster, search: Search): Promise<void> {
  const byLeader = new Map<number, OffsetQuery[]>();
  for (const query of search.queries) {
    if (search.found.has(query)) continue;
    const leader = await cluster.leaderOf(query.topic, query.partition);
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), query]);
  }
  const rounds = [...byLeader].map(([leader, queries]) => askLeader(cluster, leader, { ...search, queries }));
  const failure = (await Promise.allSettled(rounds)).find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

async function askLeader(cluster: Cluster, leader: number, { queries, found, options }: Search): Promise<void> {
  // One partition may be asked twice (earliest and latest), but only once in one request.
  for (const batch of withoutRepeats(queries)) {
    const topics = [...new Set(batch.map((query) => query.topic))].map((name) => ({
      name,
      partitions: batch
        .filter((query) => query.topic === name)
        .map((query) => ({ partitionIndex: query.partition, timestamp: wireTimestamp(query.at) })),
    }));
    const isolationLevel = options.isolationLevel === 'read_committed' ? 1 : 0;
    const body = await cluster.callNode(leader, apis.listOffsets, {
      replicaId: -1,
      isolationLevel,
      topics,
      timeoutMs: cluster.options.requestTimeoutMs,
    });
    const answers = new Map(
      body.topics.flatMap((topic) => topic.partitions.map((part) => [partitionKey(topic.name, part.partitionIndex), part])),
    );
    for (const query of batch) {
      const answer = answers.get(partitionKey(query.topic, query.partition));
      const errorCode = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      if (answer === undefined || errorCode !== 0) throw new KafkaError(errorCode);
      const { topic, partition } = query;
      found.set(query, { topic, partition, offset: answer.offset, timestamp: answer.timestamp, leaderEpoch: answer.leaderEpoch });
    }
  }
}

function withoutRepeats(queries: readonly OffsetQuery[]): OffsetQuery[][] {
  const batches: { readonly seen: Set<string>; readonly queries: OffsetQuery[] }[] = [];
  for (const query of queries) {
    const key = partitionKey(query.topic, query.partition);
    let batch = batches.find((candidate) => !candidate.seen.has(key));
    if (batch === undefined) {
      batch = { seen: new Set(), queries: [] };
      batches.push(batch);
    }
    batch.seen.add(key);
    batch.queries.push(query);
  }
  return batches.map((batch) => batch.queries);
}

function wireTimestamp(at: OffsetSpec): number {
  if (at === 'latest') return -1;
  if (at === 'earliest') return -2;
  return at === 'maxTimestamp' ? -3 : at.timestamp;
}

/**
 * Topics: create, delete, grow, describe, trim.
 */
import { ErrorCode, zeroUuid, type DescribeTopicPartitionsResponse } from '@jackdaw/protocol';
import { apis } from '../apis.ts';
import type { Cluster } from '../cluster.ts';
import { errorText } from '../error-texts.ts';
import { KafkaError, UnsupportedError } from '../errors.ts';
import type { PartitionMetadata, TopicMetadata } from '../metadata.ts';
import type { TopicPartition } from '../records.ts';
import { expectNoRetriable, outcomeOf, type Outcome } from './outcome.ts';

export interface NewTopic {
  readonly name: string;
  /** −1 or absent: the broker's default. */
  readonly partitions?: number;
  /** −1 or absent: the broker's default. */
  readonly replicationFactor?: number;
  /** Replicas of each partition in order; takes the place of both counts. */
  readonly assignments?: readonly (readonly number[])[];
  readonly configs?: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
}

export interface CreatedTopic extends Outcome {
  readonly topicId: string;
  /** −1 where the broker does not say. */
  readonly partitions: number;
  readonly replicationFactor: number;
}

export interface ChangeOptions {
  readonly validateOnly?: boolean;
  /** How long the broker may take; the default leaves it some of the client's deadline. */
  readonly timeoutMs?: number;
}

export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  options: ChangeOptions = {},
): Promise<CreatedTopic[]> {
  const timeoutMs = options.timeoutMs ?? cluster.options.requestTimeoutMs;
  const draft = { topics: topics.map(toCreatableTopic), timeoutMs, validateOnly: options.validateOnly ?? false };
  return cluster.retrying(
    async () => {
      const body = await cluster.callNode(await cluster.controllerNode(), apis.createTopics, draft, {
        timeoutMs: timeoutMs + 5_000,
      });
      expectNoRetriable(body.topics.filter((topic) => topic.errorCode === ErrorCode.NOT_CONTROLLER));
      return body.topics.map((topic) => ({
        ...outcomeOf(topic.name, topic.errorCode, topic.errorMessage),
        topicId: topic.topicId,
        partitions: topic.numPartitions,
        replicationFactor: topic.replicationFactor,
      }));
    },
    { what: 'create topics' },
  );
}

function toCreatableTopic(topic: NewTopic): {
  name: string;
  numPartitions: number;
  replicationFactor: number;
  assignments: { partitionIndex: number; brokerIds: number[] }[];
  configs: { name: string; value: string }[];
} {
  const assignments = (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({
    partitionIndex,
    brokerIds: [...brokerIds],
  }));
  const isAssigned = assignments.length > 0;
  const configs: [string, string][] = isMap(topic.configs) ? [...topic.configs] : Object.entries(topic.configs ?? {});
  return {
    name: topic.name,
    numPartitions: isAssigned ? -1 : (topic.partitions ?? -1),
    replicationFactor: isAssigned ? -1 : (topic.replicationFactor ?? -1),
    assignments,
    configs: configs.map(([name, value]) => ({ name, value })),
  };
}

function isMap(configs: NewTopic['configs']): configs is ReadonlyMap<string, string> {
  return configs instanceof Map;
}

export async function deleteTopics(cluster: Cluster, names: readonly string[], options: ChangeOptions = {}): Promise<Outcome[]> {
  const timeoutMs = options.timeoutMs ?? cluster.options.requestTimeoutMs;
  const draft = { topics: names.map((name) => ({ name, topicId: zeroUuid })), topicNames: [...names], timeoutMs };
  const outcomes = await cluster.retrying(
    async () => {
      const body = await cluster.callNode(await cluster.controllerNode(), apis.deleteTopics, draft, {
        timeoutMs: timeoutMs + 5_000,
      });
      expectNoRetriable(body.responses.filter((topic) => topic.errorCode === ErrorCode.NOT_CONTROLLER));
      return body.responses.map((topic) => outcomeOf(topic.name ?? '', topic.errorCode, topic.errorMessage));
    },
    { what: 'delete topics' },
  );
  for (const name of names) cluster.forgetTopic(name);
  return outcomes;
}

export interface PartitionIncrease {
  readonly name: string;
  /** The count after the change. */
  readonly partitions: number;
  /** Replicas of each new partition. */
  readonly assignments?: readonly (readonly number[])[];
}

export async function createPartitions(
  cluster: Cluster,
  topics: readonly PartitionIncrease[],
  options: ChangeOptions = {},
): Promise<Outcome[]> {
  const timeoutMs = options.timeoutMs ?? cluster.options.requestTimeoutMs;
  const draft = {
    topics: topics.map((topic) => ({
      name: topic.name,
      count: topic.partitions,
      assignments: topic.assignments === undefined ? null : topic.assignments.map((brokerIds) => ({ brokerIds: [...brokerIds] })),
    })),
    timeoutMs,
    validateOnly: options.validateOnly ?? false,
  };
  return cluster.retrying(
    async () => {
      const body = await cluster.callNode(await cluster.controllerNode(), apis.createPartitions, draft, {
        timeoutMs: timeoutMs + 5_000,
      });
      expectNoRetriable(body.results.filter((topic) => topic.errorCode === ErrorCode.NOT_CONTROLLER));
      return body.results.map((topic) => outcomeOf(topic.name, topic.errorCode, topic.errorMessage));
    },
    { what: 'create partitions' },
  );
}

/** All topics with their partitions, by name. */
export async function listTopics(cluster: Cluster): Promise<TopicMetadata[]> {
  const metadata = await cluster.retrying(() => cluster.fetchMetadata(null), { what: 'list topics' });
  return [...metadata.topics].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export interface DescribedTopic extends Outcome {
  /** Present when there is no error. */
  readonly topic: TopicMetadata | undefined;
}

/** The topics in the order asked for; eligible leader replicas are filled in where the broker knows them. */
export async function describeTopics(cluster: Cluster, names: readonly string[]): Promise<DescribedTopic[]> {
  if (names.length === 0) return [];
  const found = await cluster.retrying(() => describePages(cluster, names), { what: 'describe topics' });
  return names.map((name) => {
    const topic = found.get(name);
    const errorCode = topic === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : topic.errorCode;
    if (errorCode === 0) return { name, error: undefined, topic };
    return { name, error: new KafkaError(errorCode, `topic "${name}": ${errorText(errorCode)}`), topic: undefined };
  });
}

async function describePages(cluster: Cluster, names: readonly string[]): Promise<Map<string, TopicMetadata>> {
  try {
    return await describeWithElr(cluster, names);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    const metadata = await cluster.fetchMetadata(names);
    return new Map(metadata.topics.map((topic) => [topic.name, topic]));
  }
}

/** DescribeTopicPartitions, page by page until there is no cursor (KIP-966). */
async function describeWithElr(cluster: Cluster, names: readonly string[]): Promise<Map<string, TopicMetadata>> {
  const found = new Map<string, TopicMetadata>();
  const sorted = [...new Set(names)].sort();
  let cursor: { topicName: string; partitionIndex: number } | null = null;
  do {
    const from: string = cursor?.topicName ?? '';
    const topics = sorted.filter((name) => name >= from).map((name) => ({ name }));
    const body: DescribeTopicPartitionsResponse = await cluster.callAny(apis.describeTopicPartitions, { topics, cursor });
    for (const topic of body.topics) {
      const name = topic.name ?? '';
      const partitions: PartitionMetadata[] = topic.partitions.map((partition) => ({
        partition: partition.partitionIndex,
        leaderId: partition.leaderId,
        leaderEpoch: partition.leaderEpoch,
        replicas: partition.replicaNodes,
        isr: partition.isrNodes,
        offlineReplicas: partition.offlineReplicas,
        elr: partition.eligibleLeaderReplicas,
        lastKnownElr: partition.lastKnownElr,
      }));
      const earlier = found.get(name)?.partitions ?? [];
      const all = [...earlier, ...partitions].sort((a, b) => a.partition - b.partition);
      found.set(name, {
        name,
        topicId: topic.topicId,
        isInternal: topic.isInternal,
        errorCode: topic.errorCode,
        partitions: all,
      });
    }
    cursor = body.nextCursor;
  } while (cursor !== null);
  return found;
}

/** Removes records before an offset; −1 as the offset means the high watermark. Returns the new log start offsets. */
export async function deleteRecords(
  cluster: Cluster,
  partitions: readonly (TopicPartition & { readonly beforeOffset: number })[],
): Promise<(TopicPartition & { readonly logStartOffset: number })[]> {
  const results: (TopicPartition & { logStartOffset: number })[] = [];
  for (const { topic, partition, beforeOffset } of partitions) {
    const timeoutMs = cluster.options.requestTimeoutMs;
    const draft = { topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset: beforeOffset }] }], timeoutMs };
    const logStartOffset = await cluster.retrying(
      async () => {
        const body = await cluster.callNode(await cluster.leaderOf(topic, partition), apis.deleteRecords, draft);
        const result = body.topics[0]?.partitions[0];
        if (result === undefined || result.errorCode !== 0)
          throw new KafkaError(result?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
        return result.lowWatermark;
      },
      { what: `delete records of ${topic}-${partition}` },
    );
    results.push({ topic, partition, logStartOffset });
  }
  return results;
}

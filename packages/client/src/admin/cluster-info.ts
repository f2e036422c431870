/**
 * The cluster itself: brokers, quorum, disks, versions, leader elections.
 */
import { apis } from '../apis.ts';
import type { Cluster } from '../cluster.ts';
import type { VersionRange } from '../connection.ts';
import { expectSuccess, UnsupportedError, type KafkaError } from '../errors.ts';
import type { TopicPartition } from '../records.ts';
import { outcomeOf, type Outcome } from './outcome.ts';

export interface ClusterDescription {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly DescribedBroker[];
}

export interface DescribedBroker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly isFenced: boolean;
}

/** Brokers that are registered, fenced ones included where the broker can tell. */
export async function describeCluster(cluster: Cluster): Promise<ClusterDescription> {
  return cluster.retrying(
    async () => {
      const draft = { includeClusterAuthorizedOperations: false, endpointType: 1, includeFencedBrokers: true };
      const body = await cluster.callAny(apis.describeCluster, draft);
      expectSuccess(body.errorCode, body.errorMessage);
      const brokers = body.brokers.map(({ brokerId: nodeId, host, port, rack, isFenced }) => ({
        nodeId,
        host,
        port,
        rack,
        isFenced,
      }));
      return { clusterId: body.clusterId, controllerId: body.controllerId, brokers: brokers.sort((a, b) => a.nodeId - b.nodeId) };
    },
    { what: 'describe the cluster' },
  );
}

export interface QuorumReplica {
  readonly replicaId: number;
  readonly directoryId: string;
  readonly logEndOffset: number;
  /** Milliseconds since the epoch; −1 when unknown. */
  readonly lastFetchTimestamp: number;
  readonly lastCaughtUpTimestamp: number;
}

export interface QuorumDescription {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  readonly nodes: readonly {
    readonly nodeId: number;
    readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  }[];
}

export async function describeQuorum(cluster: Cluster): Promise<QuorumDescription> {
  const draft = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] };
  return cluster.retrying(
    async () => {
      const body = await cluster.callAny(apis.describeQuorum, draft);
      expectSuccess(body.errorCode, body.errorMessage);
      const partition = body.topics[0]?.partitions[0];
      if (partition === undefined) throw new UnsupportedError('DescribeQuorum: the answer has no partition');
      expectSuccess(partition.errorCode, partition.errorMessage);
      const { leaderId, leaderEpoch, highWatermark } = partition;
      const voters = partition.currentVoters.map(toReplica);
      return { leaderId, leaderEpoch, highWatermark, voters, observers: partition.observers.map(toReplica), nodes: body.nodes };
    },
    { what: 'describe the quorum' },
  );
}

function toReplica(state: {
  replicaId: number;
  replicaDirectoryId: string;
  logEndOffset: number;
  lastFetchTimestamp: number;
  lastCaughtUpTimestamp: number;
}): QuorumReplica {
  const { replicaId, replicaDirectoryId: directoryId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp } = state;
  return { replicaId, directoryId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp };
}

export interface LogDirDescription {
  readonly path: string;
  readonly error: KafkaError | undefined;
  /** −1 when unknown. */
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly partitions: readonly (TopicPartition & {
    readonly sizeBytes: number;
    readonly offsetLag: number;
    readonly isFuture: boolean;
  })[];
}

export async function describeLogDirs(cluster: Cluster, nodeId: number): Promise<LogDirDescription[]> {
  const body = await cluster.retrying(() => cluster.callNode(nodeId, apis.describeLogDirs, { topics: null }), {
    what: `describe the log directories of broker ${nodeId}`,
  });
  expectSuccess(body.errorCode);
  return body.results.map((dir) => ({
    path: dir.logDir,
    error: outcomeOf(dir.logDir, dir.errorCode).error,
    totalBytes: dir.totalBytes,
    usableBytes: dir.usableBytes,
    partitions: dir.topics.flatMap((topic) =>
      topic.partitions.map((part) => ({
        topic: topic.name,
        partition: part.partitionIndex,
        sizeBytes: part.partitionSize,
        offsetLag: part.offsetLag,
        isFuture: part.isFutureKey,
      })),
    ),
  }));
}

/** Elects leaders: preferred replicas, or (unclean) any replica where no in-sync one lives. `null`: all partitions. */
export async function electLeaders(
  cluster: Cluster,
  election: 'preferred' | 'unclean',
  partitions: readonly TopicPartition[] | null,
): Promise<Outcome[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions ?? []) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  const draft = {
    electionType: election === 'preferred' ? 0 : 1,
    topicPartitions: partitions === null ? null : [...topics].map(([topic, list]) => ({ topic, partitions: list })),
    timeoutMs: cluster.options.requestTimeoutMs,
  };
  return cluster.retrying(
    async () => {
      const body = await cluster.callNode(await cluster.controllerNode(), apis.electLeaders, draft);
      expectSuccess(body.errorCode);
      return body.replicaElectionResults.flatMap((result) =>
        result.partitionResult.map((part) => outcomeOf(`${result.topic}-${part.partitionId}`, part.errorCode, part.errorMessage)),
      );
    },
    { what: 'elect leaders' },
  );
}

/** What a broker offers, by API key. */
export async function brokerVersions(cluster: Cluster, nodeId: number): Promise<ReadonlyMap<number, VersionRange>> {
  return (await cluster.connectionTo(nodeId)).versions;
}

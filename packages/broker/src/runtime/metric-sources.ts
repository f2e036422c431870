/**
 * The broker's numbers as the metrics read them at each scrape; nothing here runs on a request's path.
 */
import type { MetadataImage } from '@jackdaw/metadata';
import type { RaftRole } from '@jackdaw/raft';
import type { BrokerServices } from '../broker-services.ts';
import type { Listener } from '../net/listener.ts';
import type { NodeCore } from '../node-core.ts';
import {
  brokerStates,
  type ControllerStats,
  type GroupOffsetStats,
  type MetricSources,
  type PartitionStats,
  type RaftState,
  type ReplicaStats,
} from '../observability/metric-sources.ts';
import type { ReplicaCore } from '../replica-core.ts';
import type { HostedPartition } from '../replica/hosted-partition.ts';
import type { Health } from './health.ts';

export interface MetricParts {
  readonly services: BrokerServices;
  readonly core: NodeCore;
  readonly replica: ReplicaCore;
  readonly health: Health;
  readonly openRequests: () => number;
  readonly listeners: () => readonly { readonly name: string; readonly listener: Listener }[];
}

export function metricSources(parts: MetricParts): MetricSources {
  const { services, core } = parts;
  return {
    brokerState: () => brokerState(parts),
    topics: () => [...services.traffic.entries()].map(([topic, traffic]) => ({ topic, ...traffic })),
    replicas: () => replicaStats(parts),
    partitions: () => [...services.replicas.partitions()].flatMap((hosted) => partitionStats(services, hosted) ?? []),
    controller: () => controllerStats(core),
    raft: () => {
      const status = core.quorum.status;
      return {
        state: raftStates[status.role],
        leaderId: status.leaderId ?? -1,
        term: status.term,
        votedFor: status.vote ?? -1,
        highWatermark: status.commitIndex,
        logEndOffset: status.lastIndex + 1,
      };
    },
    groups: () => ({ byState: groupStates(services) }),
    groupOffsets: () => groupOffsets(services),
    listeners: () =>
      parts.listeners().map(({ name, listener }) => ({
        listener: name,
        connectionCount: listener.connectionCount,
        connectionsCreated: listener.connectionsCreated,
      })),
    requestQueueSize: parts.openRequests,
  };
}

const raftStates: Readonly<Record<RaftRole, RaftState>> = {
  follower: 'follower',
  preCandidate: 'prospective',
  candidate: 'candidate',
  leader: 'leader',
  observer: 'observer',
};

function brokerState({ services, health }: MetricParts): number {
  if (services.lifecycle.phase === 'shuttingDown') return brokerStates.pendingControlledShutdown;
  if (services.lifecycle.phase === 'stopped') return brokerStates.shuttingDown;
  return health.started().isOk ? brokerStates.running : brokerStates.starting;
}

function replicaStats({ services, replica }: MetricParts): ReplicaStats {
  const counts = { leaderCount: 0, partitionCount: 0, offlineReplicaCount: 0, underReplicatedCount: 0, underMinIsrCount: 0 };
  let atMinIsrCount = 0;
  let maxLagRecords = 0;
  for (const hosted of services.replicas.partitions()) {
    counts.partitionCount++;
    if (hosted.storageFailure !== null) counts.offlineReplicaCount++;
    maxLagRecords = Math.max(maxLagRecords, lagOf(hosted));
    const leader = hosted.leader;
    if (leader === null) continue;
    counts.leaderCount++;
    const inSync = leader.committedIsr.size;
    if (inSync < leader.replicas.length) counts.underReplicatedCount++;
    if (inSync < leader.effectiveMinIsr) counts.underMinIsrCount++;
    if (inSync === leader.effectiveMinIsr) atMinIsrCount++;
  }
  let replicationBytesIn = 0;
  let replicationBytesOut = 0;
  for (const [, traffic] of services.traffic.entries()) {
    replicationBytesIn += traffic.replicationBytesIn;
    replicationBytesOut += traffic.replicationBytesOut;
  }
  const { isrShrinks, isrExpands, failedIsrUpdates } = replica;
  return {
    ...counts,
    atMinIsrCount,
    isrShrinks,
    isrExpands,
    failedIsrUpdates,
    replicationBytesIn,
    replicationBytesOut,
    maxLagRecords,
    corruptBatches: services.replicas.corruptBatches + services.logManager.damagedLogs,
    offlineLogDirCount: services.logManager.directories.filter(({ isOffline }) => isOffline).length,
  };
}

/** What a follower knows of its distance to the leader: the committed records that it does not have yet. */
function lagOf(hosted: HostedPartition): number {
  if (hosted.role.kind !== 'follower' || hosted.log === null) return 0;
  return Math.max(0, hosted.leaderEndOffset - hosted.log.logEndOffset);
}

function partitionStats(services: BrokerServices, hosted: HostedPartition): PartitionStats | null {
  const { log, leader } = hosted;
  if (log === null) return null;
  const registration = services.image().partition(hosted.topicId, hosted.partition);
  return {
    topic: hosted.topicName,
    partition: hosted.partition,
    isLeader: leader !== null,
    sizeBytes: log.sizeBytes,
    logStartOffset: log.logStartOffset,
    logEndOffset: log.logEndOffset,
    segmentCount: log.segmentCount,
    lagRecords: leader === null ? lagOf(hosted) : -1,
    replicaCount: hosted.desired.state.replicas.length,
    inSyncCount: leader?.committedIsr.size ?? hosted.desired.state.isr.length,
    minInsyncReplicas: services.topicConfigs.of(hosted.topicName).minInsyncReplicas,
    leaderId: hosted.leaderId,
    isPreferredLeader: registration !== null && registration.leader === registration.replicas[0],
    lastStableLagRecords: Math.max(0, log.logEndOffset - hosted.highWatermark),
  };
}

function controllerStats(core: NodeCore): ControllerStats {
  const { image } = core.metadata;
  const brokers = [...image.brokers.values()];
  const partitions = partitionCounts(image);
  return {
    isActive: core.controllerDriver.isActive,
    activeBrokerCount: brokers.filter(({ fenced }) => !fenced).length,
    fencedBrokerCount: brokers.filter(({ fenced }) => fenced).length,
    topicCount: image.topicsById.size,
    ...partitions,
    newActiveControllers: core.counts.newActiveControllers,
    timedOutHeartbeats: core.counts.timedOutHeartbeats,
    metadataErrors: core.counts.metadataErrors,
    uncleanLeaderElections: core.counts.uncleanLeaderElections,
    lastAppliedOffset: image.appliedIndex,
  };
}

function partitionCounts(
  image: MetadataImage,
): Pick<ControllerStats, 'partitionCount' | 'offlinePartitionCount' | 'preferredReplicaImbalanceCount'> {
  const counts = { partitionCount: 0, offlinePartitionCount: 0, preferredReplicaImbalanceCount: 0 };
  for (const topic of image.topicsById.values()) {
    for (const { leader, replicas } of topic.partitions.values()) {
      counts.partitionCount++;
      if (leader < 0) counts.offlinePartitionCount++;
      else if (leader !== replicas[0]) counts.preferredReplicaImbalanceCount++;
    }
  }
  return counts;
}

/** The lag where this broker has a replica of the partition; its high watermark may be a moment behind the leader's. */
function* groupOffsets(services: BrokerServices): Generator<GroupOffsetStats> {
  for (const shard of services.groups.shards()) {
    for (const { groupId, topic, partition, offset } of shard.committedOffsets()) {
      const hosted = services.replicas.get(topic, partition);
      const lagRecords = hosted === undefined ? null : Math.max(0, hosted.highWatermark - offset);
      yield { group: groupId, topic, partition, committedOffset: offset, lagRecords };
    }
  }
}

function groupStates(services: BrokerServices): ReadonlyMap<string, number> {
  const byState = new Map<string, number>();
  for (const shard of services.groups.shards()) {
    for (const [state, count] of shard.counts().groupsByState) byState.set(state, (byState.get(state) ?? 0) + count);
  }
  return byState;
}

/**
 * The part of a node that holds partitions: replica manager, replication streams, ISR changes, group coordinators.
 */
import type { NodeId } from '@jackdaw/base';
import type { LogManager, PartitionLog } from '@jackdaw/log';
import type { MetadataImage } from '@jackdaw/metadata';
import type { Codecs } from '@jackdaw/protocol';
import type { BrokerConfig } from './config/broker-config.ts';
import { groupConfigOf, GroupService } from './groups/group-service.ts';
import { rpcAddressOf } from './metadata-publisher.ts';
import type { TrafficCounters } from './observability/traffic-counters.ts';
import { controllerApis } from './quorum/controller-apis.ts';
import type { ControllerClient } from './quorum/controller-client.ts';
import { ReplicaDirectories } from './replica/replica-directories.ts';
import { maxPushBytes, maxReadBytes } from './replica/follower-stream.ts';
import type { HostedPartition } from './replica/hosted-partition.ts';
import { IsrUpdater } from './replica/isr-updater.ts';
import { firstRetryMs } from './replica/leader-link.ts';
import { ReplicaManager } from './replica/replica-manager.ts';
import { ReplicationService } from './replica/replication-service.ts';
import { TopicConfigs } from './replica/topic-configs.ts';
import type { Truncation } from '@jackdaw/replication';
import type { Platform } from './platform/platform.ts';
import type { BrokerLog } from './runtime/broker-log.ts';

export interface ReplicaCoreOptions {
  readonly config: BrokerConfig;
  readonly platform: Platform;
  readonly codecs: Codecs;
  readonly log: BrokerLog;
  readonly logManager: LogManager;
  readonly traffic: TrafficCounters;
  readonly clusterId: string;
  readonly image: () => MetadataImage;
  readonly controller: ControllerClient;
  readonly brokerEpoch: () => number;
}

/** How long to wait for the controller's answer to a change of the ISR, or of a replica's directory, before asking again. */
const alterPartitionTimeoutMs = 3_000;

export class ReplicaCore {
  readonly topicConfigs: TopicConfigs;
  readonly replicas: ReplicaManager;
  readonly replication: ReplicationService;
  readonly isrUpdater: IsrUpdater;
  readonly groups: GroupService;
  readonly directories: ReplicaDirectories;
  isrShrinks = 0;
  isrExpands = 0;
  failedIsrUpdates = 0;
  readonly #options: ReplicaCoreOptions;

  constructor(options: ReplicaCoreOptions) {
    this.#options = options;
    const { config, image } = options;
    this.topicConfigs = new TopicConfigs({ view: config.view, image, durability: config.durability });
    this.isrUpdater = this.#newIsrUpdater();
    this.replication = this.#newReplication();
    this.replicas = this.#newReplicaManager();
    this.directories = this.#newReplicaDirectories();
    this.groups = this.#newGroups();
  }

  /** The log flusher's notice. */
  onDurable(log: PartitionLog): void {
    this.replicas.onDurable(log);
  }

  close(): void {
    this.isrUpdater.close();
    this.directories.close();
    this.groups.close();
    this.replicas.close();
    this.replication.close();
  }

  #newIsrUpdater(): IsrUpdater {
    const { config, platform, controller, brokerEpoch, log } = this.#options;
    return new IsrUpdater({
      nodeId: config.nodeId,
      clock: platform.clock,
      scheduler: platform.scheduler,
      brokerEpoch,
      alterPartition: (request) => controller.call(controllerApis.alterPartition, request, alterPartitionTimeoutMs),
      onIsrChanged: (partition, before, after) => {
        if (after.length < before.length) this.isrShrinks++;
        else this.isrExpands++;
        log.onIsrChanged(partition, before, after);
      },
      onFailure: (error) => {
        this.failedIsrUpdates++;
        log.warnSometimes({ err: error }, 'an ISR change is not answered, it will be asked for again');
      },
    });
  }

  #newReplication(): ReplicationService {
    const { config, platform, clusterId, brokerEpoch, traffic, log, image } = this.#options;
    return new ReplicationService({
      rpc: platform.rpc,
      scheduler: platform.scheduler,
      nodeId: config.nodeId,
      clusterId: () => clusterId,
      brokerEpoch,
      clock: platform.clock,
      addressOf: (id: NodeId) => rpcAddressOf(image(), id, config.controllerListener.name),
      leader: {
        readBytes: Math.min(maxReadBytes, config.view.number('replica.fetch.max.bytes')),
        pushBytes: Math.min(maxPushBytes, config.view.number('replica.fetch.response.max.bytes')),
        find: (topicId, partition) => this.replicas.getById(topicId, partition),
        onPosition: (partition) => this.isrUpdater.check(partition),
        onBytesSent: (partition, bytes) => (traffic.of(partition.topicName).replicationBytesOut += bytes),
        onCorrupt: (partition, offset) => this.replicas.onCorrupt(partition, offset),
      },
      follower: {
        maxRetryMs: Math.max(firstRetryMs, config.view.number('replica.fetch.backoff.ms')),
        append: (partition, batches) => {
          this.replicas.appendAsFollower(partition, batches);
          traffic.of(partition.topicName).replicationBytesIn += batches.length;
        },
        onTruncated: (partition, plan) => log.onTruncated(partition, plan),
        mayTruncate: (partition, plan) => this.#mayTruncate(partition, plan),
        onFailure: (partition, error) => log.onFollowFailure(partition, error),
        onStreamEnd: (leaderId, reason) =>
          log.warnSometimes({ leaderId, reason }, `replication stream to broker ${leaderId} ended`),
      },
    });
  }

  #newReplicaManager(): ReplicaManager {
    const { config, platform, logManager, log, image } = this.#options;
    return new ReplicaManager({
      nodeId: config.nodeId,
      logManager,
      clock: platform.clock,
      logConfig: (topicName) => this.topicConfigs.logConfigOf(topicName),
      minInsyncReplicas: (topicName) => this.topicConfigs.of(topicName).minInsyncReplicas,
      replicaLagTimeMaxMs: () => config.view.number('replica.lag.time.max.ms'),
      broker: (id) => {
        const broker = image().brokers.get(id);
        if (broker === undefined) return undefined;
        return { brokerEpoch: broker.brokerEpoch, isFenced: broker.fenced, isShuttingDown: broker.inControlledShutdown };
      },
      follow: (partition, follower) => this.replication.follow(partition, follower),
      unfollow: (partition) => this.replication.unfollow(partition),
      followerDurable: (partition) => this.replication.onDurable(partition),
      isrMayChange: (partition) => this.isrUpdater.check(partition),
      isrUnsettled: (partition) => this.isrUpdater.watch(partition),
      onRole: (partition) => this.groups.onRole(partition),
      directoryMayDiffer: (partition) => this.directories.check(partition),
      events: log,
    });
  }

  #newReplicaDirectories(): ReplicaDirectories {
    const { config, platform, controller, brokerEpoch, log, logManager } = this.#options;
    return new ReplicaDirectories({
      timers: platform.scheduler,
      nodeId: config.nodeId,
      brokerEpoch,
      directoryOf: ({ topicName, partition }) => logManager.directoryIdOf(topicName, partition),
      assign: (request) => controller.call(controllerApis.assignReplicasToDirs, request, alterPartitionTimeoutMs),
      onLastCopy: (partition, isNews) => this.replicas.onLastCopy(partition, isNews),
      onFailure: (error) =>
        log.warnSometimes({ err: error }, 'the controller could not be told where replicas are, it will be told again'),
    });
  }

  #newGroups(): GroupService {
    const { config, platform, codecs, image, log, logManager } = this.#options;
    return new GroupService({
      clock: platform.clock,
      trustedWallMs: () => logManager.trustedWallMs(),
      scheduler: platform.scheduler,
      random: platform.random,
      config: groupConfigOf(config.view),
      image,
      codecs,
      loadReadBytes: config.view.number('offsets.load.buffer.size'),
      maxLogBytes: () => config.view.number('offsets.topic.segment.bytes'),
      onEvent: (event, partition) => log.onGroup(event, partition),
      onCorrupt: (partition, offset) => this.replicas.onCorrupt(partition, offset),
      onLoaded: (partition, records, durationMs) =>
        log.info({ partition, records, durationMs: Math.round(durationMs) }, 'groups loaded'),
      onFailure: (what, partition, error) => log.error(error, `cannot ${what}`, { partition }),
    });
  }

  /**
   * Records below the high watermark are given up only where that is expected (A6): after an unclean election, in
   * page-cache mode, where a crash may have taken them from everybody, or when this disk has been found damaged, so that it
   * is this replica that does not know better.
   */
  #mayTruncate(partition: HostedPartition, plan: Truncation): boolean {
    if (!plan.isBelowHighWatermark || partition.desired.isRecovering) return true;
    if (this.#options.config.durability === 'page-cache') return true;
    const recovery = partition.log?.recovery;
    if (recovery?.lostDurableRecords === true || recovery?.wasCutInTheMiddle === true) return true;
    if (this.topicConfigs.of(partition.topicName).uncleanLeaderElectionEnable) return true;
    this.#options.log.onTruncationRefused(partition, plan);
    return false;
  }
}

/**
 * What handlers see of a broker: its parts, each behind its own type. Assembled in broker.ts.
 */
import type { Clock, NodeId, Timers } from '@jackdaw/base';
import type { LogManager } from '@jackdaw/log';
import type { MetadataImage } from '@jackdaw/metadata';
import type { Codecs } from '@jackdaw/protocol';
import type { BrokerConfig } from './config/broker-config.ts';
import type { ResponseMemory } from './net/response-memory.ts';
import type { FetchSessions } from './fetch/fetch-sessions.ts';
import type { GroupService } from './groups/group-service.ts';
import type { BrokerLifecycle } from './quorum/broker-lifecycle.ts';
import type { ControllerClient } from './quorum/controller-client.ts';
import type { QuorumDriver } from './quorum/quorum-driver.ts';
import type { ReplicaManager } from './replica/replica-manager.ts';
import type { TopicConfigs } from './replica/topic-configs.ts';
import type { ProducerIds } from './api/producer-ids.ts';
import type { LeveledLog } from './api/broker-loggers.ts';
import type { TopicCreation } from './api/topic-creation.ts';
import type { TrafficCounters } from './observability/traffic-counters.ts';

export interface BrokerServices {
  readonly nodeId: NodeId;
  /** Of this process, as it registers. */
  readonly incarnationId: string;
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The newest committed image; read it anew after every await. */
  readonly image: () => MetadataImage;
  /** Resolves when the image shows what the controller has answered with. */
  readonly whenApplied: (index: number) => Promise<void>;
  /** The active controller's id, −1 when none is known. */
  readonly controllerId: () => NodeId;
  readonly clusterId: () => string;
  readonly controller: ControllerClient;
  readonly quorum: QuorumDriver;
  /** What the controller in this process has decided on, committed or not; null while it is not active. To be looked at. */
  readonly decidedImage: () => MetadataImage | null;
  readonly lifecycle: BrokerLifecycle;
  readonly logManager: LogManager;
  readonly replicas: ReplicaManager;
  readonly topicConfigs: TopicConfigs;
  readonly groups: GroupService;
  readonly fetchSessions: FetchSessions;
  readonly responseMemory: ResponseMemory;
  readonly producerIds: ProducerIds;
  readonly topicCreation: TopicCreation;
  readonly codecs: Codecs;
  readonly traffic: TrafficCounters;
  /** The broker's log, whose level kafka-configs can change. */
  readonly logger: LeveledLog;
}

/**
 * One node: puts the parts together, starts them in order, and stops them in the reverse order.
 *
 * Start: log directories (recovery) → quorum's database → ports → Raft → registration → caught up and unfenced →
 * clients are served. Stop (F12): hand leaderships over → stop serving → checkpoint and mark the logs clean → quorum.
 * The parts know each other only through `BrokerServices`, `MetadataState` and the callbacks wired here.
 */
import { join } from 'node:path';
import { StorageError, type LogManager } from '@jackdaw/log';
import { uuidBytes, uuidOf } from '@jackdaw/protocol';
import { Dispatcher } from './api/dispatcher.ts';
import { handlers } from './api/handlers.ts';
import { ProducerIds } from './api/producer-ids.ts';
import { TopicCreation } from './api/topic-creation.ts';
import type { BrokerServices } from './broker-services.ts';
import { installNodeRsCrc32c } from './codecs/native-crc32c.ts';
import { nodeCodecs } from './codecs/codecs.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { FetchSessions } from './fetch/fetch-sessions.ts';
import { MetadataPublisher } from './metadata-publisher.ts';
import { Listener } from './net/listener.ts';
import { ResponseMemory } from './net/response-memory.ts';
import { NodeCore } from './node-core.ts';
import { startAdminServer, type AdminServer } from './observability/admin-server.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { BrokerMetrics } from './observability/metrics.ts';
import { TrafficCounters } from './observability/traffic-counters.ts';
import { BrokerLifecycle } from './quorum/broker-lifecycle.ts';
import { ControllerClient } from './quorum/controller-client.ts';
import type { Platform } from './platform/platform.ts';
import { systemPlatform } from './platform/system-platform.ts';
import { ReplicaCore } from './replica-core.ts';
import type { RpcServer } from './rpc/rpc-network.ts';
import { BrokerLog } from './runtime/broker-log.ts';
import { Health } from './runtime/health.ts';
import { previousBrokerEpoch, saveLastRegistration } from './runtime/last-registration.ts';
import { highWatermark, Maintenance } from './runtime/maintenance.ts';
import { metricSources } from './runtime/metric-sources.ts';
import { openLogs } from './runtime/open-logs.ts';
import { boundListener, registrationOf, type BoundListener } from './runtime/registration.ts';
import { requestObserver } from './runtime/request-observer.ts';
import { TimerWheel } from './runtime/timer-wheel.ts';

export interface StartOptions {
  /** By default pino on standard output, as the configuration says. */
  readonly logger?: Logger;
  /** What `loadConfig` warned of (ignored keys among it): each becomes one line of the log. */
  readonly warnings?: readonly string[];
  /** Metrics of the process itself; off when several brokers share one. */
  readonly includeProcessMetrics?: boolean;
  /** The node cannot go on (its disk failed, the cluster refuses it): it has stopped itself. */
  readonly onFatal?: (error: Error) => void;
  /** By default the real machine; a simulator gives each node its own. */
  readonly platform?: Platform;
  /** Gets the parts of the node once they are put together, before any of them runs: for whoever checks them. */
  readonly onAssembled?: (services: BrokerServices) => void;
}

/** A node that runs. */
export interface Broker {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Port of the first Kafka listener, 0 without one. */
  readonly port: number;
  readonly rpcPort: number;
  /** Port of the admin server, 0 without one. */
  readonly adminPort: number;
  /** Whether the active controller is on this node now. */
  readonly isController: boolean;
  /** The term of the quorum in which it decides; null while it is not on this node. */
  readonly controllerTerm: number | null;
  /** Resolves when clients are served; rejects when the node stops before. */
  readonly whenReady: Promise<void>;
  /** Hands over, flushes and stops; safe to call twice. */
  close(): Promise<void>;
  /** Lets everything go at once, as a crash would: nothing is handed over or marked clean. For tests. */
  kill(): Promise<void>;
}

/** A handover that takes longer is given up: the cluster fences this broker soon enough. */
const controlledShutdownMs = 10_000;

/**
 * Starts a node. Rejects with a text for the user when it cannot: a directory that is locked or belongs to another
 * cluster, a port that is taken, a disk that fails.
 */
export async function startBroker(config: BrokerConfig, options: StartOptions = {}): Promise<Broker> {
  installNodeRsCrc32c();
  const node = new RunningNode(config, options);
  try {
    await node.start();
  } catch (error) {
    await node.kill();
    throw error;
  }
  return node;
}

class RunningNode implements Broker {
  readonly nodeId: number;
  readonly whenReady: Promise<void>;
  readonly #config: BrokerConfig;
  readonly #options: StartOptions;
  readonly #logger: Logger;
  readonly #log: BrokerLog;
  readonly #traffic = new TrafficCounters();
  readonly #platform: Platform;
  readonly #timers: TimerWheel;
  readonly #incarnationId: string;
  readonly #health = new Health();
  #logManager: LogManager | null = null;
  #core: NodeCore | null = null;
  #replica: ReplicaCore | null = null;
  #controller: ControllerClient | null = null;
  #lifecycle: BrokerLifecycle | null = null;
  #maintenance: Maintenance | null = null;
  #rpc: RpcServer | null = null;
  #admin: AdminServer | null = null;
  #metrics: BrokerMetrics | null = null;
  #listeners: { readonly listener: Listener; readonly bound: BoundListener }[] = [];
  #rpcPort = 0;
  /** What the next registration names as the epoch before it. */
  #previousBrokerEpoch = -1;
  #services: BrokerServices | null = null;
  #closing: Promise<void> | null = null;

  constructor(config: BrokerConfig, options: StartOptions) {
    this.nodeId = config.nodeId;
    this.#config = config;
    this.#options = options;
    this.#logger = options.logger ?? createLogger({ nodeId: config.nodeId, ...config.log });
    this.#platform = options.platform ?? systemPlatform;
    const { clock, scheduler, random } = this.#platform;
    this.#timers = new TimerWheel(clock, scheduler);
    this.#incarnationId = uuidOf(random.bytes(uuidBytes));
    this.#log = new BrokerLog(this.#logger, { clock, timers: scheduler });
    this.whenReady = this.#health.whenReady;
    this.whenReady.catch(() => undefined);
  }

  get clusterId(): string {
    return this.#logManager?.clusterId ?? '';
  }

  get port(): number {
    return this.#listeners[0]?.bound.port ?? 0;
  }

  get isController(): boolean {
    return this.#core?.controllerDriver.isActive ?? false;
  }

  get controllerTerm(): number | null {
    return this.#core?.controllerDriver.activeTerm ?? null;
  }

  get rpcPort(): number {
    return this.#rpcPort;
  }

  get adminPort(): number {
    return this.#admin?.port ?? 0;
  }

  async start(): Promise<void> {
    const platform = this.#platform;
    const startedMs = platform.clock.monotonicMs();
    for (const warning of this.#options.warnings ?? []) this.#log.warn({}, `configuration: ${warning}`);
    const logManager = await openLogs(this.#config, {
      platform,
      log: this.#log,
      onDurable: (log) => this.#replica?.onDurable(log),
      onSynced: (ms) => this.#metrics?.fsyncDuration.observe(ms / 1_000),
      registrationDirectory: this.#registrationDirectory,
      onOffline: (directory, error) => this.#fatal(new Error(`log directory ${directory} failed`, { cause: error })),
    });
    this.#logManager = logManager;
    this.#previousBrokerEpoch = previousBrokerEpoch(platform.fs, logManager, this.#registrationDirectory);
    const core = await NodeCore.open({
      config: this.#config,
      platform,
      clusterId: logManager.clusterId,
      incarnationId: this.#incarnationId,
      seed: Math.floor(platform.random.float() * 2 ** 32),
      log: this.#log,
      onSoftState: (state) => {
        this.#controller?.onControllerChanged();
        // A node that is only a controller serves as soon as it is part of a quorum.
        if (!this.#config.roles.broker && state.leaderId !== null) this.#health.onServing();
      },
      onCommitted: (ms) => this.#metrics?.raftCommitDuration.observe(ms / 1_000),
      onPartitionFailover: (ms) => this.#metrics?.failoverDuration.partition.observe(ms / 1_000),
      onControllerFailover: (ms) => this.#metrics?.failoverDuration.controller.observe(ms / 1_000),
      onFatal: (error) => this.#fatal(error),
    });
    this.#core = core;
    const services = this.#assemble(core, logManager);
    this.#options.onAssembled?.(services);
    await this.#bind(core, services);
    core.start();
    if (this.#config.roles.broker) this.#lifecycle?.start();
    this.#maintenance?.start();
    this.#log.info(
      {
        clusterId: logManager.clusterId,
        listeners: this.#listeners.map(({ bound }) => `${bound.name}://${bound.host}:${bound.port}`),
        rpcPort: this.#rpcPort,
        adminPort: this.adminPort,
        durability: this.#config.durability,
        startMs: Math.round(this.#platform.clock.monotonicMs() - startedMs),
      },
      'broker started, joining the cluster',
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  kill(): Promise<void> {
    this.#closing ??= this.#tearDown(false);
    return this.#closing;
  }

  #assemble(core: NodeCore, logManager: LogManager): BrokerServices {
    const config = this.#config;
    const platform = this.#platform;
    const controller = this.#newControllerClient(core, logManager);
    this.#controller = controller;
    const replica = new ReplicaCore({
      config,
      platform,
      codecs: nodeCodecs,
      log: this.#log,
      logManager,
      traffic: this.#traffic,
      clusterId: logManager.clusterId,
      image: () => core.metadata.image,
      controller,
      brokerEpoch: () => this.#lifecycle?.brokerEpoch ?? -1,
    });
    this.#replica = replica;
    const ownLifecycle = this.#newLifecycle(core, controller);
    this.#lifecycle = ownLifecycle;
    const services: BrokerServices = {
      nodeId: this.nodeId,
      incarnationId: this.#incarnationId,
      config,
      clock: platform.clock,
      timers: this.#timers,
      image: () => core.metadata.image,
      whenApplied: (index) => core.metadata.whenApplied(index),
      controllerId: () => core.quorum.softState.leaderId ?? -1,
      clusterId: () => logManager.clusterId,
      controller,
      quorum: core.quorum,
      decidedImage: () => core.controllerDriver.active?.image ?? null,
      lifecycle: ownLifecycle,
      logManager,
      replicas: replica.replicas,
      topicConfigs: replica.topicConfigs,
      groups: replica.groups,
      fetchSessions: new FetchSessions({
        clock: platform.clock,
        random: platform.random,
        maxSessions: () => config.view.number('max.incremental.fetch.session.cache.slots'),
      }),
      responseMemory: new ResponseMemory(maxResponseMemoryBytes),
      producerIds: new ProducerIds(() => services),
      topicCreation: new TopicCreation(() => services),
      codecs: nodeCodecs,
      traffic: this.#traffic,
      logger: this.#logger,
    };
    this.#services = services;
    const publisher = new MetadataPublisher({
      broker: services,
      incarnationId: this.#incarnationId,
      isrUpdater: replica.isrUpdater,
      onConfigComplaint: (complaint) => this.#log.warn({}, complaint),
    });
    core.metadata.subscribe((delta, image) => {
      if (delta.clusterIdChanged) this.#expectOwnCluster(image.clusterId, logManager.clusterId);
      publisher.publish(delta, image);
    });
    this.#maintenance = new Maintenance({
      timers: platform.scheduler,
      broker: services,
      isrUpdater: replica.isrUpdater,
      onError: (what, error) => this.#log.error(error, `${what} failed`),
    });
    return services;
  }

  /** A cluster.id that has rotted to another one would have every peer refuse this node, for ever and without a word of why. */
  #expectOwnCluster(ofMetadata: string | null, ofDirectory: string): void {
    if (ofMetadata === null || ofMetadata === '' || ofMetadata === ofDirectory) return;
    const path = join(this.#registrationDirectory, 'meta.properties');
    const message = `${path} says cluster ${ofDirectory}, but the metadata of this node is that of cluster ${ofMetadata}`;
    throw new StorageError('corrupt', path, message);
  }

  #newControllerClient(core: NodeCore, logManager: LogManager): ControllerClient {
    const { rpc, scheduler, clock } = this.#platform;
    return new ControllerClient({
      rpc,
      timers: scheduler,
      clock,
      nodeId: this.nodeId,
      clusterId: () => logManager.clusterId,
      brokerEpoch: () => this.#lifecycle?.brokerEpoch ?? -1,
      controllerId: () => core.quorum.softState.leaderId,
      voterAddresses: core.voterAddresses,
      onBroken: () => this.#lifecycle?.beatSoon(),
      local: (apiKey, apiVersion, payload) => core.controllerService.handleLocal(apiKey, apiVersion, payload),
    });
  }

  #newLifecycle(core: NodeCore, controller: ControllerClient): BrokerLifecycle {
    const { view } = this.#config;
    return new BrokerLifecycle({
      nodeId: this.nodeId,
      clock: this.#platform.clock,
      timers: this.#platform.scheduler,
      controller,
      metadata: core.metadata,
      registration: () => this.#registration(),
      heartbeatIntervalMs: view.number('broker.heartbeat.interval.ms'),
      sessionTimeoutMs: view.number('broker.session.timeout.ms'),
      onRegistered: (brokerEpoch) => {
        this.#saveRegistration(brokerEpoch);
        this.#replica?.replication.onBrokerEpoch();
        this.#log.info({ brokerEpoch }, 'registered');
      },
      onUnfenced: () => this.#onUnfenced(),
      onFenced: () => {
        this.#health.onFenced();
        this.#log.warn({}, 'fenced by the controller');
      },
      onFailure: (what, error) => this.#log.warnSometimes({ err: error }, `cannot ${what}, will try again`),
      onRefused: (error) => this.#fatal(error),
    });
  }

  get #registrationDirectory(): string {
    return this.#config.logDirs[0] ?? this.#config.metadataLogDir;
  }

  /** Within this process nothing is lost any more: a second registration names the first one's epoch. */
  #saveRegistration(brokerEpoch: number): void {
    this.#previousBrokerEpoch = brokerEpoch;
    try {
      saveLastRegistration(this.#platform.fs, this.#registrationDirectory, { brokerEpoch, durability: this.#config.durability });
    } catch (error) {
      this.#log.error(error, 'the broker epoch could not be kept: after a crash this broker must catch up before it may lead');
    }
  }

  #registration(): ReturnType<typeof registrationOf> {
    const logManager = this.#logManager;
    return registrationOf(this.#config, {
      clusterId: this.clusterId,
      incarnationId: this.#incarnationId,
      listeners: [...this.#listeners.map(({ bound }) => bound), boundListener(this.#config.controllerListener, this.#rpcPort)],
      logDirs: logManager?.directoryIds ?? [],
      previousBrokerEpoch: this.#previousBrokerEpoch,
    });
  }

  /** Takes every port before anything is promised to anybody. */
  async #bind(core: NodeCore, services: BrokerServices): Promise<void> {
    const { controllerListener, listeners, admin, view } = this.#config;
    const replication = this.#replica?.replication;
    this.#rpc = await this.#platform.rpc.serve(controllerListener.host || '0.0.0.0', controllerListener.port, {
      raftLink: core.transport.handleLink,
      controllerLink: core.controllerService.handleLink,
      controllerPing: core.controllerService.handlePing,
      ...(replication !== undefined && { fetch: replication.handleFetch }),
    });
    this.#rpcPort = this.#rpc.port;
    if (this.#closing !== null) {
      // A disk has failed meanwhile: what has torn the rest down did not know of this listener yet.
      await this.#rpc.close();
      throw new Error('the node stopped while it started');
    }
    const dispatcher = new Dispatcher(
      services,
      handlers,
      requestObserver(this.#log, () => this.#metrics),
    );
    for (const config of listeners) {
      const listener = new Listener({
        name: config.name,
        host: config.host,
        port: config.port,
        limits: {
          maxFrameBytes: view.number('socket.request.max.bytes'),
          maxOpenRequests: maxOpenRequestsPerConnection,
          maxQueuedResponseBytes,
          memory: services.responseMemory,
        },
        maxConnections: () => view.number('max.connections'),
        maxConnectionsPerIp: () => view.number('max.connections.per.ip'),
        maxIdleMs: view.number('connections.max.idle.ms'),
        backlog: view.number('socket.listen.backlog.size'),
        network: this.#platform.sockets,
        clock: this.#platform.clock,
        scheduler: this.#platform.scheduler,
        handler: dispatcher,
        onRefused: (remoteAddress, reason) => this.#log.warnSometimes({ client: remoteAddress, reason }, 'connection refused'),
      });
      this.#listeners.push({ listener, bound: boundListener(config, 0) });
      await listener.listen();
      this.#listeners[this.#listeners.length - 1] = { listener, bound: boundListener(config, listener.port) };
    }
    await this.#startAdmin(core, services, dispatcher);
    if (admin !== null) this.#log.info({ host: admin.host, port: this.adminPort }, 'admin server listens');
  }

  async #startAdmin(core: NodeCore, services: BrokerServices, dispatcher: Dispatcher): Promise<void> {
    const { admin, metricsPerPartition } = this.#config;
    const replica = this.#replica;
    if (admin === null || replica === null) return;
    this.#metrics = new BrokerMetrics({
      sources: metricSources({
        services,
        core,
        replica,
        health: this.#health,
        openRequests: () => dispatcher.openRequests,
        listeners: () => this.#listeners.map(({ listener, bound }) => ({ name: bound.name, listener })),
      }),
      perPartition: metricsPerPartition,
      includeProcess: this.#options.includeProcessMetrics ?? true,
    });
    this.#admin = await startAdminServer({
      host: admin.host,
      port: admin.port,
      metrics: this.#metrics,
      isReady: () => this.#health.ready(),
      isStarted: () => this.#health.started(),
      onError: (error) => this.#log.error(error, 'admin request failed'),
    });
  }

  #onUnfenced(): void {
    // The metadata is up to date now: what it does not know on this disk is nobody's.
    this.#replica?.replicas.onMetadataCurrent().catch((error: unknown) => this.#log.error(error, 'cannot put strays aside'));
    for (const { listener } of this.#listeners) listener.open();
    this.#health.onServing();
    this.#log.info({ brokerEpoch: this.#lifecycle?.brokerEpoch }, 'unfenced: clients are served');
  }

  async #close(): Promise<void> {
    this.#health.onStopping(new Error('the broker was stopped before it served'));
    const startedMs = this.#platform.clock.monotonicMs();
    if (this.#config.roles.broker && this.#config.view.boolean('controlled.shutdown.enable')) {
      const granted = (await this.#lifecycle?.shutDown(controlledShutdownMs)) ?? true;
      if (!granted) this.#log.warn({}, 'no controller has taken over the leaderships in time; stopping without');
    }
    // After the last answer as a controller, the next one need not wait for an election timeout.
    await this.#core?.quorum.handOver(this.#config.view.number('controller.quorum.election.timeout.ms'));
    await this.#tearDown(true);
    this.#log.info({ stopMs: Math.round(this.#platform.clock.monotonicMs() - startedMs) }, 'broker stopped');
  }

  async #tearDown(isClean: boolean): Promise<void> {
    this.#health.onStopping(new Error('the broker was stopped before it served'));
    this.#lifecycle?.stop();
    // A disk that has failed may hang as well: the others learn at once that this node is gone.
    const leaving = isClean ? null : this.#leaveCluster();
    leaving?.catch(() => undefined);
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()));
    await this.#maintenance?.close();
    if (leaving === null) {
      this.#leaveReplication();
      await this.#closeLogs();
    } else this.#logManager?.abandon();
    await (leaving ?? this.#core?.close());
    await this.#rpc?.close();
    await this.#admin?.close();
    this.#metrics?.close();
    this.#timers.close();
  }

  #leaveReplication(): void {
    this.#replica?.close();
    this.#controller?.close();
  }

  async #leaveCluster(): Promise<void> {
    this.#leaveReplication();
    await this.#core?.close();
  }

  /**
   * Marks the logs clean under the broker epoch that the controller knows (A18): that of a former process, when this one
   * stops before it has registered.
   */
  async #closeLogs(): Promise<void> {
    const logManager = this.#logManager;
    const services = this.#services;
    if (logManager === null) return;
    try {
      if (services !== null) await logManager.checkpointHighWatermarks((log) => highWatermark(services, log));
      await logManager.shutdown({ brokerEpoch: this.#previousBrokerEpoch });
    } catch (error) {
      this.#log.error(error, 'the logs could not be closed cleanly; the next start will check them');
    }
  }

  /** The node cannot keep its promises any more: it stops, and whoever started it is told. */
  #fatal(error: Error): void {
    if (this.#closing !== null) {
      this.#log.error(error, 'this node cannot go on; it is stopping already');
      // Nothing that the stop still waits for would come.
      this.#lifecycle?.stop();
      return;
    }
    this.#log.fatal(error, 'this node cannot go on');
    this.#health.onStopping(error);
    void this.kill().finally(() => this.#options.onFatal?.(error));
  }
}

/** Requests of one connection that may be open at once; Java producers have 5 in flight. */
const maxOpenRequestsPerConnection = 64;
/** Response bytes that may wait for one slow reader. */
const maxQueuedResponseBytes = 64 * 1024 * 1024;
/** Answers to Fetch of all connections, read or waiting for slow readers. */
const maxResponseMemoryBytes = 256 * 1024 * 1024;

/**
 * The part of a node that every role has: the quorum's state machine, its disk and its links, and the controller that
 * comes to life when this node leads.
 */
import { join } from 'node:path';
import { Prng, type NodeId } from '@jackdaw/base';
import { makeDirectoryDurable, StorageError } from '@jackdaw/log';
import type { SoftState } from '@jackdaw/raft';
import type { BrokerConfig } from './config/broker-config.ts';
import { ControllerDriver } from './quorum/controller-driver.ts';
import { ControllerService } from './quorum/controller-service.ts';
import { describeQuorum } from './quorum/describe-quorum.ts';
import { MetadataState } from './quorum/metadata-state.ts';
import { QuorumDriver } from './quorum/quorum-driver.ts';
import { RaftStore } from './quorum/raft-store.ts';
import { RaftTransport } from './quorum/raft-transport.ts';
import { voterAddresses } from './quorum/voters.ts';
import { rpcAddressOf } from './metadata-publisher.ts';
import type { Platform } from './platform/platform.ts';
import type { BrokerLog } from './runtime/broker-log.ts';

export interface NodeCoreOptions {
  readonly config: BrokerConfig;
  readonly platform: Platform;
  readonly clusterId: string;
  readonly incarnationId: string;
  readonly seed: number;
  readonly log: BrokerLog;
  readonly onSoftState: (state: SoftState) => void;
  /** An own proposal was committed, so many milliseconds after it was made. */
  readonly onCommitted: (durationMs: number) => void;
  /** This node knows a leader of the quorum again, so many milliseconds after it knew the last one. */
  readonly onControllerFailover: (durationMs: number) => void;
  /** As the active controller, this node gave a partition another leader, so long after the one before was lost. */
  readonly onPartitionFailover: (durationMs: number) => void;
  readonly onFatal: (error: Error) => void;
}

/** What the active controller on this node has done since the start, for metrics. */
export interface ControllerCounts {
  newActiveControllers: number;
  timedOutHeartbeats: number;
  metadataErrors: number;
  uncleanLeaderElections: number;
}

export class NodeCore {
  readonly counts: ControllerCounts = {
    newActiveControllers: 0,
    timedOutHeartbeats: 0,
    metadataErrors: 0,
    uncleanLeaderElections: 0,
  };
  readonly metadata = new MetadataState();
  readonly voterAddresses: ReadonlyMap<NodeId, string>;
  readonly quorum: QuorumDriver;
  readonly transport: RaftTransport;
  readonly controllerDriver: ControllerDriver;
  readonly controllerService: ControllerService;
  readonly #options: NodeCoreOptions;
  /** When the last known leader of the quorum was lost; null while there is one, and before the first. */
  #leaderLostMs: number | null = null;
  #hadLeader = false;

  private constructor(options: NodeCoreOptions, store: RaftStore) {
    this.#options = options;
    this.voterAddresses = voterAddresses(options.config.voters);
    const prng = new Prng(options.seed);
    this.controllerDriver = this.#createControllerDriver(prng);
    this.quorum = this.#createQuorum(store, prng);
    this.controllerService = this.#createControllerService();
    this.transport = this.#createTransport();
  }

  #createControllerDriver(prng: Prng): ControllerDriver {
    const { config, platform, clusterId, incarnationId, log } = this.#options;
    return new ControllerDriver({
      nodeId: config.nodeId,
      clock: platform.clock,
      timers: platform.scheduler,
      random: platform.random,
      prng,
      settings: { staticConfig: config.view.layers.staticBroker },
      metadata: this.metadata,
      localIncarnationId: config.roles.broker ? incarnationId : null,
      quorum: () => this.quorum,
      clusterId,
      onActive: (isActive) => this.#onActive(isActive),
      onEvent: (event) => {
        if (event.type === 'broker-fenced' && event.reason === 'session-expired') this.counts.timedOutHeartbeats++;
        if (event.type === 'leader-elected' && event.unclean) this.counts.uncleanLeaderElections++;
        log.onController(event);
      },
      onPartitionFailover: this.#options.onPartitionFailover,
      onError: (error) => {
        this.counts.metadataErrors++;
        log.error(error, 'controller failed');
      },
    });
  }

  #createQuorum(store: RaftStore, prng: Prng): QuorumDriver {
    const { config, platform, onCommitted, onFatal } = this.#options;
    return new QuorumDriver({
      nodeId: config.nodeId,
      directoryId: store.directoryId,
      voters: config.voters.map(({ id }) => id),
      store,
      clock: platform.clock,
      timers: platform.scheduler,
      prng,
      electionTimeoutMs: config.view.number('controller.quorum.election.timeout.ms'),
      snapshotBytes: config.view.number('metadata.log.max.record.bytes.between.snapshots'),
      snapshotIntervalMs: config.view.number('metadata.log.max.snapshot.interval.ms'),
      application: this.metadata,
      onSoftState: (state) => this.#onSoftState(state),
      onApplied: () => this.controllerDriver.onApplied(),
      onCommitted,
      onFatal,
    });
  }

  #createControllerService(): ControllerService {
    const { config, platform, clusterId, incarnationId, log } = this.#options;
    return new ControllerService({
      rpc: platform.rpc,
      timers: platform.scheduler,
      nodeId: config.nodeId,
      incarnationId,
      clusterId: () => clusterId,
      driver: this.controllerDriver,
      controllerId: () => this.quorum.softState.leaderId ?? -1,
      describeQuorum: (request) =>
        describeQuorum(request, {
          status: this.quorum.status,
          tickMs: this.quorum.tickMs,
          wallMs: platform.clock.wallMs(),
          voters: config.voters,
          listenerName: config.controllerListener.name,
        }),
      liveBrokers: () =>
        [...this.metadata.image.brokers.values()].filter(({ fenced }) => !fenced).map(({ brokerId }) => brokerId),
      registeredProcess: (id) => {
        const { image } = this.metadata;
        const address = rpcAddressOf(image, id, config.controllerListener.name);
        const registered = image.brokers.get(id)?.incarnationId;
        return address === undefined || registered === undefined ? undefined : { address, incarnationId: registered };
      },
      onError: (error, apiKey) => log.error(error, 'controller request failed', { apiKey }),
    });
  }

  #createTransport(): RaftTransport {
    const { config, platform, clusterId, log } = this.#options;
    return new RaftTransport({
      rpc: platform.rpc,
      timers: platform.scheduler,
      nodeId: config.nodeId,
      voters: new Map([...this.voterAddresses].filter(([id]) => id !== config.nodeId)),
      clusterId: () => clusterId,
      onMessage: (message) => this.quorum.step(message),
      onReached: (peer) => this.quorum.onPeerReached(peer),
      onBroken: (peer, reason) => {
        log.warnSometimes({ peer, reason }, `quorum link to node ${peer} broke`);
        this.quorum.onPeerBroken(peer);
      },
      onUnreachable: (peer) => this.quorum.onPeerGone(peer),
      onRefused: (peer, reason) => log.warnSometimes({ peer, reason }, `quorum link of node ${peer} refused`),
    });
  }

  /** Opens the quorum's database. Rejects when it is locked or damaged. */
  static async open(options: NodeCoreOptions): Promise<NodeCore> {
    const { fs, openDatabase, random } = options.platform;
    const directory = join(options.config.metadataLogDir, 'raft');
    makeDirectoryDurable(fs, directory);
    const database = await openDatabase(directory);
    const opening = RaftStore.open(database, random).catch((error: unknown) => {
      // The store does not know where the database is.
      if (!(error instanceof StorageError) || error.kind !== 'corrupt') throw error;
      const message = error.message.includes(directory) ? error.message : `${error.message}: ${directory}`;
      throw new StorageError('corrupt', directory, message, error);
    });
    return new NodeCore(options, await opening);
  }

  start(): void {
    this.transport.start();
    this.quorum.start(this.transport);
  }

  async close(): Promise<void> {
    this.controllerDriver.close();
    this.controllerService.close();
    this.transport.close();
    await this.quorum.close();
  }

  #onActive(isActive: boolean): void {
    this.#options.log.info(
      { term: this.quorum.softState.term },
      isActive ? 'became the active controller' : 'no longer the active controller',
    );
    if (!isActive) {
      this.controllerService.dropStreams();
      return;
    }
    this.counts.newActiveControllers++;
    void this.controllerService.onActive();
  }

  #onSoftState(state: SoftState): void {
    this.#options.log.onQuorum(state);
    this.#noteLeader(state.leaderId !== null);
    this.controllerDriver.onSoftState(state);
    this.#options.onSoftState(state);
  }

  #noteLeader(hasLeader: boolean): void {
    const nowMs = this.#options.platform.clock.monotonicMs();
    if (!hasLeader && this.#hadLeader) this.#leaderLostMs ??= nowMs;
    if (hasLeader && this.#leaderLostMs !== null) {
      this.#options.onControllerFailover(nowMs - this.#leaderLostMs);
      this.#leaderLostMs = null;
    }
    this.#hadLeader ||= hasLeader;
  }
}

/**
 * A cluster of real broker processes in a directory of its own, to be killed at will; on free ports of this machine, or each
 * in a network namespace of its own, where links can be cut as well.
 *
 * Whose brokers they are is the side's business; `launch` puts a shim under them. A broker that ends without having been
 * asked to is a crash, which fails the run like a broken promise, unless the fault may end it (`allowEnd`).
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { apis, Cluster, createTopics, describeQuorum, type PartitionMetadata } from '@jackdaw/client';
import { openNetwork } from './network/open-network.ts';
import type { ClusterNetwork, NetworkKind } from './network/network.ts';
import { NodeProcess, type Crash, type LaunchCommand } from './node-process.ts';
import { freePorts } from '@jackdaw/testing';
import { jackdaw } from './sides/jackdaw.ts';
import type { Side } from './sides/side.ts';
import { HopelessError, waitFor } from './wait.ts';

export interface BrokerLayout {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  readonly outputFile: string;
}

export interface ClusterOptions {
  /** Default 3. */
  readonly brokers?: number;
  /** Default Jackdaw's. */
  readonly side?: Side;
  /** Default loopback. */
  readonly network?: NetworkKind;
  /** "key=value", for every broker. */
  readonly settings?: readonly string[];
  /** What the cluster keeps its files in; default a new directory under the system's temporary one. */
  readonly directory?: string;
  readonly launch?: (broker: BrokerLayout, command: LaunchCommand) => LaunchCommand;
  /** Where a broker keeps its data, when it is on a disk of its own; whoever made the disk removes it. */
  readonly placeData?: (nodeId: number) => string;
  /** Of the topic that the load is on; `min.insync.replicas` is 2 without it. */
  readonly topicConfigs?: Readonly<Record<string, string>>;
}

const startTimeoutMs = 60_000;

export class FaultCluster {
  readonly directory: string;
  readonly brokers: readonly BrokerLayout[];
  readonly crashes: Crash[] = [];
  readonly network: ClusterNetwork;
  readonly #options: ClusterOptions;
  readonly #side: Side;
  /** Brokers that may end by themselves, as their fault intends. */
  readonly #mayEnd = new Set<number>();
  readonly #processes = new Map<number, NodeProcess>();
  #client: Cluster | undefined;

  private constructor(options: ClusterOptions, network: ClusterNetwork, layout: { directory: string; brokers: BrokerLayout[] }) {
    this.#options = options;
    this.#side = options.side ?? jackdaw;
    this.network = network;
    this.directory = layout.directory;
    this.brokers = layout.brokers;
    for (const { nodeId, outputFile } of layout.brokers) {
      const onCrash = (crash: Crash): void => {
        if (!this.#mayEnd.has(nodeId)) this.crashes.push(crash);
      };
      this.#processes.set(nodeId, new NodeProcess({ name: `broker ${nodeId}`, outputFile, onCrash }));
    }
  }

  /** Starts the brokers and waits until all of them serve. */
  static async start(options: ClusterOptions = {}): Promise<FaultCluster> {
    const count = options.brokers ?? 3;
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'jackdaw-faults-'));
    const ports = await freePorts(2 * count);
    const network = await openNetwork(options.network ?? 'loopback', count, ports);
    const brokers = Array.from({ length: count }, (_, i): BrokerLayout => {
      const usual = join(directory, `broker-${i + 1}`, 'data');
      const dataDir = options.placeData?.(i + 1) ?? usual;
      for (const needed of [dirname(usual), dataDir]) mkdirSync(needed, { recursive: true });
      const outputFile = join(dirname(usual), 'output.log');
      const [port, controllerPort] = [ports[i] as number, ports[count + i] as number];
      return { nodeId: i + 1, host: network.addressOf(i + 1), port, controllerPort, dataDir, outputFile };
    });
    const cluster = new FaultCluster(options, network, { directory, brokers });
    try {
      for (const { nodeId } of brokers) cluster.#side.prepare(cluster.#planOf(nodeId));
      for (const { nodeId } of brokers) cluster.start(nodeId);
      await cluster.waitForBrokers(cluster.#side.startTimeoutMs);
      return cluster;
    } catch (error) {
      await cluster.stopAll('SIGKILL');
      throw error;
    }
  }

  get bootstrap(): string[] {
    return this.brokers.map(({ host, port }) => `${host}:${port}`);
  }

  get nodeIds(): number[] {
    return this.brokers.map(({ nodeId }) => nodeId);
  }

  /** Does nothing when it runs already. */
  start(nodeId: number): void {
    const broker = this.#layout(nodeId);
    const one = this.#process(nodeId);
    if (one.isRunning) return;
    const command = this.#side.command(this.#planOf(nodeId));
    const launched = this.#options.launch?.(broker, command) ?? command;
    one.start(this.network.enter(nodeId, launched));
  }

  isRunning(nodeId: number): boolean {
    return this.#process(nodeId).isRunning;
  }

  pidOf(nodeId: number): number | undefined {
    return this.#process(nodeId).pid;
  }

  layoutOf(nodeId: number): BrokerLayout {
    return this.#layout(nodeId);
  }

  /** Whether the broker may end by itself from now on: some faults are answered by that. */
  allowEnd(nodeId: number, isAllowed: boolean): void {
    if (isAllowed) this.#mayEnd.add(nodeId);
    else this.#mayEnd.delete(nodeId);
  }

  /** SIGKILL, and waits until the process is gone. */
  async kill(...nodeIds: readonly number[]): Promise<void> {
    await Promise.all(nodeIds.map((nodeId) => this.#process(nodeId).stop('SIGKILL')));
  }

  /** SIGTERM, and waits until the process has ended by itself. */
  async terminate(nodeId: number): Promise<void> {
    await this.#process(nodeId).stop('SIGTERM');
  }

  pause(nodeId: number): void {
    this.#process(nodeId).signal('SIGSTOP');
  }

  resume(nodeId: number): void {
    this.#process(nodeId).signal('SIGCONT');
  }

  /** A client of the harness's own, made at first use. */
  async client(): Promise<Cluster> {
    this.#client ??= await Cluster.connect({
      bootstrapServers: this.bootstrap,
      clientId: 'fault-harness',
      connectTimeoutMs: 2_000,
      requestTimeoutMs: 5_000,
      deadlineMs: 30_000,
    });
    return this.#client;
  }

  /** Waits until the cluster's metadata names every broker. */
  async waitForBrokers(timeoutMs = startTimeoutMs): Promise<void> {
    const ask = async (): Promise<true | undefined> => {
      this.#expectNoCrash();
      const metadata = await (await this.client()).fetchMetadata([]);
      return metadata.brokers.length === this.brokers.length ? true : undefined;
    };
    await waitFor('all brokers are registered', ask, timeoutMs);
  }

  async createTopic(name: string, options: { partitions: number; configs?: Readonly<Record<string, string>> }): Promise<void> {
    const replicationFactor = this.brokers.length;
    const created = await createTopics(await this.client(), [{ name, replicationFactor, ...options }]);
    if (created[0]?.error !== undefined) throw created[0].error;
    await this.waitForIsrFull(name);
  }

  async partitions(topic: string): Promise<readonly PartitionMetadata[]> {
    return (await (await this.client()).topic(topic, { isFresh: true })).partitions;
  }

  /**
   * Waits until every broker, asked for its own view, says that all brokers are there and that every partition of the topic has
   * a leader and all its replicas in sync, and all say the same: one that was cut off still has the view from before.
   */
  async waitForIsrFull(topic: string, timeoutMs = startTimeoutMs): Promise<void> {
    await this.waitForBrokers(timeoutMs);
    let missing = '';
    const ask = async (): Promise<true | undefined> => {
      this.#expectNoCrash();
      const views = await Promise.all(this.nodeIds.map((nodeId) => this.#viewOf(nodeId, topic)));
      missing = views.find((view) => view.includes('missing')) ?? (new Set(views).size > 1 ? 'the brokers do not agree' : '');
      return missing === '' ? true : undefined;
    };
    try {
      await waitFor(`the ISR of ${topic} is full`, ask, timeoutMs);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)} (${missing})`, { cause: error });
    }
  }

  /** What one broker believes of the topic, as text. */
  async #viewOf(nodeId: number, topic: string): Promise<string> {
    const draft = { topics: [{ name: topic }], allowAutoTopicCreation: false };
    const { brokers, topics } = await (await this.client()).callNode(nodeId, apis.metadata, draft);
    const partitions = [...(topics[0]?.partitions ?? [])].sort((a, b) => a.partitionIndex - b.partitionIndex);
    const isComplete = brokers.length === this.brokers.length && partitions.length > 0;
    const lines = partitions.map(({ partitionIndex, leaderId, leaderEpoch, isrNodes, replicaNodes }) => {
      const isWhole = leaderId >= 0 && isrNodes.length === replicaNodes.length;
      const isr = isWhole ? 'ISR full' : `missing in ISR ${isrNodes.join(',')} of ${replicaNodes.join(',')}`;
      return `${partitionIndex}: leader ${leaderId} in epoch ${leaderEpoch}, ${isr}`;
    });
    return `${isComplete ? '' : `broker ${nodeId} says: missing brokers or partitions; `}${lines.join('; ')}`;
  }

  async leaderOf(topic: string, partition: number): Promise<number> {
    const ask = async (): Promise<number | undefined> => {
      const leaderId = (await this.partitions(topic)).find((one) => one.partition === partition)?.leaderId ?? -1;
      return leaderId >= 0 ? leaderId : undefined;
    };
    return waitFor(`${topic}-${partition} has a leader`, ask, startTimeoutMs);
  }

  /** The active controller: the leader of the metadata quorum. */
  async controllerId(): Promise<number> {
    const ask = async (): Promise<number | undefined> => {
      const { leaderId } = await describeQuorum(await this.client());
      return this.nodeIds.includes(leaderId) ? leaderId : undefined;
    };
    return waitFor('the quorum has a leader', ask, startTimeoutMs);
  }

  async stopAll(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    await Promise.all([...this.#processes.values()].map((one) => one.stop(signal)));
    this.network.close();
  }

  /** Brings what is on disks that will be removed to the other files, for somebody to look at. */
  keepFiles(): void {
    for (const { nodeId, dataDir } of this.brokers) {
      const kept = join(this.directory, `broker-${nodeId}`, 'data');
      if (dataDir !== kept) cpSync(dataDir, kept, { recursive: true });
    }
  }

  removeFiles(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #expectNoCrash(): void {
    const crash = this.crashes[0];
    if (crash === undefined) return;
    throw new HopelessError(`${crash.name} ended by itself: ${crash.reason}; its output is in ${this.directory}`);
  }

  #planOf(nodeId: number) {
    return { broker: this.#layout(nodeId), brokers: this.brokers, settings: this.#options.settings ?? [] };
  }

  #layout(nodeId: number): BrokerLayout {
    const broker = this.brokers.find((one) => one.nodeId === nodeId);
    if (broker === undefined) throw new RangeError(`there is no broker ${nodeId}`);
    return broker;
  }

  #process(nodeId: number): NodeProcess {
    return this.#processes.get(this.#layout(nodeId).nodeId) as NodeProcess;
  }
}

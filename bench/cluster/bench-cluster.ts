/**
 * A cluster of one side while it is measured: its processes, its data in a temporary directory, a client for its admin.
 *
 * `start` resolves when the cluster serves: all of its brokers are in the metadata that a broker gives, and it has a
 * controller. That is the moment that the rows about starting take.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, createTopics, type ClusterMetadata, type NewTopic } from '@jackdaw/client';
import { BenchError, messageOf } from '../run/bench-error.ts';
import { BrokerProcess } from './broker-process.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { freePorts } from '@jackdaw/testing';
import type { ClusterPlan, NodePlan, Side } from './side.ts';

export interface ClusterShape {
  readonly nodes: number;
  /** How many of them are controllers, too; default all. */
  readonly voters?: number;
  readonly settings?: readonly string[];
  /** Default true. */
  readonly hasProbe?: boolean;
  /** Default false. */
  readonly isProfiled?: boolean;
}

const pauseMs = 10;
const stopTimeoutMs = 60_000;

export class BenchCluster {
  readonly side: Side;
  readonly brokers: readonly BrokerProcess[];
  readonly bootstrap: string;
  /** What preparing the directories took; part of the start. */
  readonly formatMs: number;
  /** From nothing to serving. */
  readonly startMs: number;
  readonly #directory: string;
  #admin: Cluster | undefined;

  private constructor(
    side: Side,
    parts: { brokers: BrokerProcess[]; bootstrap: string; directory: string; formatMs: number; startMs: number },
  ) {
    this.side = side;
    this.brokers = parts.brokers;
    this.bootstrap = parts.bootstrap;
    this.formatMs = parts.formatMs;
    this.startMs = parts.startMs;
    this.#directory = parts.directory;
  }

  static async start(side: Side, shape: ClusterShape): Promise<BenchCluster> {
    const directory = makeDirectory();
    const plan = await planOf(directory, shape);
    for (const node of plan.nodes) mkdirSync(node.directory, { recursive: true });
    const brokers = plan.nodes.map(
      (node) => new BrokerProcess(node.nodeId, join(node.directory, 'output.log'), side.command(node, plan)),
    );
    const bootstrap = plan.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const began = performance.now();
    try {
      await Promise.all(plan.nodes.map((node) => side.format(node, plan)));
      const formatMs = performance.now() - began;
      for (const broker of brokers) broker.start();
      await whenServing({ brokers, bootstrap, timeoutMs: side.startTimeoutMs });
      const startMs = performance.now() - began;
      return new BenchCluster(side, { brokers, bootstrap, directory, formatMs, startMs });
    } catch (error) {
      await Promise.all(brokers.map((broker) => broker.stop('SIGKILL')));
      removeDirectory(directory);
      throw error;
    }
  }

  get pids(): number[] {
    return this.brokers.map(({ pid }) => pid);
  }

  /** Connected on first use; `close` closes it. */
  async admin(): Promise<Cluster> {
    this.#admin ??= await Cluster.connect({ bootstrapServers: this.bootstrap, clientId: 'bench' });
    return this.#admin;
  }

  broker(nodeId: number): BrokerProcess {
    const found = this.brokers.find((broker) => broker.nodeId === nodeId);
    if (found === undefined) throw new BenchError(`there is no broker ${nodeId}`);
    return found;
  }

  /** Creates the topics and waits until every partition has its leader and all of its replicas in sync. */
  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    const admin = await this.admin();
    const perRequest = 200;
    for (let i = 0; i < topics.length; i += perRequest) {
      const outcomes = await createTopics(admin, topics.slice(i, i + perRequest));
      const failed = outcomes.find(({ error }) => error !== undefined);
      if (failed !== undefined) throw new BenchError(`topic ${failed.name}: ${failed.error?.message}`);
    }
    await this.whenInSync(topics.map(({ name }) => name));
  }

  async whenInSync(topics: readonly string[]): Promise<void> {
    await this.whenMetadata(topics, 'all replicas in sync', ({ topics: found }) =>
      found.every(
        ({ errorCode, partitions }) =>
          errorCode === 0 && partitions.every(({ leaderId, isr, replicas }) => leaderId >= 0 && isr.length === replicas.length),
      ),
    );
  }

  /** Asks until what a broker says of the topics is as wanted. */
  async whenMetadata(
    topics: readonly string[],
    what: string,
    isWanted: (metadata: ClusterMetadata) => boolean,
  ): Promise<ClusterMetadata> {
    const deadline = performance.now() + this.side.startTimeoutMs;
    const admin = await this.admin();
    let last = 'no answer';
    while (performance.now() < deadline) {
      for (const broker of this.brokers) broker.expectAlive();
      try {
        const metadata = await admin.fetchMetadata(topics);
        if (isWanted(metadata)) return metadata;
        last = 'not yet';
      } catch (error) {
        last = messageOf(error);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new BenchError(`${this.side.title}: ${what}: not within ${this.side.startTimeoutMs} ms (${last})`);
  }

  /** SIGTERM for all, then a start on the data that they left; resolves when the cluster serves again. */
  async restart(): Promise<void> {
    await this.stopAll('SIGTERM');
    await this.startAll();
  }

  /** What does not end by SIGTERM in time is killed. */
  async stopAll(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#closeAdmin();
    const patience = setTimeout(() => {
      for (const broker of this.brokers) void broker.stop('SIGKILL');
    }, stopTimeoutMs);
    await Promise.all(this.brokers.map((broker) => broker.stop(signal)));
    clearTimeout(patience);
  }

  async startAll(): Promise<void> {
    for (const broker of this.brokers) broker.start();
    await whenServing({ brokers: this.brokers, bootstrap: this.bootstrap, timeoutMs: this.side.startTimeoutMs });
  }

  async close(): Promise<void> {
    await this.#closeAdmin();
    await Promise.all(this.brokers.map((broker) => broker.stop('SIGKILL')));
    removeDirectory(this.#directory);
  }

  async #closeAdmin(): Promise<void> {
    await this.#admin?.close();
    this.#admin = undefined;
  }
}

async function planOf(directory: string, shape: ClusterShape): Promise<ClusterPlan> {
  const ports = await freePorts(shape.nodes * 2);
  const nodes = Array.from({ length: shape.nodes }, (_, i): NodePlan => {
    const own = join(directory, `node-${i + 1}`);
    return {
      nodeId: i + 1,
      port: ports[i] as number,
      controllerPort: ports[shape.nodes + i] as number,
      dataDir: join(own, 'data'),
      directory: own,
    };
  });
  const voters = shape.voters ?? shape.nodes;
  return {
    nodes,
    voters,
    settings: shape.settings ?? [],
    hasProbe: shape.hasProbe ?? true,
    isProfiled: shape.isProfiled ?? false,
  };
}

interface Starting {
  readonly brokers: readonly BrokerProcess[];
  readonly bootstrap: string;
  readonly timeoutMs: number;
}

async function whenServing({ brokers, bootstrap, timeoutMs }: Starting): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = 'no answer';
  while (performance.now() < deadline) {
    for (const broker of brokers) broker.expectAlive();
    try {
      const cluster = await Cluster.connect({ bootstrapServers: bootstrap, deadlineMs: 2_000 });
      await cluster.close();
      if (cluster.brokers.size === brokers.length) return;
      last = `${cluster.brokers.size} of ${brokers.length} brokers in the metadata`;
    } catch (error) {
      last = messageOf(error);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new BenchError(`no cluster of ${brokers.length} at ${bootstrap} within ${timeoutMs} ms: ${last}`);
}

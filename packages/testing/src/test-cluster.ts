/**
 * A Jackdaw cluster inside a test: real brokers in this process, on free ports, in a temporary directory.
 *
 * `kill` lets a broker go without handing anything over, which is as near to SIGKILL as one process allows; tests that
 * need the real signal start processes. Everything is awaited and nothing is left behind by `stop`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig, startBroker, nodeCodecs, type Broker, type BrokerServices } from '@jackdaw/broker';
import { Cluster, createTopics, type ConsumedRecord, Consumer, Producer, type ProducerRecord } from '@jackdaw/client';
import { testDefaults, type ClusterBroker, type ClusterOptions, type TopicOptions } from './cluster-options.ts';
import { freePorts } from './free-ports.ts';

/** Longest wait of any `waitFor…`. */
const patienceMs = 20_000;
const pollMs = 20;

type Image = ReturnType<BrokerServices['image']>;

export class TestCluster {
  readonly #options: ClusterOptions;
  readonly #directory: string;
  readonly #isTemporary: boolean;
  readonly #members: Member[];
  #client: Promise<Cluster> | null = null;

  private constructor(options: ClusterOptions, place: { directory: string; isTemporary: boolean }, members: Member[]) {
    this.#options = options;
    this.#directory = place.directory;
    this.#isTemporary = place.isTemporary;
    this.#members = members;
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const count = options.brokers ?? 1;
    const isTemporary = options.directory === undefined;
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'jackdaw-test-')));
    const ports = await freePorts(count * 2);
    const voters = Array.from({ length: count }, (_, i) => `${i + 1}@127.0.0.1:${ports[count + i]}`).join(',');
    const members = Array.from({ length: count }, (_, i) => {
      const id = i + 1;
      const settings = {
        ...testDefaults,
        'node.id': String(id),
        'log.dirs': join(directory, String(id)),
        listeners: `PLAINTEXT://127.0.0.1:${ports[i]},CONTROLLER://127.0.0.1:${ports[count + i]}`,
        'controller.quorum.voters': voters,
        ...options.config,
      };
      return new Member({ id, address: `127.0.0.1:${ports[i]}`, settings, level: options.log ?? 'silent' });
    });
    const cluster = new TestCluster(options, { directory, isTemporary }, members);
    try {
      await Promise.all(members.map((member) => member.start()));
      for (const [name, topic] of Object.entries(options.topics ?? {})) await cluster.createTopic(name, topic);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get bootstrapServers(): string {
    return this.#members.map(({ address }) => address).join(',');
  }

  get brokers(): readonly ClusterBroker[] {
    return this.#members;
  }

  get options(): ClusterOptions {
    return this.#options;
  }

  broker(id: number): ClusterBroker {
    const member = this.#members.find((one) => one.id === id);
    if (member === undefined) throw new RangeError(`there is no broker ${id}, only 1 to ${this.#members.length}`);
    return member;
  }

  /** A client of this cluster that `stop` closes. */
  client(): Promise<Cluster> {
    this.#client ??= Cluster.connect({
      bootstrapServers: this.bootstrapServers,
      clientId: 'jackdaw-testing',
      codecs: nodeCodecs,
    });
    return this.#client;
  }

  async createTopic(name: string, options: TopicOptions = {}): Promise<void> {
    const { partitions = 1, replicationFactor = this.#members.length, configs } = options;
    const topic = { name, partitions, replicationFactor, ...(configs === undefined ? {} : { configs }) };
    const [result] = await createTopics(await this.client(), [topic]);
    if (result?.error !== undefined) throw result.error;
    await this.waitFor(`topic ${name} has leaders`, async () => {
      const created = [...(this.#settledTopic(name)?.partitions.values() ?? [])];
      return created.length > 0 && created.every(({ leader }) => leader >= 0);
    });
  }

  /** Produces with acks=all and resolves when all are acknowledged. */
  async produce(topic: string, records: readonly Omit<ProducerRecord, 'topic'>[]): Promise<void> {
    const producer = new Producer(await this.client());
    try {
      await Promise.all(records.map((record) => producer.send({ ...record, topic })));
    } finally {
      await producer.close();
    }
  }

  /** The first `count` records of a topic, in the order of each partition. */
  async messages(topic: string, options: { count: number; timeoutMs?: number }): Promise<ConsumedRecord[]> {
    const client = await this.client();
    const consumer = new Consumer(client);
    const deadline = performance.now() + (options.timeoutMs ?? patienceMs);
    try {
      const { partitions } = await client.topic(topic, { isFresh: true });
      consumer.assign(partitions.map(({ partition }) => ({ topic, partition, start: 'earliest' as const })));
      const records: ConsumedRecord[] = [];
      while (records.length < options.count) {
        if (performance.now() > deadline) throw new Error(`${records.length} of ${options.count} records of ${topic} in time`);
        records.push(...(await consumer.poll(100)));
      }
      return records;
    } finally {
      await consumer.close();
    }
  }

  /** Id of the active controller, once there is one. */
  async controller(): Promise<number> {
    let id = -1;
    await this.waitFor('an active controller', async () => {
      id = this.#members.find(({ broker }) => broker?.isController === true)?.id ?? -1;
      return id >= 0;
    });
    return id;
  }

  /** The partition's leader, once every running broker names it. */
  async waitForLeader(topic: string, partition: number, options: { not?: number } = {}): Promise<number> {
    let leader = -1;
    await this.waitFor(`a leader of ${topic}-${partition}`, async () => {
      leader = this.#settledTopic(topic)?.partitions.get(partition)?.leader ?? -1;
      return leader >= 0 && leader !== options.not;
    });
    return leader;
  }

  /** Waits until every partition of the topic has so many replicas in sync, and every running broker knows. */
  async waitForIsr(topic: string, size: number): Promise<void> {
    await this.waitFor(`${size} in-sync replicas of ${topic}`, async () => {
      const partitions = [...(this.#settledTopic(topic)?.partitions.values() ?? [])];
      return partitions.length > 0 && partitions.every(({ isr }) => isr.length === size);
    });
  }

  /**
   * The topic in the metadata of all running brokers, null while they differ: one that has just started still replays
   * what was true before it stopped, and its answer must not pass for the state of the cluster.
   */
  #settledTopic(name: string): ReturnType<Image['topicByName']> {
    const images = this.#members.map((member) => member.image).filter((image) => image !== null);
    const [first] = images;
    if (first === undefined || images.some(({ appliedIndex }) => appliedIndex !== first.appliedIndex)) return null;
    return first.topicByName(name);
  }

  /** Polls a condition; errors that pass with the next try do not count. Rejects when it does not come true in time. */
  async waitFor(what: string, condition: () => Promise<boolean>, timeoutMs = patienceMs): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let last: unknown;
    while (performance.now() < deadline) {
      try {
        if (await condition()) return;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
  }

  async stop(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    await client?.close();
    await Promise.all(this.#members.map((member) => member.stop()));
    if (this.#isTemporary) await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

type LogLevel = NonNullable<ClusterOptions['log']>;

interface MemberOptions {
  readonly id: number;
  /** Host and port of its Kafka listener. */
  readonly address: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly level: LogLevel;
}

class Member implements ClusterBroker {
  readonly id: number;
  readonly address: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #level: LogLevel;
  #broker: Broker | null = null;
  /** Set while it runs, from before it serves. */
  #services: BrokerServices | null = null;

  constructor(options: MemberOptions) {
    this.id = options.id;
    this.address = options.address;
    this.#settings = options.settings;
    this.#level = options.level;
  }

  get level(): LogLevel {
    return this.#level;
  }

  get broker(): Broker | null {
    return this.#broker;
  }

  /** What it knows of the cluster; null while it does not run. */
  get image(): Image | null {
    return this.#services?.image() ?? null;
  }

  async start(): Promise<void> {
    if (this.#broker !== null) return;
    const sets = Object.entries(this.#settings).map(([key, value]) => `${key}=${value}`);
    const loaded = loadConfig({ env: {}, sets });
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
    const logger = createLogger({ nodeId: this.id, level: this.#level, format: 'json' });
    const broker = await startBroker(loaded.config, {
      logger,
      includeProcessMetrics: false,
      onAssembled: (services) => (this.#services = services),
    });
    this.#broker = broker;
    await broker.whenReady;
  }

  async stop(): Promise<void> {
    const broker = this.#broker;
    this.#broker = null;
    this.#services = null;
    await broker?.close();
  }

  async kill(): Promise<void> {
    const broker = this.#broker;
    this.#broker = null;
    this.#services = null;
    await broker?.kill();
  }
}

/**
 * A view of one cluster: who its brokers are, who leads what, and open connections to those that are needed.
 *
 * Metadata is fetched when first asked for, when it is old, and when an answer shows that it is wrong; requests go out over
 * one connection a broker and lane. Lanes exist because a broker works through a connection in order: a fetch or a group
 * join that waits would hold up everything behind it.
 */
import { ErrorCode } from '@jackdaw/protocol';
import { apis } from './apis.ts';
import { Connection, type CallOptions } from './connection.ts';
import { errorText } from './error-texts.ts';
import { ConnectionError, expectSuccess, isRetriable, KafkaError, TimeoutError } from './errors.ts';
import { overdueAfterMs, whileOverdue, type LeaderWatch } from './leader-watch.ts';
import { toMetadata, withNewerLeaders, type ClusterMetadata, type TopicMetadata } from './metadata.ts';
import { formatAddress, resolveOptions, type Address, type ClientOptions, type ResolvedOptions } from './options.ts';
import { sleepUnlessAborted } from './sleep.ts';
import type { Api } from './wire.ts';

/** Topics whose metadata is kept; beyond it the oldest are forgotten and asked for again. */
const maxCachedTopics = 100_000;
/** Coordinators that are remembered. */
const maxCachedCoordinators = 10_000;
/** Longest pause between retries, as a multiple of the first. */
const backoffLimitFactor = 10;

export interface NodeCallOptions extends CallOptions {
  /** Keeps waiting requests apart from others; default "main". */
  readonly lane?: string;
}

export interface LeaderCallOptions extends NodeCallOptions {
  readonly watch: LeaderWatch;
}

export interface RetryOptions {
  /** For the message of the timeout: "create topic orders". */
  readonly what: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export type CoordinatorKind = 'group' | 'transaction';

export class Cluster {
  readonly options: ResolvedOptions;
  /** By "nodeId/lane"; a failed or closed one is replaced at the next use. */
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #coordinators = new Map<string, number>();
  /**
   * Addresses that last failed to answer: others are asked first. A paused machine still takes connections, so that it costs
   * a whole request timeout each time it is asked. As many as there are brokers and bootstrap servers.
   */
  readonly #silent = new Set<string>();
  /** Address → number of the last question to anybody that it answered; as many as in `#silent`. */
  readonly #answered = new Map<string, number>();
  #questions = 0;
  readonly #topics = new Map<string, { readonly topic: TopicMetadata; readonly fetchedAtMs: number }>();
  /** The newest that any broker has said, kept when a topic is asked for again: leader epochs never go back (KIP-320). */
  readonly #newest = new Map<string, TopicMetadata>();
  #brokers: ReadonlyMap<number, Address & { readonly rack: string | null }> = new Map();
  #controllerId = -1;
  #clusterId: string | null = null;
  #isClosed = false;

  private constructor(options: ResolvedOptions) {
    this.options = options;
  }

  /** Reaches any bootstrap server and learns the brokers. Rejects with ConnectionError when none answers. */
  static async connect(options: ClientOptions): Promise<Cluster> {
    const cluster = new Cluster(resolveOptions(options));
    try {
      await cluster.fetchMetadata([]);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get brokers(): ReadonlyMap<number, Address & { readonly rack: string | null }> {
    return this.#brokers;
  }

  get clusterId(): string | null {
    return this.#clusterId;
  }

  /** As the brokers report it; with KRaft any broker may be named here, and forwards. */
  get controllerId(): number {
    return this.#controllerId;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Asks a broker, whatever is cached. `null` means all topics; topics that do not exist carry an error code. */
  async fetchMetadata(topics: readonly string[] | null, options: { autoCreate?: boolean } = {}): Promise<ClusterMetadata> {
    const draft = {
      topics: topics === null ? null : topics.map((name) => ({ name })),
      allowAutoTopicCreation: options.autoCreate ?? false,
    };
    const body = await this.#askAny((connection) => connection.call(apis.metadata, draft));
    expectSuccess(body.errorCode);
    const metadata = toMetadata(body);
    this.#remember(metadata);
    return metadata;
  }

  /** The topic as cached while it is fresh, else as a broker says. Throws KafkaError when it does not exist. */
  async topic(name: string, options: { isFresh?: boolean; autoCreate?: boolean } = {}): Promise<TopicMetadata> {
    const cached = this.#topics.get(name);
    if (cached !== undefined && options.isFresh !== true && this.#nowMs() - cached.fetchedAtMs < this.options.metadataMaxAgeMs) {
      return cached.topic;
    }
    const metadata = await this.fetchMetadata([name], { autoCreate: options.autoCreate ?? false });
    const topic = metadata.topics.find((candidate) => candidate.name === name);
    const errorCode = topic === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : topic.errorCode;
    if (topic === undefined || errorCode !== 0) throw new KafkaError(errorCode, `topic "${name}": ${errorText(errorCode)}`);
    return this.#topics.get(name)?.topic ?? topic;
  }

  /** What is cached about a topic, however old. */
  cachedTopic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)?.topic;
  }

  forgetTopic(name: string): void {
    this.#topics.delete(name);
  }

  /** Leader of a partition. Throws a retriable KafkaError while there is none. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    const found = (await this.topic(topic)).partitions.find((candidate) => candidate.partition === partition);
    if (found === undefined) {
      this.forgetTopic(topic);
      throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic "${topic}" has no partition ${partition}`);
    }
    if (found.leaderId >= 0 && this.#brokers.has(found.leaderId)) return found.leaderId;
    this.forgetTopic(topic);
    throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, `partition ${topic}-${partition} has no leader`);
  }

  /** A broker to which controller requests can be sent. */
  async controllerNode(): Promise<number> {
    if (!this.#brokers.has(this.#controllerId)) await this.fetchMetadata([]);
    if (this.#brokers.has(this.#controllerId)) return this.#controllerId;
    throw new KafkaError(ErrorCode.NOT_CONTROLLER, 'the cluster has no controller at the moment');
  }

  /** The broker that coordinates a group or a transactional id; asked once, then remembered. */
  async coordinatorOf(kind: CoordinatorKind, key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind}/${key}`);
    if (known !== undefined) return known;
    const keyType = kind === 'group' ? 0 : 1;
    const body = await this.#askAny((connection) =>
      connection.call(apis.findCoordinator, { key, keyType, coordinatorKeys: [key] }),
    );
    const found = body.coordinators[0] ?? body;
    expectSuccess(found.errorCode, found.errorMessage);
    if (!this.#brokers.has(found.nodeId)) await this.fetchMetadata([]);
    if (!this.#brokers.has(found.nodeId))
      throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, `the coordinator of ${kind} "${key}" is not known yet`);
    if (this.#coordinators.size >= maxCachedCoordinators) this.#coordinators.clear();
    this.#coordinators.set(`${kind}/${key}`, found.nodeId);
    return found.nodeId;
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind}/${key}`);
  }

  /** One request to one broker, one attempt. */
  async callNode<Draft, Body>(nodeId: number, api: Api<Draft, Body>, draft: Draft, options: NodeCallOptions = {}): Promise<Body> {
    const address = this.#brokers.get(nodeId);
    const call = async (): Promise<Body> => (await this.connectionTo(nodeId, options.lane)).call(api, draft, options);
    return address === undefined ? call() : this.#noting(formatAddress(address), call);
  }

  /**
   * One request to the leader of partitions, one attempt. While its answer is overdue the other brokers are asked who leads
   * now; once nothing of the request is led there any more, the connection ends and the request fails with a retriable
   * ConnectionError. What was sent may have been written, as after any lost connection.
   */
  async callLeader<Draft, Body>(nodeId: number, api: Api<Draft, Body>, draft: Draft, options: LeaderCallOptions): Promise<Body> {
    const { watch, lane, ...callOptions } = options;
    const connection = await this.connectionTo(nodeId, lane);
    const stop = whileOverdue({
      scheduler: this.options.platform.scheduler,
      firstMs: overdueAfterMs + (watch.maxWaitMs ?? 0),
      check: async (isOver) => {
        this.#silent.add(connection.address);
        // If nobody says, the request's own time-out does.
        await this.fetchMetadata(watch.topics).catch(() => undefined);
        // Others may use the connection, on which there was an answer after all.
        if (isOver()) return false;
        if (!watch.hasMoved()) return !connection.isClosed;
        connection.close();
        return false;
      },
    });
    try {
      return await this.#noting(connection.address, () => connection.call(api, draft, callOptions));
    } finally {
      stop();
    }
  }

  /** One request to whichever broker answers. */
  async callAny<Draft, Body>(api: Api<Draft, Body>, draft: Draft, options: CallOptions = {}): Promise<Body> {
    return this.#askAny((connection) => connection.call(api, draft, options));
  }

  /** The open connection to a broker, made when there is none. */
  async connectionTo(nodeId: number, lane = 'main'): Promise<Connection> {
    if (!this.#brokers.has(nodeId)) await this.fetchMetadata([]);
    const address = this.#brokers.get(nodeId);
    if (address === undefined) throw new ConnectionError(`broker ${nodeId}`, `broker ${nodeId} is not part of the cluster now`);
    return this.#open(`${nodeId}/${lane}`, address);
  }

  /** Closes the connections of a lane; whatever waits on them fails. */
  closeLane(lane: string): void {
    for (const [key, opening] of this.#connections) {
      if (!key.endsWith(`/${lane}`)) continue;
      this.#connections.delete(key);
      opening.then(
        (connection) => connection.close(),
        () => undefined,
      );
    }
  }

  /**
   * Repeats `attempt` while it fails in a way that may pass, with growing pauses, until the deadline. Before a repetition
   * the metadata is fetched again, since most of these failures mean that it was wrong.
   */
  async retrying<T>(attempt: (remainingMs: number) => Promise<T>, options: RetryOptions): Promise<T> {
    const deadlineMs = options.deadlineMs ?? this.options.deadlineMs;
    const startMs = this.#nowMs();
    for (let failures = 0; ; failures++) {
      try {
        return await attempt(Math.max(1, deadlineMs - (this.#nowMs() - startMs)));
      } catch (error) {
        const pauseMs = this.backoffMs(failures);
        if (!isRetriable(error) || this.#isClosed || options.signal?.aborted === true) throw error;
        if (this.#nowMs() - startMs + pauseMs > deadlineMs) {
          throw new TimeoutError(`${options.what}: no success within ${deadlineMs} ms; last: ${messageOf(error)}`, {
            cause: error,
          });
        }
        await sleepUnlessAborted(this.options.platform.scheduler, pauseMs, options.signal);
        await this.#refreshQuietly();
      }
    }
  }

  /** Pause after the given number of failures, with up to 20 % added so that clients do not march in step. */
  backoffMs(failures: number): number {
    const factor = Math.min(2 ** failures, backoffLimitFactor);
    return this.options.retryBackoffMs * factor * (1 + this.options.platform.random.float() * 0.2);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = [...this.#connections.values()];
    this.#connections.clear();
    const results = await Promise.allSettled(open);
    for (const result of results) if (result.status === 'fulfilled') result.value.close();
  }

  #nowMs(): number {
    return this.options.platform.clock.monotonicMs();
  }

  async #refreshQuietly(): Promise<void> {
    this.#coordinators.clear();
    this.#topics.clear();
    this.#controllerId = -1;
    try {
      await this.fetchMetadata([]);
    } catch (error) {
      // The next attempt will meet the same trouble and say so, or find it gone.
      if (!isRetriable(error)) throw error;
    }
  }

  #open(key: string, address: Address): Promise<Connection> {
    if (this.#isClosed) return Promise.reject(new ConnectionError(formatAddress(address), 'this client has been closed'));
    const existing = this.#connections.get(key);
    if (existing !== undefined) return this.#reuse(key, existing, address);
    const opening = Connection.open(address, this.options);
    this.#connections.set(key, opening);
    opening.catch(() => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key);
    });
    return opening;
  }

  /** The existing connection while it is open and still the broker's address, else a new one. */
  async #reuse(key: string, existing: Promise<Connection>, address: Address): Promise<Connection> {
    const connection = await existing;
    if (!connection.isClosed && connection.address === formatAddress(address)) return connection;
    if (this.#connections.get(key) === existing) this.#connections.delete(key);
    if (!connection.isClosed) connection.close();
    return this.#open(key, address);
  }

  /** Remembers of the address whether it answered. */
  async #noting<T>(address: string, call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.#silent.delete(address);
      return result;
    } catch (error) {
      if (error instanceof ConnectionError) this.#silent.add(address);
      throw error;
    }
  }

  /**
   * Tries the brokers in turn, the one that has not been asked for the longest time first: brokers that are cut off from the
   * cluster answer readily what was true before, and must not be asked for ever (A26). Those that did not answer the last
   * time come last.
   */
  async #askAny<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const failures: ConnectionError[] = [];
    for (const [key, address] of this.#candidates()) {
      try {
        const answer = await this.#noting(formatAddress(address), async () => ask(await this.#open(key, address)));
        this.#answered.set(formatAddress(address), ++this.#questions);
        return answer;
      } catch (error) {
        if (!(error instanceof ConnectionError) || this.#isClosed) throw error;
        failures.push(error);
      }
    }
    const first = failures[0] as ConnectionError;
    if (failures.length === 1) throw first;
    const all = [...new Set(failures.map((failure) => failure.message))].join('; ');
    throw new ConnectionError(first.address, all, { cause: first });
  }

  #candidates(): Map<string, Address> {
    const candidates = new Map<string, Address>();
    for (const [nodeId, address] of this.#brokers) candidates.set(`${nodeId}/main`, address);
    const known = new Set([...this.#brokers.values()].map(formatAddress));
    for (const address of this.options.bootstrap) {
      if (!known.has(formatAddress(address))) candidates.set(`bootstrap:${formatAddress(address)}/main`, address);
    }
    const rankOf = (address: string): number => {
      if (this.#silent.has(address)) return Number.MAX_SAFE_INTEGER;
      return known.has(address) ? (this.#answered.get(address) ?? 0) : Number.MAX_SAFE_INTEGER - 1;
    };
    return new Map([...candidates].sort(([, a], [, b]) => rankOf(formatAddress(a)) - rankOf(formatAddress(b))));
  }

  #remember(metadata: ClusterMetadata): void {
    if (metadata.brokers.length > 0) this.#brokers = new Map(metadata.brokers.map((broker) => [broker.nodeId, broker]));
    if (Math.max(this.#silent.size, this.#answered.size) > this.#brokers.size + this.options.bootstrap.length) {
      this.#silent.clear();
      this.#answered.clear();
    }
    this.#controllerId = metadata.controllerId;
    this.#clusterId = metadata.clusterId;
    const fetchedAtMs = this.#nowMs();
    for (const told of metadata.topics) {
      if (told.errorCode !== 0) {
        this.#topics.delete(told.name);
        this.#newest.delete(told.name);
        continue;
      }
      const topic = withNewerLeaders(told, this.#newest.get(told.name));
      if (this.#topics.size >= maxCachedTopics) this.#topics.clear();
      if (this.#newest.size >= maxCachedTopics) this.#newest.clear();
      this.#topics.set(topic.name, { topic, fetchedAtMs });
      this.#newest.set(topic.name, topic);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

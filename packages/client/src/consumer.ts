/**
 * Consumes assigned partitions: fetches ahead from every leader, one request at a time each, without fetch sessions.
 *
 * A partition is fetched again when what was fetched of it has been handed out, so memory is bounded by one response a broker.
 * Lost leaders and fenced epochs are looked up again; an offset outside the log follows `autoOffsetReset`.
 */
import {
  ErrorCode,
  isRetriable as isRetriableCode,
  zeroUuid,
  type FetchRequestDraft,
  type FetchResponse,
} from '@jackdaw/protocol';
import { listOffsets } from './admin/offsets.ts';
import { apis } from './apis.ts';
import type { Cluster } from './cluster.ts';
import type { Assignment, ConsumerOptions, StartPosition } from './consumer-options.ts';
import { isRetriable, KafkaError } from './errors.ts';
import { readFetched } from './fetched-batches.ts';
import type { ClientPlatform } from './platform.ts';
import { partitionKey, type ConsumedRecord, type TopicPartition } from './records.ts';
import { sleepUnlessAborted } from './sleep.ts';

interface PartitionState extends TopicPartition {
  readonly key: string;
  /** Set until it has been turned into an offset. */
  start: StartPosition | undefined;
  /** Where the next fetch begins; meaningful when `start` is undefined. */
  fetchOffset: number;
  buffered: ConsumedRecord[];
  /** Records of `buffered` that have been handed out. */
  handedOut: number;
  isFetching: boolean;
  isPaused: boolean;
  /** As of the last fetch; −1 before. */
  highWatermark: number;
}

/** Why a sleeping `poll` goes on. */
type WakeReason = 'woken' | 'interrupted';

type FetchPart = FetchResponse['responses'][number]['partitions'][number];

let nextLane = 1;

export class Consumer {
  readonly #cluster: Cluster;
  readonly #platform: ClientPlatform;
  readonly #options: Required<ConsumerOptions>;
  readonly #lane = `fetch-${nextLane++}`;
  #partitions = new Map<string, PartitionState>();
  readonly #busyNodes = new Set<number>();
  /** Thrown by the next `poll`. */
  #failure: Error | undefined;
  #wakeUps: ((reason: WakeReason) => void)[] = [];
  #upkeep: Promise<void> | undefined;
  #consecutiveFailures = 0;
  #isClosed = false;

  constructor(cluster: Cluster, options: ConsumerOptions = {}) {
    this.#cluster = cluster;
    this.#platform = cluster.options.platform;
    this.#options = {
      isolationLevel: options.isolationLevel ?? 'read_uncommitted',
      maxWaitMs: options.maxWaitMs ?? 500,
      minBytes: options.minBytes ?? 1,
      maxBytes: options.maxBytes ?? 50 * 1024 * 1024,
      maxPartitionBytes: options.maxPartitionBytes ?? 1024 * 1024,
      autoOffsetReset: options.autoOffsetReset ?? 'latest',
      maxPollRecords: options.maxPollRecords ?? 500,
    };
  }

  /** Replaces the assignment. What was fetched for partitions that stay is kept unless they are given a start. */
  assign(assignments: readonly Assignment[]): void {
    this.#partitions = new Map(
      assignments.map(({ topic, partition, start }) => [partitionKey(topic, partition), newState({ topic, partition }, start)]),
    );
    this.#wake();
  }

  get assignment(): TopicPartition[] {
    return [...this.#partitions.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  seek(topic: string, partition: number, start: StartPosition): void {
    const key = partitionKey(topic, partition);
    const old = this.#partitions.get(key);
    if (old === undefined) throw new RangeError(`${topic}-${partition} is not assigned`);
    this.#partitions.set(key, { ...newState(old, start), isPaused: old.isPaused });
    this.#wake();
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#expect(topic, partition).isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#expect(topic, partition).isPaused = false;
    this.#wake();
  }

  /** Offset of the next record that `poll` will hand out, or undefined while the start is not known yet. */
  position(topic: string, partition: number): number | undefined {
    const state = this.#expect(topic, partition);
    return state.buffered[state.handedOut]?.offset ?? (state.start === undefined ? state.fetchOffset : undefined);
  }

  /** As of the last fetch; undefined before the first. */
  highWatermark(topic: string, partition: number): number | undefined {
    const { highWatermark } = this.#expect(topic, partition);
    return highWatermark < 0 ? undefined : highWatermark;
  }

  /** The next records, as soon as there are any; an empty list when `timeoutMs` has passed, or {@link interrupt} was called. */
  async poll(timeoutMs: number): Promise<ConsumedRecord[]> {
    const deadlineMs = this.#platform.clock.monotonicMs() + timeoutMs;
    for (;;) {
      if (this.#isClosed) return [];
      if (this.#failure !== undefined) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      const records = this.#takeBuffered();
      this.#startWork();
      const remainingMs = deadlineMs - this.#platform.clock.monotonicMs();
      if (records.length > 0 || remainingMs <= 0) return records;
      if ((await this.#sleepUntilWoken(remainingMs)) === 'interrupted') return [];
    }
  }

  /** Makes a waiting `poll` return. */
  interrupt(): void {
    this.#wake('interrupted');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cluster.closeLane(this.#lane);
    this.#wake('interrupted');
    await this.#upkeep;
  }

  #expect(topic: string, partition: number): PartitionState {
    const state = this.#partitions.get(partitionKey(topic, partition));
    if (state === undefined) throw new RangeError(`${topic}-${partition} is not assigned`);
    return state;
  }

  #takeBuffered(): ConsumedRecord[] {
    const taken: ConsumedRecord[] = [];
    for (const [key, state] of this.#partitions) {
      if (state.isPaused || state.handedOut >= state.buffered.length) continue;
      const records = state.buffered.slice(state.handedOut, state.handedOut + this.#options.maxPollRecords - taken.length);
      state.handedOut += records.length;
      taken.push(...records);
      // To the end of the line, so that one busy partition cannot keep the others waiting.
      this.#partitions.delete(key);
      this.#partitions.set(key, state);
      if (taken.length >= this.#options.maxPollRecords) break;
    }
    return taken;
  }

  /** Starts what can be started: finding positions and leaders, and a fetch from every leader that is not busy. */
  #startWork(): void {
    const fetchable = [...this.#partitions.values()].filter(
      (state) => !state.isPaused && !state.isFetching && state.handedOut >= state.buffered.length,
    );
    const unknown = fetchable.filter((state) => state.start !== undefined);
    if (unknown.length > 0) this.#doUpkeep(() => this.#resolveStarts(unknown));
    const byLeader = new Map<number, PartitionState[]>();
    let lacksLeader = false;
    for (const state of fetchable) {
      if (state.start !== undefined) continue;
      const leader = this.#leaderOf(state);
      if (leader === undefined) lacksLeader = true;
      else if (!this.#busyNodes.has(leader)) byLeader.set(leader, [...(byLeader.get(leader) ?? []), state]);
    }
    if (lacksLeader) this.#doUpkeep(() => this.#refreshMetadata());
    for (const [leader, states] of byLeader) void this.#fetch(leader, states);
  }

  #leaderOf(state: PartitionState): number | undefined {
    const topic = this.#cluster.cachedTopic(state.topic);
    const leader = topic?.partitions.find((candidate) => candidate.partition === state.partition)?.leaderId ?? -1;
    return leader >= 0 && this.#cluster.brokers.has(leader) ? leader : undefined;
  }

  /** One piece of background work at a time; its failure is retried or handed to `poll`. */
  #doUpkeep(work: () => Promise<void>): void {
    if (this.#upkeep !== undefined || this.#isClosed) return;
    this.#upkeep = work()
      .then(() => undefined)
      .catch((error: unknown) => this.#onFailure(error))
      .finally(() => {
        this.#upkeep = undefined;
        this.#wake();
      });
  }

  #onFailure(error: unknown): void {
    if (this.#isClosed || isRetriable(error)) return;
    this.#failure = error instanceof Error ? error : new Error(String(error));
  }

  async #refreshMetadata(): Promise<void> {
    await sleepUnlessAborted(this.#platform.scheduler, this.#cluster.backoffMs(this.#consecutiveFailures++), undefined);
    if (this.#isClosed) return;
    await this.#cluster.fetchMetadata([...new Set([...this.#partitions.values()].map((state) => state.topic))]);
  }

  async #resolveStarts(states: readonly PartitionState[]): Promise<void> {
    const queries: { state: PartitionState; at: Exclude<StartPosition, number> }[] = [];
    for (const state of states) {
      if (typeof state.start === 'number') moveTo(state, state.start);
      else if (state.start !== undefined) queries.push({ state, at: state.start });
    }
    if (queries.length === 0) return;
    const { isolationLevel } = this.#options;
    const found = await listOffsets(
      this.#cluster,
      queries.map(({ state, at }) => ({ topic: state.topic, partition: state.partition, at })),
      { isolationLevel },
    );
    const afterEnd = queries.filter((_query, i) => found[i]?.offset === -1);
    const ends = await listOffsets(
      this.#cluster,
      afterEnd.map(({ state }) => ({ topic: state.topic, partition: state.partition, at: 'latest' as const })),
      { isolationLevel },
    );
    queries.forEach((query, i) => {
      const offset = found[i]?.offset ?? -1;
      // No record is that young: what comes next will be.
      moveTo(query.state, offset >= 0 ? offset : (ends[afterEnd.indexOf(query)]?.offset ?? 0));
    });
  }

  async #fetch(leader: number, states: readonly PartitionState[]): Promise<void> {
    this.#busyNodes.add(leader);
    for (const state of states) state.isFetching = true;
    try {
      const { draft, names, hasTopicIds } = this.#toRequest(states);
      const timeoutMs = this.#options.maxWaitMs + this.#cluster.options.requestTimeoutMs;
      const limit = hasTopicIds ? {} : { maxVersion: 12 };
      const hasMoved = (): boolean => states.every((state) => (this.#leaderOf(state) ?? leader) !== leader);
      const watch = { maxWaitMs: this.#options.maxWaitMs, topics: [...new Set(states.map(({ topic }) => topic))], hasMoved };
      const callOptions = { lane: this.#lane, timeoutMs, watch, ...limit };
      const response = await this.#cluster.callLeader(leader, apis.fetch, draft, callOptions);
      if (response.errorCode !== 0) throw new KafkaError(response.errorCode);
      for (const topic of response.responses) {
        const name = topic.topic === '' ? names.get(topic.topicId) : topic.topic;
        for (const part of topic.partitions) if (name !== undefined) this.#onFetched(name, part, states);
      }
      this.#consecutiveFailures = 0;
    } catch (error) {
      this.#onFailure(error);
      for (const state of states) this.#cluster.forgetTopic(state.topic);
    } finally {
      for (const state of states) state.isFetching = false;
      this.#busyNodes.delete(leader);
      this.#wake();
    }
  }

  #toRequest(states: readonly PartitionState[]): { draft: FetchRequestDraft; names: Map<string, string>; hasTopicIds: boolean } {
    const { maxWaitMs, minBytes, maxBytes, maxPartitionBytes, isolationLevel } = this.#options;
    const topics = new Map<string, { partition: number; fetchOffset: number; partitionMaxBytes: number }[]>();
    for (const state of states) {
      const part = { partition: state.partition, fetchOffset: state.fetchOffset, partitionMaxBytes: maxPartitionBytes };
      topics.set(state.topic, [...(topics.get(state.topic) ?? []), part]);
    }
    const names = new Map<string, string>();
    const list = [...topics].map(([topic, partitions]) => {
      const topicId = this.#cluster.cachedTopic(topic)?.topicId ?? zeroUuid;
      names.set(topicId, topic);
      return { topic, topicId, partitions };
    });
    const draft = { maxWaitMs, minBytes, maxBytes, isolationLevel: isolationLevel === 'read_committed' ? 1 : 0, topics: list };
    return { draft, names, hasTopicIds: !names.has(zeroUuid) };
  }

  #onFetched(topic: string, part: FetchPart, requested: readonly PartitionState[]): void {
    const state = this.#partitions.get(partitionKey(topic, part.partitionIndex));
    // A seek or a new assignment while the fetch was under way has replaced the state; the answer is stale.
    if (state === undefined || !requested.includes(state)) return;
    if (part.errorCode !== 0) {
      this.#onPartitionError(state, part.errorCode);
      return;
    }
    state.highWatermark = part.highWatermark;
    const aborted = this.#options.isolationLevel === 'read_committed' ? (part.abortedTransactions ?? []) : null;
    const bytes = part.records ?? new Uint8Array(0);
    const { partition, fetchOffset: fromOffset } = state;
    const fetched = readFetched({ topic, partition, bytes, fromOffset, aborted }, this.#cluster.options.codecs);
    state.buffered = fetched.records;
    state.handedOut = 0;
    state.fetchOffset = fetched.nextOffset;
  }

  #onPartitionError(state: PartitionState, errorCode: number): void {
    const { topic, partition } = state;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const { autoOffsetReset } = this.#options;
      if (autoOffsetReset === 'none')
        this.#failure = new KafkaError(errorCode, `${topic}-${partition}: offset ${state.fetchOffset} is not within the log`);
      else state.start = autoOffsetReset;
      return;
    }
    const isStale = isRetriableCode(errorCode) || errorCode === ErrorCode.FENCED_LEADER_EPOCH;
    if (isStale) this.#cluster.forgetTopic(topic);
    else this.#failure = new KafkaError(errorCode, `${topic}-${partition}: ${new KafkaError(errorCode).message}`);
  }

  #wake(reason: WakeReason = 'woken'): void {
    const wakeUps = this.#wakeUps;
    this.#wakeUps = [];
    for (const wakeUp of wakeUps) wakeUp(reason);
  }

  #sleepUntilWoken(timeoutMs: number): Promise<WakeReason> {
    return new Promise((resolve) => {
      const timer = this.#platform.scheduler.setTimer(timeoutMs, () => resolve('woken'));
      this.#wakeUps.push((reason) => {
        timer.cancel();
        resolve(reason);
      });
    });
  }
}

function newState({ topic, partition }: TopicPartition, start: StartPosition): PartitionState {
  const key = partitionKey(topic, partition);
  return {
    topic,
    partition,
    key,
    start,
    fetchOffset: 0,
    buffered: [],
    handedOut: 0,
    isFetching: false,
    isPaused: false,
    highWatermark: -1,
  };
}

function moveTo(state: PartitionState, offset: number): void {
  state.fetchOffset = offset;
  state.start = undefined;
}

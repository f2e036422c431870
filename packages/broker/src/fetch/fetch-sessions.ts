/**
 * Incremental fetch sessions (KIP-227): the broker remembers which partitions a consumer fetches, so that requests and
 * responses carry only what has changed.
 *
 * The number of sessions is bounded (`max.incremental.fetch.session.cache.slots`), and so are the partitions of all of them
 * together; when there is no room, the session that was idle for longest gives way if it is idle long enough, else the new
 * consumer goes without a session, which always works.
 * Partitions that had data go to the end of the order, so that none starves the others.
 */
import type { Clock, Randomness } from '@jackdaw/base';
import { ErrorCode, type FetchRequest } from '@jackdaw/protocol';

/** One partition of a session, with what the consumer was told last. */
export interface FetchPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  currentLeaderEpoch: number;
  fetchOffset: number;
  lastFetchedEpoch: number;
  maxBytes: number;
  /** −1 before the first answer. */
  sentHighWatermark: number;
  sentLogStartOffset: number;
}

interface Session {
  readonly id: number;
  readonly usesTopicIds: boolean;
  /** Epoch of the next request; wraps from 2^31 − 1 to 1. */
  nextEpoch: number;
  partitions: Map<string, FetchPartition>;
  lastUsedMs: number;
}

export interface FetchPlan {
  /** 0 when there is no session: the answer lists every partition. */
  readonly sessionId: number;
  readonly isIncremental: boolean;
  readonly partitions: readonly FetchPartition[];
  /** Call with the keys of partitions that had data. */
  readonly moveToEnd: (keys: readonly string[]) => void;
}

export type FetchPlanResult = FetchPlan | { readonly error: number };

const noSession = 0;
const initialEpoch = 0;
const finalEpoch = -1;
const maxEpoch = 0x7fff_ffff;
/** A session idle for so long may be evicted for a new one; Kafka's `min.incremental.fetch.session.eviction.ms`. */
const evictionMs = 120_000;

/** Partitions of all sessions together; each takes some 200 bytes. */
export const maxSessionPartitions = 250_000;

export class FetchSessions {
  readonly #clock: Clock;
  readonly #random: Randomness;
  readonly #maxSessions: () => number;
  /** In the order of last use, the longest idle first. */
  readonly #sessions = new Map<number, Session>();
  #partitionCount = 0;

  constructor({ clock, random, maxSessions }: { clock: Clock; random: Randomness; maxSessions: () => number }) {
    this.#clock = clock;
    this.#random = random;
    this.#maxSessions = maxSessions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Number of partitions in all sessions, for metrics. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  plan(request: FetchRequest, usesTopicIds: boolean): FetchPlanResult {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      this.#remove(this.#sessions.get(sessionId));
      return this.#planFull(request, usesTopicIds);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND };
    if (session.nextEpoch !== sessionEpoch) return { error: ErrorCode.INVALID_FETCH_SESSION_EPOCH };
    if (session.usesTopicIds !== usesTopicIds) return { error: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR };
    this.#touch(session);
    const before = session.partitions.size;
    updatePartitions(session, request);
    this.#partitionCount += session.partitions.size - before;
    const isTooLarge = this.#partitionCount > maxSessionPartitions && session.partitions.size > before;
    if (session.partitions.size === 0 || isTooLarge) this.#remove(session);
    // The client asks in full again, and goes on without a session.
    if (isTooLarge) return { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND };
    return {
      sessionId: session.partitions.size === 0 ? noSession : session.id,
      isIncremental: true,
      partitions: [...session.partitions.values()],
      moveToEnd: (keys) => moveToEnd(session, keys),
    };
  }

  #planFull(request: FetchRequest, usesTopicIds: boolean): FetchPlan {
    const partitions = new Map<string, FetchPartition>();
    for (const topic of request.topics) {
      for (const partition of topic.partitions) {
        partitions.set(partitionKey(topic, partition.partition), partitionOf(topic, partition));
      }
    }
    const session = request.sessionEpoch === initialEpoch && partitions.size > 0 ? this.#create(partitions, usesTopicIds) : null;
    return {
      sessionId: session?.id ?? noSession,
      isIncremental: false,
      partitions: [...partitions.values()],
      moveToEnd: (keys) => {
        if (session !== null) moveToEnd(session, keys);
      },
    };
  }

  #create(partitions: Map<string, FetchPartition>, usesTopicIds: boolean): Session | null {
    if (partitions.size > maxSessionPartitions) return null;
    while (this.#partitionCount + partitions.size > maxSessionPartitions) if (!this.#evictOne()) return null;
    if (this.#sessions.size >= this.#maxSessions() && !this.#evictOne()) return null;
    const newId = (): number => 1 + Math.floor(this.#random.float() * (maxEpoch - 1));
    let id = newId();
    while (this.#sessions.has(id)) id = newId();
    const session: Session = { id, usesTopicIds, nextEpoch: 1, partitions, lastUsedMs: this.#clock.monotonicMs() };
    this.#sessions.set(id, session);
    this.#partitionCount += partitions.size;
    return session;
  }

  #remove(session: Session | undefined): void {
    if (session === undefined || !this.#sessions.delete(session.id)) return;
    this.#partitionCount -= session.partitions.size;
  }

  #evictOne(): boolean {
    for (const session of this.#sessions.values()) {
      if (this.#clock.monotonicMs() - session.lastUsedMs < evictionMs) return false;
      this.#remove(session);
      return true;
    }
    return false;
  }

  #touch(session: Session): void {
    session.nextEpoch = session.nextEpoch === maxEpoch ? 1 : session.nextEpoch + 1;
    session.lastUsedMs = this.#clock.monotonicMs();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }
}

/** Key of a partition within a session. */
export function partitionKey(topic: { topic: string; topicId: string }, partition: number): string {
  return `${topic.topicId}/${topic.topic}/${partition}`;
}

function updatePartitions(session: Session, request: FetchRequest): void {
  for (const topic of request.topics) {
    for (const partition of topic.partitions) {
      const key = partitionKey(topic, partition.partition);
      const known = session.partitions.get(key);
      if (known === undefined) session.partitions.set(key, partitionOf(topic, partition));
      else {
        known.currentLeaderEpoch = partition.currentLeaderEpoch;
        known.fetchOffset = partition.fetchOffset;
        known.lastFetchedEpoch = partition.lastFetchedEpoch;
        known.maxBytes = partition.partitionMaxBytes;
      }
    }
  }
  for (const topic of request.forgottenTopicsData) {
    for (const partition of topic.partitions) session.partitions.delete(partitionKey(topic, partition));
  }
}

function partitionOf(
  topic: { topic: string; topicId: string },
  partition: FetchRequest['topics'][number]['partitions'][number],
): FetchPartition {
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    partition: partition.partition,
    currentLeaderEpoch: partition.currentLeaderEpoch,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    maxBytes: partition.partitionMaxBytes,
    sentHighWatermark: -1,
    sentLogStartOffset: -1,
  };
}

function moveToEnd(session: Session, keys: readonly string[]): void {
  for (const key of keys) {
    const partition = session.partitions.get(key);
    if (partition === undefined) continue;
    session.partitions.delete(key);
    session.partitions.set(key, partition);
  }
}

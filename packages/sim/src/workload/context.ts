/**
 * What the clients of one run share: who they are, how long they go on, and what is still open.
 *
 * Each client is a process of its own. A task is a piece of a client's work that the run waits for in the end; it is over
 * when it returns or when its process dies.
 */
import { nodeCodecs } from '@jackdaw/broker';
import { Prng } from '@jackdaw/base';
import { ConnectionError, KafkaError, partitionKey, TimeoutError, type Cluster, type FoundOffset } from '@jackdaw/client';
import { ErrorCode } from '@jackdaw/protocol';
import type { RunPlan, TopicPlan } from '../cluster/plan.ts';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { Key } from '../history/history.ts';
import { SimClient, type SimClientOptions } from '../node/sim-client.ts';
import type { Recorder } from './recorder.ts';

export interface WatchedPartition {
  readonly key: Key;
  readonly topic: string;
  readonly partition: number;
}

export interface LogBounds {
  readonly starts: readonly FoundOffset[];
  readonly ends: readonly FoundOffset[];
}

/** Patience of clients that try again by themselves, virtual ms. */
export const patient = {
  connectTimeoutMs: 1_000,
  requestTimeoutMs: 2_000,
  retryBackoffMs: 50,
  deadlineMs: 8_000,
  metadataMaxAgeMs: 10_000,
} as const;
/** One attempt and no more, so that the history knows of each. */
export const singleAttempt = { ...patient, deadlineMs: 1 } as const;

const reconnectMs = 200;

export class WorkloadContext {
  readonly cluster: SimCluster;
  readonly recorder: Recorder;
  readonly plan: RunPlan;
  readonly prng: Prng;
  /** Topics whose records must last, and which everybody uses. */
  readonly topics: readonly TopicPlan[];
  readonly partitions: readonly WatchedPartition[];
  /** Nothing new is begun any more. */
  isDraining = false;
  /** By partition: where reading may end. Null until all sends are settled. */
  ends: ReadonlyMap<Key, number> | null = null;
  /** By partition: where the log began when the ends were asked for. */
  starts: ReadonlyMap<Key, number> = new Map();
  readonly #clients: SimClient[] = [];
  /** What each open task does. */
  readonly #open = new Map<number, string>();
  #nextTask = 0;
  #recordsLeft: number;

  constructor(cluster: SimCluster, recorder: Recorder) {
    this.cluster = cluster;
    this.recorder = recorder;
    this.plan = cluster.plan;
    this.prng = new Prng(cluster.plan.seed ^ 0x776f726b);
    this.topics = cluster.plan.topics;
    this.partitions = this.topics.flatMap(({ name: topic, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ key: partitionKey(topic, partition), topic, partition })),
    );
    this.#recordsLeft = cluster.plan.workload.maxRecords;
  }

  newClient(name: string, settings: SimClientOptions['settings'] = patient): SimClient {
    const { world, bootstrap } = this.cluster;
    const seed = this.prng.uint32();
    const client = new SimClient({ name, world, seed, bootstrap, settings: { ...settings, codecs: nodeCodecs } });
    this.#clients.push(client);
    return client;
  }

  /** Starts a task in the client's process. */
  run(client: SimClient, what: string, work: () => Promise<void>): void {
    const task = this.#nextTask++;
    this.#open.set(task, `${client.name}: ${what}`);
    client.process.onDeath(() => this.#open.delete(task));
    client.spawn(
      async () => {
        await work();
        this.#open.delete(task);
      },
      (error) => {
        this.#open.delete(task);
        this.noteError(client.name, error, what);
      },
    );
  }

  setEnds({ starts, ends }: LogBounds): void {
    const toMap = (found: readonly FoundOffset[]): Map<Key, number> =>
      new Map(found.map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset]));
    this.starts = toMap(starts);
    this.ends = toMap(ends);
  }

  get hasOpenTasks(): boolean {
    return this.#open.size > 0;
  }

  /** Whether a task of these clients goes on; names are compared by their beginning. */
  hasOpen(prefix: string): boolean {
    for (const what of this.#open.values()) if (what.startsWith(prefix)) return true;
    return false;
  }

  get openTasks(): readonly string[] {
    return [...this.#open.values()];
  }

  /** False when enough was sent. */
  takeRecord(): boolean {
    return this.#recordsLeft-- > 0;
  }

  /** A connection as soon as there is one to be had. */
  async connect(client: SimClient): Promise<Cluster> {
    for (;;) {
      try {
        return await client.connect();
      } catch (error) {
        this.noteError(client.name, error, 'connect');
        await client.sleep(reconnectMs);
      }
    }
  }

  /** Records an error that no fault explains. */
  noteError(process: string, error: unknown, what: string): void {
    if (isExplained(error)) return;
    const text = error instanceof Error ? `${error.name}: ${error.stack ?? error.message}` : String(error);
    this.recorder.add({ op: 'unexpected', process, error: `${what}: ${text}` });
  }

  kill(): void {
    for (const { process } of this.#clients) process.die('killed');
  }
}

/** Codes that say that somebody made a mistake: the broker, or the client. */
const mistakes: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_SERVER_ERROR,
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.INVALID_REQUEST,
  ErrorCode.UNSUPPORTED_VERSION,
  ErrorCode.INVALID_RECORD,
  ErrorCode.INVALID_TIMESTAMP,
  ErrorCode.INVALID_REQUIRED_ACKS,
  ErrorCode.INVALID_GROUP_ID,
  ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  ErrorCode.INVALID_SESSION_TIMEOUT,
]);

/** What a client may be told, or find out, while brokers die and networks part. */
function isExplained(error: unknown): boolean {
  if (error instanceof KafkaError) return !mistakes.has(error.code);
  return error instanceof ConnectionError || error instanceof TimeoutError;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A pause of the given mean, virtual ms. */
export function pauseOf(prng: Prng, meanMs: number): number {
  return Math.min(10, -Math.log(1 - prng.float())) * meanMs;
}

export function pick<T>(prng: Prng, items: readonly T[]): T {
  return items[prng.below(items.length)] as T;
}

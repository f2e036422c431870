/**
 * A consumer that speaks the protocol itself: it keeps a fetch session over all that one broker leads, jumps about in the
 * logs, takes partitions out of the session and back in (KIP-227).
 *
 * Whatever comes must be of a partition that is in the session, and begin with the batch that holds the offset asked for.
 */
import { apis, listOffsets, type Cluster } from '@jackdaw/client';
import { eachBatch, ErrorCode, isValidCrc, readBatchHeader } from '@jackdaw/protocol';
import type { SimClient } from '../node/sim-client.ts';
import { pauseOf, pick, singleAttempt, type WatchedPartition, type WorkloadContext } from './context.ts';

const meanPauseMs = 80;
/** With names of topics. */
const maxVersion = 12;
/** Requests in one session; then another broker is asked. */
const maxRequests = 25;

interface Place {
  readonly about: WatchedPartition;
  readonly start: number;
  readonly end: number;
  position: number;
}

export function startSeeker(context: WorkloadContext): void {
  if (!context.plan.workload.hasSeeker) return;
  const client = context.newClient('seeker', singleAttempt);
  context.run(client, 'seek', async () => {
    const cluster = await context.connect(client);
    while (!context.isDraining) {
      try {
        await new Session(context, client, cluster).run();
      } catch (error) {
        context.noteError(client.name, error, 'seek');
        await cluster.fetchMetadata(context.topics.map(({ name }) => name)).catch(() => undefined);
      }
      await client.sleep(pauseOf(client.prng, meanPauseMs));
    }
    await cluster.close();
  });
}

class Session {
  readonly #context: WorkloadContext;
  readonly #client: SimClient;
  readonly #cluster: Cluster;
  readonly #places = new Map<string, Place>();
  readonly #forgotten: Place[] = [];
  #id = 0;
  #epoch = 0;

  constructor(context: WorkloadContext, client: SimClient, cluster: Cluster) {
    this.#context = context;
    this.#client = client;
    this.#cluster = cluster;
  }

  async run(): Promise<void> {
    const { prng } = this.#client;
    const first = pick(prng, this.#context.partitions);
    const leader = await this.#cluster.leaderOf(first.topic, first.partition);
    for (const about of this.#context.partitions) {
      if ((await this.#cluster.leaderOf(about.topic, about.partition)) === leader) await this.#add(about);
    }
    let changed: Place[] = [...this.#places.values()];
    let dropped: Place[] = [];
    for (let left = maxRequests; left > 0 && !this.#context.isDraining && this.#places.size > 0; left--) {
      if (!(await this.#fetch(leader, changed, dropped))) return;
      [changed, dropped] = this.#change();
      await this.#client.sleep(pauseOf(prng, meanPauseMs));
    }
  }

  async #add(about: WatchedPartition): Promise<void> {
    const { topic, partition } = about;
    const [first, last] = await listOffsets(this.#cluster, [
      { topic, partition, at: 'earliest' },
      { topic, partition, at: 'latest' },
    ]);
    const start = first?.offset ?? 0;
    const end = Math.max(start, last?.offset ?? 0);
    this.#places.set(about.key, { about, start, end, position: this.#client.prng.between(start, end) });
  }

  /** What the next request says: partitions with another position or new, and partitions that go. */
  #change(): [Place[], Place[]] {
    const { prng } = this.#client;
    const dropped: Place[] = [];
    const changed = new Set([...this.#places.values()].filter(() => prng.chance(0.5)));
    for (const place of changed) place.position = prng.between(place.start, place.end);
    if (this.#places.size > 1 && prng.chance(0.3)) {
      const place = pick(prng, [...this.#places.values()]);
      this.#places.delete(place.about.key);
      changed.delete(place);
      this.#forgotten.push(place);
      dropped.push(place);
    } else if (this.#forgotten.length > 0 && prng.chance(0.3)) {
      const place = this.#forgotten.shift();
      if (place !== undefined) {
        this.#places.set(place.about.key, place);
        changed.add(place);
      }
    }
    return [[...changed], dropped];
  }

  /** False when the broker keeps no such session, or a partition is not to be had. */
  async #fetch(leader: number, changed: readonly Place[], dropped: readonly Place[]): Promise<boolean> {
    const draft = {
      ...{ maxWaitMs: 20, minBytes: 1, maxBytes: 1_048_576, isolationLevel: 0, sessionId: this.#id, sessionEpoch: this.#epoch },
      topics: changed.map(({ about: { topic, partition }, position }) => ({
        topic,
        partitions: [{ partition, fetchOffset: position, partitionMaxBytes: 2_000 }],
      })),
      forgottenTopicsData: dropped.map(({ about: { topic, partition } }) => ({ topic, partitions: [partition] })),
    };
    const body = await this.#cluster.callNode(leader, apis.fetch, draft, { maxVersion, lane: 'fetch' });
    if (body.errorCode !== 0) return false;
    for (const { topic, partitions } of body.responses) {
      for (const { partitionIndex, errorCode, records } of partitions) {
        const place = this.#places.get(`${topic}/${partitionIndex}`);
        if (place === undefined) this.#complain(`${topic}/${partitionIndex} is not in the session, and came`);
        else if (errorCode === ErrorCode.NONE) this.#expectPosition(place, records ?? new Uint8Array(0));
        else return false;
      }
    }
    this.#id = body.sessionId;
    this.#epoch = body.sessionId === 0 ? 0 : this.#epoch + 1;
    return this.#id !== 0;
  }

  #expectPosition({ about: { key }, position }: Place, records: Uint8Array): void {
    for (const at of eachBatch(records)) {
      const { baseOffset, lastOffset } = readBatchHeader(records, at);
      if (!isValidCrc(records, at)) this.#complain(`${key}: the batch at ${baseOffset} fails its checksum`);
      if (at > 0 || (baseOffset <= position && position <= lastOffset)) continue;
      this.#complain(`${key}: asked for ${position}, and got the batch from ${baseOffset} to ${lastOffset}`);
    }
  }

  #complain(error: string): void {
    this.#context.recorder.add({ op: 'unexpected', process: this.#client.name, error });
  }
}

/**
 * Clients that read every partition from its beginning, and what all who poll have in common.
 */
import { Consumer, listOffsets, partitionKey, TimeoutError } from '@jackdaw/client';
import type { Cluster, ConsumedRecord, ConsumerOptions } from '@jackdaw/client';
import type { HistoryEvent, Key } from '../history/history.ts';
import type { SimClient } from '../node/sim-client.ts';
import { messageOf, type LogBounds, type WorkloadContext } from './context.ts';
import { nameOf } from './values.ts';

const pollMs = 500;
const maxWaitMs = 500;

export function startReaders(context: WorkloadContext): void {
  for (let i = 1; i <= context.plan.workload.readers; i++) {
    const client = context.newClient(`reader-${i}`);
    context.run(client, 'read to the ends', async () => {
      const cluster = await context.connect(client);
      const reader = new Reader(context, { name: client.name, cluster, isFinal: false, ...optionsOf(client) });
      while (!reader.isAtEnds) await reader.poll();
      await reader.close();
    });
  }
}

/** Reads everything once more, with a new client. */
export function startFinalRead(context: WorkloadContext): void {
  const client = context.newClient('final-reader');
  context.run(client, 'read everything', async () => {
    const cluster = await context.connect(client);
    // Anew: when they were asked for first, a leader that was replaced may have answered.
    context.setEnds(await askForEnds(context, cluster));
    const reader = new Reader(context, { name: client.name, cluster, isFinal: true, maxWaitMs });
    while (!reader.isAtEnds) await reader.poll();
    reader.noteAllRead();
    await reader.close();
  });
}

/** Where every log begins and ends. */
export async function askForEnds({ partitions }: WorkloadContext, cluster: Cluster): Promise<LogBounds> {
  const where = partitions.map(({ topic, partition }) => ({ topic, partition }));
  const ends = await listOffsets(
    cluster,
    where.map((one) => ({ ...one, at: 'latest' as const })),
  );
  const starts = await listOffsets(
    cluster,
    where.map((one) => ({ ...one, at: 'earliest' as const })),
  );
  return { starts, ends };
}

/** Small pieces now and then, so that batches come apart. */
function optionsOf({ prng }: SimClient): ConsumerOptions {
  return {
    maxWaitMs,
    maxPollRecords: prng.chance(0.3) ? prng.between(1, 20) : 500,
    maxPartitionBytes: prng.chance(0.3) ? prng.between(100, 1_000) : 1_048_576,
    isolationLevel: prng.chance(0.5) ? 'read_committed' : 'read_uncommitted',
  };
}

interface ReaderOptions extends ConsumerOptions {
  readonly name: string;
  readonly cluster: Cluster;
  readonly isFinal: boolean;
}

class Reader {
  readonly #context: WorkloadContext;
  readonly #name: string;
  readonly #cluster: Cluster;
  readonly #isFinal: boolean;
  readonly #consumer: Consumer;

  constructor(context: WorkloadContext, { name, cluster, isFinal, ...options }: ReaderOptions) {
    this.#context = context;
    this.#name = name;
    this.#cluster = cluster;
    this.#isFinal = isFinal;
    this.#consumer = new Consumer(cluster, { ...options, autoOffsetReset: 'none' });
    this.#assign();
  }

  /** All that was there when the sends had settled has been read. */
  get isAtEnds(): boolean {
    const { ends, partitions } = this.#context;
    if (ends === null) return false;
    return partitions.every(
      ({ key, topic, partition }) => (this.#consumer.position(topic, partition) ?? -1) >= (ends.get(key) ?? Infinity),
    );
  }

  async poll(): Promise<void> {
    const { recorder } = this.#context;
    try {
      const records = await this.#consumer.poll(pollMs);
      for (const event of polledEvents(this.#context, records, { process: this.#name, isFinal: this.#isFinal }))
        recorder.add(event);
    } catch (error) {
      // A partition that nobody leads for longer than the reader waits is no wrong answer: it asks again.
      if (error instanceof TimeoutError) return;
      const text = messageOf(error);
      recorder.add({ op: 'read-error', process: this.#name, error: text, ...positionIn(text) });
      this.#assign();
    }
  }

  /** A partition without records was read to its end, too. */
  noteAllRead(): void {
    for (const { key } of this.#context.partitions) {
      this.#context.recorder.add({ op: 'poll', process: this.#name, key, records: [], isFinal: true });
    }
  }

  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#cluster.close();
  }

  #assign(): void {
    const { partitions, recorder } = this.#context;
    this.#consumer.assign(partitions.map(({ topic, partition }) => ({ topic, partition, start: 'earliest' as const })));
    for (const { key } of partitions) recorder.add({ op: 'assign', process: this.#name, key });
  }
}

/** One event for each partition of which there are records. */
export function polledEvents(
  { plan }: WorkloadContext,
  polled: readonly ConsumedRecord[],
  { process, isFinal }: { process: string; isFinal: boolean },
): HistoryEvent[] {
  const byKey = new Map<Key, [number, string, number][]>();
  for (const { topic, partition, offset, value, leaderEpoch } of polled) {
    const key = partitionKey(topic, partition);
    const records = byKey.get(key) ?? [];
    records.push([offset, nameOf(value, plan.workload.recordBytes), leaderEpoch]);
    byKey.set(key, records);
  }
  return [...byKey].map(([key, records]) => ({ op: 'poll', process, key, records, isFinal }));
}

/** The position that is outside the log, as the client's error names it. */
function positionIn(text: string): { key?: Key; offset?: number } {
  const match = /^(.+)-(\d+): offset (\d+) is not within the log$/.exec(text);
  return match === null ? {} : { key: partitionKey(match[1] as string, Number(match[2])), offset: Number(match[3]) };
}

/**
 * A load that Kafka's tools cannot make: so many records a second over many topics, and how long each took to be acknowledged.
 * The same program for both sides; it has a core's worth of work at some 30,000 records a second.
 */
import { Cluster, Producer } from '@jackdaw/client';
import { percentile } from '../report/statistics.ts';
import { BenchError } from '../run/bench-error.ts';

export interface PacedLoad {
  readonly bootstrap: string;
  /** Taken in turn. */
  readonly topics: readonly string[];
  readonly recordBytes: number;
  readonly recordsPerSecond: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface PacedResult {
  /** Acknowledged in the time that is measured. */
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

const tickMs = 5;
const bufferBytes = 256 << 20;

export async function producePaced(load: PacedLoad): Promise<PacedResult> {
  const cluster = await Cluster.connect({ bootstrapServers: load.bootstrap });
  const producer = new Producer(cluster, { acks: -1, lingerMs: tickMs, batchSizeBytes: 128 << 10, bufferBytes });
  const latencies: number[] = [];
  let failures = 0;
  const value = Buffer.alloc(load.recordBytes, 'x');
  const began = performance.now();
  const measureFrom = began + load.warmupSeconds * 1000;
  const until = measureFrom + load.seconds * 1000;
  let sent = 0;
  const sendOne = (): void => {
    const sentAt = performance.now();
    const topic = load.topics[sent++ % load.topics.length] as string;
    producer.send({ topic, partition: 0, value }).then(
      () => {
        if (sentAt >= measureFrom) latencies.push(performance.now() - sentAt);
      },
      () => failures++,
    );
  };
  try {
    await Promise.all(load.topics.map((topic) => cluster.topic(topic)));
    while (performance.now() < until) {
      const due = Math.floor(((performance.now() - began) / 1000) * load.recordsPerSecond);
      while (sent < due) sendOne();
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
    await producer.close();
  } finally {
    await cluster.close();
  }
  if (latencies.length === 0) throw new BenchError(`no record was acknowledged; ${failures} failed`);
  return {
    recordsPerSecond: latencies.length / load.seconds,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    failures,
  };
}

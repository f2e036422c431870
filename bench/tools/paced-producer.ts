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
  /** Acknowledged in the time that is measured, whenever they were sent. */
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

const tickMs = 5;
const bufferBytes = 256 << 20;
/** How long after its time the load is still sent when it could not be sent in time. */
const patienceMs = 30_000;

export async function producePaced(load: PacedLoad): Promise<PacedResult> {
  const cluster = await Cluster.connect({ bootstrapServers: load.bootstrap });
  const producer = new Producer(cluster, { acks: -1, lingerMs: tickMs, batchSizeBytes: 128 << 10, bufferBytes });
  try {
    await cluster.fetchMetadata(load.topics);
    const acks = await sendAll(producer, load);
    await producer.close();
    return resultOf(acks, load.seconds);
  } finally {
    await cluster.close();
  }
}

interface Acks {
  /** Of records that were due in the time that is measured: from then to the acknowledgement. */
  readonly latencies: number[];
  /** Acknowledgements that came in the time that is measured. */
  inTime: number;
  failures: number;
}

/**
 * A record is late from the moment at which it was due, also when it could be sent only later: a stall is seen by every record
 * that it held up.
 */
async function sendAll(producer: Producer, { topics, recordBytes, ...load }: PacedLoad): Promise<Acks> {
  const acks: Acks = { latencies: [], inTime: 0, failures: 0 };
  const value = Buffer.alloc(recordBytes, 'x');
  const began = performance.now();
  const measureFrom = began + load.warmupSeconds * 1000;
  const until = measureFrom + load.seconds * 1000;
  const total = (load.warmupSeconds + load.seconds) * load.recordsPerSecond;
  const sendOne = (i: number): void => {
    const dueAt = began + (i * 1000) / load.recordsPerSecond;
    const onAcked = (): void => {
      const now = performance.now();
      if (dueAt >= measureFrom) acks.latencies.push(now - dueAt);
      if (now >= measureFrom && now < until) acks.inTime++;
    };
    producer.send({ topic: topics[i % topics.length] as string, partition: 0, value }).then(onAcked, () => acks.failures++);
  };
  for (let sent = 0; sent < total && performance.now() < until + patienceMs;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * load.recordsPerSecond));
    while (sent < due) sendOne(sent++);
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  return acks;
}

function resultOf({ latencies, inTime, failures }: Acks, seconds: number): PacedResult {
  if (latencies.length === 0) throw new BenchError(`no record was acknowledged; ${failures} failed`);
  return {
    recordsPerSecond: inTime / seconds,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    failures,
  };
}

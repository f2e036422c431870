/**
 * Reads what Kafka's performance tools print at their end. Their formats are those of Kafka 4.3 (ProducerPerformance,
 * ConsumerPerformance, EndToEndLatency); their "MB" are 2^20 bytes.
 */
import { BenchError } from '../run/bench-error.ts';

export interface ProducerSummary {
  readonly records: number;
  readonly recordsPerSecond: number;
  readonly mbPerSecond: number;
  readonly averageMs: number;
  readonly maxMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const number = '([\\d.]+)';
const producerTotal = new RegExp(
  `^(\\d+)(?: steady state)? records sent, ${number} records/sec \\(${number} MB/sec\\), ${number} ms avg latency, ` +
    `${number} ms max latency, (\\d+) ms 50th, (\\d+) ms 95th, (\\d+) ms 99th, (\\d+) ms 99\\.9th`,
);

/** The last total: that of the steady state, when there was a warm-up. */
export function readProducerSummary(output: string): ProducerSummary {
  const totals = output.split('\n').flatMap((line) => producerTotal.exec(line) ?? []);
  const perTotal = 10;
  const fields = totals.slice(-perTotal + 1).map(Number);
  const [records, recordsPerSecond, mbPerSecond, averageMs, maxMs, p50Ms, p95Ms, p99Ms, p999Ms] = fields;
  if (records === undefined || p999Ms === undefined) throw unreadable('producer-perf', output);
  return {
    records,
    recordsPerSecond: recordsPerSecond as number,
    mbPerSecond: mbPerSecond as number,
    averageMs: averageMs as number,
    maxMs: maxMs as number,
    p50Ms: p50Ms as number,
    p95Ms: p95Ms as number,
    p99Ms: p99Ms as number,
    p999Ms,
  };
}

export interface ConsumerSummary {
  readonly records: number;
  readonly mb: number;
  /** While it fetched: without joining the group. */
  readonly mbPerSecond: number;
  readonly recordsPerSecond: number;
}

export function readConsumerSummary(output: string): ConsumerSummary {
  const columns = (output.trim().split('\n').at(-1) ?? '').split(',').map((column) => column.trim());
  const [, , mb, , records, , , , mbPerSecond, recordsPerSecond] = columns.map(Number);
  if (columns.length !== 10 || !Number.isFinite(mbPerSecond)) throw unreadable('consumer-perf', output);
  return {
    records: records as number,
    mb: mb as number,
    mbPerSecond: mbPerSecond as number,
    recordsPerSecond: recordsPerSecond as number,
  };
}

export interface EndToEndSummary {
  readonly averageMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export function readEndToEndSummary(output: string): EndToEndSummary {
  const average = /Avg latency: ([\d.]+) ms/.exec(output);
  const percentiles = /Percentiles: 50th = (\d+), 99th = (\d+), 99\.9th = (\d+)/.exec(output);
  if (average === null || percentiles === null) throw unreadable('e2e-latency', output);
  const [p50Ms, p99Ms, p999Ms] = percentiles.slice(1).map(Number) as [number, number, number];
  return { averageMs: Number(average[1]), p50Ms, p99Ms, p999Ms };
}

function unreadable(tool: string, output: string): BenchError {
  return new BenchError(`${tool} has not printed its summary; it ended with: ${output.trim().slice(-300)}`);
}

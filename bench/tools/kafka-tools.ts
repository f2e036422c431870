/**
 * The clients of rows P1 to P6: Kafka's producer-perf, consumer-perf and e2e-latency, each run once against a cluster.
 */
import type { BenchCluster } from '../cluster/bench-cluster.ts';
import { runTool } from './java-tool.ts';
import {
  readConsumerSummary,
  readEndToEndSummary,
  readProducerSummary,
  type ConsumerSummary,
  type EndToEndSummary,
  type ProducerSummary,
} from './perf-output.ts';

const toolTimeoutMs = 300_000;
const reportEveryMs = 1_000;

export interface ProduceLoad {
  readonly topic: string;
  readonly records: number;
  readonly recordBytes: number;
  /** Records a second; absent: as fast as it goes. */
  readonly rate?: number;
  /** Beside acks=all, which every load has. */
  readonly properties: readonly string[];
  /** Of `records`: how many come before what the summary is about. */
  readonly warmupRecords?: number;
}

export type Progress = (text: string) => void;

export async function produce(cluster: BenchCluster, load: ProduceLoad, progress: Progress): Promise<ProducerSummary> {
  const args = [
    ...['--bootstrap-server', cluster.bootstrap, '--topic', load.topic],
    ...['--num-records', String(load.records), '--record-size', String(load.recordBytes)],
    ...['--throughput', String(load.rate ?? -1), '--reporting-interval', String(reportEveryMs)],
    ...(load.warmupRecords === undefined ? [] : ['--warmup-records', String(load.warmupRecords)]),
    ...['--command-property', 'acks=all', ...load.properties],
  ];
  const onLine = (line: string): void => {
    const found = /records sent, [\d.]+ records\/sec \(([\d.]+) MB\/sec\), ([\d.]+) ms avg/.exec(line);
    if (found !== null) progress(`${found[1]} MB/s, ${found[2]} ms`);
  };
  return readProducerSummary(await runTool({ className: 'ProducerPerformance', args, timeoutMs: toolTimeoutMs, onLine }));
}

export async function consume(
  cluster: BenchCluster,
  load: { readonly topic: string; readonly records: number },
): Promise<ConsumerSummary> {
  const args = [
    ...['--bootstrap-server', cluster.bootstrap, '--topic', load.topic],
    ...['--num-records', String(load.records), '--timeout', '60000'],
  ];
  return readConsumerSummary(await runTool({ className: 'ConsumerPerformance', args, timeoutMs: toolTimeoutMs }));
}

export async function endToEnd(
  cluster: BenchCluster,
  load: { readonly topic: string; readonly records: number; readonly recordBytes: number },
): Promise<EndToEndSummary> {
  const args = [
    ...['--bootstrap-server', cluster.bootstrap, '--topic', load.topic],
    ...['--num-records', String(load.records), '--producer-acks', 'all', '--record-size', String(load.recordBytes)],
  ];
  return readEndToEndSummary(await runTool({ className: 'EndToEndLatency', args, timeoutMs: toolTimeoutMs }));
}

/**
 * The workloads of a first look, each run by Kafka's own Java tools: the same program against both sides.
 */
import { cpuSeconds, maxResidentMb, run } from './processes.ts';
import type { Side } from './sides.ts';

/** Name of a figure → its value. */
export type Figures = Map<string, number>;

export interface Bench {
  /** The script whose `tool` runs a Java tool. */
  readonly toolScript: string;
  /** Scales the number of records; 1 is the full size. */
  readonly scale: number;
}

const toolTimeoutMs = 180_000;
const bytesPerGb = 1e9;

export async function measure(bench: Bench, side: Side, startMs: number): Promise<Figures> {
  const figures: Figures = new Map([['start of three nodes, s', startMs / 1000]]);
  figures.set('memory idle, MB', maxResidentMb(side.pids));
  await createTopic(bench, side, 'warm');
  await produce(bench, side, { topic: 'warm', records: 60_000, size: 1024 });
  await createTopic(bench, side, 'kib');
  await produceWithCpu(bench, side, { figures, topic: 'kib', records: 400_000, size: 1024, label: 'produce 1 KiB' });
  await createTopic(bench, side, 'small');
  await produceWithCpu(bench, side, { figures, topic: 'small', records: 1_500_000, size: 100, label: 'produce 100 B' });
  await consumeWithCpu(bench, side, { figures, topic: 'kib', records: 400_000, size: 1024 });
  await latency(bench, side, figures);
  figures.set('memory after load, MB', maxResidentMb(side.pids));
  return figures;
}

async function tool(bench: Bench, ...args: string[]): Promise<string> {
  return await run('bash', [bench.toolScript, 'tool', ...args], { timeoutMs: toolTimeoutMs });
}

async function createTopic(bench: Bench, side: Side, topic: string): Promise<void> {
  const shape = ['--partitions', '6', '--replication-factor', '3'];
  await tool(bench, 'topics', '--bootstrap-server', side.bootstrap, '--create', '--topic', topic, ...shape);
}

interface Load {
  readonly topic: string;
  readonly records: number;
  readonly size: number;
}

/** Records and MB per second. */
async function produce(bench: Bench, side: Side, load: Load): Promise<{ records: number; mb: number }> {
  const records = Math.ceil(load.records * bench.scale);
  const properties = [`bootstrap.servers=${side.bootstrap}`, 'acks=all', 'linger.ms=5', 'batch.size=131072'];
  const sized = ['--num-records', String(records), '--record-size', String(load.size), '--throughput', '-1'];
  const output = await tool(bench, 'producer-perf', '--topic', load.topic, ...sized, '--command-property', ...properties);
  const match = /([\d.]+) records\/sec \(([\d.]+) MB\/sec\)[^\n]*99\.9th/.exec(output);
  if (match === null) throw new Error(`no summary in: ${output.slice(-300)}`);
  return { records: Number(match[1]), mb: Number(match[2]) };
}

async function produceWithCpu(bench: Bench, side: Side, load: Load & { figures: Figures; label: string }): Promise<void> {
  const before = cpuSeconds(side.pids);
  const rate = await produce(bench, side, load);
  const gb = (Math.ceil(load.records * bench.scale) * load.size) / bytesPerGb;
  load.figures.set(`${load.label}, MB/s`, rate.mb);
  load.figures.set(`${load.label}, records/s`, rate.records);
  load.figures.set(`${load.label}, broker CPU-s/GB`, (cpuSeconds(side.pids) - before) / gb);
}

async function consumeWithCpu(bench: Bench, side: Side, load: Load & { figures: Figures }): Promise<void> {
  const records = Math.ceil(load.records * bench.scale);
  const before = cpuSeconds(side.pids);
  const args = ['--bootstrap-server', side.bootstrap, '--topic', load.topic, '--num-records', String(records)];
  const output = await tool(bench, 'consumer-perf', ...args, '--timeout', '60000');
  const columns = output.trim().split('\n').at(-1)?.split(',') ?? [];
  load.figures.set('consume 1 KiB, MB/s', Number(columns[3]));
  load.figures.set('consume 1 KiB, broker CPU-s/GB', (cpuSeconds(side.pids) - before) / ((records * load.size) / bytesPerGb));
}

async function latency(bench: Bench, side: Side, figures: Figures): Promise<void> {
  await createTopic(bench, side, 'latency');
  const args = ['--bootstrap-server', side.bootstrap, '--topic', 'latency', '--num-records', '2000', '--producer-acks', 'all'];
  const output = await tool(bench, 'e2e-latency', ...args, '--record-size', '100');
  const average = /Avg latency: ([\d.]+) ms/.exec(output);
  const percentiles = /50th = (\d+), 99th = (\d+), 99\.9th = (\d+)/.exec(output);
  figures.set('e2e latency average, ms', Number(average?.[1]));
  figures.set('e2e latency p50, ms', Number(percentiles?.[1]));
  figures.set('e2e latency p99, ms', Number(percentiles?.[2]));
}

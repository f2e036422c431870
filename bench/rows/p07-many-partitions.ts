/**
 * P7: a thousand partitions, as 1,000 topics of one and as one topic of 1,000: what they cost when nothing happens, and
 * latency with 20 MB/s over all of them. For the many topics the load is ours, since producer-perf writes to one.
 */
import type { BenchCluster } from '../cluster/bench-cluster.ts';
import { produce } from '../tools/kafka-tools.ts';
import { producePaced } from '../tools/paced-producer.ts';
import { shippedSides, type FigureSpec, type Work, type WorkContext } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { freshTopic, newTopic, uniqueName } from './topics.ts';
import { recordUsage, usageFigures } from './usage-figures.ts';

const partitions = 1_000;
const recordBytes = 1024;
const recordsPerSecond = 20_000;
const loadSeconds = 20;
const idleSeconds = 10;

const kinds = [
  { prefix: 'topics', what: '1,000 topics' },
  { prefix: 'partitions', what: '1 topic × 1,000' },
] as const;

export const manyPartitions: Work = {
  name: 'many-partitions',
  title: '1,000 partitions × 3 replicas: idle, and with 1 KiB records at 20 MB/s',
  rows: ['P7', 'P11'],
  sides: shippedSides,
  figures: kinds.flatMap(({ prefix, what }): FigureSpec[] => [
    { row: 'P7', key: `${prefix}.p50`, label: `${what}: ack p50 at 20 MB/s`, unit: 'ms', better: 'less' },
    { row: 'P7', key: `${prefix}.p99`, label: `${what}: ack p99 at 20 MB/s`, unit: 'ms', better: 'less', goal: { ratio: 1 } },
    { row: 'P7', key: `${prefix}.rate`, label: `${what}: reached`, unit: 'records/s', better: 'neither' },
    {
      ...{ row: 'P7', key: `${prefix}.idleCpu`, label: `${what}: idle CPU, all nodes`, unit: 'cores', better: 'less' },
      goal: { ratio: 0.3 },
    },
    {
      ...{ row: 'P7', key: `${prefix}.idleMemory`, label: `${what}: idle memory of a node`, unit: 'MB', better: 'less' },
      goal: { ratio: 0.4 },
    },
    ...usageFigures({ row: 'P7', prefix, what: `${what}, 20 MB/s`, memoryGoal: { ratio: 0.4 } }),
  ]),
  async run(context) {
    await manyTopics(context);
    await oneTopic(context);
  },
};

async function manyTopics(context: WorkContext): Promise<void> {
  const cluster = await context.own({ nodes: 3 });
  context.progress('creating 1,000 topics');
  const base = uniqueName('p7');
  const topics = Array.from({ length: partitions }, (_, i) => `${base}-${i}`);
  await cluster.createTopics(topics.map((name) => newTopic(cluster, { name, partitions: 1 })));
  await idle(context, cluster, 'topics');
  context.progress('20 MB/s over 1,000 topics');
  const seconds = secondsOf(context);
  const warmupSeconds = 3;
  const load = { bootstrap: cluster.bootstrap, topics, recordBytes, recordsPerSecond, seconds, warmupSeconds };
  const { result, usage } = await context.measured(cluster, 'P7-topics', () => producePaced(load));
  context.record('topics.p50', result.p50Ms);
  context.record('topics.p99', result.p99Ms);
  context.record('topics.rate', result.recordsPerSecond);
  recordUsage(context, 'topics', { usage, bytes: recordsPerSecond * (seconds + warmupSeconds) * recordBytes });
  await context.release(cluster);
}

async function oneTopic(context: WorkContext): Promise<void> {
  const cluster = await context.own({ nodes: 3 });
  context.progress('creating 1,000 partitions');
  const topic = await freshTopic(cluster, { name: 'p7', partitions });
  await idle(context, cluster, 'partitions');
  const warmupRecords = 3 * recordsPerSecond;
  const records = secondsOf(context) * recordsPerSecond + warmupRecords;
  const load = { topic, records, recordBytes, rate: recordsPerSecond, properties: largeBatches, warmupRecords };
  const { result, usage } = await context.measured(cluster, 'P7-partitions', () => produce(cluster, load, context.progress));
  context.record('partitions.p50', result.p50Ms);
  context.record('partitions.p99', result.p99Ms);
  context.record('partitions.rate', result.recordsPerSecond);
  recordUsage(context, 'partitions', { usage, bytes: records * recordBytes });
  await context.release(cluster);
}

async function idle(context: WorkContext, cluster: BenchCluster, prefix: string): Promise<void> {
  context.progress('idle');
  const seconds = Math.max(3, Math.round(idleSeconds * Math.min(1, context.scale)));
  const { usage } = await context.measured(cluster, `P7-${prefix}-idle`, () => pause(seconds * 1000));
  context.record(`${prefix}.idleCpu`, usage.cpuSeconds / usage.seconds);
  context.record(`${prefix}.idleMemory`, usage.residentMb);
}

function secondsOf({ scale }: WorkContext): number {
  return Math.max(4, Math.round(loadSeconds * Math.min(1, scale)));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

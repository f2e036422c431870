/**
 * P1 and P2: producer-perf with records of 1 KiB in batches of 128 KiB, as fast as it goes; the brokers' CPU for each GB.
 */
import { produce } from '../tools/kafka-tools.ts';
import { everySide, type Work } from '../run/work.ts';
import { freshTopic } from './topics.ts';
import { recordUsage, usageFigures } from './usage-figures.ts';

export const largeBatches = ['linger.ms=5', 'batch.size=131072'] as const;

const recordBytes = 1024;
const records = 1_000_000;
/** Until the client's and the brokers' code is compiled; not part of the rate, but of the CPU. */
const warmupRecords = 100_000;
const what = 'produce 1 KiB';

export const produce1Kib: Work = {
  name: 'produce-1kib',
  title: 'producer-perf, 1 KiB records, linger 5 ms, batch 128 KiB, 6 partitions, acks=all',
  rows: ['P1', 'P2', 'P11'],
  sides: everySide,
  figures: [
    {
      ...{ row: 'P1', key: 'produce1k.mb', label: what, unit: 'MB/s', better: 'more' },
      goal: { ratio: 1, pageCacheRatio: 1.5 },
    },
    { row: 'P1', key: 'produce1k.p99', label: `${what}: latency p99 at full load`, unit: 'ms', better: 'less' },
    ...usageFigures({
      ...{ row: 'P1', cpuRow: 'P2', memoryRow: 'P11', prefix: 'produce1k', what },
      ...{ cpuGoal: { ratio: 0.4 }, memoryGoal: { ratio: 0.3 }, loopGoal: { value: 100 } },
    }),
  ],
  async run(context) {
    const cluster = await context.shared();
    const topic = await freshTopic(cluster, { name: 'p1', partitions: 6 });
    const count = context.scaled(records, 20_000);
    const load = { topic, records: count, recordBytes, properties: largeBatches };
    const { result, usage } = await context.measured(cluster, 'P1', () =>
      produce(cluster, { ...load, warmupRecords: Math.min(warmupRecords, Math.floor(count / 5)) }, context.progress),
    );
    context.record('produce1k.mb', result.mbPerSecond);
    context.record('produce1k.p99', result.p99Ms);
    recordUsage(context, 'produce1k', { usage, bytes: count * recordBytes });
  },
};

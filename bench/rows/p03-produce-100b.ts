/**
 * P3: producer-perf with records of 100 bytes, where the count of records costs more than their bytes.
 */
import { produce } from '../tools/kafka-tools.ts';
import { everySide, type Work } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { freshTopic } from './topics.ts';
import { recordUsage, usageFigures } from './usage-figures.ts';

const recordBytes = 100;
const records = 4_000_000;
const warmupRecords = 400_000;
const what = 'produce 100 B';

export const produce100B: Work = {
  name: 'produce-100b',
  title: 'producer-perf, 100 B records, linger 5 ms, batch 128 KiB, 6 partitions, acks=all',
  rows: ['P3'],
  sides: everySide,
  figures: [
    { row: 'P3', key: 'produce100.records', label: what, unit: 'records/s', better: 'more', goal: { ratio: 1.5 } },
    ...usageFigures({ row: 'P3', prefix: 'produce100', what, cpuGoal: { ratio: 0.4 } }),
  ],
  async run(context) {
    const cluster = await context.shared();
    const topic = await freshTopic(cluster, { name: 'p3', partitions: 6 });
    const count = context.scaled(records, 100_000);
    const load = { topic, records: count, recordBytes, properties: largeBatches };
    const { result, usage } = await context.measured(cluster, 'P3', () =>
      produce(cluster, { ...load, warmupRecords: Math.min(warmupRecords, Math.floor(count / 5)) }, context.progress),
    );
    context.record('produce100.records', result.recordsPerSecond);
    recordUsage(context, 'produce100', { usage, bytes: count * recordBytes });
  },
};

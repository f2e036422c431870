/**
 * P4: producer-perf with one record in a request, where a request costs more than what is in it.
 */
import { produce } from '../tools/kafka-tools.ts';
import { everySide, type Work } from '../run/work.ts';
import { freshTopic } from './topics.ts';
import { recordUsage, usageFigures } from './usage-figures.ts';

const recordBytes = 100;
const records = 80_000;
const what = 'one record a request';

export const singleRecords: Work = {
  name: 'single-records',
  title: 'producer-perf, one record a request (batch.size=1, linger 0), 100 B, 6 partitions, acks=all',
  rows: ['P4'],
  sides: everySide,
  figures: [
    { row: 'P4', key: 'single.requests', label: what, unit: 'requests/s', better: 'more', goal: { ratio: 2 } },
    { row: 'P4', key: 'single.cpuPerRequest', label: `${what}: brokers' CPU`, unit: 'µs/request', better: 'less' },
    ...usageFigures({ row: 'P4', prefix: 'single', what }).filter(({ key }) => key !== 'single.cpu'),
  ],
  async run(context) {
    const cluster = await context.shared();
    const topic = await freshTopic(cluster, { name: 'p4', partitions: 6 });
    const count = context.scaled(records, 4_000);
    const load = { topic, records: count, recordBytes, properties: ['linger.ms=0', 'batch.size=1'] };
    const { result, usage } = await context.measured(cluster, 'P4', () =>
      produce(cluster, { ...load, warmupRecords: Math.floor(count / 10) }, context.progress),
    );
    context.record('single.requests', result.recordsPerSecond);
    context.record('single.cpuPerRequest', (usage.cpuSeconds * 1e6) / count);
    recordUsage(context, 'single', { usage, bytes: count * recordBytes });
  },
};

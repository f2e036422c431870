/**
 * P5: consumer-perf over records of 1 KiB: just produced, and after a restart of all brokers, when their own caches are empty
 * (the operating system's are not).
 */
import { consume, produce } from '../tools/kafka-tools.ts';
import { shippedSides, type FigureSpec, type Work } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { freshTopic } from './topics.ts';
import { recordUsage, usageFigures } from './usage-figures.ts';

const recordBytes = 1024;
const records = 1_000_000;

const kinds = [
  { prefix: 'consume', what: 'consume 1 KiB, cached' },
  { prefix: 'consumeCold', what: 'consume 1 KiB, after a restart' },
] as const;

export const consume1Kib: Work = {
  name: 'consume',
  title: 'consumer-perf, 1 KiB records, 6 partitions: cached, and after a restart of the brokers',
  rows: ['P5'],
  sides: shippedSides,
  figures: kinds.flatMap(({ prefix, what }): FigureSpec[] => [
    { row: 'P5', key: `${prefix}.mb`, label: what, unit: 'MB/s', better: 'more', goal: { ratio: 1 } },
    ...usageFigures({ row: 'P5', prefix, what, cpuGoal: { ratio: 1.5 } }),
  ]),
  async run(context) {
    const cluster = await context.shared();
    const topic = await freshTopic(cluster, { name: 'p5', partitions: 6 });
    const count = context.scaled(records, 20_000);
    context.progress('filling the topic');
    await produce(cluster, { topic, records: count, recordBytes, properties: largeBatches }, context.progress);
    for (const { prefix } of kinds) {
      if (prefix === 'consumeCold') {
        context.progress('restarting the brokers');
        await cluster.restart();
        await cluster.whenInSync([topic]);
      }
      context.progress('consuming');
      const { result, usage } = await context.measured(cluster, `P5-${prefix}`, () =>
        consume(cluster, { topic, records: count }),
      );
      context.record(`${prefix}.mb`, result.mbPerSecond);
      recordUsage(context, prefix, { usage, bytes: result.records * recordBytes });
    }
  },
};

/**
 * One broker process uses one core for records. How much more do two give on the same machine? Topics without replicas, so
 * that the second process brings nothing but its core: P1's large batches, and single records, where a request costs most.
 * The client takes its share of the same cores. docs/operations.md tells what follows from it.
 */
import type { BenchCluster } from '../cluster/bench-cluster.ts';
import { produce } from '../tools/kafka-tools.ts';
import type { ProducerSummary } from '../tools/perf-output.ts';
import type { FigureSpec, Work, WorkContext } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { uniqueName } from './topics.ts';

const partitions = 12;
const brokerCounts = [1, 2] as const;

const loads = {
  large: { recordBytes: 1024, records: 1_000_000, properties: largeBatches },
  single: { recordBytes: 100, records: 120_000, properties: ['linger.ms=0', 'batch.size=1'] },
} as const;

export const severalBrokers: Work = {
  name: 'several-brokers',
  title: 'one and two brokers on this machine, topics of one replica: P1 and P4',
  rows: ['cores'],
  sides: ['jackdaw', 'page-cache'],
  figures: brokerCounts.flatMap((count): FigureSpec[] => {
    const brokers = count === 1 ? '1 broker' : `${count} brokers`;
    const base = { row: 'cores', better: 'more' } as const;
    return [
      { ...base, key: `cores.${count}.large`, label: `${brokers}: produce 1 KiB`, unit: 'MB/s' },
      {
        ...base,
        key: `cores.${count}.large.cpu`,
        label: `${brokers}: cores in use by brokers`,
        unit: 'cores',
        better: 'neither',
      },
      { ...base, key: `cores.${count}.single`, label: `${brokers}: one record a request`, unit: 'requests/s' },
    ];
  }),
  async run(context) {
    for (const count of brokerCounts) {
      const cluster = await context.own({ nodes: count, voters: 1 });
      await load(context, cluster, { kind: 'large', share: 0.2 });
      const { result, usage } = await context.measured(cluster, `cores-${count}`, () =>
        load(context, cluster, { kind: 'large' }),
      );
      context.record(`cores.${count}.large`, result.mbPerSecond);
      context.record(`cores.${count}.large.cpu`, usage.cpuSeconds / usage.seconds);
      context.record(`cores.${count}.single`, (await load(context, cluster, { kind: 'single' })).recordsPerSecond);
      await context.release(cluster);
    }
  },
};

async function load(
  context: WorkContext,
  cluster: BenchCluster,
  { kind, share = 1 }: { readonly kind: keyof typeof loads; readonly share?: number },
): Promise<ProducerSummary> {
  const name = uniqueName('cores');
  await cluster.createTopics([{ name, partitions, replicationFactor: 1, configs: {} }]);
  const { records, ...shape } = loads[kind];
  const count = Math.round(context.scaled(records, 20_000) * share);
  return await produce(
    cluster,
    { ...shape, topic: name, records: count, warmupRecords: Math.floor(count / 5) },
    context.progress,
  );
}

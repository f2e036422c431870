/**
 * P13: does it stay fast when it grows? P1's load with 1, 100 and 1,000 partitions, with logs of 1 and 100 segments, and with
 * 1 and 1,000 connections that each ask for something every second. A step is the rate before over the rate after.
 */
import type { BenchCluster } from '../cluster/bench-cluster.ts';
import { IdleConnections } from '../tools/idle-connections.ts';
import { produce } from '../tools/kafka-tools.ts';
import { shippedSides, type FigureSpec, type Work, type WorkContext } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { freshTopic } from './topics.ts';

const recordBytes = 1024;
const records = 500_000;
const smallestSegmentBytes = 1 << 20;
/** One for each leader: the log before the load is 300 MB on every node. */
const partitionsOfSegments = 3;
const worstStep = 1.3;

const axes = [
  { axis: 'partitions', sizes: [1, 100, 1_000] },
  { axis: 'segments', sizes: [1, 100] },
  { axis: 'connections', sizes: [1, 1_000] },
] as const;

export const growth: Work = {
  name: 'growth',
  title: 'P1 with more and more partitions, segments, connections',
  rows: ['P13'],
  sides: shippedSides,
  figures: axes.flatMap(({ axis, sizes }) =>
    sizes.flatMap((size, i): FigureSpec[] => {
      const rate = { key: `growth.${axis}.${size}`, label: `${size} ${axis}: produce 1 KiB`, unit: 'MB/s' };
      const step = { key: `growth.${axis}.${size}.step`, label: `${size} ${axis}: step`, unit: '×' };
      const spec: FigureSpec = { row: 'P13', ...rate, better: 'more' };
      return i === 0 ? [spec] : [spec, { row: 'P13', ...step, better: 'less', goal: { value: worstStep } }];
    }),
  ),
  async run(context) {
    const cluster = await context.own({ nodes: 3 });
    await produce(cluster, await warmUp(context, cluster), context.progress);
    let before = 0;
    for (const { axis, sizes } of axes) {
      for (const size of sizes) {
        context.progress(`${size} ${axis}`);
        const mb = await growTo[axis](context, cluster, size);
        context.record(`growth.${axis}.${size}`, mb);
        if (size !== sizes[0]) context.record(`growth.${axis}.${size}.step`, before / mb);
        before = mb;
      }
    }
  },
};

const growTo = {
  async partitions(context: WorkContext, cluster: BenchCluster, partitions: number): Promise<number> {
    return await rateOf(context, cluster, await freshTopic(cluster, { name: 'p13', partitions }));
  },
  async segments(context: WorkContext, cluster: BenchCluster, segments: number): Promise<number> {
    const configs = { 'segment.bytes': String(smallestSegmentBytes) };
    const topic = await freshTopic(cluster, { name: 'p13', partitions: partitionsOfSegments, configs });
    const filling = Math.floor(((segments - 1) * partitionsOfSegments * smallestSegmentBytes) / recordBytes);
    const load = { topic, recordBytes, properties: largeBatches };
    if (filling > 0) await produce(cluster, { ...load, records: filling }, context.progress);
    return await rateOf(context, cluster, topic);
  },
  async connections(context: WorkContext, cluster: BenchCluster, count: number): Promise<number> {
    const open = new IdleConnections();
    const addresses = cluster.bootstrap.split(',').map((address) => address.split(':') as [string, string]);
    try {
      for (const [host, port] of addresses) {
        await open.open({ host, port: Number(port) }, Math.ceil(count / addresses.length));
      }
      open.askEverySecond();
      return await rateOf(context, cluster, await freshTopic(cluster, { name: 'p13', partitions: 6 }));
    } finally {
      open.close();
    }
  },
};

async function warmUp(context: WorkContext, cluster: BenchCluster): Promise<Parameters<typeof produce>[1]> {
  const topic = await freshTopic(cluster, { name: 'p13-warm', partitions: 6 });
  return { topic, records: context.scaled(records, 20_000), recordBytes, properties: largeBatches };
}

async function rateOf(context: WorkContext, cluster: BenchCluster, topic: string): Promise<number> {
  const count = context.scaled(records, 20_000);
  const load = { topic, records: count, recordBytes, properties: largeBatches, warmupRecords: Math.floor(count / 5) };
  return (await produce(cluster, load, context.progress)).mbPerSecond;
}

/**
 * P6: latency under a light load: end to end one record at a time, and acknowledgements at 1,000 records a second.
 */
import { endToEnd, produce } from '../tools/kafka-tools.ts';
import { everySide, type Work } from '../run/work.ts';
import { freshTopic } from './topics.ts';

const recordBytes = 100;
const endToEndRecords = 10_000;
const rate = 1_000;
const steadySeconds = 20;

export const latency: Work = {
  name: 'latency',
  title: 'e2e-latency of 100 B records; producer-perf at 1,000 records/s',
  rows: ['P6'],
  sides: everySide,
  figures: [
    { row: 'P6', key: 'e2e.p50', label: 'end to end, p50', unit: 'ms', better: 'less', goal: { ratio: 1 } },
    { row: 'P6', key: 'e2e.p99', label: 'end to end, p99', unit: 'ms', better: 'less', goal: { ratio: 0.5 } },
    { row: 'P6', key: 'e2e.p999', label: 'end to end, p99.9', unit: 'ms', better: 'less' },
    { row: 'P6', key: 'steady.p50', label: 'ack at 1,000 records/s, p50', unit: 'ms', better: 'less', goal: { ratio: 1 } },
    { row: 'P6', key: 'steady.p99', label: 'ack at 1,000 records/s, p99', unit: 'ms', better: 'less', goal: { ratio: 0.5 } },
    { row: 'P6', key: 'steady.loop.max', label: 'ack at 1,000 records/s: event-loop delay, worst', unit: 'ms', better: 'less' },
  ],
  async run(context) {
    const cluster = await context.shared();
    const single = await freshTopic(cluster, { name: 'p6-e2e', partitions: 1 });
    context.progress('one record at a time');
    const load = { topic: single, records: context.scaled(endToEndRecords, 500), recordBytes };
    const { result: alone } = await context.measured(cluster, 'P6-e2e', () => endToEnd(cluster, load));
    context.record('e2e.p50', alone.p50Ms);
    context.record('e2e.p99', alone.p99Ms);
    context.record('e2e.p999', alone.p999Ms);
    const topic = await freshTopic(cluster, { name: 'p6-steady', partitions: 6 });
    const seconds = Math.max(4, Math.round(steadySeconds * Math.min(1, context.scale)));
    const warmupRecords = 2 * rate;
    const records = seconds * rate + warmupRecords;
    const { result, usage } = await context.measured(cluster, 'P6-steady', () =>
      produce(cluster, { topic, records, recordBytes, rate, warmupRecords, properties: [] }, context.progress),
    );
    context.record('steady.p50', result.p50Ms);
    context.record('steady.p99', result.p99Ms);
    if (usage.eventLoop !== null) context.record('steady.loop.max', usage.eventLoop.maxMs);
  },
};

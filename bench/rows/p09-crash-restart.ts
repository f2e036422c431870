/**
 * P9: all nodes are killed with 1,000 partitions and 1 GiB of data on each, and started again: until every partition has a
 * leader that is alive, and until every partition has taken a record from a producer that wants all acknowledgements.
 */
import { Cluster, Producer } from '@jackdaw/client';
import { produce } from '../tools/kafka-tools.ts';
import { shippedSides, type Work } from '../run/work.ts';
import { largeBatches } from './p01-p02-produce-1kib.ts';
import { freshTopic } from './topics.ts';

const partitions = 1_000;
const recordBytes = 1024;
const records = 1_048_576;

export const crashRestart: Work = {
  name: 'crash-restart',
  title: 'SIGKILL of all three with 1,000 partitions × 3 and 1 GiB on each, until every partition is led again',
  rows: ['P9'],
  sides: shippedSides,
  figures: [
    { row: 'P9', key: 'crash.led', label: 'every partition led again', unit: 's', better: 'less', goal: { ratio: 0.2 } },
    { row: 'P9', key: 'crash.written', label: 'every partition written to again', unit: 's', better: 'less' },
  ],
  async run(context) {
    const cluster = await context.own({ nodes: 3, hasProbe: false });
    const topic = await freshTopic(cluster, { name: 'p9', partitions });
    const load = { topic, records: context.scaled(records, 50_000), recordBytes, properties: largeBatches };
    await produce(cluster, load, context.progress);
    context.progress('all are killed');
    await cluster.stopAll('SIGKILL');
    const began = performance.now();
    await cluster.startAll();
    await cluster.whenMetadata([topic], 'every partition led', ({ topics, brokers }) => {
      const alive = new Set(brokers.map(({ nodeId }) => nodeId));
      const found = topics.flatMap((described) => described.partitions);
      return found.length === partitions && found.every(({ leaderId }) => alive.has(leaderId));
    });
    context.record('crash.led', (performance.now() - began) / 1000);
    await writeToEach(cluster.bootstrap, topic);
    context.record('crash.written', (performance.now() - began) / 1000);
  },
};

async function writeToEach(bootstrapServers: string, topic: string): Promise<void> {
  const cluster = await Cluster.connect({ bootstrapServers });
  try {
    const producer = new Producer(cluster, { acks: -1, idempotent: false });
    const sends = Array.from({ length: partitions }, (_, partition) => producer.send({ topic, partition, value: 'again' }));
    await Promise.all(sends);
    await producer.close();
  } finally {
    await cluster.close();
  }
}

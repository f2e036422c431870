/**
 * A broker that has lost the quorum: what it may still say, and that clients get away from it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster, Producer } from '@jackdaw/client';
import { startCluster } from '../src/index.ts';

test('A26: a broker without a quorum acknowledges nothing, and its clients go on when the cluster is back', async () => {
  const topics = { orders: { configs: { 'min.insync.replicas': '2' } } };
  const cluster = await startCluster({ brokers: 3, topics });
  try {
    const isolated = await cluster.waitForLeader('orders', 0);
    const others = cluster.brokers.filter(({ id }) => id !== isolated);
    const client = await Cluster.connect({ bootstrapServers: cluster.bootstrapServers, requestTimeoutMs: 2_000 });
    const producer = new Producer(client, { requestTimeoutMs: 500, deliveryTimeoutMs: 1_500 });
    await producer.send({ topic: 'orders', value: 'before' });

    await Promise.all(others.map((broker) => broker.kill()));
    await assert.rejects(producer.send({ topic: 'orders', value: 'alone' }));
    await producer.close();
    // Its metadata is old, but it answers, and so a client is not stuck with it.
    const alone = await Cluster.connect({ bootstrapServers: cluster.broker(isolated).address, requestTimeoutMs: 2_000 });
    assert.ok((await alone.fetchMetadata(['orders'])).brokers.length > 0);
    await alone.close();

    await Promise.all(others.map((broker) => broker.start()));
    const again = new Producer(client, { deliveryTimeoutMs: 20_000 });
    await again.send({ topic: 'orders', value: 'after' });
    await again.close();
    await client.close();
    const decoder = new TextDecoder();
    await cluster.waitFor('what was acknowledged', async () => {
      const values = (await cluster.messages('orders', { count: 2 })).map(({ value }) => decoder.decode(value ?? undefined));
      return values[0] === 'before' && values.includes('after');
    });
  } finally {
    await cluster.stop();
  }
});

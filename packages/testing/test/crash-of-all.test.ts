/**
 * All brokers crash at once and come back: what that means for who may lead, in each durability mode.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster, type TestCluster } from '../src/index.ts';

async function uncleanElections(cluster: TestCluster): Promise<number> {
  let sum = 0;
  for (const { broker } of cluster.brokers) {
    const text = await (await fetch(`http://127.0.0.1:${broker?.adminPort ?? 0}/metrics`)).text();
    const match = /^kafka_controller_controllerstats_uncleanleaderelections_total(?:\{[^}]*\})? (\d+)/m.exec(text);
    sum += Number(match?.[1] ?? Number.NaN);
  }
  return sum;
}

async function crashAll(cluster: TestCluster): Promise<void> {
  await Promise.all(cluster.brokers.map((broker) => broker.kill()));
  await Promise.all(cluster.brokers.map((broker) => broker.start()));
  await cluster.waitForIsr('orders', 3);
}

test('A17, A18: in fsync mode a crash of all brokers costs no record, and no leader is elected uncleanly', async () => {
  const cluster = await startCluster({ brokers: 3, config: { 'admin.port': '0' }, topics: { orders: { partitions: 3 } } });
  try {
    await cluster.produce(
      'orders',
      Array.from({ length: 30 }, (_, i) => ({ partition: i % 3, value: `value ${i}` })),
    );
    await crashAll(cluster);
    assert.equal((await cluster.messages('orders', { count: 30 })).length, 30);
    assert.equal(await uncleanElections(cluster), 0);
  } finally {
    await cluster.stop();
  }
});

test('A18: in page-cache mode a crashed broker is not trusted to have everything', async () => {
  const config = { 'admin.port': '0', 'jackdaw.durability': 'page-cache' };
  const cluster = await startCluster({ brokers: 3, config, topics: { orders: { partitions: 3 } } });
  try {
    await crashAll(cluster);
    assert.ok((await uncleanElections(cluster)) > 0);
  } finally {
    await cluster.stop();
  }
});

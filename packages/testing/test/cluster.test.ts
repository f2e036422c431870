/** The cluster for tests, and with it three brokers end to end: produce and consume, a killed leader, a stopped broker. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startCluster, type TestCluster } from '../src/index.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await startCluster({ brokers: 3, topics: { orders: { partitions: 3, configs: { 'min.insync.replicas': '2' } } } });
});

after(() => cluster.stop());

test('records produced with acks=all are read back from every partition', async () => {
  const values = Array.from({ length: 300 }, (_, i) => `value ${i}`);
  await cluster.produce(
    'orders',
    values.map((value, i) => ({ partition: i % 3, value })),
  );
  const read = await cluster.messages('orders', { count: 300 });
  const decoder = new TextDecoder();
  assert.deepEqual(read.map(({ value }) => decoder.decode(value ?? undefined)).sort(), [...values].sort());
});

test('A19, A21: a killed leader is replaced, nothing acknowledged is lost, and it comes back into the ISR', async () => {
  const before = await cluster.waitForLeader('orders', 0);
  await cluster.broker(before).kill();
  const leader = await cluster.waitForLeader('orders', 0, { not: before });
  assert.notEqual(leader, before);
  await cluster.produce('orders', [{ partition: 0, value: 'after the kill' }]);
  assert.equal((await cluster.messages('orders', { count: 301 })).length, 301);
  await cluster.broker(before).start();
  await cluster.waitForIsr('orders', 3);
});

test('F12: a broker that is stopped hands its leaderships over first', async () => {
  const before = await cluster.waitForLeader('orders', 1);
  await cluster.broker(before).stop();
  await cluster.waitForLeader('orders', 1, { not: before });
  await cluster.broker(before).start();
  await cluster.waitForIsr('orders', 3);
});

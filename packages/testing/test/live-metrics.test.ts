/** What /metrics says of brokers that run: every family has a value, and the numbers are those of what was done. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitOffsets } from '@jackdaw/client';
import { startCluster, type TestCluster } from '../src/index.ts';

let cluster: TestCluster;

before(async () => {
  const topics = { orders: { partitions: 3, configs: { 'min.insync.replicas': '2' } } };
  cluster = await startCluster({ brokers: 3, topics, config: { 'admin.port': '0' } });
  const records = Array.from({ length: 30 }, (_, i) => ({ partition: i % 3, value: `value ${i}` }));
  await cluster.produce('orders', records);
  await cluster.messages('orders', { count: 30 });
});

after(() => cluster.stop());

/** Pages of all brokers that run, one after the other. */
async function pages(): Promise<string[]> {
  const running = cluster.brokers.flatMap(({ broker }) => broker ?? []);
  return Promise.all(running.map(async ({ adminPort }) => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()));
}

/** The values of one series on each page; pages without it are left out. */
function valuesOf(texts: readonly string[], series: string): number[] {
  return texts.flatMap((text) => {
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? [] : [Number(line.slice(series.length + 1))];
  });
}

function sumOf(texts: readonly string[], series: string): number {
  return valuesOf(texts, series).reduce((sum, value) => sum + value, 0);
}

/** Pages are cached for a second, and followers lag a moment behind: looked at until `isSo`, or the patience is over. */
async function pagesWhere(isSo: (texts: readonly string[]) => boolean): Promise<string[]> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const texts = await pages();
    if (isSo(texts) || performance.now() > deadline) return texts;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('every family on the page has a sample', async () => {
  for (const text of await pages()) {
    const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
    const samples = new Set([...text.matchAll(/^([a-z_:][\w:]*)[ {]/gim)].map(([, name = '']) => name));
    assert.ok(families.length > 60);
    for (const name of families) {
      const isThere = samples.has(name) || samples.has(`${name}_count`);
      // Told by the active controller alone; where every partition is led, there is nobody who lags.
      const isElsewhere = name === 'kafka_brokers' || name === 'kafka_server_fetcherlagmetrics_consumerlag';
      assert.ok(isThere || isElsewhere, name);
    }
  }
});

test('exactly one broker is the active controller, and each sees the quorum and all brokers', async () => {
  const texts = await pages();
  assert.equal(sumOf(texts, 'kafka_controller_kafkacontroller_activecontrollercount'), 1);
  assert.equal(sumOf(texts, 'kafka_brokers'), 3);
  assert.deepEqual(valuesOf(texts, 'kafka_controller_kafkacontroller_activebrokercount'), [3, 3, 3]);
  assert.deepEqual(valuesOf(texts, 'kafka_server_brokerstate'), [3, 3, 3]);
});

test('what was measured while records were written is there', async () => {
  const texts = await pages();
  assert.equal(sumOf(texts, 'kafka_server_brokertopicmetrics_messagesin_total'), 30);
  for (const count of valuesOf(texts, 'jackdaw_fsync_duration_seconds_count')) assert.ok(count > 0);
  assert.ok(sumOf(texts, 'jackdaw_raft_commit_duration_seconds_count') > 0);
  assert.ok(sumOf(texts, 'jackdaw_raft_commit_duration_seconds_sum') > 0);
  assert.ok(sumOf(texts, 'kafka_network_requestmetrics_remotetimems{request="Produce",quantile="0.99"}') > 0);
});

test('committed offsets and lags of groups are told by the coordinator alone', async () => {
  const offsets = [{ topic: 'orders', partition: 0, offset: 4 }];
  await commitOffsets(await cluster.client(), 'readers', { offsets });
  const labels = '{consumergroup="readers",topic="orders",partition="0"}';
  const texts = await pagesWhere((found) => valuesOf(found, `kafka_consumergroup_lag${labels}`)[0] === 6);
  assert.deepEqual(valuesOf(texts, `kafka_consumergroup_current_offset${labels}`), [4]);
  assert.deepEqual(valuesOf(texts, `kafka_consumergroup_lag${labels}`), [6]);
});

test('a lost leader of partitions leaves its failover time at the active controller', async () => {
  const victim = cluster.brokers.find(({ broker }) => broker?.isController === false);
  assert.ok(victim !== undefined);
  await victim.kill();
  const series = 'jackdaw_failover_duration_seconds_count{kind="partition"}';
  const texts = await pagesWhere((found) => sumOf(found, series) > 0);
  assert.ok(sumOf(texts, series) > 0, 'it led a partition of orders, and of __consumer_offsets perhaps');
  await victim.start();
  await cluster.waitForIsr('orders', 3);
});

test('a lost leader of the quorum leaves its failover time at a node that found another', async () => {
  const controller = cluster.brokers.find(({ broker }) => broker?.isController === true);
  assert.ok(controller !== undefined);
  await controller.kill();
  const series = 'jackdaw_failover_duration_seconds_count{kind="controller"}';
  const texts = await pagesWhere((found) => sumOf(found, series) > 0);
  assert.ok(sumOf(texts, series) > 0);
});

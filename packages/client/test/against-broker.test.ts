/**
 * The client against a real cluster: set JACKDAW_TEST_BOOTSTRAP to its bootstrap servers, Jackdaw's or Apache Kafka's.
 *
 * Every test makes topics and groups with names of its own and deletes them, so that they can run against a cluster in use.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  alterConfigs,
  Cluster,
  commitOffsets,
  Consumer,
  createPartitions,
  createTopics,
  deleteGroups,
  deleteRecords,
  deleteTopics,
  describeCluster,
  describeConfigs,
  describeGroup,
  describeQuorum,
  describeTopics,
  fetchOffsets,
  GroupConsumer,
  listGroups,
  listOffsets,
  Producer,
  type ConsumedRecord,
} from '../src/index.ts';

const bootstrapServers = process.env['JACKDAW_TEST_BOOTSTRAP'] ?? '';
const skip = bootstrapServers === '' ? 'JACKDAW_TEST_BOOTSTRAP is not set: nothing here was tested' : false;

let cluster: Cluster;
const madeTopics: string[] = [];

before(async () => {
  if (skip === false) cluster = await Cluster.connect({ bootstrapServers, deadlineMs: 30_000 });
});

after(async () => {
  if (skip !== false) return;
  if (madeTopics.length > 0) await deleteTopics(cluster, madeTopics);
  await cluster.close();
});

async function makeTopic(partitions: number): Promise<string> {
  const name = `client-test-${randomUUID()}`;
  const [created] = await createTopics(cluster, [{ name, partitions, replicationFactor: 1 }]);
  assert.equal(created?.error, undefined);
  madeTopics.push(name);
  return name;
}

async function readAll(
  consumer: { poll: (timeoutMs: number) => Promise<ConsumedRecord[]> },
  count: number,
): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  const deadlineMs = performance.now() + 30_000;
  while (records.length < count && performance.now() < deadlineMs) records.push(...(await consumer.poll(1000)));
  return records;
}

/** The first answer that fits, or the last one of ten seconds. */
async function eventually<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (fits(answer) || performance.now() > deadlineMs) return answer;
  }
}

test('topics are created, described, changed and deleted, with errors for each by itself', { skip }, async () => {
  const name = await makeTopic(2);
  const again = await createTopics(cluster, [{ name, partitions: 1, replicationFactor: 1 }]);
  assert.equal(again[0]?.error?.codeName, 'TOPIC_ALREADY_EXISTS');
  assert.equal((await createPartitions(cluster, [{ name, partitions: 4 }]))[0]?.error, undefined);
  // Another broker may learn a little later what the controller has answered.
  const describe = () => describeTopics(cluster, [name, `${name}-missing`]);
  const [described, missing] = await eventually(describe, ([one]) => one?.topic?.partitions.length === 4);
  assert.equal(described?.topic?.partitions.length, 4);
  assert.equal(missing?.error?.codeName, 'UNKNOWN_TOPIC_OR_PARTITION');
  const topic = { type: 'topic', name } as const;
  assert.equal(
    (await alterConfigs(cluster, topic, [{ key: 'retention.ms', operation: 'set', value: '123456' }])).error,
    undefined,
  );
  const describeRetention = () => describeConfigs(cluster, [topic], { keys: ['retention.ms'] });
  const [configs] = await eventually(describeRetention, ([one]) => one?.entries[0]?.value === '123456');
  assert.deepEqual([configs?.entries[0]?.value, configs?.entries[0]?.source], ['123456', 'topic']);
});

test('what is produced is consumed, in order, with keys, headers, nulls and offsets', { skip }, async () => {
  const topic = await makeTopic(3);
  const producer = new Producer(cluster, { lingerMs: 2 });
  const count = 3000;
  const deliveries = await Promise.all(
    Array.from({ length: count }, (_unused, i) =>
      producer.send({
        topic,
        key: `k${i % 50}`,
        value: i % 10 === 0 ? null : `v${i}`,
        headers: [{ key: 'n', value: String(i) }],
      }),
    ),
  );
  await producer.close();
  const consumer = new Consumer(cluster);
  consumer.assign([0, 1, 2].map((partition) => ({ topic, partition, start: 'earliest' as const })));
  const records = await readAll(consumer, count);
  await consumer.close();
  assert.equal(records.length, count);
  const lastByKey = new Map<string, number>();
  for (const record of records) {
    const n = Number(Buffer.from(record.headers[0]?.value ?? []).toString());
    const delivery = deliveries[n];
    assert.deepEqual([record.partition, record.offset], [delivery?.partition, delivery?.offset]);
    assert.equal(record.value === null, n % 10 === 0);
    const key = Buffer.from(record.key ?? []).toString();
    assert.ok((lastByKey.get(key) ?? -1) < n, 'records of one key stay in order');
    lastByKey.set(key, n);
  }
});

test('acks 1 and 0 and a record that is too large', { skip }, async () => {
  const topic = await makeTopic(1);
  const one = new Producer(cluster, { acks: 1 });
  assert.equal((await one.send({ topic, value: 'a' })).offset, 0);
  await assert.rejects(one.send({ topic, value: Buffer.alloc(2_000_000) }), { codeName: 'MESSAGE_TOO_LARGE' });
  await one.close();
  const none = new Producer(cluster, { acks: 0 });
  assert.equal((await none.send({ topic, value: 'b' })).offset, -1);
  await none.close();
  const consumer = new Consumer(cluster);
  consumer.assign([{ topic, partition: 0, start: 'earliest' }]);
  assert.equal((await readAll(consumer, 2)).length, 2);
  await consumer.close();
});

test('offsets are found by end and by time, and records before an offset can be deleted', { skip }, async () => {
  const topic = await makeTopic(1);
  const producer = new Producer(cluster);
  const now = Date.now();
  for (let i = 0; i < 5; i++) await producer.send({ topic, value: `${i}`, timestamp: now + i * 1000 });
  await producer.close();
  const at = { topic, partition: 0 };
  const found = await listOffsets(cluster, [
    { ...at, at: 'earliest' },
    { ...at, at: 'latest' },
    { ...at, at: { timestamp: now + 1500 } },
    { ...at, at: { timestamp: now + 60_000 } },
  ]);
  assert.deepEqual(
    found.map((one) => one.offset),
    [0, 5, 2, -1],
  );
  assert.equal((await deleteRecords(cluster, [{ ...at, beforeOffset: 3 }]))[0]?.logStartOffset, 3);
  const consumer = new Consumer(cluster, { autoOffsetReset: 'earliest' });
  consumer.assign([{ ...at, start: 0 }]);
  assert.equal((await readAll(consumer, 2))[0]?.offset, 3);
  await consumer.close();
});

test('two members of a group share the partitions, commit, and the one who stays takes over', { skip }, async () => {
  const topic = await makeTopic(4);
  const groupId = `client-test-${randomUUID()}`;
  const producer = new Producer(cluster);
  await Promise.all([0, 1, 2, 3].map((partition) => producer.send({ topic, partition, value: `p${partition}` })));
  await producer.close();
  const options = {
    groupId,
    topics: [topic],
    autoOffsetReset: 'earliest',
    heartbeatIntervalMs: 200,
    sessionTimeoutMs: 10_000,
  } as const;
  const first = new GroupConsumer(cluster, options);
  assert.equal((await readAll(first, 4)).length, 4);
  const other = await Cluster.connect({ bootstrapServers, clientId: 'second' });
  const second = new GroupConsumer(other, options);
  const isShared = (): boolean => first.assignment.length === 2 && second.assignment.length === 2;
  const deadlineMs = performance.now() + 30_000;
  while (!isShared() && performance.now() < deadlineMs) await Promise.all([first.poll(200), second.poll(200)]);
  assert.ok(isShared());
  const { group } = await describeGroup(cluster, groupId);
  assert.deepEqual([group?.state, group?.members.length, group?.protocol], ['Stable', 2, 'range']);
  await first.close();
  while (second.assignment.length < 4 && performance.now() < deadlineMs) await second.poll(200);
  assert.equal(second.assignment.length, 4);
  await second.close();
  await other.close();
  const committed = await fetchOffsets(cluster, groupId);
  assert.deepEqual(
    committed.map((one) => one.offset),
    [1, 1, 1, 1],
  );
  const moved = await commitOffsets(cluster, groupId, { offsets: [{ topic, partition: 0, offset: 0 }] });
  assert.equal(moved[0]?.error, undefined);
  assert.ok((await listGroups(cluster)).some((one) => one.groupId === groupId && one.state === 'Empty'));
  assert.equal((await deleteGroups(cluster, [groupId]))[0]?.error, undefined);
});

test(
  'a group takes up a topic that is created after it has joined, and the partitions that are added to one',
  { skip },
  async () => {
    const later = `client-test-${randomUUID()}`;
    const groupId = `client-test-group-${randomUUID()}`;
    // As old as a heartbeat is metadata old enough to be looked at again.
    const members = await Cluster.connect({ bootstrapServers, metadataMaxAgeMs: 100 });
    const consumer = new GroupConsumer(members, {
      ...{ groupId, topics: [later], autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, sessionTimeoutMs: 10_000 },
    });
    const deadlineMs = performance.now() + 30_000;
    const isWaiting = (): boolean => consumer.generationId < 1 && performance.now() < deadlineMs;
    while (isWaiting()) await consumer.poll(100);
    assert.deepEqual(consumer.assignment, []);
    assert.equal((await createTopics(cluster, [{ name: later, partitions: 1, replicationFactor: 1 }]))[0]?.error, undefined);
    madeTopics.push(later);
    while (consumer.assignment.length < 1 && performance.now() < deadlineMs) await consumer.poll(100);
    assert.equal(consumer.assignment.length, 1);
    assert.equal((await createPartitions(cluster, [{ name: later, partitions: 3 }]))[0]?.error, undefined);
    while (consumer.assignment.length < 3 && performance.now() < deadlineMs) await consumer.poll(100);
    assert.equal(consumer.assignment.length, 3);
    await consumer.close();
    await members.close();
  },
);

test('the cluster and its quorum describe themselves', { skip }, async () => {
  const described = await describeCluster(cluster);
  assert.ok(described.brokers.some((broker) => broker.nodeId === described.controllerId));
  const quorum = await describeQuorum(cluster);
  assert.ok(quorum.voters.some((voter) => voter.replicaId === quorum.leaderId));
  assert.ok(quorum.highWatermark > 0);
});

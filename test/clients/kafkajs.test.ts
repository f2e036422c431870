/**
 * kafkajs, as its users write it, against three brokers: admin, records with every codec, groups, fail-over.
 *
 * The codecs that kafkajs lets its users register are the broker's own; gzip is kafkajs's. Behaviour that a test expects
 * was compared with Kafka's; topics and groups are named per test, so that the tests do not depend on each other.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodeCodecs } from '@jackdaw/broker';
import { codecLz4, codecSnappy, codecZstd, type CodecId } from '@jackdaw/protocol';
import { startCluster, type TestCluster } from '@jackdaw/testing';
import * as kafkajs from 'kafkajs';
import { GroupRecord } from './group-record.ts';

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs.default;
const maxInflatedBytes = 64 << 20;
const firstMs = 1_700_000_000_000;

const ascending = (a: number, b: number): number => a - b;

let cluster: TestCluster;
let kafka: kafkajs.Kafka;
let admin: kafkajs.Admin;

before(async () => {
  cluster = await startCluster({ brokers: 3 });
  const brokers = cluster.bootstrapServers.split(',');
  kafka = new Kafka({
    brokers,
    clientId: 'kafkajs',
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 40 },
  });
  admin = kafka.admin();
  await admin.connect();
  registerCodec(CompressionTypes.Snappy, codecSnappy);
  registerCodec(CompressionTypes.LZ4, codecLz4);
  registerCodec(CompressionTypes.ZSTD, codecZstd);
});

after(async () => {
  await admin.disconnect();
  await cluster.stop();
});

test('topics are created, described, extended and deleted', async () => {
  const topic = 'admin-topics';
  assert.equal(
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 3 }], waitForLeaders: true }),
    true,
  );
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 3 }] }), false);
  assert.ok((await admin.listTopics()).includes(topic));
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  await cluster.waitFor('five partitions with leaders', async () => {
    const described = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0];
    return (
      described?.partitions.length === 5 &&
      described.partitions.every(({ leader, replicas }) => leader > 0 && replicas.length === 3)
    );
  });
  await assert.rejects(
    admin.createTopics({ topics: [{ topic: 'too-wide', numPartitions: 1, replicationFactor: 4 }] }),
    errorOfType('INVALID_REPLICATION_FACTOR'),
  );
  await assert.rejects(admin.createTopics({ topics: [{ topic: 'no spaces' }] }), errorOfType('INVALID_TOPIC_EXCEPTION'));
  await admin.deleteTopics({ topics: [topic] });
  await cluster.waitFor('the topic is gone', async () => !(await admin.listTopics()).includes(topic));
});

test('configs of a topic are altered and read back with their sources', async () => {
  const topic = 'admin-configs';
  await cluster.createTopic(topic, { configs: { 'max.message.bytes': '2000000' } });
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '12345' }] }],
  });
  await cluster.waitFor('the altered config', async () => {
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: true });
    const entry = resources[0]?.configEntries.find(({ configName }) => configName === 'retention.ms');
    return entry?.configValue === '12345' && !entry.isDefault;
  });
  const wrong = { ...resource, configEntries: [{ name: 'retention.ms', value: 'soon' }] };
  await assert.rejects(admin.alterConfigs({ validateOnly: true, resources: [wrong] }), errorOfType('INVALID_CONFIG'));
});

test('the cluster is described with its brokers, controller and id', async () => {
  const described = await admin.describeCluster();
  assert.deepEqual(described.brokers.map(({ nodeId }) => nodeId).sort(ascending), [1, 2, 3]);
  assert.ok([1, 2, 3].includes(described.controller ?? -1));
  assert.ok(described.clusterId.length > 0);
});

test('every codec keeps keys, values, headers and timestamps', async () => {
  const codecs = [
    CompressionTypes.None,
    CompressionTypes.GZIP,
    CompressionTypes.Snappy,
    CompressionTypes.LZ4,
    CompressionTypes.ZSTD,
  ];
  const topic = 'codecs';
  await cluster.createTopic(topic);
  const producer = await connected(kafka.producer());
  for (const [number, compression] of codecs.entries()) {
    const messages = Array.from({ length: 50 }, (_, i) => ({
      key: `key ${i}`,
      value: `${number} ${i} ${'v'.repeat(500)}`,
      headers: { codec: String(compression), twice: ['1', '2'], bytes: Buffer.from([0, 255]) },
      timestamp: String(firstMs + number * 1000 + i),
    }));
    await producer.send({ topic, compression, messages });
  }
  await producer.disconnect();
  const messages = await readAll(topic, 250);
  for (const [index, message] of messages.entries()) {
    const [number, i] = [Math.trunc(index / 50), index % 50];
    assert.equal(message.offset, String(index));
    assert.equal(message.key?.toString(), `key ${i}`);
    assert.equal(message.value?.toString(), `${number} ${i} ${'v'.repeat(500)}`);
    assert.deepEqual(message.headers, {
      codec: Buffer.from(String(codecs[number])),
      twice: [Buffer.from('1'), Buffer.from('2')],
      bytes: Buffer.from([0, 255]),
    });
    assert.equal(message.timestamp, String(firstMs + number * 1000 + i));
  }
});

test('tombstones and empty values are told apart', async () => {
  await cluster.createTopic('tombstones');
  const producer = await connected(kafka.producer());
  const messages = [
    { key: 'a', value: null },
    { key: '', value: '' },
    { key: null, value: 'x' },
  ];
  await producer.send({ topic: 'tombstones', messages });
  await producer.disconnect();
  const read = await readAll('tombstones', 3);
  assert.deepEqual(
    read.map(({ key, value }) => [key?.toString() ?? null, value?.toString() ?? null]),
    [
      ['a', null],
      ['', ''],
      [null, 'x'],
    ],
  );
});

test('900 KiB pass, and more than the limit is MESSAGE_TOO_LARGE', async () => {
  await cluster.createTopic('big');
  const producer = await connected(kafka.producer());
  const value = Buffer.from(Array.from({ length: 900 * 1024 }, (_, i) => (i * 31) & 0xff));
  await producer.send({ topic: 'big', messages: [{ value }] });
  await assert.rejects(
    producer.send({ topic: 'big', messages: [{ value: Buffer.alloc(1100 * 1024, 'z') }] }),
    errorOfType('MESSAGE_TOO_LARGE'),
  );
  await producer.disconnect();
  const [message] = await readAll('big', 1);
  assert.ok(message?.value?.equals(value));
});

test('an idempotent producer and every level of acknowledgement', async () => {
  const topic = 'acks';
  await cluster.createTopic(topic);
  const idempotent = await connected(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }));
  for (let i = 0; i < 20; i++) await idempotent.send({ topic, messages: [{ value: `idempotent ${i}` }] });
  await idempotent.disconnect();
  const plain = await connected(kafka.producer());
  for (const acks of [-1, 1, 0]) await plain.send({ topic, acks, messages: [{ value: `acks ${acks}` }] });
  const read = (await readAll(topic, 23)).map(({ value }) => value?.toString());
  await plain.disconnect();
  assert.deepEqual(read, [...Array.from({ length: 20 }, (_, i) => `idempotent ${i}`), 'acks -1', 'acks 1', 'acks 0']);
});

test('the same key goes to the same partition', async () => {
  const topic = 'keys';
  await cluster.createTopic(topic, { partitions: 6 });
  const producer = await connected(kafka.producer());
  const messages = Array.from({ length: 120 }, (_, i) => ({ key: `key ${i % 12}`, value: `${i}` }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  const partitionsOf = new Map<string, Set<number>>();
  for (const { key, partition } of await readAll(topic, 120)) {
    const known = partitionsOf.get(String(key)) ?? new Set();
    partitionsOf.set(String(key), known.add(partition));
  }
  assert.equal(partitionsOf.size, 12);
  assert.ok([...partitionsOf.values()].every(({ size }) => size === 1));
});

test('offsets by time, deleted records and their new start', async () => {
  const topic = 'times';
  await cluster.createTopic(topic);
  const producer = await connected(kafka.producer());
  for (let i = 0; i < 10; i++)
    await producer.send({ topic, messages: [{ value: `${i}`, timestamp: String(firstMs + i * 1000) }] });
  await producer.disconnect();
  assert.deepEqual(await admin.fetchTopicOffsetsByTimestamp(topic, firstMs + 4500), [{ partition: 0, offset: '5' }]);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
  assert.deepEqual(await admin.fetchTopicOffsets(topic), [{ partition: 0, offset: '10', high: '10', low: '6' }]);
});

test('D5: a group of two, three and one members reads every record and no partition has two owners', async () => {
  const [topic, groupId] = ['rebalance', 'rebalance'];
  await cluster.createTopic(topic, { partitions: 6 });
  const producer = await connected(kafka.producer());
  const group = new GroupRecord(6);
  const members: kafkajs.Consumer[] = [];
  const removeLast = async (): Promise<void> => {
    const name = `member ${members.length - 1}`;
    await members.pop()?.disconnect();
    // Until its end it may have joined once more.
    group.onRevoked(name);
  };
  for (const size of [2, 3, 1]) {
    while (members.length < size) members.push(await startMember({ topic, groupId, group, name: `member ${members.length}` }));
    while (members.length > size) await removeLast();
    await cluster.waitFor(`six partitions owned by ${size}`, async () => group.isBalancedOver(size));
    const values = Array.from({ length: 60 }, (_, i) => `${size} members, ${i}`);
    await producer.send({ topic, messages: values.map((value, i) => ({ value, partition: i % 6 })) });
    await cluster.waitFor('all records', async () => group.hasRead(values));
  }
  const described = (await admin.describeGroups([groupId])).groups[0];
  assert.equal(described?.state, 'Stable');
  assert.equal(described?.members.length, 1);
  await Promise.all([...members.map((member) => member.disconnect()), producer.disconnect()]);
  assert.ok((await admin.listGroups()).groups.some((listed) => listed.groupId === groupId));
  await admin.deleteGroups([groupId]);
  assert.ok(!(await admin.listGroups()).groups.some((listed) => listed.groupId === groupId));
});

test('D2: commits are fetched again with their metadata, reset, and a seek goes where it says', async () => {
  const [topic, groupId] = ['commits', 'commits'];
  await cluster.createTopic(topic);
  const producer = await connected(kafka.producer());
  await producer.send({ topic, messages: Array.from({ length: 10 }, (_, i) => ({ value: `${i}` })) });
  await producer.disconnect();
  const consumer = await connected(kafka.consumer({ groupId, maxWaitTimeInMs: 100 }));
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen: string[] = [];
  await consumer.run({ autoCommit: false, eachMessage: async ({ message }) => void seen.push(message.offset) });
  await cluster.waitFor('ten records', async () => seen.length === 10);
  await consumer.commitOffsets([{ topic, partition: 0, offset: '4', metadata: 'why not' }]);
  assert.deepEqual(await admin.fetchOffsets({ groupId, topics: [topic] }), [
    { topic, partitions: [{ partition: 0, offset: '4', metadata: 'why not' }] },
  ]);
  consumer.seek({ topic, partition: 0, offset: '7' });
  await cluster.waitFor('records from the seek', async () => seen.length === 13);
  assert.deepEqual(seen.slice(10), ['7', '8', '9']);
  await consumer.disconnect();
  await admin.resetOffsets({ groupId, topic, earliest: true });
  const reset = await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true });
  assert.equal(reset[0]?.partitions[0]?.offset, '0');
});

test('topics come to be when a producer or a consumer names them', async () => {
  const producer = await connected(kafka.producer());
  await producer.send({ topic: 'named-by-a-producer', messages: [{ value: 'first' }] });
  assert.equal((await readAll('named-by-a-producer', 1))[0]?.value?.toString(), 'first');
  const reading = readAll('named-by-a-consumer', 1);
  await cluster.waitFor('the topic', async () => (await admin.listTopics()).includes('named-by-a-consumer'));
  await producer.send({ topic: 'named-by-a-consumer', messages: [{ value: 'later' }] });
  assert.equal((await reading)[0]?.value?.toString(), 'later');
  await producer.disconnect();
});

test('a transactional producer is refused at once', async () => {
  const producer = await connected(kafka.producer({ transactionalId: 'none', retry: { retries: 0 } }));
  await assert.rejects(producer.transaction(), { name: 'KafkaJSGroupCoordinatorNotFound' });
  await producer.disconnect();
});

test('A21: a leader killed under traffic loses nothing that was acknowledged', async () => {
  const topic = 'failover';
  await cluster.createTopic(topic, { configs: { 'min.insync.replicas': '2' } });
  const producer = await connected(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }));
  const acknowledged: string[] = [];
  let isOver = false;
  const traffic = (async () => {
    for (let i = 0; !isOver; i++) {
      await producer.send({ topic, messages: [{ value: `${i}` }] });
      acknowledged.push(`${i}`);
    }
  })();
  await cluster.waitFor('traffic', async () => acknowledged.length > 50);
  const leader = await cluster.waitForLeader(topic, 0);
  await cluster.broker(leader).kill();
  const killedAt = acknowledged.length;
  await cluster.waitFor('traffic after the kill', async () => acknowledged.length > killedAt + 50);
  isOver = true;
  await traffic;
  await producer.disconnect();
  const read = (await readAll(topic, acknowledged.length)).map(({ value }) => value?.toString());
  assert.deepEqual(read, acknowledged);
  await cluster.broker(leader).start();
  await cluster.waitForIsr(topic, 3);
});

type OwnCodec = kafkajs.CompressionTypes.Snappy | kafkajs.CompressionTypes.LZ4 | kafkajs.CompressionTypes.ZSTD;

function registerCodec(type: OwnCodec, codec: CodecId): void {
  CompressionCodecs[type] = () => ({
    compress: async (encoder: { buffer: Buffer }) => Buffer.from(nodeCodecs.compress(codec, encoder.buffer)),
    decompress: async (bytes: Buffer) => Buffer.from(nodeCodecs.decompress(codec, bytes, maxInflatedBytes)),
  });
}

async function connected<T extends { connect(): Promise<void> }>(client: T): Promise<T> {
  await client.connect();
  return client;
}

type ReadMessage = kafkajs.KafkaMessage & { readonly partition: number };

/** The first `count` records of a topic, in the order of each partition, by a consumer of its own. */
async function readAll(topic: string, count: number): Promise<ReadMessage[]> {
  const consumer = await connected(kafka.consumer({ groupId: `reader of ${topic}`, maxWaitTimeInMs: 100 }));
  const messages: ReadMessage[] = [];
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message, partition }) => void messages.push({ ...message, partition }),
    });
    await cluster.waitFor(`${count} records of ${topic}`, async () => messages.length >= count);
  } finally {
    await consumer.disconnect();
  }
  return messages;
}

interface MemberOptions {
  readonly topic: string;
  readonly groupId: string;
  readonly group: GroupRecord;
  readonly name: string;
}

async function startMember({ topic, groupId, group, name }: MemberOptions): Promise<kafkajs.Consumer> {
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 100, rebalanceTimeout: 5000, maxWaitTimeInMs: 50 });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => group.onAssigned(name, payload.memberAssignment[topic] ?? []));
  consumer.on(consumer.events.REBALANCING, () => group.onRevoked(name));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => group.onRead(message.value?.toString() ?? '') });
  return consumer;
}

/** kafkajs wraps what the broker said once or twice, depending on how often it tried again. */
function errorOfType(type: string): (error: unknown) => boolean {
  return (error) => {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      if ('type' in at && at.type === type) return true;
      if ('errors' in at && Array.isArray(at.errors) && at.errors.some((one: unknown) => errorOfType(type)(one))) return true;
    }
    return false;
  };
}

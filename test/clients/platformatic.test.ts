/**
 * @platformatic/kafka, as its users write it, against three brokers: admin, records with every codec that it has on this
 * Node, groups (static members too), fail-over.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  type Message,
  type MessagesStream,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
  compressionsAlgorithms,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
  type ProduceOptions,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { startCluster, type TestCluster } from '@jackdaw/testing';
import { GroupRecord } from './group-record.ts';

type Text = Message<string, string, string, string>;
type TextProducer = Producer<string, string, string, string>;
type TextConsumer = Consumer<string, string, string, string>;
type TextStream = MessagesStream<string, string, string, string>;

const firstMs = 1_700_000_000_000n;

const ascending = (a: number, b: number): number => a - b;

let cluster: TestCluster;
let admin: Admin;

before(async () => {
  cluster = await startCluster({ brokers: 3 });
  admin = new Admin(connection());
});

after(async () => {
  await admin.close();
  await cluster.stop();
});

test('topics are created, extended, emptied and deleted', async () => {
  const name = 'admin-topics';
  const [created] = await admin.createTopics({ topics: [name], partitions: 2, replicas: 3 });
  assert.deepEqual([created?.name, created?.partitions, created?.replicas], [name, 2, 3]);
  await assert.rejects(admin.createTopics({ topics: [name], partitions: 2, replicas: 3 }), saying('TOPIC_ALREADY_EXISTS'));
  await assert.rejects(admin.createTopics({ topics: ['too-wide'], replicas: 4 }), saying('INVALID_REPLICATION_FACTOR'));
  await admin.createPartitions({ topics: [{ name, count: 5 }] });
  await cluster.waitFor('five partitions', async () => {
    const metadata = await admin.metadata({ topics: [name], forceUpdate: true });
    return metadata.topics.get(name)?.partitions.length === 5;
  });
  // This client's default is acks=1, with which the high watermark may be below what was acknowledged.
  const acks = ProduceAcks.ALL;
  const producer = newProducer();
  for (let i = 0; i < 10; i++) await producer.send({ acks, messages: [{ topic: name, partition: 0, value: `${i}` }] });
  await producer.close();
  const [deleted] = await admin.deleteRecords({ topics: [{ name, partitions: [{ partition: 0, offset: 6n }] }] });
  assert.equal(deleted?.partitions[0]?.lowWatermark, 6n);
  const earliest = { partitionIndex: 0, timestamp: ListOffsetTimestamps.EARLIEST };
  const [listed] = await admin.listOffsets({ topics: [{ name, partitions: [earliest] }] });
  assert.equal(listed?.partitions[0]?.offset, 6n);
  await admin.deleteTopics({ topics: [name] });
  await cluster.waitFor('the topic is gone', async () => !(await admin.listTopics()).includes(name));
});

test('configs are described and altered, whole and by the entry', async () => {
  const resourceName = 'admin-configs';
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName };
  await admin.createTopics({ topics: [resourceName], configs: [{ name: 'max.message.bytes', value: '2000000' }] });
  const retention = async (): Promise<string | null | undefined> => {
    const [described] = await admin.describeConfigs({ resources: [resource], includeDocumentation: true });
    assert.ok(described?.configs.every(({ documentation }) => typeof documentation === 'string'));
    return described?.configs.find(({ name }) => name === 'retention.ms')?.value;
  };
  await cluster.waitFor('the default', async () => (await retention()) === '604800000');
  const set = { name: 'retention.ms', configOperation: IncrementalAlterConfigOperationTypes.SET };
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [{ ...set, value: '12345' }] }] });
  await cluster.waitFor('the altered config', async () => (await retention()) === '12345');
  const soon = { ...resource, configs: [{ ...set, value: 'soon' }] };
  await assert.rejects(admin.incrementalAlterConfigs({ resources: [soon] }), saying('INVALID_CONFIG'));
  await admin.alterConfigs({ resources: [{ ...resource, configs: [{ name: 'retention.ms', value: '54321' }] }] });
  await cluster.waitFor('the replaced configs', async () => (await retention()) === '54321');
});

test('log directories and coordinators are found', async () => {
  await cluster.createTopic('found', { partitions: 2 });
  await cluster.waitFor('two replicas in each directory', async () => {
    const described = await admin.describeLogDirs({ topics: [{ name: 'found', partitions: [0, 1] }] });
    assert.deepEqual(described.map(({ broker }) => broker).sort(ascending), [1, 2, 3]);
    return described.every(({ results }) => results[0]?.topics[0]?.partitions.length === 2);
  });
  const [coordinator] = await admin.findCoordinator({ keyType: 0, keys: ['any'] });
  assert.ok([1, 2, 3].includes(coordinator?.nodeId ?? -1));
});

test('every codec keeps keys, values, headers and timestamps', async () => {
  const codecs = Object.entries(compressionsAlgorithms).flatMap(([name, { available }]) => (available ? [name] : []));
  assert.ok(codecs.length >= 4, codecs.join());
  await cluster.createTopic('codecs');
  for (const [number, compression] of codecs.entries()) {
    const producer = newProducer();
    const messages = Array.from({ length: 50 }, (_, i) => ({
      topic: 'codecs',
      key: `key ${i}`,
      value: `${number} ${i} ${'v'.repeat(500)}`,
      headers: { codec: compression, empty: '' },
      timestamp: firstMs + BigInt(number * 1000 + i),
    }));
    await producer.send({ messages, compression: compression as NonNullable<TextOptions['compression']> });
    await producer.close();
  }
  const read = await readAll('codecs', 50 * codecs.length);
  for (const [index, message] of read.entries()) {
    const [number, i] = [Math.trunc(index / 50), index % 50];
    assert.deepEqual([message.offset, message.key], [BigInt(index), `key ${i}`]);
    assert.equal(message.value, `${number} ${i} ${'v'.repeat(500)}`);
    assert.deepEqual([...message.headers], Object.entries({ codec: codecs[number], empty: '' }));
    assert.equal(message.timestamp, firstMs + BigInt(number * 1000 + i));
  }
});

test('900 KiB pass, and more than the limit is MESSAGE_TOO_LARGE', async () => {
  await cluster.createTopic('big');
  const producer = newProducer();
  const value = 'abcdefgh'.repeat((900 * 1024) / 8);
  await producer.send({ messages: [{ topic: 'big', value }] });
  const tooLarge = { topic: 'big', value: 'z'.repeat(1100 * 1024) };
  await assert.rejects(producer.send({ messages: [tooLarge] }), saying('MESSAGE_TOO_LARGE'));
  await producer.close();
  assert.equal((await readAll('big', 1))[0]?.value, value);
});

test('tombstones, an idempotent producer and every level of acknowledgement', async () => {
  const topic = 'acks';
  await cluster.createTopic(topic);
  const producer = newProducer({ idempotent: true });
  for (let i = 0; i < 20; i++) await producer.send({ messages: [{ topic, value: `idempotent ${i}` }] });
  await producer.close();
  const plain = newProducer();
  for (const acks of Object.values(ProduceAcks)) await plain.send({ acks, messages: [{ topic, value: `acks ${acks}` }] });
  await plain.send({ messages: [{ topic, key: 'gone' }] });
  const read = await readAll(topic, 24);
  await plain.close();
  const expected = Array.from({ length: 20 }, (_, i) => `idempotent ${i}`);
  assert.deepEqual(
    read.slice(0, 20).map(({ value }) => value),
    expected,
  );
  const values = read.slice(20, 23).map(({ value }) => value);
  assert.deepEqual(values.sort(), ['acks -1', 'acks 0', 'acks 1']);
  assert.equal(read[23]?.key, 'gone');
  assert.ok(!read[23]?.value, 'a tombstone');
});

test('the same key goes to the same partition, and offsets are found by time', async () => {
  const topic = 'keys';
  await cluster.createTopic(topic, { partitions: 6 });
  // Idempotent, as this client sends everything again when one partition of several has refused.
  const producer = newProducer({ idempotent: true });
  const messages = Array.from({ length: 120 }, (_, i) => ({
    topic,
    key: `key ${i % 12}`,
    value: `${i}`,
    timestamp: firstMs + BigInt(i),
  }));
  await producer.send({ messages });
  await producer.close();
  const placed = new Set((await readAll(topic, 120)).map(({ key, partition }) => `${key} in ${partition}`));
  assert.equal(placed.size, 12);
  const consumer = newConsumer('times');
  const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
  assert.equal(
    ends.reduce((sum, end) => sum + end, 0n),
    120n,
  );
  const found = (await consumer.listOffsets({ topics: [topic], timestamp: firstMs + 200n })).get(topic) ?? [];
  assert.deepEqual(new Set(found), new Set([-1n]));
  await closed(consumer);
});

test('D5: a group of two, three and one members reads every record and no partition has two owners', async () => {
  const topic = 'rebalance';
  await cluster.createTopic(topic, { partitions: 6 });
  const group = new GroupRecord(6);
  const producer = newProducer();
  const members: TextConsumer[] = [];
  const removeLast = async (): Promise<void> => {
    const name = `member ${members.length - 1}`;
    const last = members.pop();
    if (last !== undefined) await closed(last);
    // Until its end it may have joined once more.
    group.onRevoked(name);
  };

  for (const size of [2, 3, 1]) {
    while (members.length < size) members.push(await startMember({ topic, group, name: `member ${members.length}` }));
    while (members.length > size) await removeLast();
    await cluster.waitFor(`six partitions owned by ${size}`, async () => group.isBalancedOver(size));
    const values = Array.from({ length: 60 }, (_, i) => `${size} members, ${i}`);
    await producer.send({ messages: values.map((value, i) => ({ topic, value, partition: i % 6 })) });
    await cluster.waitFor('all records', async () => group.hasRead(values));
  }
  assert.deepEqual(group.violations, []);
  const described = (await admin.describeGroups({ groups: ['rebalance'] })).get('rebalance');
  assert.deepEqual([described?.state, described?.members.size], ['STABLE', 1]);
  await Promise.all([...members.map(closed), producer.close()]);
  assert.ok((await admin.listGroups()).has('rebalance'));
  await admin.deleteGroups({ groups: ['rebalance'] });
  assert.ok(!(await admin.listGroups()).has('rebalance'));
});

test('D2: commits are fetched again, altered and deleted by the admin, and the next member begins there', async () => {
  const [topic, groupId] = ['commits', 'commits'];
  await cluster.createTopic(topic);
  const producer = newProducer();
  await producer.send({ messages: Array.from({ length: 10 }, (_, i) => ({ topic, value: `${i}` })) });
  await producer.close();
  for (const [start, next] of [
    [0n, 4n],
    [4n, 8n],
    [8n, 9n],
  ] as const) {
    const consumer = newConsumer(groupId, 'the-one');
    const stream = await consumer.consume({
      topics: [topic],
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: 'earliest',
      autocommit: false,
    });
    assert.equal((await take(stream, 1))[0]?.offset, start);
    await consumer.commit({ offsets: [{ topic, partition: 0, offset: next, leaderEpoch: 0 }] });
    const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] });
    assert.deepEqual(committed.get(topic), [next]);
    await closed(consumer);
  }
  await admin.removeMembersFromConsumerGroup({ groupId });
  await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 2n }] }] });
  const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] });
  assert.equal(group?.topics[0]?.partitions[0]?.committedOffset, 2n);
  await admin.deleteConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionIndexes: [0] }] });
});

test('topics come to be when a producer or a consumer names them', async () => {
  const producer = newProducer({ autocreateTopics: true });
  await producer.send({ messages: [{ topic: 'named-by-a-producer', value: 'first' }] });
  assert.equal((await readAll('named-by-a-producer', 1))[0]?.value, 'first');
  const reading = readAll('named-by-a-consumer', 1);
  await cluster.waitFor('the topic', async () => (await admin.listTopics()).includes('named-by-a-consumer'));
  await producer.send({ messages: [{ topic: 'named-by-a-consumer', value: 'later' }] });
  assert.equal((await reading)[0]?.value, 'later');
  await producer.close();
});

test('A21: a leader killed under traffic loses nothing that was acknowledged', async () => {
  const topic = 'failover';
  await cluster.createTopic(topic, { configs: { 'min.insync.replicas': '2' } });
  // This client tries one send again at the same broker only: its users send again, after newer metadata.
  const options = { ...connection(), serializers: stringSerializers, idempotent: true };
  const producer = new Producer({ ...options, retries: 2, metadataMaxAge: 100 });
  const acknowledged: string[] = [];
  let isOver = false;
  const traffic = (async () => {
    for (let i = 0; !isOver; i++) {
      const send = (): Promise<unknown> => producer.send({ messages: [{ topic, partition: 0, value: `${i}` }] });
      await cluster.waitFor(`acknowledgement ${i}`, async () => (await send()) !== undefined);
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
  await producer.close();
  const read = (await readAll(topic, acknowledged.length)).map(({ value }) => value);
  assert.deepEqual(read, acknowledged);
  await cluster.broker(leader).start();
  await cluster.waitForIsr(topic, 3);
});

function connection(): { clientId: string; bootstrapBrokers: string[]; retries: number; retryDelay: number } {
  return { clientId: 'platformatic', bootstrapBrokers: cluster.bootstrapServers.split(','), retries: 100, retryDelay: 100 };
}

type TextOptions = ProduceOptions<string, string, string, string>;

function newProducer(options: TextOptions = {}): TextProducer {
  return new Producer({ ...connection(), serializers: stringSerializers, ...options });
}

function newConsumer(groupId: string, groupInstanceId?: string): TextConsumer {
  return new Consumer({
    ...connection(),
    groupId,
    deserializers: stringDeserializers,
    autocreateTopics: true,
    maxWaitTime: 100,
    heartbeatInterval: 100,
    ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
  });
}

/** Forced: it does not wait for its streams to be read to their end. */
function closed(consumer: TextConsumer): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.close(true, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
}

/** The next `count` messages of a stream. */
async function take(stream: TextStream, count: number): Promise<Text[]> {
  const messages: Text[] = [];
  stream.on('data', (message: Text) => void messages.push(message));
  await cluster.waitFor(`${count} messages`, async () => messages.length >= count);
  return messages.slice(0, count);
}

/** The first `count` records of a topic, in the order of each partition, by a consumer of its own. */
async function readAll(topic: string, count: number): Promise<Text[]> {
  const consumer = newConsumer(`reader-of-${topic}`);
  try {
    return await take(await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false }), count);
  } finally {
    await closed(consumer);
  }
}

interface MemberOptions {
  readonly topic: string;
  readonly group: GroupRecord;
  readonly name: string;
}

async function startMember({ topic, group, name }: MemberOptions): Promise<TextConsumer> {
  const consumer = newConsumer('rebalance');
  consumer.on('consumer:group:rebalance', () => group.onRevoked(name));
  consumer.on('consumer:group:join', ({ assignments = [], generationId }) => {
    group.onAssigned(
      name,
      assignments.flatMap(({ partitions }) => partitions),
      generationId,
    );
  });
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.COMMITTED, fallbackMode: 'earliest' });
  stream.on('data', ({ value }: Text) => group.onRead(value));
  return consumer;
}

/** The broker's error is somewhere within what the client throws. */
function saying(code: string): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof Error)) return false;
    if ('apiId' in error && error.apiId === code) return true;
    const inner: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
    return [...inner, error.cause].some((one) => saying(code)(one));
  };
}

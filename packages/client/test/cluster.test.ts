/**
 * The view of a cluster against fake brokers: bootstrap, fail-over between addresses, retries with a deadline.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiKey, ErrorCode } from '@jackdaw/protocol';
import { Cluster } from '../src/cluster.ts';
import { KafkaError } from '../src/errors.ts';
import { startFakeBroker, type FakeRequest } from './fake-broker.ts';

const quick = { deadlineMs: 400, retryBackoffMs: 5, connectTimeoutMs: 1000 };

test('the second bootstrap server is used when the first is gone, and when none answers the text names them', async () => {
  const gone = await startFakeBroker(() => false);
  await gone.close();
  const broker = await startFakeBroker(() => false);
  const cluster = await Cluster.connect({ bootstrapServers: [gone.address, broker.address], ...quick });
  assert.equal(cluster.clusterId, 'fake');
  assert.deepEqual([...cluster.brokers.keys()], [1]);
  await cluster.close();
  await broker.close();
  await assert.rejects(Cluster.connect({ bootstrapServers: [gone.address], ...quick }), (error: Error) =>
    error.message.includes(gone.address),
  );
});

test('a retriable failure is tried again until the deadline, which then names the last failure', async () => {
  const broker = await startFakeBroker(() => false);
  const cluster = await Cluster.connect({ bootstrapServers: broker.address, ...quick });
  let attempts = 0;
  const result = await cluster.retrying(
    async () => {
      if (++attempts < 4) throw new KafkaError(ErrorCode.NOT_CONTROLLER);
      return 'done';
    },
    { what: 'try' },
  );
  assert.deepEqual([result, attempts], ['done', 4]);
  const failing = cluster.retrying(() => Promise.reject(new KafkaError(ErrorCode.NOT_CONTROLLER)), { what: 'try for ever' });
  await assert.rejects(failing, /try for ever: no success within 400 ms; last: the broker is not the controller/);
  await cluster.close();
  await broker.close();
});

test('F10: a broker that took a request and fell silent is the last to be asked again, until it answers', async () => {
  let isPaused = false;
  const both = (): object => ({
    brokers: [paused, other].map(({ port }, i) => ({ nodeId: i + 1, host: '127.0.0.1', port })),
    clusterId: 'fake',
    controllerId: 1,
    topics: [],
  });
  const answer = ({ header, respond }: FakeRequest): boolean => {
    if (header.apiKey === ApiKey.Metadata) respond(both());
    return header.apiKey === ApiKey.Metadata;
  };
  // Paused, it takes connections and requests and answers nothing, like a stopped process.
  const paused = await startFakeBroker((request) => isPaused || answer(request));
  const other = await startFakeBroker(answer);
  const cluster = await Cluster.connect({ bootstrapServers: [paused.address, other.address], ...quick, requestTimeoutMs: 100 });
  await cluster.fetchMetadata([]);
  isPaused = true;
  await cluster.fetchMetadata([]).catch(() => undefined);
  const asked = paused.seen.length;
  await cluster.fetchMetadata([]);
  assert.equal(paused.seen.length, asked, 'the silent broker was asked again, though another one answers');
  await cluster.close();
  await Promise.all([paused.close(), other.close()]);
});

test('A26: brokers are asked for metadata in turn: those that are cut off do not keep a client to themselves', async () => {
  const all = (): object => ({
    brokers: brokers.map(({ port }, i) => ({ nodeId: i + 1, host: '127.0.0.1', port })),
    clusterId: 'fake',
    controllerId: 1,
    topics: [],
  });
  const answer = ({ header, respond }: FakeRequest): boolean => {
    if (header.apiKey === ApiKey.Metadata) respond(all());
    return header.apiKey === ApiKey.Metadata;
  };
  const brokers = [await startFakeBroker(answer), await startFakeBroker(answer), await startFakeBroker(answer)];
  const cluster = await Cluster.connect({ bootstrapServers: brokers[0]?.address ?? '', ...quick });
  for (let i = 0; i < 5; i++) await cluster.fetchMetadata([]);
  const questions = brokers.map(({ seen }) => seen.filter((apiKey) => apiKey === ApiKey.Metadata).length);
  assert.deepEqual(questions, [2, 2, 2]);
  await cluster.close();
  await Promise.all(brokers.map((broker) => broker.close()));
});

test('A26: a leader of an older epoch than one told before is not believed, unless the topic is another one', async () => {
  const told = [
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', leaderId: 2, leaderEpoch: 7 },
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', leaderId: 1, leaderEpoch: 6 },
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAg', leaderId: 1, leaderEpoch: 0 },
  ];
  const broker = await startFakeBroker(({ header, respond }) => {
    if (header.apiKey !== ApiKey.Metadata) return false;
    const { topicId = '', leaderId, leaderEpoch } = told[broker.seen.filter((key) => key === ApiKey.Metadata).length - 2] ?? {};
    const partition = { partitionIndex: 0, leaderId, leaderEpoch, replicaNodes: [1, 2], isrNodes: [1, 2], offlineReplicas: [] };
    const topics = topicId === '' ? [] : [{ name: 't', topicId, errorCode: 0, partitions: [partition] }];
    const brokers = [1, 2].map((nodeId) => ({ nodeId, host: '127.0.0.1', port: broker.port }));
    respond({ brokers, clusterId: 'fake', controllerId: 1, topics });
    return true;
  });
  const cluster = await Cluster.connect({ bootstrapServers: broker.address, ...quick });
  const leaders: number[] = [];
  for (let i = 0; i < told.length; i++) {
    cluster.forgetTopic('t');
    leaders.push(await cluster.leaderOf('t', 0));
  }
  assert.deepEqual(leaders, [2, 2, 1]);
  await cluster.close();
  await broker.close();
});

test('a failure that cannot pass is not tried again', async () => {
  const broker = await startFakeBroker(() => false);
  const cluster = await Cluster.connect({ bootstrapServers: broker.address, ...quick });
  let attempts = 0;
  const attempt = (): Promise<never> => {
    attempts++;
    return Promise.reject(new KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS));
  };
  await assert.rejects(cluster.retrying(attempt, { what: 'once' }), { codeName: 'TOPIC_ALREADY_EXISTS' });
  assert.equal(attempts, 1);
  await cluster.close();
  await broker.close();
});

test('a coordinator is looked up once and remembered until it is forgotten', async () => {
  const broker = await startFakeBroker(({ header, respond }) => {
    if (header.apiKey !== ApiKey.FindCoordinator) return false;
    respond({ coordinators: [{ key: 'g', nodeId: 1, host: '127.0.0.1', port: 1, errorCode: 0, errorMessage: null }] });
    return true;
  });
  const cluster = await Cluster.connect({ bootstrapServers: broker.address, ...quick });
  assert.equal(await cluster.coordinatorOf('group', 'g'), 1);
  assert.equal(await cluster.coordinatorOf('group', 'g'), 1);
  assert.equal(broker.seen.filter((key) => key === ApiKey.FindCoordinator).length, 1);
  cluster.forgetCoordinator('group', 'g');
  await cluster.coordinatorOf('group', 'g');
  assert.equal(broker.seen.filter((key) => key === ApiKey.FindCoordinator).length, 2);
  await cluster.close();
  await broker.close();
});

test('an unknown topic is a KafkaError with its name in the text', async () => {
  const broker = await startFakeBroker(({ header, respond, socket }) => {
    if (header.apiKey !== ApiKey.Metadata) return false;
    const topics = [{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name: 'nope', partitions: [] }];
    respond({
      brokers: [{ nodeId: 1, host: '127.0.0.1', port: socket.localPort ?? 0 }],
      clusterId: 'c',
      controllerId: 1,
      topics,
    });
    return true;
  });
  const cluster = await Cluster.connect({ bootstrapServers: broker.address, ...quick });
  await assert.rejects(cluster.topic('nope'), /topic "nope": the topic or partition does not exist/);
  await cluster.close();
  await broker.close();
});

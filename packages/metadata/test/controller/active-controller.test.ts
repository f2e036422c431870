/** The active controller as a state machine: decisions before and after commit, registrations, fencing, limits of entries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '@jackdaw/base';
import { ApiKey, ErrorCode, type AlterPartitionResponse, type CreateTopicsResponse } from '@jackdaw/protocol';
import { decodeRecordBatch, supportedFeatures } from '../../src/index.ts';
import { contentsOf, creatableTopic, TestController, testUuid } from '../fixtures.ts';

test('a new cluster starts with feature levels, its id and a cluster-wide min ISR, once', () => {
  const cluster = new TestController({ staticConfig: new Map([['min.insync.replicas', '2']]) });
  assert.equal(cluster.bootstrap().entries.length, 1);
  assert.equal(cluster.bootstrap().entries.length, 0);
  assert.equal(cluster.committed.clusterId, 'cluster');
  assert.equal(cluster.committed.features.get('metadata.version'), supportedFeatures[0]?.maxSupportedVersion);
  assert.equal(cluster.committed.overridesOf(4, '').get('min.insync.replicas'), '2');
});

test('requests see what was decided before them, committed or not', () => {
  const cluster = TestController.withBrokers([1, 2]);
  cluster.isCommitting = false;
  cluster.createTopic('t', [[1, 2]]);
  const again = cluster.handle(ApiKey.CreateTopics, { topics: [creatableTopic('t')], timeoutMs: 0, validateOnly: false });
  assert.equal((again.response as CreateTopicsResponse).topics[0]?.errorCode, ErrorCode.TOPIC_ALREADY_EXISTS);
  assert.equal(cluster.committed.topicByName('t'), null);
});

test('E11: a controller that loses leadership leaves the committed image as it was', () => {
  const cluster = TestController.withBrokers([1, 2, 3]);
  cluster.createTopic('kept', [[1, 2, 3]]);
  const before = cluster.committed.toRecords();
  cluster.isCommitting = false;
  cluster.createTopic('lost', [[1, 2, 3]]);
  cluster.heartbeat(1, { wantFence: true });
  cluster.alterIsr('kept', [2]);
  cluster.handle(ApiKey.AllocateProducerIds, { brokerId: 2, brokerEpoch: cluster.epochOf(2) });
  assert.notDeepEqual(cluster.image.toRecords(), before);
  cluster.failOver();
  assert.deepEqual(cluster.committed.toRecords(), before);
  assert.deepEqual(cluster.image.toRecords(), before);
  cluster.isCommitting = true;
  cluster.createTopic('lost', [[1, 2, 3]]);
  assert.ok(cluster.committed.topicByName('lost'));
});

test('C4: a block of producer ids that was not committed is given again, a committed one never', () => {
  const cluster = TestController.withBrokers([1]);
  const allocate = (): unknown =>
    cluster.handle(ApiKey.AllocateProducerIds, { brokerId: 1, brokerEpoch: cluster.epochOf(1) }).response;
  const block = (producerIdStart: number): unknown => ({ throttleTimeMs: 0, errorCode: 0, producerIdStart, producerIdLen: 1000 });
  assert.deepEqual(allocate(), block(0));
  cluster.isCommitting = false;
  assert.deepEqual(allocate(), block(1000));
  assert.deepEqual(allocate(), block(2000));
  cluster.failOver();
  assert.deepEqual(allocate(), block(1000));
});

test('E12: an atomic change too large for one entry is refused and has no effect', () => {
  const cluster = TestController.withBrokers([1], { maxEntryBytes: 2_000 });
  const before = cluster.image.toRecords();
  const large = creatableTopic('large', { numPartitions: 100 });
  const reply = cluster.handle(ApiKey.CreateTopics, { topics: [large], timeoutMs: 0, validateOnly: false });
  const [result] = (reply.response as CreateTopicsResponse).topics;
  assert.deepEqual(
    [result?.errorCode, result?.errorMessage],
    [ErrorCode.POLICY_VIOLATION, 'Unable to perform excessively large batch operation.'],
  );
  assert.deepEqual(reply.entries, []);
  assert.deepEqual(cluster.image.toRecords(), before);
});

test('fencing a broker of many partitions is split over entries, the registration last', () => {
  const cluster = TestController.withBrokers([1, 2], { maxEntryBytes: 2_000 });
  for (let i = 0; i < 10; i++)
    cluster.createTopic(`t${i}`, [
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  const reply = cluster.heartbeat(1, { wantFence: true });
  assert.ok(reply.entries.length > 1);
  for (const payload of reply.entries) assert.ok(payload.length <= 2_000);
  assert.equal(decodeRecordBatch(reply.entries.at(-1) ?? new Uint8Array()).at(-1)?.type, 'brokerRegistrationChange');
  assert.deepEqual(contentsOf(cluster.committed), contentsOf(cluster.image));
});

test('an index that was used already is a bug of the driver', () => {
  const cluster = TestController.withBrokers([1]);
  const body = { brokerId: 1, brokerEpoch: cluster.epochOf(1) };
  const request = { apiKey: ApiKey.AllocateProducerIds, apiVersion: 0, body, nowMs: 0, nextIndex: cluster.nextIndex - 1 };
  assert.throws(() => cluster.controller.handle(request), InvariantError);
});

test('the next deadline is just after the first session that ends', () => {
  const cluster = TestController.withBrokers([1, 2]);
  cluster.nowMs = 3_000;
  cluster.tick();
  cluster.heartbeat(1);
  assert.equal(cluster.controller.nextDeadlineMs(), 5_000);
  cluster.nowMs = 5_000;
  cluster.tick();
  assert.equal(cluster.controller.nextDeadlineMs(), 9_001);
});

test('E13: a broker is refused while another incarnation lives, and gets a higher epoch after it was fenced', () => {
  const cluster = TestController.withBrokers([1]);
  const first = cluster.epochOf(1);
  const second = { incarnationId: testUuid('I', 99) };
  cluster.nowMs = 9_000;
  assert.deepEqual(cluster.register(1, second).response, {
    throttleTimeMs: 0,
    errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION,
    brokerEpoch: -1,
  });
  cluster.nowMs = 9_001;
  cluster.tick();
  cluster.register(1, second);
  assert.ok(cluster.epochOf(1) > first);
});

test('E13: after a restart of the node that is both, its former broker does not keep the new one waiting', () => {
  const cluster = TestController.withBrokers([1, 100]);
  cluster.createTopic('t', [[100, 1]]);
  cluster.localIncarnationId = testUuid('I', 99);
  cluster.failOver();
  const { events } = cluster.tick();
  assert.deepEqual(
    events.filter(({ type }) => type === 'broker-fenced').map((event) => 'brokerId' in event && event.brokerId),
    [100],
  );
  assert.equal(cluster.committed.topicByName('t')?.partitions.get(0)?.leader, 1);
  cluster.startBroker(100, { incarnationId: testUuid('I', 99) });
  assert.equal(cluster.committed.isActiveBroker(100), true);
});

test('A18: below version 3 a request cannot prove a clean stop, and a wrong or missing epoch disproves it', () => {
  for (const { previousBrokerEpoch, version, eligible } of [
    { previousBrokerEpoch: 2, version: 4, eligible: true },
    { previousBrokerEpoch: 1, version: 4, eligible: false },
    { previousBrokerEpoch: -1, version: 4, eligible: false },
    { previousBrokerEpoch: 2, version: 2, eligible: false },
  ]) {
    const cluster = TestController.withBrokers([1]);
    cluster.createTopic('t', [[1]]);
    cluster.heartbeat(1, { wantFence: true });
    cluster.nowMs = 9_001;
    const body = { ...registration(cluster), previousBrokerEpoch };
    cluster.handle(ApiKey.BrokerRegistration, body, version);
    assert.deepEqual(cluster.committed.topicByName('t')?.partitions.get(0)?.elr, eligible ? [1] : []);
  }
});

test('F12: a broker that was let go is not unfenced by a late heartbeat, only as a new incarnation', () => {
  const cluster = TestController.withBrokers([1, 2]);
  cluster.createTopic('t', [[1, 2]]);
  cluster.heartbeat(1, { wantShutDown: true });
  cluster.heartbeat(1, { wantShutDown: true });
  cluster.heartbeat(1);
  assert.equal(cluster.committed.brokers.get(1)?.fenced, true);
  cluster.nowMs = 9_001;
  cluster.startBroker(1, { incarnationId: testUuid('I', 50) });
  assert.equal(cluster.committed.isActiveBroker(1), true);
});

test('A15: two changes of one partition in one request are checked one after the other', () => {
  const cluster = TestController.withBrokers([1, 2, 3]);
  const topicId = cluster.createTopic('t', [[1, 2, 3]]);
  const change = {
    partitionIndex: 0,
    leaderEpoch: 0,
    newIsr: [1, 2],
    newIsrWithEpochs: [],
    leaderRecoveryState: 0,
    partitionEpoch: 0,
  };
  const topics = [{ topicId, partitions: [change, { ...change, newIsr: [1, 3] }] }];
  const reply = cluster.handle(ApiKey.AlterPartition, { brokerId: 1, brokerEpoch: cluster.epochOf(1), topics }, 2);
  const [first, second] = (reply.response as AlterPartitionResponse).topics[0]?.partitions ?? [];
  assert.deepEqual([first?.errorCode, second?.errorCode], [ErrorCode.NONE, ErrorCode.INVALID_UPDATE_VERSION]);
  assert.deepEqual(cluster.committed.partition(topicId, 0)?.isr, [1, 2]);
});

test('a failed directory of several takes its replicas out of the ISR and is remembered', () => {
  const cluster = new TestController();
  cluster.bootstrap();
  const dirs = [testUuid('D', 1), testUuid('D', 11)];
  cluster.startBroker(1, { logDirs: dirs });
  cluster.startBroker(2);
  cluster.createTopic('t', [[1, 2]]);
  assert.deepEqual(cluster.committed.brokers.get(1)?.logDirs, dirs);
  cluster.heartbeat(1, { offlineLogDirs: [dirs[1] as string] });
  assert.deepEqual(cluster.committed.brokers.get(1)?.logDirs, [dirs[0]]);
  assert.equal(cluster.heartbeat(1, { offlineLogDirs: [dirs[1] as string] }).entries.length, 0);
});

test('a cordoned broker gets no new replicas', () => {
  const cluster = TestController.withBrokers([1, 2]);
  cluster.heartbeat(1, { cordonedLogDirs: [testUuid('D', 1)] });
  cluster.handle(ApiKey.CreateTopics, { topics: [creatableTopic('t', { numPartitions: 4 })], timeoutMs: 0, validateOnly: false });
  for (const { replicas } of cluster.committed.topicByName('t')?.partitions.values() ?? []) assert.deepEqual(replicas, [2]);
});

test('AlterConfigs replaces the overrides that it does not name', () => {
  const cluster = TestController.withBrokers([1]);
  cluster.createTopic(
    't',
    [[1]],
    [
      ['retention.ms', '5'],
      ['segment.ms', '6'],
    ],
  );
  const configs = [{ name: 'segment.ms', value: '7' }];
  const request = { resources: [{ resourceType: 2, resourceName: 't', configs }], validateOnly: true };
  cluster.handle(ApiKey.AlterConfigs, request);
  assert.equal(cluster.committed.overridesOf(2, 't').get('retention.ms'), '5');
  cluster.handle(ApiKey.AlterConfigs, { ...request, validateOnly: false });
  assert.deepEqual([...cluster.committed.overridesOf(2, 't')], [['segment.ms', '7']]);
});

test('deleting topics can be switched off, with the error that the version knows', () => {
  const cluster = TestController.withBrokers([1], { staticConfig: new Map([['delete.topic.enable', 'false']]) });
  cluster.createTopic('t', [[1]]);
  const request = { topics: [], topicNames: ['t'], timeoutMs: 0 };
  const codes = [2, 5].map((version) => {
    const { response } = cluster.handle(ApiKey.DeleteTopics, request, version);
    return (response as { responses: { errorCode: number }[] }).responses[0]?.errorCode;
  });
  assert.deepEqual(codes, [ErrorCode.INVALID_REQUEST, ErrorCode.TOPIC_DELETION_DISABLED]);
  assert.ok(cluster.committed.topicByName('t'));
});

function registration(cluster: TestController): Record<string, unknown> {
  const broker = cluster.image.brokers.get(1);
  return {
    brokerId: 1,
    clusterId: 'cluster',
    incarnationId: testUuid('I', 50),
    listeners: broker?.endPoints ?? [],
    features: broker?.features ?? [],
    rack: null,
    isMigratingZkBroker: false,
    logDirs: broker?.logDirs ?? [],
  };
}

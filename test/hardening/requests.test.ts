/**
 * Well-formed requests with values that cannot be: names, counts, configurations, ids, topics that clients may not touch.
 * Each has Kafka 4.3's error; the codes were looked up in its source where the protocol guide is silent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alterConfigsRequest,
  alterConfigsResponse,
  createPartitionsRequest,
  createPartitionsResponse,
  createTopicsRequest,
  createTopicsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  describeConfigsRequest,
  describeConfigsResponse,
  encodeRequestFrame,
  ErrorCode,
  errorName,
  fetchRequest,
  fetchResponse,
  findCoordinatorRequest,
  findCoordinatorResponse,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  joinGroupRequest,
  joinGroupResponse,
  listOffsetsRequest,
  metadataRequest,
  metadataResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  zeroUuid,
  type CreateTopicsRequestDraft,
} from '@jackdaw/protocol';
import { batchOf, fetch, metadata, produce } from './broker-probe.ts';
import { liveBroker } from './live-broker.ts';
import type { RawConnection } from './raw-connection.ts';

const settings = ['group.initial.rebalance.delay.ms=0', 'group.min.session.timeout.ms=100', 'offsets.topic.num.partitions=4'];
const broker = liveBroker({ topics: ['victim'], settings });
const mebibyte = 1_048_576;
const topicResource = 2;
const brokerResource = 4;

type NewTopic = CreateTopicsRequestDraft['topics'][number];

/** The error with which one topic is created. */
async function creationError(topic: Partial<NewTopic>, options: { validateOnly?: boolean } = {}): Promise<string> {
  const connection = await broker.open();
  const whole = { name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic };
  const body = { topics: [whole], timeoutMs: 10_000, validateOnly: options.validateOnly ?? false };
  const answer = await connection.request({ request: createTopicsRequest, response: createTopicsResponse, version: 7, body });
  return errorName(answer.topics[0]?.errorCode ?? -99);
}

const invalidNames = [
  '',
  '.',
  '..',
  'a/b',
  '../../etc',
  'nul\u0000',
  'a b',
  'é',
  '%2e%2e?',
  'x'.repeat(250),
  'line\nbreak',
  'a:b',
];
for (const name of invalidNames) {
  test(`the topic name ${JSON.stringify(name.slice(0, 20))} (${name.length} long) is INVALID_TOPIC_EXCEPTION`, async () => {
    assert.equal(await creationError({ name }), 'INVALID_TOPIC_EXCEPTION');
    const connection = await broker.open();
    const body = { topics: [{ name }], allowAutoTopicCreation: true };
    const found = await connection.request({ request: metadataRequest, response: metadataResponse, version: 9, body });
    assert.equal(errorName(found.topics[0]?.errorCode ?? -99), 'INVALID_TOPIC_EXCEPTION');
    const unknown = await produce(connection, { topic: name, records: batchOf('x') });
    assert.match(errorName(unknown.errorCode), /UNKNOWN_TOPIC_OR_PARTITION|INVALID_TOPIC_EXCEPTION/);
  });
}

for (const name of ['__proto__', 'constructor', 'toString', 'CON', '-', 'x'.repeat(249), '__metrics']) {
  test(`a topic may be called ${name.slice(0, 20)}, is written, read and deleted like any other`, async () => {
    assert.equal(await creationError({ name }), 'NONE');
    const connection = await broker.open();
    const deadline = performance.now() + 10_000;
    for (;;) {
      const written = await produce(connection, { topic: name, records: batchOf('x') });
      if (written.errorCode === ErrorCode.NONE) break;
      assert.ok(performance.now() < deadline, errorName(written.errorCode));
    }
    assert.equal((await fetch(connection, { topic: name, offset: 0 })).highWatermark, 1);
    assert.equal(await creationError({ name }), 'TOPIC_ALREADY_EXISTS');
    const body = { topics: [{ name, topicId: zeroUuid }], timeoutMs: 10_000 };
    const gone = await connection.request({ request: deleteTopicsRequest, response: deleteTopicsResponse, version: 6, body });
    assert.equal(gone.responses[0]?.errorCode, ErrorCode.NONE);
  });
}

for (const [what, topic, expected] of [
  ['a replication factor above the number of brokers', { replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
  ['a replication factor of 32,767', { replicationFactor: 32_767 }, 'INVALID_REPLICATION_FACTOR'],
  ['a replication factor of 0', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
  ['a replication factor of −2', { replicationFactor: -2 }, 'INVALID_REPLICATION_FACTOR'],
  ['no partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
  ['−2 partitions', { numPartitions: -2 }, 'INVALID_PARTITIONS'],
  ['10 million partitions', { numPartitions: 10_000_000 }, 'POLICY_VIOLATION'],
  ['2^31 − 1 partitions', { numPartitions: 0x7fff_ffff }, 'POLICY_VIOLATION'],
  ['an unknown configuration', { configs: [{ name: 'no.such.config', value: '1' }] }, 'INVALID_CONFIG'],
  ['a configuration called __proto__', { configs: [{ name: '__proto__', value: '1' }] }, 'INVALID_CONFIG'],
  ['a wrongly typed configuration', { configs: [{ name: 'retention.ms', value: 'a week' }] }, 'INVALID_CONFIG'],
  ['a configuration out of range', { configs: [{ name: 'segment.bytes', value: '-5' }] }, 'INVALID_CONFIG'],
  ['a configuration of null', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
  ['a number that overflows', { configs: [{ name: 'retention.ms', value: '9'.repeat(40) }] }, 'INVALID_CONFIG'],
  ['replicas and counts both', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, 'INVALID_REQUEST'],
  [
    'a replica that is no broker',
    { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [99] }] },
    'INVALID_REPLICA_ASSIGNMENT',
  ],
  [
    'the same replica twice',
    { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] },
    'INVALID_REPLICA_ASSIGNMENT',
  ],
  [
    'partitions that do not begin at 0',
    { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 7, brokerIds: [1] }] },
    'INVALID_REPLICA_ASSIGNMENT',
  ],
] as const) {
  test(`a topic with ${what} is ${expected}, also when only validated`, async () => {
    assert.equal(await creationError(topic), expected);
    assert.equal(await creationError(topic, { validateOnly: true }), expected);
    const connection = await broker.open();
    const found = (await metadata(connection, ['new'])).topics[0];
    assert.equal(found?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'nothing was created');
  });
}

test('a topic that is named twice in one request is INVALID_REQUEST', async () => {
  const connection = await broker.open();
  const topic = { name: 'twice', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const body = { topics: [topic, topic], timeoutMs: 10_000, validateOnly: false };
  const answer = await connection.request({ request: createTopicsRequest, response: createTopicsResponse, version: 7, body });
  assert.deepEqual(
    answer.topics.map(({ errorCode }) => errorName(errorCode)),
    ['INVALID_REQUEST'],
  );
});

test('partitions cannot be taken away, nor raised to 10 million', async () => {
  const connection = await broker.open();
  const request = { request: createPartitionsRequest, response: createPartitionsResponse, version: 3 };
  for (const [name, count, expected] of [
    ['victim', 1, 'INVALID_PARTITIONS'],
    ['victim', 0, 'INVALID_PARTITIONS'],
    ['victim', -1, 'INVALID_PARTITIONS'],
    ['victim', 10_000_000, 'POLICY_VIOLATION|INVALID_PARTITIONS'],
    ['nowhere', 5, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ] as const) {
    const body = { topics: [{ name, count, assignments: null }], timeoutMs: 5_000, validateOnly: false };
    const answer = await connection.request({ ...request, body });
    assert.match(errorName(answer.results[0]?.errorCode ?? -99), new RegExp(`^(${expected})$`), `${name}: ${count}`);
  }
  assert.equal((await metadata(connection, ['victim'])).topics[0]?.partitions.length, 1);
});

test('unknown and wrongly typed configurations are INVALID_CONFIG and change nothing', async () => {
  const connection = await broker.open();
  const incremental = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse, version: 1 };
  const whole = { request: alterConfigsRequest, response: alterConfigsResponse, version: 2 };
  for (const [name, value] of [
    ['no.such.config', '1'],
    ['__proto__', '1'],
    ['retention.ms', 'soon'],
    ['max.message.bytes', '-1'],
    ['cleanup.policy', 'burn'],
    ['compression.type', 'rar'],
    ['min.insync.replicas', '0'],
    ['segment.bytes', '1e9'],
    ['unclean.leader.election.enable', 'maybe'],
  ] as const) {
    const resource = { resourceType: topicResource, resourceName: 'victim' };
    const set = { resources: [{ ...resource, configs: [{ name, configOperation: 0, value }] }], validateOnly: false };
    const first = await connection.request({ ...incremental, body: set });
    assert.equal(errorName(first.responses[0]?.errorCode ?? -99), 'INVALID_CONFIG', name);
    const all = { resources: [{ ...resource, configs: [{ name, value }] }], validateOnly: false };
    const second = await connection.request({ ...whole, body: all });
    assert.equal(errorName(second.responses[0]?.errorCode ?? -99), 'INVALID_CONFIG', name);
  }
});

test('an unknown resource type, operation or resource of a configuration change is refused', async () => {
  const connection = await broker.open();
  const request = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse, version: 1 };
  const cases = [
    { resourceType: 99, resourceName: 'victim', configOperation: 0, expected: 'INVALID_REQUEST' },
    { resourceType: topicResource, resourceName: 'victim', configOperation: 9, expected: 'INVALID_REQUEST' },
    { resourceType: topicResource, resourceName: 'nowhere', configOperation: 0, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { resourceType: topicResource, resourceName: '', configOperation: 0, expected: 'INVALID_REQUEST' },
    { resourceType: brokerResource, resourceName: 'one', configOperation: 0, expected: 'INVALID_REQUEST' },
    { resourceType: brokerResource, resourceName: '-1', configOperation: 0, expected: 'INVALID_REQUEST' },
  ];
  for (const { expected, configOperation, ...resource } of cases) {
    const configs = [
      { name: resource.resourceType === brokerResource ? 'log.cleaner.threads' : 'retention.ms', configOperation, value: '1' },
    ];
    const answer = await connection.request({ ...request, body: { resources: [{ ...resource, configs }], validateOnly: false } });
    assert.equal(errorName(answer.responses[0]?.errorCode ?? -99), expected, JSON.stringify(resource));
  }
  await broker.expectServing();
});

test('a fetch or an offset look-up that poses as a broker ends its connection', async () => {
  const topics = [
    {
      topic: 'victim',
      partitions: [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, logStartOffset: -1, partitionMaxBytes: 100 }],
    },
  ];
  const common = { maxWaitMs: 0, minBytes: 0, maxBytes: 100 };
  const fetchFrame = (apiVersion: number, body: object): Uint8Array[] => {
    const header = { apiKey: 1, apiVersion, correlationId: 1, clientId: '__admin_client' };
    return encodeRequestFrame({ schema: fetchRequest, header, body: { ...common, ...body } as never });
  };
  const listOffsets = encodeRequestFrame({
    schema: listOffsetsRequest,
    header: { apiKey: 2, apiVersion: 5, correlationId: 1, clientId: null },
    body: { replicaId: 1, isolationLevel: 0, topics: [] },
  });
  const frames = [
    fetchFrame(12, { replicaId: 1, topics }),
    fetchFrame(12, { replicaId: 0, topics }),
    fetchFrame(16, { replicaState: { replicaId: 1, replicaEpoch: 1 }, topics: [] }),
    listOffsets,
  ];
  for (const frame of frames) {
    const connection = await broker.open();
    connection.send(...frame);
    await connection.whenEnded(2_000);
    assert.equal(connection.totalBytes, 0);
  }
  await broker.expectServing();
});

test('clients may neither write __consumer_offsets nor create __cluster_metadata, whoever they say they are', async () => {
  const connection = await broker.open();
  await coordinatorReady(connection);
  const outcome = await produce(connection, { topic: '__consumer_offsets', records: batchOf('x', { key: 'k' }) });
  assert.equal(errorName(outcome.errorCode), 'INVALID_TOPIC_EXCEPTION');
  assert.equal(await creationError({ name: '__cluster_metadata' }), 'INVALID_REQUEST');
});

test('acks of 2 is INVALID_REQUIRED_ACKS, a negative partition is unknown', async () => {
  const connection = await broker.open();
  const acks = await produce(connection, { topic: 'victim', records: batchOf('x'), acks: 2 });
  assert.equal(errorName(acks.errorCode), 'INVALID_REQUIRED_ACKS');
  const negative = await produce(connection, { topic: 'victim', records: batchOf('x'), partition: -1 });
  assert.equal(errorName(negative.errorCode), 'UNKNOWN_TOPIC_OR_PARTITION');
});

test('offsets that cannot be are OFFSET_OUT_OF_RANGE, and a fetch with edge values is answered', async () => {
  const connection = await broker.open();
  for (const offset of [-1, -2, 1_000_000, 2 ** 53 - 1]) {
    const outcome = await fetch(connection, { topic: 'victim', offset });
    assert.equal(errorName(outcome.errorCode), 'OFFSET_OUT_OF_RANGE', String(offset));
  }
  const body = { maxWaitMs: -5, minBytes: -1, maxBytes: -1, isolationLevel: 77, topics: [] };
  const answer = await connection.request({ request: fetchRequest, response: fetchResponse, version: 12, body });
  assert.equal(answer.errorCode, ErrorCode.NONE);
});

test('a fetch of at most 0 bytes still gets the first batch, for else its consumer would never move', async () => {
  const connection = await broker.open();
  assert.equal((await produce(connection, { topic: 'steady', records: batchOf('first') })).errorCode, ErrorCode.NONE);
  const outcome = await fetch(connection, { topic: 'steady', offset: 0, maxBytes: 0, maxWaitMs: 200 });
  assert.equal(outcome.errorCode, ErrorCode.NONE);
  assert.ok((outcome.records?.length ?? 0) > 0, 'a batch');
});

test(
  'a fetch that is cut short does not wait for more: minBytes is beyond what one read gives',
  { timeout: 60_000 },
  async () => {
    const connection = await broker.open();
    for (const value of ['one', 'two', 'three']) await produce(connection, { topic: 'steady', records: batchOf(value) });
    const outcome = await fetch(connection, {
      topic: 'steady',
      offset: 0,
      minBytes: 1_000_000,
      maxBytes: 100,
      maxWaitMs: 300_000,
    });
    assert.equal(outcome.errorCode, ErrorCode.NONE);
    assert.ok((outcome.records?.length ?? 0) > 0, 'a batch');
    // The last batch is all there is from here on, and more than this answer may hold.
    const { baseOffset } = await produce(connection, { topic: 'steady', records: batchOf('four') });
    const last = { topic: 'steady', offset: Number(baseOffset), maxBytes: 10 };
    const whole = await fetch(connection, { ...last, minBytes: 1_000_000, maxWaitMs: 300_000 });
    assert.ok((whole.records?.length ?? 0) > 10, 'a batch');
    const waiting = fetch(connection, { topic: 'steady', offset: 0, minBytes: 1_000_000, maxWaitMs: 300 });
    assert.ok(((await waiting).records?.length ?? 0) > 100, 'all of it, when the time is over');
  },
);

test('a topic id in Metadata v10 is INVALID_REQUEST: that version has no way to answer an unknown one', async () => {
  const connection = await broker.open();
  for (const version of [10, 11]) {
    const body = { topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', name: 'victim' }], allowAutoTopicCreation: false };
    const answer = await connection.request({ request: metadataRequest, response: metadataResponse, version, body });
    assert.equal(errorName(answer.topics[0]?.errorCode ?? -99), 'INVALID_REQUEST');
  }
});

test('a small request cannot ask for an answer thousands of times its size', async () => {
  const connection = await broker.open();
  const before = broker.process.residentBytes;
  const names = Array.from({ length: 200_000 }, () => ({ name: 'victim' }));
  const body = { topics: names, allowAutoTopicCreation: false };
  const found = await connection.request({ request: metadataRequest, response: metadataResponse, version: 9, body });
  assert.equal(found.topics.length, 1);
  const resources = Array.from({ length: 20_000 }, () => ({
    resourceType: brokerResource,
    resourceName: '1',
    configurationKeys: null,
  }));
  const request = { request: describeConfigsRequest, response: describeConfigsResponse, version: 4 };
  const asked = { resources, includeSynonyms: true, includeDocumentation: true };
  const described = await connection.request({ ...request, body: asked });
  assert.ok(described.results.length <= 20_000);
  const grownMiB = Math.round((broker.process.residentBytes - before) / mebibyte);
  assert.ok(grownMiB < 200, `the broker grew by ${grownMiB} MiB`);
  await broker.expectServing();
});

/** Waits until the groups' topic exists and this broker coordinates. */
async function coordinatorReady(connection: RawConnection): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const body = { keyType: 0, coordinatorKeys: ['any'] };
    const answer = await connection.request({
      request: findCoordinatorRequest,
      response: findCoordinatorResponse,
      version: 4,
      body,
    });
    if (answer.coordinators[0]?.errorCode === ErrorCode.NONE) return;
    assert.ok(performance.now() < deadline, 'a coordinator');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('groups: empty names, edge timeouts and strange generations have their errors', async () => {
  const connection = await broker.open();
  await coordinatorReady(connection);
  const join = { request: joinGroupRequest, response: joinGroupResponse, version: 3 };
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
  const member = { memberId: '', protocolType: 'consumer', protocols, rebalanceTimeoutMs: 1_000, sessionTimeoutMs: 6_000 };
  for (const [change, expected] of [
    [{ groupId: '' }, 'INVALID_GROUP_ID'],
    [{ groupId: 'g', sessionTimeoutMs: 1 }, 'INVALID_SESSION_TIMEOUT'],
    [{ groupId: 'g', sessionTimeoutMs: -1 }, 'INVALID_SESSION_TIMEOUT'],
    [{ groupId: 'g', sessionTimeoutMs: 0x7fff_ffff }, 'INVALID_SESSION_TIMEOUT'],
    [{ groupId: 'g', memberId: 'stranger' }, 'UNKNOWN_MEMBER_ID'],
    [{ groupId: 'g', protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
    [{ groupId: 'g', protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL'],
    [{ groupId: '__proto__' }, 'NONE'],
    [{ groupId: 'constructor' }, 'NONE'],
    [{ groupId: '\u0000\n\u001b[31m' }, 'NONE'],
  ] as const) {
    const own = await broker.open();
    const answer = await retryWhileLoading(() => own.request({ ...join, body: { ...member, ...change } }));
    assert.equal(errorName(answer.errorCode), expected, JSON.stringify(change));
  }
  const commit = { request: offsetCommitRequest, response: offsetCommitResponse, version: 8 };
  const topics = [
    { name: 'victim', partitions: [{ partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: '' }] },
  ];
  for (const [change, expected] of [
    // An empty name is valid for offsets alone, for old clients.
    [{ groupId: '', memberId: '' }, 'NONE'],
    [{ groupId: '__proto__', memberId: 'stranger', generationIdOrMemberEpoch: 1 }, 'UNKNOWN_MEMBER_ID'],
    [{ groupId: 'fresh', memberId: 'stranger', generationIdOrMemberEpoch: 5 }, 'ILLEGAL_GENERATION'],
  ] as const) {
    const answer = await retryWhileLoading(() =>
      connection.request({ ...commit, body: { topics, generationIdOrMemberEpoch: -1, ...change } }),
    );
    assert.equal(errorName(answer.topics[0]?.partitions[0]?.errorCode ?? -99), expected, JSON.stringify(change));
  }
  const long = [
    { name: 'victim', partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: 'x'.repeat(5_000) }] },
  ];
  const body = { groupId: 'plain', memberId: '', generationIdOrMemberEpoch: -1, topics: long };
  const answer = await retryWhileLoading(() => connection.request({ ...commit, body }));
  assert.equal(errorName(answer.topics[0]?.partitions[0]?.errorCode ?? -99), 'OFFSET_METADATA_TOO_LARGE');
  await broker.expectServing();
});

async function retryWhileLoading<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await ask();
    const text = JSON.stringify(answer);
    const isLoading = [
      ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
      ErrorCode.NOT_COORDINATOR,
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ].some((code) => text.includes(`"errorCode":${code}`));
    if (!isLoading || performance.now() > deadline) return answer;
  }
}

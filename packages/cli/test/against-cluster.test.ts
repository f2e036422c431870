/**
 * Commands against a real cluster: set JACKDAW_TEST_BOOTSTRAP to its bootstrap servers, Jackdaw's or Apache Kafka's.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { jackdaw, type Finished } from './jackdaw-process.ts';

const bootstrap = process.env['JACKDAW_TEST_BOOTSTRAP'] ?? '';
const skip = bootstrap === '' ? 'JACKDAW_TEST_BOOTSTRAP is not set: nothing here was tested' : false;
const prefix = `cli-test-${randomUUID().slice(0, 8)}`;
const made: string[] = [];

interface TopicJson {
  readonly name: string;
  readonly partitionCount: number;
  readonly configs: Record<string, string>;
}

interface RecordJson {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

interface GroupJson {
  readonly state: string;
  readonly totalLag: number;
}

interface HealthJson {
  readonly brokers: readonly number[];
}

interface BrokerJson {
  readonly id: number;
  readonly isController: boolean;
}

function parsed<T>(finished: Finished): T {
  return JSON.parse(finished.stdout) as T;
}

function run(args: readonly string[], input = ''): Promise<Finished> {
  return jackdaw(args, { input, env: { JACKDAW_BOOTSTRAP_SERVER: bootstrap } });
}

async function makeTopic(name: string, partitions: number): Promise<string> {
  const topic = `${prefix}-${name}`;
  made.push(topic);
  const created = await run(['topic', 'create', topic, '-p', String(partitions), '-r', '1', '-o', 'kafka']);
  assert.equal(created.stdout, `Created topic ${topic}.\n`);
  return topic;
}

after(async () => {
  if (made.length > 0) await run(['topic', 'delete', ...made, '--yes', '--if-exists']);
});

test('create, list, describe, alter and delete a topic', { skip }, async () => {
  const topic = await makeTopic('life', 2);
  const again = await run(['topic', 'create', topic, `${topic}-b`, '-r', '1']);
  made.push(`${topic}-b`);
  assert.equal(again.code, 4, 'one exists, one was created');
  assert.match(again.stderr, /error: TOPIC_ALREADY_EXISTS: /);
  assert.equal((await run(['topic', 'create', topic, '--if-not-exists'])).code, 0);
  assert.match((await run(['topic', 'list', '-o', 'name'])).stdout, new RegExp(`^${topic}$`, 'm'));
  assert.equal((await run(['topic', 'alter', topic, '-p', '3', '-c', 'retention.ms=777000'])).code, 0);
  const [described] = parsed<TopicJson[]>(await run(['topic', 'describe', topic, '-o', 'json']));
  assert.deepEqual([described?.name, described?.partitionCount, described?.configs['retention.ms']], [topic, 3, '777000']);
  assert.match(
    (await run(['topic', 'describe', topic, '-o', 'kafka'])).stdout,
    /^Topic: .*\tTopicId: .*\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: .*retention\.ms=777000/,
  );
  assert.equal((await run(['topic', 'describe', `${topic}-nope`])).code, 1);
  assert.equal((await run(['topic', 'delete', topic])).code, 0, 'an empty topic needs no confirmation');
});

test('a topic whose name is a number stays text', { skip }, async () => {
  const name = String(Math.floor(Math.random() * 1e9));
  made.push(name);
  assert.equal((await run(['topic', 'create', name, '-p', '1', '-r', '1'])).code, 0);
  assert.equal(parsed<TopicJson[]>(await run(['topic', 'describe', name, '-o', 'json']))[0]?.name, name);
});

test('what is produced is consumed, and a topic with records is not deleted without a yes', { skip }, async () => {
  const topic = await makeTopic('data', 1);
  assert.equal((await run(['produce', topic, '-K', ':'], 'a:1\nb:2\nc:3\n')).code, 0);
  assert.equal((await run(['produce', topic, '-k', 'd', '--value', '4', '-H', 'h:x', '-z', 'gzip'])).code, 0);
  const consumed = await run(['consume', topic, '--from-beginning', '--exit', '-f', '%o %k=%v %h']);
  assert.equal(consumed.stdout, '0 a=1 \n1 b=2 \n2 c=3 \n3 d=4 h=x\n');
  const last = parsed<RecordJson>(await run(['consume', topic, '--offset', '-1', '-n', '1', '-f', 'json']));
  assert.deepEqual([last.offset, last.key, last.value], [3, 'd', '4']);
  assert.equal((await run(['consume', topic, '--from-beginning', '-e', '--filter', 'key === "b"'])).stdout, '2\n');
  const refused = await run(['topic', 'delete', topic]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /about 4 record\(s\).*\nhint: add --yes/);
});

test('a group reads, shows its lag, is moved and deleted', { skip }, async () => {
  const topic = await makeTopic('group', 1);
  const group = `${prefix}-g`;
  await run(['produce', topic], '1\n2\n3\n');
  const read = await run(['consume', topic, '-g', group, '--from-beginning', '-n', '3', '--timeout-ms', '20000']);
  assert.equal(read.stdout, '1\n2\n3\n');
  await run(['produce', topic], '4\n');
  const [described] = parsed<GroupJson[]>(await run(['group', 'describe', group, '-o', 'json']));
  assert.deepEqual([described?.state, described?.totalLag], ['Empty', 1]);
  assert.equal(
    (await run(['group', 'reset-offsets', group, '--topic', topic, '--to-offset', '1', '--export'])).stdout,
    `"${topic}",0,1\n`,
  );
  assert.equal((await run(['group', 'reset-offsets', group, '--topic', topic, '--to-offset', '1', '--execute'])).code, 0);
  assert.equal((await run(['consume', topic, '-g', group, '-n', '3', '--timeout-ms', '20000'])).stdout, '2\n3\n4\n');
  assert.equal((await run(['group', 'delete', group, `${group}-nope`])).code, 4);
});

test('cluster, brokers, quorum and doctor answer', { skip }, async () => {
  const health = parsed<HealthJson>(await run(['cluster', 'health', '-o', 'json']));
  assert.ok(health.brokers.length > 0);
  const brokers = parsed<BrokerJson[]>(await run(['broker', 'list', '-o', 'json']));
  assert.equal(brokers.filter((broker) => broker.isController).length, 1);
  assert.equal((await run(['broker', 'describe', String(brokers[0]?.id)])).code, 0);
  assert.match(
    (await run(['quorum', 'status', '-o', 'kafka'])).stdout,
    /^ClusterId: .*\nLeaderId: +\d+\nLeaderEpoch: +\d+\nHighWatermark: +\d+\n/,
  );
  assert.match((await run(['cluster', 'info', '-o', 'kafka'])).stdout, /^Cluster ID: \S+\n$/);
  assert.equal((await run(['doctor'])).code, 0);
});

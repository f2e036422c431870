/**
 * A request whose answer is overdue: the client asks the other brokers who leads, and waits no longer once it is somebody else.
 * The time after which an answer is overdue passes quickly here.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ApiKey } from '@jackdaw/protocol';
import { apis } from '../src/apis.ts';
import { Cluster } from '../src/cluster.ts';
import { ConnectionError } from '../src/errors.ts';
import { overdueAfterMs } from '../src/leader-watch.ts';
import { systemClientPlatform } from '../src/system-client-platform.ts';
import { startFakeBroker, type FakeRequest } from './fake-broker.ts';

const { scheduler } = systemClientPlatform;
const hasty = {
  ...systemClientPlatform,
  scheduler: {
    ...scheduler,
    setTimer: (delayMs: number, callback: () => void) => scheduler.setTimer(delayMs === overdueAfterMs ? 5 : delayMs, callback),
  },
};

interface Led {
  /** Of partition t-0, as both brokers say. */
  leader: { id: number; epoch: number };
  questions: number;
  /** The request that broker 1 has taken and not answered. */
  waiting: FakeRequest | undefined;
  /** What answers the questions, kept back while it is set. */
  answerLater: (() => void)[] | undefined;
}

async function startTwo(context: TestContext): Promise<{ cluster: Cluster; led: Led }> {
  const led: Led = { leader: { id: 1, epoch: 5 }, questions: 0, waiting: undefined, answerLater: undefined };
  const answer = (request: FakeRequest): boolean => {
    if (request.header.apiKey === ApiKey.FindCoordinator) led.waiting = request;
    if (request.header.apiKey !== ApiKey.Metadata) return request.header.apiKey === ApiKey.FindCoordinator;
    led.questions++;
    if (led.answerLater === undefined) answerQuestion(request);
    else led.answerLater.push(() => answerQuestion(request));
    return true;
  };
  const answerQuestion = (request: FakeRequest): void => {
    const of = { partitionIndex: 0, leaderId: led.leader.id, leaderEpoch: led.leader.epoch };
    const partition = { ...of, replicaNodes: [1, 2], isrNodes: [1, 2], offlineReplicas: [] };
    request.respond({
      brokers: [first, second].map(({ port }, i) => ({ nodeId: i + 1, host: '127.0.0.1', port })),
      clusterId: 'fake',
      controllerId: 1,
      topics: [{ name: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', errorCode: 0, partitions: [partition] }],
    });
  };
  const first = await startFakeBroker(answer);
  const second = await startFakeBroker(answer);
  const cluster = await Cluster.connect({ bootstrapServers: [first.address, second.address], platform: hasty });
  await cluster.topic('t');
  context.after(() => Promise.all([cluster.close(), first.close(), second.close()]));
  return { cluster, led };
}

/** Any request does: it is the broker's silence that counts. */
function askFirst(cluster: Cluster): Promise<unknown> {
  const hasMoved = (): boolean => cluster.cachedTopic('t')?.partitions[0]?.leaderId !== 1;
  const draft = { key: 'g', keyType: 0, coordinatorKeys: ['g'] };
  return cluster.callLeader(1, apis.findCoordinator, draft, { lane: 'test', watch: { topics: ['t'], hasMoved } });
}

async function untilAskedTwice(led: Led): Promise<void> {
  const before = led.questions;
  while (led.questions < before + 2) await new Promise((resolve) => setImmediate(resolve));
}

test('F10: a request to a silent broker ends once the others know another leader, long before it times out', async (context) => {
  const { cluster, led } = await startTwo(context);
  const call = askFirst(cluster);
  call.catch(() => undefined);
  await untilAskedTwice(led);
  led.leader = { id: 2, epoch: 6 };
  await assert.rejects(call, (error) => error instanceof ConnectionError && /was closed/.test(error.message));
});

test('F10: a broker that still leads is waited for, and its late answer counts', async (context) => {
  const { cluster, led } = await startTwo(context);
  const call = askFirst(cluster);
  await untilAskedTwice(led);
  led.waiting?.respond({ coordinators: [{ key: 'g', nodeId: 1, host: 'h', port: 1, errorCode: 0, errorMessage: null }] });
  const body = (await call) as { coordinators: readonly { nodeId: number }[] };
  assert.equal(body.coordinators[0]?.nodeId, 1);
});

test('a connection on which the answer came while the others were asked stays open, whoever leads by now', async (context) => {
  const { cluster, led } = await startTwo(context);
  const connection = await cluster.connectionTo(1, 'test');
  const call = askFirst(cluster);
  const questions: (() => void)[] = (led.answerLater = []);
  while (questions.length === 0) await new Promise((resolve) => setImmediate(resolve));
  led.leader = { id: 2, epoch: 6 };
  led.waiting?.respond({ coordinators: [{ key: 'g', nodeId: 1, host: 'h', port: 1, errorCode: 0, errorMessage: null }] });
  await call;
  led.answerLater = undefined;
  for (const answer of questions) answer();
  while (cluster.cachedTopic('t')?.partitions[0]?.leaderId !== 2) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(connection.isClosed, false);
});

/** A new controller and the brokers that have no stream to it: who is fenced at once, who is asked again, who is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControllerDriver } from '../../src/quorum/controller-driver.ts';
import { ControllerService } from '../../src/quorum/controller-service.ts';
import type { RpcNetwork } from '../../src/rpc/rpc-network.ts';

type Answer = 'unreachable' | 'failed' | { clusterId: string; nodeId: number; incarnationId: string };
const there: Answer = { clusterId: 'c', nodeId: 2, incarnationId: 'two' };

/** A controller that finds broker 2 alive in the metadata and asks it; the answers are those given, the last one for ever. */
async function lookFor(answers: readonly Answer[], options: { isActive?: () => boolean } = {}) {
  const broken: { brokerId: number; isGone: boolean }[] = [];
  let asked = 0;
  let pauses = 0;
  const service = new ControllerService({
    rpc: {
      channel: () => ({
        call: () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)]),
        close: () => undefined,
      }),
    } as unknown as RpcNetwork,
    timers: {
      setTimer: (_delayMs, callback) => {
        pauses++;
        queueMicrotask(callback);
        return { cancel: () => undefined };
      },
    },
    nodeId: 1,
    incarnationId: 'one',
    clusterId: () => 'c',
    driver: {
      get isActive() {
        return options.isActive?.() ?? true;
      },
      onBrokerStreamBroken: (brokerId: number, isGone: boolean) => void broken.push({ brokerId, isGone }),
    } as unknown as ControllerDriver,
    controllerId: () => 1,
    describeQuorum: () => assert.fail('not asked for'),
    liveBrokers: () => [1, 2],
    registeredProcess: () => ({ address: 'host:1', incarnationId: 'two' }),
    onError: (error) => assert.fail(String(error)),
  });
  await service.onActive();
  return { broken, asked, pauses };
}

test('E13: a new controller fences a broker at once when nothing listens there, or another process', async () => {
  assert.deepEqual((await lookFor(['unreachable'])).broken, [{ brokerId: 2, isGone: true }]);
  assert.deepEqual((await lookFor([{ ...there, incarnationId: 'other' }])).broken, [{ brokerId: 2, isGone: true }]);
});

test('F10: a broker that stays silent is treated as one whose stream broke, not left for a whole session', async () => {
  const { broken, asked, pauses } = await lookFor(['failed']);
  assert.deepEqual([broken, asked, pauses], [[{ brokerId: 2, isGone: false }], 4, 4]);
});

test('F10: a broker that answers after a stall, or whose controller is none any more, is left alone', async () => {
  assert.deepEqual((await lookFor(['failed', 'failed', there])).broken, []);
  let questions = 0;
  assert.deepEqual((await lookFor(['failed'], { isActive: () => questions++ < 2 })).broken, []);
});

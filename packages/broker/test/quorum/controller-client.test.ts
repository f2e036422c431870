/** How a broker asks the active controller when that is on its own node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, type Timer } from '@jackdaw/base';
import { encodeBody, ErrorCode } from '@jackdaw/protocol';
import { controllerApis } from '../../src/quorum/controller-apis.ts';
import { ControllerClient } from '../../src/quorum/controller-client.ts';
import { ControllerError } from '../../src/quorum/controller-driver.ts';

const api = controllerApis.unregisterBroker;

/** A client on the node of the controller, which answers with `local`; and the time, which passes when told to. */
function clientWith(local: () => Promise<Uint8Array>): { client: ControllerClient; pass: (ms: number) => Promise<void> } {
  const clock = new ManualClock();
  const timers = new Map<Timer, { dueMs: number; callback: () => void }>();
  const client = new ControllerClient({
    rpc: { channel: () => assert.fail('the network is not needed') } as never,
    timers: {
      setTimer(delayMs, callback) {
        const timer = { cancel: () => void timers.delete(timer) };
        timers.set(timer, { dueMs: clock.monotonicMs() + delayMs, callback });
        return timer;
      },
    },
    clock,
    nodeId: 1,
    clusterId: () => 'cluster',
    brokerEpoch: () => 7,
    controllerId: () => 1,
    voterAddresses: new Map(),
    onBroken: () => undefined,
    local,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left--) {
      clock.advance(1);
      for (const [timer, { dueMs, callback }] of timers) {
        if (dueMs > clock.monotonicMs()) continue;
        timers.delete(timer);
        callback();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { client, pass };
}

test('B19: a heartbeat to the controller of its own node, which waits for the disks of others, ends in time', async () => {
  const late: (() => void)[] = [];
  const { client, pass } = clientWith(() => new Promise((_, reject) => late.push(() => reject(new Error('too late')))));
  const outcome = client.call(api, { brokerId: 2 }, 300).catch((error: unknown) => error);
  let isOver = false;
  void outcome.finally(() => (isOver = true));
  await pass(299);
  assert.equal(isOver, false);
  await pass(2);
  const error = await outcome;
  assert.ok(error instanceof ControllerError);
  assert.equal(error.errorCode, ErrorCode.REQUEST_TIMED_OUT);
  assert.match(error.message, /did not answer within 300 ms: controller 1 is silent/);
  // What comes afterwards concerns nobody.
  for (const fail of late) fail();
  await pass(1);
  assert.equal(late.length, 1);
});

test('the controller of its own node answers without the network', async () => {
  const answer = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null };
  const { client } = clientWith(() => Promise.resolve(encodeBody(api.response, api.apiVersion, answer)));
  assert.deepEqual({ ...(await client.call(api, { brokerId: 2 }, 300)) }, answer);
});

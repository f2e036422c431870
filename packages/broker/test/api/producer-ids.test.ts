/** Producer ids come from blocks of the controller; what keeps it from giving one is a reason to try again. */
import { ErrorCode } from '@jackdaw/protocol';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProducerIds } from '../../src/api/producer-ids.ts';
import type { BrokerServices } from '../../src/broker-services.ts';
import { ControllerError } from '../../src/quorum/controller-driver.ts';

type Answer = { errorCode: number; producerIdStart: number; producerIdLen: number };

function producerIds(...answers: readonly (() => Promise<Answer>)[]): { ids: ProducerIds; asked: () => number } {
  let asked = 0;
  const controller = { call: () => answers[asked++]?.() };
  const services = { controller, nodeId: 1, lifecycle: { brokerEpoch: 7 } } as unknown as BrokerServices;
  return { ids: new ProducerIds(() => services), asked: () => asked };
}

const block = (producerIdStart: number) => (): Promise<Answer> =>
  Promise.resolve({ errorCode: ErrorCode.NONE, producerIdStart, producerIdLen: 2 });
const isLoading = (error: unknown): boolean =>
  error instanceof ControllerError && error.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;

test('C4: ids are given once each, and whoever comes while a block is asked for waits for the same one', async () => {
  const { ids, asked } = producerIds(block(1_000), block(5_000));
  assert.deepEqual(await Promise.all([ids.next(), ids.next()]), [1_000, 1_001]);
  assert.equal(asked(), 1);
  assert.deepEqual(await Promise.all([ids.next(), ids.next()]), [5_000, 5_001]);
});

test('C4: without a controller the answer is COORDINATOR_LOAD_IN_PROGRESS, and the next request asks again', async () => {
  const timeout = (): Promise<Answer> => Promise.reject(new ControllerError(ErrorCode.REQUEST_TIMED_OUT, 'it did not answer'));
  const refusal = (): Promise<Answer> =>
    Promise.resolve({ errorCode: ErrorCode.STALE_BROKER_EPOCH, producerIdStart: 0, producerIdLen: 0 });
  const bug = (): Promise<Answer> => Promise.reject(new TypeError('a bug'));
  const { ids } = producerIds(timeout, refusal, bug, block(9));
  await assert.rejects(ids.next(), isLoading);
  await assert.rejects(ids.next(), isLoading);
  await assert.rejects(ids.next(), TypeError);
  assert.equal(await ids.next(), 9);
});

/**
 * Waiting produce requests: order, exactly one answer, cancellation.
 *
 * The queue knows nothing of leaders; what releases or fails it is tested in partition-leader.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '@jackdaw/protocol';
import { AppendWaiters } from '../src/index.ts';

function recording(waiters: AppendWaiters): { answers: string[]; add: (name: string, offset: number) => { cancel(): void } } {
  const answers: string[] = [];
  return { answers, add: (name, offset) => waiters.add(offset, (error) => answers.push(`${name}:${error}`)) };
}

test('A22: a waiter is answered when the high watermark reaches its offset, once', () => {
  const waiters = new AppendWaiters();
  const { answers, add } = recording(waiters);
  add('a', 3);
  add('b', 5);
  waiters.releaseUpTo(2, 0);
  assert.deepEqual(answers, []);
  waiters.releaseUpTo(4, 0);
  assert.deepEqual(answers, ['a:0']);
  waiters.releaseUpTo(5, 0);
  waiters.releaseUpTo(9, 0);
  waiters.failAll(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assert.deepEqual(answers, ['a:0', 'b:0']);
  assert.equal(waiters.size, 0);
});

test('A22: the end of the role answers everybody who still waits', () => {
  const waiters = new AppendWaiters();
  const { answers, add } = recording(waiters);
  add('a', 3);
  add('b', 5);
  waiters.releaseUpTo(3, 0);
  waiters.failAll(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assert.deepEqual(answers, ['a:0', `b:${ErrorCode.NOT_LEADER_OR_FOLLOWER}`]);
});

test('A22: a cancelled waiter is not answered, and its neighbours are', () => {
  const waiters = new AppendWaiters();
  const { answers, add } = recording(waiters);
  add('a', 3);
  const cancelled = add('b', 4);
  add('c', 5);
  cancelled.cancel();
  waiters.releaseUpTo(5, 0);
  cancelled.cancel();
  assert.deepEqual(answers, ['a:0', 'c:0']);
});

test('C1: the retry of an older batch is answered with that batch, before later appends', () => {
  const waiters = new AppendWaiters();
  const { answers, add } = recording(waiters);
  add('first', 3);
  add('second', 6);
  add('retry of the first', 3);
  waiters.releaseUpTo(3, 0);
  assert.deepEqual(answers, ['first:0', 'retry of the first:0']);
  waiters.releaseUpTo(6, 0);
  assert.deepEqual(answers.at(-1), 'second:0');
});

test('a waiter that is added from within an answer waits for its own offset', () => {
  const waiters = new AppendWaiters();
  const answers: string[] = [];
  waiters.add(1, () => {
    waiters.add(2, () => answers.push('second'));
    answers.push('first');
  });
  waiters.releaseUpTo(1, 0);
  assert.deepEqual(answers, ['first']);
  waiters.releaseUpTo(2, 0);
  assert.deepEqual(answers, ['first', 'second']);
});

test('thousands of waiters are released in order and leave nothing behind', () => {
  const waiters = new AppendWaiters();
  const answers: number[] = [];
  for (let offset = 1; offset <= 5000; offset++) waiters.add(offset, () => answers.push(offset));
  for (let highWatermark = 0; highWatermark <= 5000; highWatermark += 7) waiters.releaseUpTo(highWatermark, 0);
  waiters.releaseUpTo(5000, 0);
  assert.equal(answers.length, 5000);
  assert.ok(answers.every((offset, i) => offset === i + 1));
  assert.equal(waiters.size, 0);
});

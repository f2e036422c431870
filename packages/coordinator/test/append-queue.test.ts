/**
 * The order in which results of appends become state and replies.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '@jackdaw/protocol';
import { AppendQueue } from '../src/append-queue.ts';
import { Deadlines } from '../src/deadlines.ts';

function newQueue() {
  const results: ((errorCode: number) => void)[] = [];
  const deadlines = new Deadlines();
  deadlines.advanceTo(0);
  const events: string[] = [];
  const queue = new AppendQueue({ append: (_, onResult) => results.push(onResult), deadlines, timeoutMs: 400 });
  const submit = (name: string): void =>
    queue.submit({
      records: [],
      onCommitted: () => events.push(`${name} committed`),
      onRefused: () => events.push(`${name} refused`),
      onDone: (errorCode) => events.push(`${name} done ${errorCode}`),
    });
  return { queue, results, deadlines, events, submit };
}

test('results take effect in the order of the appends', () => {
  const { results, events, submit } = newQueue();
  submit('a');
  submit('b');
  submit('c');
  results[2]?.(0);
  results[1]?.(ErrorCode.MESSAGE_TOO_LARGE);
  assert.deepEqual(events, []);
  results[0]?.(0);
  assert.deepEqual(events, ['a committed', 'a done 0', 'b refused', 'b done 10', 'c committed', 'c done 0']);
});

test('who waits for all pending appends gets the result of the last of them', () => {
  const { queue, results, events, submit } = newQueue();
  queue.afterPending((errorCode) => events.push(`at once ${errorCode}`));
  submit('a');
  queue.afterPending((errorCode) => events.push(`first ${errorCode}`));
  queue.afterPending((errorCode) => events.push(`second ${errorCode}`));
  results[0]?.(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assert.deepEqual(events, ['at once 0', 'a refused', 'a done 6', 'first 6', 'second 6']);
  assert.equal(queue.size, 0);
});

test('a slow append is answered as timed out, and takes effect when it is committed', () => {
  const { results, deadlines, events, submit } = newQueue();
  submit('a');
  deadlines.advanceTo(400);
  deadlines.runDue();
  assert.deepEqual(events, ['a done 7']);
  results[0]?.(0);
  assert.deepEqual(events, ['a done 7', 'a committed']);
});

test('a closed queue answers everyone and hears no result any more', () => {
  const { queue, results, events, submit } = newQueue();
  submit('a');
  queue.afterPending((errorCode) => events.push(`waiter ${errorCode}`));
  queue.close(ErrorCode.NOT_COORDINATOR);
  results[0]?.(0);
  assert.deepEqual(events, ['a done 16', 'waiter 16']);
});

test('an append that follows from a result is taken in the same go', () => {
  const events: string[] = [];
  const deadlines = new Deadlines();
  const queue = new AppendQueue({ append: (_, onResult) => onResult(0), deadlines, timeoutMs: 400 });
  const write = (name: string, onDone: () => void) => ({
    records: [],
    onCommitted: () => events.push(name),
    onRefused: () => {},
    onDone,
  });
  queue.submit(write('a', () => queue.submit(write('b', () => events.push('end')))));
  assert.deepEqual(events, ['a', 'b', 'end']);
});

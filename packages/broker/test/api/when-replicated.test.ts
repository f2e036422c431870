/** The wait for acks=all: its ends are replication, the timeout and the client's leaving, and none leaves anything behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '@jackdaw/protocol';
import { whenAllReplicated, type ReplicationWait } from '../../src/api/when-replicated.ts';

/** Partitions, a timer and a connection that the test plays. */
function waitFor(partitions: number, options: { isReplicated?: boolean } = {}) {
  const world = {
    timers: new Set<() => void>(),
    closeListeners: new Set<() => void>(),
    waiters: new Map<number, (error: number) => void>(),
    settled: Array.from({ length: partitions }, () => -1),
    isOver: false,
  };
  const waits = world.settled.map((_, i): ReplicationWait => ({
    leader: {
      whenReplicated: (_requiredOffset, complete) => {
        if (options.isReplicated === true) {
          complete(ErrorCode.NONE);
          return null;
        }
        world.waiters.set(i, complete);
        return { cancel: () => void world.waiters.delete(i) };
      },
    },
    requiredOffset: 10,
    onSettled: (error) => {
      assert.equal(world.settled[i], -1, 'settled once');
      world.settled[i] = error;
    },
  }));
  const over = whenAllReplicated({
    waits,
    timeoutMs: 1_000,
    timers: {
      setTimer: (_delayMs, callback) => {
        world.timers.add(callback);
        return { cancel: () => void world.timers.delete(callback) };
      },
    },
    connection: {
      addCloseListener: (listener) => void world.closeListeners.add(listener),
      removeCloseListener: (listener) => void world.closeListeners.delete(listener),
    },
  }).then(() => (world.isOver = true));
  const complete = (partition: number, error: number): void => {
    const waiter = world.waiters.get(partition);
    world.waiters.delete(partition);
    waiter?.(error);
  };
  return { ...world, over, complete, isOver: () => world.isOver };
}

type Waited = ReturnType<typeof waitFor>;

function expectNothingLeft({ timers, closeListeners, waiters }: Waited): void {
  assert.deepEqual([timers.size, closeListeners.size, waiters.size], [0, 0, 0]);
}

test('a wait ends when the last partition is replicated or has failed', async () => {
  const waited = waitFor(2);
  waited.complete(1, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  await Promise.resolve();
  assert.equal(waited.isOver(), false);
  waited.complete(0, ErrorCode.NONE);
  await waited.over;
  assert.deepEqual(waited.settled, [ErrorCode.NONE, ErrorCode.NOT_LEADER_OR_FOLLOWER]);
  expectNothingLeft(waited);
});

test('a wait for what is replicated already leaves no listener on its connection', async () => {
  const waited = waitFor(2, { isReplicated: true });
  await waited.over;
  assert.deepEqual(waited.settled, [ErrorCode.NONE, ErrorCode.NONE]);
  expectNothingLeft(waited);
});

test('A22: at the timeout, what is replicated stays so and the rest is REQUEST_TIMED_OUT', async () => {
  const waited = waitFor(3);
  waited.complete(1, ErrorCode.NONE);
  for (const fire of waited.timers) fire();
  await waited.over;
  assert.deepEqual(waited.settled, [ErrorCode.REQUEST_TIMED_OUT, ErrorCode.NONE, ErrorCode.REQUEST_TIMED_OUT]);
  expectNothingLeft(waited);
});

test('a client that is gone is not waited for until the timeout of its request', async () => {
  const waited = waitFor(2);
  for (const close of waited.closeListeners) close();
  await waited.over;
  expectNothingLeft(waited);
});

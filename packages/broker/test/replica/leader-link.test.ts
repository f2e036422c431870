/** When a follower tells its leader how far it is: at once, unless so much waits for the disk that more is about to be told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionFollower } from '@jackdaw/replication';
import type { HostedPartition } from '../../src/replica/hosted-partition.ts';
import { LeaderLink } from '../../src/replica/leader-link.ts';
import type { FollowerMessage } from '../../src/rpc/services.ts';

function newLink(partitions: number) {
  const state = { waitingSyncs: 0, fetchOffset: 0 };
  const written: FollowerMessage[] = [];
  const deferred: (() => void)[] = [];
  const timers = new Set<() => void>();
  const link = new LeaderLink({
    scheduler: {
      defer: (callback) => void deferred.push(callback),
      setTimer: (_delayMs, callback) => {
        timers.add(callback);
        return { cancel: () => void timers.delete(callback) };
      },
    },
    leaderId: 1,
    maxRetryMs: 1_000,
    hello: () => ({ clusterId: 'c', brokerId: 2, brokerEpoch: 1 }),
    connect: () => ({ write: (message) => void written.push(message), cancel: () => undefined }),
    append: () => undefined,
    onTruncated: () => undefined,
    mayTruncate: () => true,
    onFailure: () => undefined,
    onStreamEnd: () => undefined,
  });
  const position = () => ({ fetchOffset: state.fetchOffset, durableOffset: state.fetchOffset, logStartOffset: 0 });
  const follower = { position } as unknown as PartitionFollower;
  const hosted = Array.from({ length: partitions }, (_, partition): HostedPartition => {
    const log = {
      get waitingSyncs() {
        return state.waitingSyncs;
      },
    };
    return { topicId: 't', partition, log } as unknown as HostedPartition;
  });
  for (const partition of hosted) link.follow(partition, follower);
  const turn = (): void => deferred.splice(0).forEach((callback) => callback());
  const fire = (): void => {
    for (const callback of timers) {
      timers.delete(callback);
      callback();
    }
  };
  turn();
  written.length = 0;
  return { link, hosted, state, written, timers, turn, fire };
}

/** Handles whose positions each message has told. */
function told(written: readonly FollowerMessage[]): number[][] {
  return written.map(({ positions }) => (positions ?? []).map(({ handle }) => handle));
}

test('a position is told in the turn of the event loop in which the records became durable', () => {
  const { link, hosted, written, timers, turn } = newLink(2);
  for (const partition of hosted) link.onDurable(partition);
  turn();
  assert.deepEqual([told(written), timers.size], [[[1, 2]], 0]);
});

test('while many logs wait for the disk, positions are told together', () => {
  const { link, hosted, state, written, timers, turn, fire } = newLink(3);
  state.waitingSyncs = 100;
  for (const partition of hosted) {
    link.onDurable(partition);
    turn();
  }
  assert.deepEqual([told(written), timers.size], [[], 1]);
  fire();
  assert.deepEqual([told(written), timers.size], [[[1, 2, 3]], 0]);
});

test('what is told at once takes along what has been waiting', () => {
  const { link, hosted, state, written, turn, fire } = newLink(2);
  const [one, other] = hosted as [HostedPartition, HostedPartition];
  state.waitingSyncs = 100;
  link.onDurable(one);
  state.waitingSyncs = 0;
  link.onDurable(other);
  turn();
  assert.deepEqual(told(written), [[1, 2]]);
  fire();
  assert.equal(written.length, 1);
});

test('the end of a link leaves no timer behind', () => {
  const { link, hosted, state, timers } = newLink(1);
  state.waitingSyncs = 100;
  link.onDurable(hosted[0] as HostedPartition);
  link.close();
  assert.equal(timers.size, 0);
});

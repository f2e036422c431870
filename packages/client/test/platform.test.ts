/**
 * A client keeps to the time and the sockets that it is given: with timers that a test fires, and no others.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Scheduler } from '@jackdaw/base';
import { ApiKey } from '@jackdaw/protocol';
import { apis } from '../src/apis.ts';
import { Cluster } from '../src/cluster.ts';
import { ConnectionError, KafkaError } from '../src/errors.ts';
import { resolveOptions } from '../src/options.ts';
import type { ClientPlatform } from '../src/platform.ts';
import { openSocket } from '../src/socket.ts';
import { sleepUnlessAborted } from '../src/sleep.ts';
import { systemClientPlatform } from '../src/system-client-platform.ts';
import { startFakeBroker } from './fake-broker.ts';

/** Timers that pass when the test says so. */
class FiredTimers implements Scheduler {
  readonly #set = new Map<() => void, number>();

  /** Delays of the timers that are set. */
  get delays(): number[] {
    return [...this.#set.values()];
  }

  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const entry = (): void => callback();
    this.#set.set(entry, delayMs);
    return { cancel: () => void this.#set.delete(entry) };
  }

  defer(callback: () => void): void {
    queueMicrotask(callback);
  }

  fire(delayMs: number): void {
    for (const [callback, setTo] of this.#set) {
      if (setTo !== delayMs) continue;
      this.#set.delete(callback);
      callback();
    }
  }
}

function platformWith(scheduler: Scheduler, changes: Partial<ClientPlatform> = {}): ClientPlatform {
  return { ...systemClientPlatform, scheduler, ...changes };
}

const address = { host: 'b', port: 1 };

test('connecting is given up when the given timer says so', async () => {
  const scheduler = new FiredTimers();
  let isAborted = false;
  const platform = platformWith(scheduler, {
    connect: (_address, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          isAborted = true;
          reject(new Error('aborted'));
        });
      }),
  });
  const opening = openSocket(address, resolveOptions({ bootstrapServers: 'b:1', connectTimeoutMs: 77, platform }));
  assert.deepEqual(scheduler.delays, [77]);
  scheduler.fire(77);
  await assert.rejects(opening, new ConnectionError('b:1', 'cannot connect to b:1: no answer within 77 ms'));
  assert.ok(isAborted, 'whoever connects is told');
});

test('the real network stops connecting when it is told to', async () => {
  // Takes connections and says nothing: a TLS handshake with it ends only because of the signal.
  const server = createServer((socket) => socket.on('error', () => undefined));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const signal = AbortSignal.timeout(1);
  await assert.rejects(systemClientPlatform.connect(to, { tls: {}, signal }), /given up/);
  await new Promise((resolve) => server.close(resolve));
});

test('errors of the given network become sentences, and leave no timer', async () => {
  const scheduler = new FiredTimers();
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const platform = platformWith(scheduler, { connect: () => Promise.reject(refused) });
  const opening = openSocket(address, resolveOptions({ bootstrapServers: 'b:1', platform }));
  await assert.rejects(opening, { message: 'cannot connect to b:1: connection refused', cause: refused });
  assert.deepEqual(scheduler.delays, []);
});

test('an answer is waited for until the given timer says so', async () => {
  const broker = await startFakeBroker(({ header }) => header.apiKey === ApiKey.FindCoordinator);
  const scheduler = new FiredTimers();
  const cluster = await Cluster.connect({
    bootstrapServers: broker.address,
    requestTimeoutMs: 55,
    platform: platformWith(scheduler),
  });
  const asked = (await cluster.connectionTo(1)).call(apis.findCoordinator, { key: 'g', keyType: 0, coordinatorKeys: ['g'] });
  assert.deepEqual(scheduler.delays, [55], 'nothing else waits');
  scheduler.fire(55);
  await assert.rejects(asked, /did not answer FindCoordinator within 55 ms/);
  await cluster.close();
  await broker.close();
});

test('pauses between attempts are drawn from the given chance and measured by the given clock', async () => {
  const broker = await startFakeBroker(() => false);
  const scheduler = new FiredTimers();
  let nowMs = 5_000;
  const platform = platformWith(scheduler, {
    clock: { monotonicMs: () => nowMs, wallMs: () => 0 },
    random: { float: () => 0.5, bytes: (count) => new Uint8Array(count) },
  });
  const cluster = await Cluster.connect({ bootstrapServers: broker.address, retryBackoffMs: 100, platform });
  const remaining: number[] = [];
  const retrying = cluster.retrying(
    (remainingMs) => {
      remaining.push(remainingMs);
      return Promise.reject(new KafkaError(5));
    },
    { what: 'do it', deadlineMs: 400 },
  );
  while (scheduler.delays.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const [pauseMs = 0] = scheduler.delays;
  assert.equal(Math.round(pauseMs), 110);
  nowMs += 200;
  scheduler.fire(pauseMs);
  await assert.rejects(retrying, /do it: no success within 400 ms/);
  assert.deepEqual(remaining, [400, 200]);
  await cluster.close();
  await broker.close();
});

test('a pause that is cut short rejects as that of Node does, and leaves no timer', async () => {
  const scheduler = new FiredTimers();
  const stop = new AbortController();
  const pause = sleepUnlessAborted(scheduler, 10, stop.signal);
  stop.abort();
  await assert.rejects(pause, { name: 'AbortError', code: 'ABORT_ERR' });
  await assert.rejects(sleepUnlessAborted(scheduler, 10, stop.signal), { name: 'AbortError' });
  assert.deepEqual(scheduler.delays, []);
  const whole = sleepUnlessAborted(scheduler, 10, new AbortController().signal);
  scheduler.fire(10);
  await whole;
});

/**
 * A listener over TCP, and over a network and timers that the test plays.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { ManualClock } from '@jackdaw/base';
import { Listener, type ListenerOptions } from '../../src/net/listener.ts';
import { ResponseMemory } from '../../src/net/response-memory.ts';
import type { BoundServer } from '../../src/net/socket-network.ts';
import { createTcpNetwork } from '../../src/net/tcp-network.ts';
import { systemPlatform } from '../../src/platform/system-platform.ts';

function listenerWith(changes: Partial<ListenerOptions> = {}): { listener: Listener; refusals: string[]; closed: string[] } {
  const refusals: string[] = [];
  const closed: string[] = [];
  const listener = new Listener({
    name: 'PLAINTEXT',
    host: '127.0.0.1',
    port: 0,
    limits: {
      maxFrameBytes: 1_000,
      maxOpenRequests: 64,
      maxQueuedResponseBytes: 1_000_000,
      memory: new ResponseMemory(1_000_000),
    },
    maxConnections: () => 1,
    maxConnectionsPerIp: () => 1,
    maxIdleMs: 60_000,
    backlog: 50,
    network: createTcpNetwork(Number.POSITIVE_INFINITY),
    clock: systemPlatform.clock,
    scheduler: systemPlatform.scheduler,
    handler: {
      isLarge: () => false,
      onRequest: () => undefined,
      onClosed: (_connection, reason) => closed.push(reason),
    },
    onRefused: (_remoteAddress, reason) => refusals.push(reason),
    ...changes,
  });
  return { listener, refusals, closed };
}

/** A client whose connection the listener has seen, one way or the other. */
async function connectTo(listener: Listener): Promise<Socket> {
  const socket = connect(listener.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a listener takes its port first, turns everybody away until it is opened, and keeps its limits then', async () => {
  const { listener, refusals, closed } = listenerWith();
  await listener.listen();
  assert.ok(listener.port > 0);
  await once(await connectTo(listener), 'close');
  assert.deepEqual(refusals, ['the broker is starting']);
  listener.open();
  const client = await connectTo(listener);
  await until(() => listener.connectionCount === 1);
  await once(await connectTo(listener), 'close');
  assert.deepEqual(refusals.slice(1), ['max.connections=1 reached']);
  assert.equal(listener.connectionsCreated, 1);
  const gone = once(client, 'close');
  await listener.close();
  await gone;
  assert.deepEqual(closed, ['the broker is shutting down']);
});

test('a port that is taken rejects with the error of the system', async () => {
  const { listener: first } = listenerWith();
  await first.listen();
  const { listener: second } = listenerWith({ port: first.port });
  await assert.rejects(second.listen(), { code: 'EADDRINUSE' });
  await second.close();
  await first.close();
});

test('who is idle for too long by the given clock is closed when the given timer says to look', async () => {
  const clock = new ManualClock();
  let look = (): void => undefined;
  let delayMs = 0;
  let isCancelled = false;
  const scheduler = {
    setTimer: (delay: number, callback: () => void) => {
      delayMs = delay;
      look = callback;
      return { cancel: () => void (isCancelled = true) };
    },
    defer: (callback: () => void) => queueMicrotask(callback),
  };
  const { listener, closed } = listenerWith({ clock, scheduler });
  await listener.listen();
  listener.open();
  assert.equal(delayMs, 5_000);
  const client = await connectTo(listener);
  await until(() => listener.connectionCount === 1);
  clock.advance(60_000);
  look();
  assert.deepEqual(closed, []);
  clock.advance(1);
  look();
  assert.deepEqual(closed, ['idle for more than connections.max.idle.ms=60000']);
  client.destroy();
  await listener.close();
  assert.ok(isCancelled);
});

test('a listener that is closed while its port is being bound does not keep the port', async () => {
  let bind = (_server: BoundServer): void => undefined;
  let isClosed = false;
  const { listener } = listenerWith({
    network: { listen: () => new Promise((resolve) => (bind = resolve)) },
    scheduler: {
      setTimer: () => assert.fail('nothing is set for a listener that is closed'),
      defer: (callback) => queueMicrotask(callback),
    },
  });
  const listening = listener.listen();
  await listener.close();
  bind({
    port: 1,
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  });
  await listening;
  assert.ok(isClosed);
});

/**
 * A connection over a real socket, with a handler that the test plays: what is started when, and what is counted.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Connection, type ResponseSlot } from '../../src/net/connection.ts';
import { ResponseMemory } from '../../src/net/response-memory.ts';

const large = 1;

/** A connection whose requests are answered by the test; the first byte of a frame's key says whether it is large. */
async function connected(context: TestContext, limits: { maxOpenRequests?: number; maxQueuedResponseBytes?: number } = {}) {
  const memory = new ResponseMemory(64 * 1024 * 1024);
  const slots: ResponseSlot[] = [];
  const server = createServer();
  const accepted = once(server, 'connection');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await accepted) as [Socket];
  client.on('error', () => undefined);
  const connection = new Connection(socket, {
    id: 'test',
    listenerName: 'PLAINTEXT',
    limits: { maxFrameBytes: 1_000, maxOpenRequests: 64, maxQueuedResponseBytes: 1_000_000, memory, ...limits },
    clock: { monotonicMs: () => performance.now(), wallMs: () => 0 },
    handler: {
      isLarge: (frame) => frame.readInt16BE(0) === large,
      onRequest: (_connection, _frame, slot) => slots.push(slot),
      onClosed: () => undefined,
    },
  });
  context.after(() => {
    client.destroy();
    connection.close('the test is over');
    server.close();
  });
  return { connection, client, slots, memory };
}

/** Frames with these API keys. */
function frames(...keys: number[]): Buffer {
  const all = Buffer.alloc(12 * keys.length);
  for (const [i, key] of keys.entries()) {
    all.writeInt32BE(8, 12 * i);
    all.writeInt16BE(key, 12 * i + 4);
  }
  return all;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('F3: a request behind one that may have a large answer is started when that one is answered', async (context) => {
  const { client, slots } = await connected(context);
  client.write(frames(0, large, large, 0));
  await until(() => slots.length === 2);
  slots[1]?.send([Buffer.from('second')]);
  assert.equal(slots.length, 2, 'its answer still waits for the first one');
  slots[0]?.send([Buffer.from('first')]);
  assert.equal(slots.length, 3);
  slots[2]?.skip();
  assert.equal(slots.length, 4);
});

test('requests of one chunk beyond the limit of open ones wait for a slot', async (context) => {
  const { client, slots } = await connected(context, { maxOpenRequests: 3 });
  client.write(frames(0, 0, 0, 0, 0));
  await until(() => slots.length === 3);
  slots[0]?.skip();
  assert.equal(slots.length, 4);
});

test('F3: an answer that is not read stops the next requests, and is counted until the socket is gone', async (context) => {
  const { client, connection, slots, memory } = await connected(context);
  client.pause();
  client.write(frames(0));
  await until(() => slots.length === 1);
  slots[0]?.send([Buffer.alloc(20_000_000)]);
  assert.equal(memory.usedBytes, 20_000_000);
  const before = connection.lastActivityMs;
  client.write(frames(0, 0));
  await until(() => connection.lastActivityMs > before);
  assert.equal(slots.length, 1);
  connection.close('over');
  await until(() => memory.usedBytes === 0);
});

test('F3: a second large answer is not begun while the first one is not taken', async (context) => {
  const { client, slots } = await connected(context, { maxQueuedResponseBytes: 100_000_000 });
  client.pause();
  client.write(frames(large, large));
  await until(() => slots.length === 1);
  slots[0]?.send([Buffer.alloc(20_000_000)]);
  assert.equal(slots.length, 1);
  client.resume();
  await until(() => slots.length === 2);
});

test('an answer that is read is counted no more, and the next request is started', async (context) => {
  const { client, slots, memory } = await connected(context);
  client.resume();
  client.write(frames(0, 0));
  await until(() => slots.length === 2);
  slots[0]?.send([Buffer.alloc(20_000_000)]);
  client.write(frames(0));
  await until(() => memory.usedBytes === 0 && slots.length === 3);
});

test('who waits for a connection is told its end once, also when it has ended already', async (context) => {
  const { connection, client } = await connected(context);
  let told = 0;
  const listener = (): void => void told++;
  connection.addCloseListener(listener);
  client.destroy();
  await until(() => connection.isClosed);
  assert.equal(told, 1);
  connection.addCloseListener(listener);
  assert.equal(told, 2);
});

test('grants shrink with what is used and never become negative', () => {
  const memory = new ResponseMemory(1_000);
  assert.deepEqual([memory.grant(100), memory.grant(1_000), memory.grant(1_000)], [100, 225, 168]);
  memory.add(5_000);
  assert.equal(memory.grant(10), 0);
  memory.release(5_000 + 100 + 225 + 168);
  assert.equal(memory.usedBytes, 0);
});

/** What every network between brokers promises, held against the real one on loopback. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import type { RaftFrame } from '../../src/quorum/raft-codec.ts';
import type { PartitionPush } from '../../src/replica/push-codec.ts';
import { createGrpcNetwork } from '../../src/rpc/grpc-network.ts';
import {
  noStreamEvents,
  type RpcChannel,
  type RpcEnd,
  type RpcHandlers,
  type RpcServer,
  type RpcStream,
  type RpcStreamEvents,
} from '../../src/rpc/rpc-network.ts';
import { rpcMethods } from '../../src/rpc/services.ts';

const network = createGrpcNetwork();
const frame: RaftFrame = { from: 1, to: 2 };

const handlers: RpcHandlers = {
  raftLink: (stream) => ({ onMessage: (message) => stream.write(message), onEnd: () => undefined }),
  controllerLink: () => noStreamEvents,
  controllerPing: ({ clusterId }) => ({ clusterId, nodeId: 7, incarnationId: 'incarnation' }),
};

/** Waits for each event of a stream in turn, and remembers all of them. */
class Events implements RpcStreamEvents<RaftFrame> {
  readonly all: string[] = [];
  end: RpcEnd | null = null;
  #onEvent: () => void = () => undefined;

  onOpen(): void {
    this.#note('open');
  }

  onMessage(): void {
    this.#note('message');
  }

  onEnd(end: RpcEnd): void {
    this.end = end;
    this.#note('end');
  }

  async until(event: string): Promise<void> {
    while (!this.all.includes(event)) await new Promise<void>((resolve) => (this.#onEvent = resolve));
  }

  /** All that was told by the time that a stream which was opened later is over. */
  async settled(channel: RpcChannel): Promise<readonly string[]> {
    const later = new Events();
    channel.open(rpcMethods.raftLink, {}, later).end();
    await later.until('end');
    return this.all;
  }

  #note(event: string): void {
    this.all.push(event);
    this.#onEvent();
  }
}

async function withServer(
  over: Partial<RpcHandlers>,
  run: (channel: RpcChannel, server: RpcServer) => Promise<void>,
): Promise<void> {
  const server = await network.serve('127.0.0.1', 0, { ...handlers, ...over });
  const channel = network.channel(`127.0.0.1:${server.port}`, 'control');
  try {
    await run(channel, server);
  } finally {
    channel.close();
    await server.close();
  }
}

/** A port where nobody listens any more. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('an accepted stream is told as open before its first message, and its headers reach the handler', async () => {
  let seen: string | undefined;
  const raftLink: RpcHandlers['raftLink'] = (stream, headers) => {
    seen ??= headers['jackdaw-node-id'];
    return handlers.raftLink(stream, headers);
  };
  await withServer({ raftLink }, async (channel) => {
    const events = new Events();
    const stream = channel.open(rpcMethods.raftLink, { 'jackdaw-node-id': '3' }, events);
    assert.deepEqual(events.all, []);
    stream.write(frame);
    await events.until('message');
    stream.end();
    await events.until('end');
    assert.deepEqual(await events.settled(channel), ['open', 'message', 'end']);
    assert.equal(seen, '3');
    assert.deepEqual(events.end, { reason: 'the peer ended the stream', isRefused: false });
  });
});

test('a stream that its handler refuses is told as ended, and never as open', async () => {
  const raftLink = (stream: RpcStream<RaftFrame>): RpcStreamEvents<unknown> => {
    stream.end();
    return noStreamEvents;
  };
  await withServer({ raftLink }, async (channel) => {
    const events = new Events();
    channel.open(rpcMethods.raftLink, {}, events).write(frame);
    await events.until('end');
    assert.deepEqual(events.all, ['end']);
  });
});

test('a server that gives a stream up with an error ends it on both sides, and tells the peer why', async () => {
  const atServer = new Events();
  const raftLink = (stream: RpcStream<RaftFrame>): RpcStreamEvents<RaftFrame> => ({
    onMessage: () => {
      stream.cancel(new Error('you are of another cluster'));
      assert.equal(atServer.end, null);
      assert.equal(stream.write(frame), false);
    },
    onEnd: (end) => atServer.onEnd(end),
  });
  await withServer({ raftLink }, async (channel) => {
    const events = new Events();
    channel.open(rpcMethods.raftLink, {}, events).write(frame);
    await Promise.all([events.until('end'), atServer.until('end')]);
    assert.deepEqual(events.all, ['open', 'end']);
    assert.deepEqual(atServer.all, ['end']);
    assert.match(events.end?.reason ?? '', /you are of another cluster/);
  });
});

test('a client that gives a stream up ends it on both sides, once on each, and hears nothing else', async () => {
  const atServer = new Events();
  const raftLink = (stream: RpcStream<RaftFrame>): RpcStreamEvents<RaftFrame> => ({
    onMessage: () => {
      stream.write(frame);
      atServer.onMessage();
    },
    onEnd: (end) => atServer.onEnd(end),
  });
  await withServer({ raftLink }, async (channel) => {
    const events = new Events();
    const stream = channel.open(rpcMethods.raftLink, {}, events);
    stream.write(frame);
    await events.until('message');
    stream.cancel();
    stream.cancel();
    stream.end();
    assert.equal(stream.write(frame), false);
    assert.equal(events.end, null);
    await Promise.all([events.until('end'), atServer.until('end')]);
    assert.deepEqual(events.all, ['open', 'message', 'end']);
    assert.deepEqual(atServer.all, ['message', 'end']);
  });
});

test('a server that closes ends its streams, even those of peers that do not let go', async () => {
  const events = new Events();
  const server = await network.serve('127.0.0.1', 0, handlers);
  const channel = network.channel(`127.0.0.1:${server.port}`, 'control');
  channel.open(rpcMethods.raftLink, {}, events).write(frame);
  await events.until('message');
  await server.close();
  await events.until('end');
  channel.close();
});

test('where nobody listens, a stream ends as refused and a call finds nobody', async () => {
  const channel = network.channel(`127.0.0.1:${await freePort()}`, 'control');
  const events = new Events();
  channel.open(rpcMethods.raftLink, {}, events);
  await events.until('end');
  assert.equal(events.end?.isRefused, true);
  assert.deepEqual(events.all, ['end']);
  assert.equal(await channel.call(rpcMethods.controllerPing, { clusterId: 'c' }, 500), 'unreachable');
  channel.close();
});

test('a call is answered, fails when the peer does, and fails when no answer comes in time', async () => {
  await withServer({}, async (channel) => {
    const answer = await channel.call(rpcMethods.controllerPing, { clusterId: 'c' }, 5_000);
    assert.deepEqual(answer, { clusterId: 'c', nodeId: 7, incarnationId: 'incarnation' });
  });
  const failing: RpcHandlers['controllerPing'] = () => {
    throw new Error('broken');
  };
  await withServer({ controllerPing: failing }, async (channel) => {
    assert.equal(await channel.call(rpcMethods.controllerPing, { clusterId: 'c' }, 5_000), 'failed');
  });
  // Takes connections and says nothing, as a frozen process does.
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const channel = network.channel(`127.0.0.1:${(silent.address() as AddressInfo).port}`, 'control');
  assert.equal(await channel.call(rpcMethods.controllerPing, { clusterId: 'c' }, 50), 'failed');
  channel.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('a node without the role of a broker refuses replication', async () => {
  await withServer({}, async (channel) => {
    const end = await new Promise<RpcEnd>((resolve) => {
      channel.open(rpcMethods.fetch, {}, { onMessage: () => undefined, onEnd: resolve });
    });
    assert.match(end.reason, /fetch/i);
  });
});

test('pushes arrive as they were written, whatever their size, and positions come back', async () => {
  const plain = { error: 0, highWatermark: 1, logStartOffset: 0, logEndOffset: 2, diverging: null, producers: null };
  const sizes = [0, 10, 16_384, 3_000_000];
  const pushes = sizes.map((size, handle) => [
    { ...plain, handle, batches: [new Uint8Array(size).fill(handle)] },
    { ...plain, handle: 9, batches: [] },
  ]);
  const positions = [{ handle: 1, fetchOffset: 2, durableOffset: 3, logStartOffset: 4 }];
  const fetch: RpcHandlers['fetch'] = (stream) => ({
    onMessage: (message) => {
      assert.deepEqual(message, { positions });
      for (const push of pushes) stream.write(push);
    },
    onEnd: () => undefined,
  });
  await withServer({ fetch }, async (channel) => {
    const seen: unknown[] = [];
    await new Promise<void>((resolve) => {
      const onMessage = (push: PartitionPush[]): void => {
        seen.push(push.map(({ handle, batches }) => [handle, Buffer.concat(batches)]));
        if (seen.length === pushes.length) resolve();
      };
      channel.open(rpcMethods.fetch, {}, { onMessage, onEnd: () => undefined }).write({ positions });
    });
    const sent = sizes.map((size, handle) => [
      [handle, Buffer.alloc(size, handle)],
      [9, Buffer.alloc(0)],
    ]);
    assert.deepEqual(seen, sent);
  });
});

test('a port that is taken is told by its code and number', async () => {
  await withServer({}, async (_, { port }) => {
    await assert.rejects(network.serve('127.0.0.1', port, handlers), { code: 'EADDRINUSE', port });
  });
});

/**
 * A peer that is gone without a word: the connection stays, nothing comes any more.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { controlChannelOptions } from '../../src/rpc/channel-options.ts';
import { createGrpcNetwork } from '../../src/rpc/grpc-network.ts';
import { noStreamEvents, type RpcEnd, type RpcStream } from '../../src/rpc/rpc-network.ts';
import { rpcMethods } from '../../src/rpc/services.ts';
import type { RaftFrame } from '../../src/quorum/raft-codec.ts';

/** Forwards to a port until it is frozen: then it takes bytes and passes none on, as a dead host does. */
class Freezer {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #isFrozen = false;

  constructor(port: number) {
    this.#server = createServer((inner) => {
      const outer = connect(port, '127.0.0.1');
      this.#sockets.push(inner, outer);
      const forward = (from: Socket, to: Socket): void => {
        from.on('data', (bytes: Buffer) => this.#isFrozen || to.write(bytes));
        from.on('error', () => undefined);
      };
      forward(inner, outer);
      forward(outer, inner);
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

test('F2: a half-open link between brokers ends on both sides within three keepalive intervals', async () => {
  let onServerEnd: (end: RpcEnd) => void = () => undefined;
  const serverEnd = new Promise<RpcEnd>((resolve) => (onServerEnd = resolve));
  const network = createGrpcNetwork();
  const server = await network.serve('127.0.0.1', 0, {
    raftLink: (stream: RpcStream<RaftFrame>) => ({ onMessage: (frame) => stream.write(frame), onEnd: onServerEnd }),
    controllerLink: () => noStreamEvents,
    controllerPing: () => ({ clusterId: '', nodeId: 1, incarnationId: '' }),
  });
  const freezer = new Freezer(server.port);
  const channel = network.channel(`127.0.0.1:${await freezer.listen()}`, 'control');
  try {
    let onAnswer: () => void = () => undefined;
    const answer = new Promise<void>((resolve) => (onAnswer = resolve));
    const clientEnd = new Promise<RpcEnd>((resolve) => {
      const stream = channel.open(rpcMethods.raftLink, {}, { onMessage: onAnswer, onEnd: resolve });
      stream.write({ from: 1, to: 2 });
    });
    await answer;
    const began = performance.now();
    freezer.freeze();
    assert.match((await clientEnd).reason, /./);
    await serverEnd;
    const intervalMs =
      Number(controlChannelOptions['grpc.keepalive_time_ms']) + Number(controlChannelOptions['grpc.keepalive_timeout_ms']);
    assert.ok(performance.now() - began <= 3 * intervalMs, `${performance.now() - began} ms`);
  } finally {
    channel.close();
    freezer.close();
    await server.close();
  }
});

/**
 * A peer that is gone without a word: the connection stays, nothing comes any more.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { Client, credentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { controlChannelOptions } from '../../src/rpc/channel-options.ts';
import { RpcServer } from '../../src/rpc/rpc-server.ts';
import { method, raftService } from '../../src/rpc/services.ts';
import { onClientStreamEnd, onServerStreamEnd } from '../../src/rpc/stream-end.ts';

const link = method<object, object>(raftService, 'Link');

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
  let serverEnded: () => void = () => undefined;
  const serverEnd = new Promise<void>((resolve) => (serverEnded = resolve));
  const answered = (call: ServerDuplexStream<object, object>): void => {
    call.on('data', (frame: object) => call.write(frame));
    onServerStreamEnd(call, serverEnded);
  };
  const server = new RpcServer({ raft: { Link: answered }, controller: {}, replication: {} });
  const freezer = new Freezer(await server.listen('127.0.0.1', 0));
  const client = new Client(`127.0.0.1:${await freezer.listen()}`, credentials.createInsecure(), controlChannelOptions);
  try {
    const call = client.makeBidiStreamRequest(link.path, link.requestSerialize, link.responseDeserialize);
    const clientEnd = new Promise<string>((resolve) => onClientStreamEnd(call, resolve));
    call.write({ from: 1, to: 2 });
    await once(call, 'data');
    const began = performance.now();
    freezer.freeze();
    assert.match(await clientEnd, /./);
    await serverEnd;
    const intervalMs =
      Number(controlChannelOptions['grpc.keepalive_time_ms']) + Number(controlChannelOptions['grpc.keepalive_timeout_ms']);
    assert.ok(performance.now() - began <= 3 * intervalMs, `${performance.now() - began} ms`);
  } finally {
    client.close();
    freezer.close();
    await server.close();
  }
});

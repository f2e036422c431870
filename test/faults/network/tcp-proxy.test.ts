/** The proxy of bad links: what it does to a connection, and that it does no more than it was told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { TcpProxy, type LinkFault } from './tcp-proxy.ts';

const source = '127.0.0.1';

/** A server that sends back what it gets, a proxy before it, and a client's connection. */
async function throughProxy(context: TestContext, fault?: LinkFault) {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await once(server.listen(0, source), 'listening');
  const target = { host: source, port: (server.address() as AddressInfo).port };
  const proxy = await TcpProxy.listen({ host: source, port: 0 }, { target });
  if (fault !== undefined) proxy.setFault(source, fault);
  const client = connect({ host: source, port: proxy.port, allowHalfOpen: true });
  await once(client, 'connect');
  context.after(async () => {
    client.destroy();
    proxy.heal();
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { proxy, client };
}

test('without a fault the bytes and the ends of both directions pass', async (context) => {
  const { client } = await throughProxy(context);
  client.end('there and back');
  assert.equal(await text(client), 'there and back');
});

test('delayed, throttled and sliced bytes keep their order', async (context) => {
  const { client } = await throughProxy(context, { delayMs: [0, 5], sliceBytes: 7, bytesPerSecond: 1_000_000 });
  const lines = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('');
  client.end(lines);
  assert.equal(await text(client), lines);
});

test('a connection that is reset ends with an error on the side of the client', async (context) => {
  const { client } = await throughProxy(context, { resetChance: 1 });
  client.write('x');
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});

test('F2: a silent link passes nothing and tells nobody; healed, it resets what has lost bytes', async (context) => {
  const { proxy, client } = await throughProxy(context);
  client.write('before');
  assert.equal(String(((await once(client, 'data')) as [Buffer])[0]), 'before');
  proxy.setFault(source, { isSilent: true });
  client.write('lost');
  client.once('data', () => assert.fail('something passed'));
  // A second connection opens, since the proxy takes it, and the first is not told anything.
  const other = connect({ host: source, port: proxy.port });
  await once(other, 'connect');
  assert.equal(client.destroyed, false);
  const ended = once(client, 'error');
  while (!proxy.hasLostBytes) await new Promise((resolve) => setImmediate(resolve));
  proxy.setFault(source, undefined);
  assert.equal(((await ended) as [NodeJS.ErrnoException])[0].code, 'ECONNRESET');
  other.destroy();
});

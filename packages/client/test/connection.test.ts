/**
 * One connection against a fake broker: negotiation, pipelining, timeouts, and everything that can break.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { ApiKey } from '@jackdaw/protocol';
import { apis } from '../src/apis.ts';
import { Connection } from '../src/connection.ts';
import { parseAddress, resolveOptions, type ClientOptions } from '../src/options.ts';
import { startFakeBroker, type FakeRequest } from './fake-broker.ts';

const metadata = { brokers: [], clusterId: 'c', controllerId: 1, topics: [] };

function open(address: string, options: Partial<ClientOptions> = {}): Promise<Connection> {
  return Connection.open(
    parseAddress(address),
    resolveOptions({ bootstrapServers: address, connectTimeoutMs: 2000, ...options }),
  );
}

test('a broker that does not know our ApiVersions is asked again within its own range', async () => {
  const versions: number[] = [];
  const broker = await startFakeBroker(({ header, respond }) => {
    if (header.apiKey !== ApiKey.ApiVersions) return false;
    versions.push(header.apiVersion);
    const apiKeys = [{ apiKey: ApiKey.ApiVersions, minVersion: 0, maxVersion: 2 }];
    if (header.apiVersion > 2) respond({ errorCode: 35, apiKeys }, 0);
    else respond({ errorCode: 0, apiKeys });
    return true;
  });
  const connection = await open(broker.address);
  assert.equal(versions.length, 2);
  assert.equal(versions[1], 2);
  connection.close();
  await broker.close();
});

test('the highest version of both sides is used, and an API that is not offered is an UnsupportedError', async () => {
  const broker = await startFakeBroker(() => false);
  const connection = await open(broker.address);
  assert.equal(connection.versionFor(apis.metadata), 12);
  assert.equal(connection.versionFor(apis.metadata, 9), 9);
  assert.equal(connection.versionFor(apis.fetch), undefined);
  await assert.rejects(connection.call(apis.fetch, { maxWaitMs: 0, minBytes: 0, topics: [] }), { name: 'UnsupportedError' });
  connection.close();
  await broker.close();
});

test('pipelined requests get their own answers', async () => {
  const held: FakeRequest[] = [];
  const broker = await startFakeBroker((request) => {
    if (request.header.apiKey !== ApiKey.Metadata) return false;
    held.push(request);
    if (held.length === 3) held.forEach((one, i) => one.respond({ ...metadata, clusterId: `answer ${i}` }));
    return true;
  });
  const connection = await open(broker.address);
  const calls = [0, 1, 2].map(() => connection.call(apis.metadata, { topics: null }));
  assert.deepEqual(
    (await Promise.all(calls)).map((body) => body.clusterId),
    ['answer 0', 'answer 1', 'answer 2'],
  );
  assert.equal(connection.pendingRequests, 0);
  connection.close();
  await broker.close();
});

test('a request without an answer times out and takes the connection with it', async () => {
  const broker = await startFakeBroker(({ header }) => header.apiKey === ApiKey.Metadata);
  const connection = await open(broker.address);
  const slow = connection.call(apis.metadata, { topics: null }, { timeoutMs: 50 });
  const behind = connection.call(apis.metadata, { topics: null }, { timeoutMs: 60_000 });
  await assert.rejects(slow, /did not answer Metadata within 50 ms/);
  await assert.rejects(behind, { name: 'ConnectionError' });
  assert.ok(connection.isClosed);
  await broker.close();
});

test('a broker that hangs up fails what is pending, and later calls at once', async () => {
  const broker = await startFakeBroker(({ header, socket }) => {
    if (header.apiKey !== ApiKey.Metadata) return false;
    socket.destroy();
    return true;
  });
  const connection = await open(broker.address);
  await assert.rejects(connection.call(apis.metadata, { topics: null }), { name: 'ConnectionError' });
  await assert.rejects(connection.call(apis.metadata, { topics: null }), { name: 'ConnectionError' });
  await broker.close();
});

test('an answer to a question that was not asked closes the connection', async () => {
  const broker = await startFakeBroker(({ header, socket }) => {
    if (header.apiKey !== ApiKey.Metadata) return false;
    socket.write(Buffer.from([0, 0, 0, 4, 0x7f, 0, 0, 1]));
    return true;
  });
  const connection = await open(broker.address);
  await assert.rejects(connection.call(apis.metadata, { topics: null }), /was not asked/);
  await broker.close();
});

test('a server that is no broker, a port nobody listens on and one that never answers are told apart', async () => {
  const web = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address = web.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await assert.rejects(open(`127.0.0.1:${port}`), /does not speak Kafka|closed the connection/);
  await new Promise((resolve) => web.close(resolve));
  await assert.rejects(open(`127.0.0.1:${port}`), /connection refused/);
  const silent = await startFakeBroker(() => true);
  await assert.rejects(open(silent.address, { connectTimeoutMs: 50 }), /did not answer ApiVersions within 50 ms/);
  await silent.close();
});

/**
 * Bytes that are no requests: lengths, headers, unknown APIs and versions, other protocols. Each ends its connection or is
 * answered as Kafka answers it, and the next client is served.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApiKey,
  apiDefinitions,
  apiVersionsRequest,
  apiVersionsResponse,
  encodeRequestFrame,
  ErrorCode,
  fetchRequest,
  metadataRequest,
  metadataResponse,
} from '@jackdaw/protocol';
import { liveBroker } from './live-broker.ts';
import { frameOf, headerBytes } from './raw-connection.ts';

const broker = liveBroker();
const mebibyte = 1_048_576;
const apiVersionsBody = { clientSoftwareName: 'hardening', clientSoftwareVersion: '1' };

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function apiVersionsFrame(correlationId: number): Buffer {
  const header = { apiKey: ApiKey.ApiVersions, apiVersion: 3, correlationId, clientId: 'hardening' };
  return Buffer.concat(encodeRequestFrame({ schema: apiVersionsRequest, header, body: apiVersionsBody }));
}

for (const [what, length] of [
  ['negative', -1],
  ['the most negative', -0x8000_0000],
  ['zero', 0],
  ['shorter than a header', 7],
  ['larger than socket.request.max.bytes', 104_857_601],
  ['2 GiB', 0x7fff_ffff],
] as const) {
  test(`F4: a frame length that is ${what} ends the connection at once`, async () => {
    const connection = await broker.open();
    connection.send(int32(length), Buffer.alloc(3));
    await connection.whenEnded(2_000);
    await broker.expectServing();
  });
}

test('F4: a request that comes byte by byte is answered', async () => {
  const connection = await broker.open();
  for (const byte of apiVersionsFrame(5)) {
    connection.send(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const frame = await connection.nextFrame();
  assert.ok(frame !== null);
  const answer = connection.decode(frame, { response: apiVersionsResponse, version: 3, correlationId: 5 });
  assert.equal(answer.errorCode, ErrorCode.NONE);
});

test('F4: 1,000 connections that announce 2 GiB, and 500 that announce 100 MiB, take at most 50 MiB', async () => {
  // Connections, sockets and generated code of the first use are no part of what is announced.
  const warmUp = await Promise.all(Array.from({ length: 500 }, () => broker.open()));
  for (const connection of warmUp) connection.close();
  const before = broker.process.residentBytes;
  let highest = before;
  const announce = async (length: number): Promise<void> => {
    const connection = await broker.open();
    connection.send(int32(length), Buffer.alloc(1_000));
    highest = Math.max(highest, broker.process.residentBytes);
    if (length > 104_857_600) await connection.whenEnded(10_000);
  };
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 100 }, () => announce(0x7fff_ffff)));
  const held = await Promise.all(Array.from({ length: 500 }, () => announce(104_857_600)));
  await broker.expectServing();
  highest = Math.max(highest, broker.process.residentBytes);
  assert.equal(held.length, 500);
  const grownMiB = Math.round((highest - before) / mebibyte);
  assert.ok(grownMiB <= 50, `the broker grew by ${grownMiB} MiB`);
});

test('F5: a header that is cut short, or has a client id longer than the frame, ends the connection', async () => {
  const header = headerBytes({ apiKey: ApiKey.ApiVersions, apiVersion: 0, correlationId: 1 });
  const lyingClientId = Buffer.concat([header.subarray(0, 8), Uint8Array.of(0x7f, 0xff)]);
  for (const bytes of [header.subarray(0, 8), header.subarray(0, 9), lyingClientId]) {
    const connection = await broker.open();
    connection.send(frameOf(bytes));
    await connection.whenEnded(2_000);
  }
  await broker.expectServing();
});

test('F5: an array that claims 2^31 − 1 elements in an empty frame ends the connection', async () => {
  const connection = await broker.open();
  connection.send(frameOf(headerBytes({ apiKey: ApiKey.Metadata, apiVersion: 4, correlationId: 1 }), int32(0x7fff_ffff)));
  await connection.whenEnded(2_000);
  await broker.expectServing();
});

test('F5: a JoinGroup whose group id is 11,000 bytes of no text is refused, and no broker ends by it later (F10)', async () => {
  const text = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(2);
    length.writeInt16BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  // As text, each of the bytes is a replacement character of three: what came in could not be written out again.
  const groupId = text(Buffer.alloc(11_000, 0xff));
  const protocol = [text(Buffer.from('range')), int32(0)];
  const header = headerBytes({ apiKey: ApiKey.JoinGroup, apiVersion: 0, correlationId: 1 });
  const body = [groupId, int32(6_000), text(Buffer.alloc(0)), text(Buffer.from('consumer')), int32(1), ...protocol];
  const connection = await broker.open();
  connection.send(frameOf(header, ...body));
  await connection.whenEnded(2_000);
  assert.equal(connection.totalBytes, 0);
  await broker.expectServing();
});

test('F7: an API key that nobody has ends the connection, and so does one that only brokers may use', async () => {
  const brokerOnly = [...apiDefinitions.values()].filter((one) => one.brokerOnly).map(({ key }) => key);
  assert.ok(brokerOnly.length >= 4);
  const neverOnThisPort = [4, 5, 6, 7, 27, 52, 53, 54, 58, 59, 62, 63, 67, 70, 82];
  for (const apiKey of new Set([-1, -32_768, 999, 32_767, ...brokerOnly, ...neverOnThisPort])) {
    const connection = await broker.open();
    connection.send(frameOf(headerBytes({ apiKey, apiVersion: 0, correlationId: 1 }), Buffer.alloc(64)));
    await connection.whenEnded(2_000);
    assert.equal(connection.totalBytes, 0, `an answer to API ${apiKey}`);
  }
  await broker.expectServing();
});

test('F7: a version of a known API that is not served ends the connection', async () => {
  for (const { key, maxVersion, minVersion, name } of apiDefinitions.values()) {
    if (key === ApiKey.ApiVersions) continue;
    for (const apiVersion of [maxVersion + 1, 32_767, -1, ...(minVersion > 0 ? [minVersion - 1] : [])]) {
      const connection = await broker.open();
      connection.send(frameOf(headerBytes({ apiKey: key, apiVersion, correlationId: 1 }, true), Buffer.alloc(64)));
      await connection.whenEnded(2_000);
      assert.equal(connection.totalBytes, 0, `an answer to ${name} v${apiVersion}`);
    }
  }
  await broker.expectServing();
});

test('F7: ApiVersions in an unknown version is answered in version 0 with what is served', async () => {
  const connection = await broker.open();
  connection.send(frameOf(headerBytes({ apiKey: ApiKey.ApiVersions, apiVersion: 99, correlationId: 77 }, true)));
  const frame = await connection.nextFrame();
  assert.ok(frame !== null);
  const answer = connection.decode(frame, { response: apiVersionsResponse, version: 0, correlationId: 77 });
  assert.equal(answer.errorCode, ErrorCode.UNSUPPORTED_VERSION);
  assert.ok(answer.apiKeys.some(({ apiKey }) => apiKey === ApiKey.ApiVersions));
  const request = { request: apiVersionsRequest, response: apiVersionsResponse, version: 3, body: apiVersionsBody };
  assert.equal((await connection.request(request)).errorCode, ErrorCode.NONE);
});

test('ApiVersions with a software name that is not one is INVALID_REQUEST', async () => {
  const connection = await broker.open();
  const body = { clientSoftwareName: ' \u001b[2J', clientSoftwareVersion: '1' };
  const answer = await connection.request({ request: apiVersionsRequest, response: apiVersionsResponse, version: 3, body });
  assert.equal(answer.errorCode, ErrorCode.INVALID_REQUEST);
});

test('other protocols on the Kafka port end their connection', async () => {
  const hello = Buffer.from('160301020001000001fc0303', 'hex');
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    hello,
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  ]) {
    const connection = await broker.open();
    connection.send(bytes);
    await connection.whenEnded(2_000);
    assert.equal(connection.totalBytes, 0);
  }
  await broker.expectServing();
});

test('F8: pipelined requests are answered in the order in which they came, also behind one that waits', async () => {
  const connection = await broker.open();
  const waiting = {
    maxWaitMs: 300,
    minBytes: 1_000_000,
    maxBytes: 1_000_000,
    topics: [
      {
        topic: 'steady',
        partitions: [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, logStartOffset: -1, partitionMaxBytes: 1_000_000 }],
      },
    ],
  };
  const order: number[] = [];
  for (let correlationId = 1; correlationId <= 60; correlationId++) {
    const header = { apiVersion: 11, correlationId, clientId: 'hardening' };
    if (correlationId % 20 !== 1) connection.send(apiVersionsFrame(correlationId));
    else
      connection.send(
        ...encodeRequestFrame({ schema: fetchRequest, header: { ...header, apiKey: ApiKey.Fetch }, body: waiting }),
      );
  }
  for (let i = 0; i < 60; i++) order.push((await connection.nextFrame())?.readInt32BE(0) ?? -1);
  assert.deepEqual(
    order,
    Array.from({ length: 60 }, (_, i) => i + 1),
  );
});

test('F8: what was asked before a malformed request is answered, then the connection ends', async () => {
  const connection = await broker.open();
  const garbage = frameOf(headerBytes({ apiKey: ApiKey.Metadata, apiVersion: 4, correlationId: 3 }), int32(-7));
  connection.send(Buffer.concat([apiVersionsFrame(1), apiVersionsFrame(2), garbage, apiVersionsFrame(4)]));
  assert.equal((await connection.nextFrame())?.readInt32BE(0), 1);
  assert.equal((await connection.nextFrame())?.readInt32BE(0), 2);
  assert.equal(await connection.nextFrame(), null);
});

test('10,000 requests in one burst on one connection are all answered in order', async () => {
  const connection = await broker.open();
  const frames = Array.from({ length: 10_000 }, (_, i) => apiVersionsFrame(i));
  connection.send(Buffer.concat(frames));
  for (let i = 0; i < frames.length; i++) assert.equal((await connection.nextFrame())?.readInt32BE(0), i);
});

test('client ids of 1 MB, with control characters or called __proto__ are served or refused', async () => {
  for (const clientId of ['__proto__', 'constructor', 'line\nbreak\u001b[2J\u0000', 'é'.repeat(1_000), '']) {
    const connection = await broker.open();
    const body = { topics: [], allowAutoTopicCreation: false };
    const answer = await connection.request({ request: metadataRequest, response: metadataResponse, version: 9, body, clientId });
    assert.equal(answer.brokers.length, 1);
  }
  // A client id has two bytes of length: a megabyte cannot even be said, and shows as a malformed request.
  const connection = await broker.open();
  const header = headerBytes({ apiKey: ApiKey.Metadata, apiVersion: 4, correlationId: 1 }).subarray(0, 8);
  connection.send(frameOf(header, Uint8Array.of(0x7f, 0xff), Buffer.alloc(1_000_000, 'x')));
  await connection.whenEnded(2_000);
  await broker.expectServing();
  assert.ok(!broker.process.output.includes('\u001b[2J'), 'an escape sequence of a client in the log');
});

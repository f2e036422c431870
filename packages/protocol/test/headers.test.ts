/**
 * Request and response headers of every API, and whole frames.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiKey, apiDefinitions } from '../src/api-definitions.ts';
import { decodeWhole } from '../src/codec.ts';
import {
  encodeRequestFrame,
  encodeResponseFrame,
  readRequestHeader,
  readResponseHeader,
  requestHeaderVersion,
  responseHeaderVersion,
  writeRequestHeader,
  writeResponseHeader,
} from '../src/headers.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../src/messages/18-api-versions.ts';
import { fetchResponse } from '../src/messages/01-fetch.ts';
import { ProtocolError } from '../src/protocol-error.ts';
import { Reader } from '../src/reader.ts';
import { zeroUuid } from '../src/uuid.ts';
import { Writer } from '../src/writer.ts';
import { versionsOf } from './support/all-schemas.ts';

function eachApiVersion(): { apiKey: number; apiVersion: number; flexible: boolean }[] {
  return [...apiDefinitions.values()].flatMap(({ key, request, flexibleFrom }) =>
    versionsOf(request).map((apiVersion) => ({
      apiKey: key,
      apiVersion,
      flexible: flexibleFrom !== null && apiVersion >= flexibleFrom,
    })),
  );
}

test('request headers are flexible exactly from the first flexible version on, and read back', () => {
  for (const { apiKey, apiVersion, flexible } of eachApiVersion()) {
    assert.equal(requestHeaderVersion(apiKey, apiVersion), flexible ? 2 : 1);
    for (const clientId of ['client-1', '', null, 'ž'.repeat(300)]) {
      const header = { apiKey, apiVersion, correlationId: -5, clientId };
      const writer = new Writer();
      writeRequestHeader(writer, header);
      const reader = new Reader(writer.toBytes());
      assert.deepEqual(readRequestHeader(reader), header);
      reader.expectEnd();
    }
  }
});

test('response headers are flexible with the request, except that of ApiVersions, which never is', () => {
  for (const { apiKey, apiVersion, flexible } of eachApiVersion()) {
    const expected = flexible && apiKey !== ApiKey.ApiVersions ? 1 : 0;
    assert.equal(responseHeaderVersion(apiKey, apiVersion), expected);
    const writer = new Writer();
    writeResponseHeader(writer, { apiKey, apiVersion, correlationId: 0x01020304 });
    const bytes = writer.toBytes();
    assert.deepEqual([...bytes], expected === 1 ? [1, 2, 3, 4, 0] : [1, 2, 3, 4]);
    assert.equal(readResponseHeader(new Reader(bytes), apiKey, apiVersion), 0x01020304);
  }
});

test('the client id keeps its two-byte length in a flexible header', () => {
  const writer = new Writer();
  writeRequestHeader(writer, { apiKey: ApiKey.ApiVersions, apiVersion: 3, correlationId: 9, clientId: 'ab' });
  assert.equal(Buffer.from(writer.toBytes()).toString('hex'), '00120003000000090002616200');
});

test('unknown tagged fields in a header are passed over', () => {
  const reader = new Reader(Uint8Array.of(0, 18, 0, 3, 0, 0, 0, 9, 0xff, 0xff, 2, 0, 1, 77, 5, 0, 99));
  assert.equal(readRequestHeader(reader).clientId, null);
  assert.equal(reader.remaining, 1);
});

test('F7: the header of an unknown API, and of an unknown version of ApiVersions, can be read', () => {
  const unknownApi = new Reader(Uint8Array.of(0x03, 0xe7, 0, 0, 0, 0, 0, 1, 0, 1, 97));
  assert.deepEqual(readRequestHeader(unknownApi), { apiKey: 999, apiVersion: 0, correlationId: 1, clientId: 'a' });
  const newer = new Reader(Uint8Array.of(0, 18, 0, 77, 0, 0, 0, 2, 0, 1, 97, 0, 1, 2, 3));
  assert.deepEqual(readRequestHeader(newer), { apiKey: 18, apiVersion: 77, correlationId: 2, clientId: 'a' });
});

test('F4: a frame that ends within its header is a protocol error, wherever it ends', () => {
  const writer = new Writer();
  writeRequestHeader(writer, { apiKey: 1, apiVersion: 12, correlationId: 1, clientId: 'client' });
  const whole = writer.toBytes();
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => readRequestHeader(new Reader(whole.subarray(0, length))), ProtocolError, `${length} bytes`);
  }
  assert.throws(() => readRequestHeader(new Reader(Uint8Array.of(0, 1, 0, 4, 0, 0, 0, 1, 0xff, 0xfe))), ProtocolError);
});

test('a request frame begins with its size and is read back', () => {
  const body = { clientSoftwareName: 'jackdaw', clientSoftwareVersion: '1.0' };
  const header = { apiKey: ApiKey.ApiVersions, apiVersion: 3, correlationId: 1, clientId: 'c' };
  const frame = new Uint8Array(Buffer.concat(encodeRequestFrame({ schema: apiVersionsRequest, header, body })));
  const reader = new Reader(frame);
  assert.equal(reader.int32(), frame.length - 4);
  assert.deepEqual(readRequestHeader(reader), header);
  assert.deepEqual(decodeWhole(apiVersionsRequest, 3, reader), body);
});

test('a response frame counts the record bytes that it carries by reference', () => {
  const records = new Uint8Array(100_000).fill(1);
  const header = { apiKey: ApiKey.Fetch, apiVersion: 13, correlationId: 8 };
  const partitions = [{ partitionIndex: 0, errorCode: 0, highWatermark: 1, abortedTransactions: [], records }];
  const body = { throttleTimeMs: 0, responses: [{ topicId: zeroUuid, partitions }] };
  const chunks = encodeResponseFrame({ schema: fetchResponse, header, body });
  assert.ok(chunks.includes(records));
  const frame = new Uint8Array(Buffer.concat(chunks));
  const reader = new Reader(frame);
  assert.equal(reader.int32(), frame.length - 4);
  assert.equal(readResponseHeader(reader, header.apiKey, header.apiVersion), 8);
  assert.equal(decodeWhole(fetchResponse, 13, reader).responses[0]?.partitions[0]?.records?.length, 100_000);
});

test('F7: the answer to an ApiVersions request of an unknown version is one of version 0', () => {
  const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }];
  const header = { apiKey: ApiKey.ApiVersions, apiVersion: 0, correlationId: 2 };
  const frame = Buffer.concat(encodeResponseFrame({ schema: apiVersionsResponse, header, body: { errorCode: 35, apiKeys } }));
  assert.equal(frame.toString('hex'), '000000100000000200230000000100120000' + '0004');
});

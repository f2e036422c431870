/**
 * Bytes that others wrote: Kafka 4.3.1's own serializers, and request frames of two JavaScript clients.
 *
 * `testdata/golden-messages.json` was written by Kafka's generated message classes from random values, for each message in
 * its oldest, first flexible and newest version. The frames below come from the encoders of kafkajs 2.2.4 and
 * @platformatic/kafka 1.35.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeWhole, encodeBody } from '../src/codec.ts';
import { encodeRequestFrame } from '../src/headers.ts';
import { fetchRequest } from '../src/messages/01-fetch.ts';
import { metadataRequest } from '../src/messages/03-metadata.ts';
import { offsetCommitRequest } from '../src/messages/08-offset-commit.ts';
import { joinGroupRequest } from '../src/messages/11-join-group.ts';
import { uuidOf, zeroUuid } from '../src/uuid.ts';
import { allSchemas } from './support/all-schemas.ts';

interface Golden {
  readonly name: string;
  readonly version: number;
  readonly hex: string;
  readonly body: unknown;
}

const golden = JSON.parse(readFileSync(new URL('../../test/testdata/golden-messages.json', import.meta.url), 'utf8')) as Golden[];

test("every message is read from, and written as, the bytes of Kafka's own serializers", () => {
  const schemas = new Map(allSchemas.map((schema) => [schema.name, schema]));
  for (const { name, version, hex, body } of golden) {
    const schema = schemas.get(name);
    assert.ok(schema !== undefined, name);
    const decoded = decodeWhole(schema, version, new Uint8Array(Buffer.from(hex, 'hex')));
    assert.deepEqual(printable(decoded), body, `${name} v${version} decoded`);
    assert.equal(Buffer.from(encodeBody(schema, version, decoded)).toString('hex'), hex, `${name} v${version} encoded`);
  }
  assert.equal(new Set(golden.map(({ name }) => name)).size, allSchemas.length);
});

/** A body as JSON carries it: bytes become text. */
function printable(body: unknown): unknown {
  const text = JSON.stringify(body, (_, value: unknown) =>
    value instanceof Uint8Array ? `base64:${Buffer.from(value).toString('base64')}` : value,
  );
  return JSON.parse(text);
}

const header = { correlationId: 7, clientId: 'kjs' };
const joinGroup = {
  groupId: 'g',
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Uint8Array.of(1, 2, 3) }],
};
const fetchPartition = { partition: 3, currentLeaderEpoch: 5, fetchOffset: 42, partitionMaxBytes: 65_536 };
const fetch = { maxWaitMs: 500, minBytes: 1, maxBytes: 1_048_576, isolationLevel: 1, rackId: 'r1' };

test('request frames equal those of kafkajs', () => {
  const frames = [
    encodeRequestFrame({
      schema: fetchRequest,
      header: { apiKey: 1, apiVersion: 11, ...header },
      body: { ...fetch, topics: [{ topic: 'orders', partitions: [fetchPartition] }] },
    }),
    encodeRequestFrame({
      schema: metadataRequest,
      header: { apiKey: 3, apiVersion: 5, ...header },
      body: { topics: [{ name: 'orders' }], allowAutoTopicCreation: false },
    }),
    encodeRequestFrame({ schema: joinGroupRequest, header: { apiKey: 11, apiVersion: 5, ...header }, body: joinGroup }),
    encodeRequestFrame({
      schema: offsetCommitRequest,
      header: { apiKey: 8, apiVersion: 5, ...header },
      body: {
        groupId: 'g',
        generationIdOrMemberEpoch: 3,
        memberId: 'm',
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 17, committedMetadata: null }] }],
      },
    }),
  ];
  assert.deepEqual(
    frames.map((chunks) => Buffer.concat(chunks).toString('hex')),
    [
      '0000005a0001000b0000000700036b6a73ffffffff000001f400000001001000000100000000ffffffff0000000100066f72646572730000' +
        '00010000000300000005000000000000002affffffffffffffff000100000000000000027231',
      '0000001a000300050000000700036b6a730000000100066f726465727300',
      '00000038000b00050000000700036b6a73000167000075300000ea600000ffff0008636f6e73756d657200000001000572616e676500000003010203',
      '00000035000800050000000700036b6a730001670000000300016d0000000100066f726465727300000001000000000000000000000011ffff',
    ],
  );
});

test('request bodies equal those of @platformatic/kafka', () => {
  const topicId = uuidOf(Uint8Array.from(Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex')));
  const bodies = [
    encodeBody(fetchRequest, 17, { ...fetch, topics: [{ topicId, partitions: [fetchPartition] }] }),
    encodeBody(joinGroupRequest, 9, { ...joinGroup, reason: 'why' }),
    encodeBody(metadataRequest, 12, { topics: [{ topicId: zeroUuid, name: 'orders' }] }),
  ];
  assert.deepEqual(
    bodies.map((body) => Buffer.from(body).toString('hex')),
    [
      '000001f400000001001000000100000000ffffffff026ba7b8109dad11d180b400c04fd430c8020000000300000005000000000000002affffffff' +
        'ffffffffffffffff0001000000000103723100',
      '0267000075300000ea60010009636f6e73756d6572020672616e676504010203000477687900',
      '0200000000000000000000000000000000076f726465727300010000',
    ],
  );
});

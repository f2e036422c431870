/**
 * Every message in every version through the compiled and the interpreted codec.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBody, decodeWhole, encodeBody, encodeChunks } from '../src/codec.ts';
import { interpretRead, interpretWrite } from '../src/interpret.ts';
import { createTopicsRequest } from '../src/messages/19-create-topics.ts';
import { fetchRequest, fetchResponse } from '../src/messages/01-fetch.ts';
import { metadataRequest } from '../src/messages/03-metadata.ts';
import { partitionChangeRecord } from '../src/messages/metadata-records.ts';
import { ProtocolError } from '../src/protocol-error.ts';
import { Reader } from '../src/reader.ts';
import { array, bytes, int32, int64, int64Max, message, nullable, since, string, struct, tagged } from '../src/schema.ts';
import { zeroUuid } from '../src/uuid.ts';
import { referenceBytes, Writer } from '../src/writer.ts';
import { eachVersion } from './support/all-schemas.ts';
import { samplesOf } from './support/arbitrary.ts';

const runsPerVersion = 15;

test('every message and version is decoded to what was encoded, compiled and interpreted alike', () => {
  for (const { schema, version, name } of eachVersion()) {
    const property = fc.property(samplesOf(schema, version), ({ draft, body }) => {
      const encoded = encodeBody(schema, version, draft);
      const writer = new Writer();
      interpretWrite(schema, version)(writer, draft);
      assert.deepEqual(encoded, writer.toBytes(), `${name}: compiled and interpreted bytes`);
      assert.deepEqual(decodeWhole(schema, version, encoded), body, `${name}: compiled`);
      assert.deepEqual(interpretRead(schema, version, new Reader(encoded)), body, `${name}: interpreted`);
      assert.deepEqual(encodeBody(schema, version, body), encoded, `${name}: a body is a draft`);
    });
    fc.assert(property, { numRuns: runsPerVersion, seed: version + 1 });
  }
});

test('decoded bodies of all versions of a message have their keys in one order', () => {
  const orders = [4, 7, 12, 13, 18].map((version) => {
    const body = decodeWhole(fetchRequest, version, encodeBody(fetchRequest, version, emptyFetch));
    return Object.keys(body).join();
  });
  assert.equal(new Set(orders).size, 1);
});

const emptyFetch = { maxWaitMs: 500, minBytes: 1, topics: [] };

test('codecs do the same where code generation from strings is forbidden', () => {
  const script = `
    import { decodeWhole, encodeBody, fetchRequest } from ${JSON.stringify(new URL('../src/index.js', import.meta.url).href)};
    let forbidden = false;
    try { new Function('return 1'); } catch { forbidden = true; }
    const draft = { maxWaitMs: 500, minBytes: 1, topics: [], rackId: 'r1' };
    const body = decodeWhole(fetchRequest, 12, encodeBody(fetchRequest, 12, draft));
    console.log(JSON.stringify({ forbidden, rackId: body.rackId, sessionEpoch: body.sessionEpoch }));
  `;
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
  const output = execFileSync(process.execPath, flags, { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), { forbidden: true, rackId: 'r1', sessionEpoch: -1 });
});

test('a field with a default may be left out of a draft, and is decoded as its default', () => {
  const body = decodeWhole(fetchRequest, 12, encodeBody(fetchRequest, 12, emptyFetch));
  assert.equal(body.maxBytes, 0x7fff_ffff);
  assert.equal(body.clusterId, null);
  assert.equal(body.rackId, '');
  assert.deepEqual(body.replicaState, { replicaId: -1, replicaEpoch: -1 });
});

test("Java's Long.MAX_VALUE and Long.MIN_VALUE survive, and larger numbers become the nearest of them", () => {
  const schema = message({ name: 'Ends', key: null, versions: [0, 0], flexibleFrom: null }, { values: array(int64) });
  const encoded = encodeBody(schema, 0, { values: [int64Max, -int64Max, 1e300, -1e300, -1, 2 ** 53] });
  const hex = Buffer.from(encoded).toString('hex');
  assert.equal(hex.slice(8, 40), '7fffffffffffffff8000000000000000');
  assert.equal(hex.slice(40, 72), '7fffffffffffffff8000000000000000');
  assert.equal(hex.slice(72), 'ffffffffffffffff0020000000000000');
  assert.deepEqual(decodeWhole(schema, 0, encoded).values, [int64Max, -int64Max, int64Max, -int64Max, -1, 2 ** 53]);
});

test('byte fields are views of the frame, and large ones leave as the very bytes that were given', () => {
  const large = new Uint8Array(referenceBytes).fill(7);
  const small = new Uint8Array(100).fill(8);
  const draft = {
    throttleTimeMs: 0,
    responses: [
      {
        topicId: zeroUuid,
        partitions: [
          { partitionIndex: 0, errorCode: 0, highWatermark: 5, abortedTransactions: null, records: [large, small, large] },
          { partitionIndex: 1, errorCode: 0, highWatermark: 5, abortedTransactions: null, records: small },
        ],
      },
    ],
  };
  const chunks = encodeChunks(fetchResponse, 13, draft);
  assert.deepEqual(
    chunks.map((chunk) => chunk === large),
    [false, true, false, true, false],
  );
  const whole = encodeBody(fetchResponse, 13, draft);
  assert.deepEqual(new Uint8Array(Buffer.concat(chunks)), whole);
  const records = decodeWhole(fetchResponse, 13, whole).responses[0]?.partitions[0]?.records;
  assert.equal(records?.length, 2 * referenceBytes + 100);
  assert.equal(records?.buffer, whole.buffer);
});

test('encoded bytes stay as they are while the next message is encoded', () => {
  const first = encodeBody(fetchRequest, 12, { ...emptyFetch, rackId: 'first' });
  const copy = first.slice();
  encodeBody(fetchRequest, 12, { ...emptyFetch, rackId: 'another' });
  assert.deepEqual(first, copy);
});

test('F5: an absent body, a body cut at any byte and a null where none may be are protocol errors', () => {
  for (const version of [4, 11, 12, 18]) {
    const topics = [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] }];
    const encoded = encodeBody(fetchRequest, version, { ...emptyFetch, topics });
    for (let length = 0; length < encoded.length; length++) {
      assert.throws(() => decodeBody(fetchRequest, version, encoded.subarray(0, length)), ProtocolError, `${version}/${length}`);
    }
  }
  assert.throws(() => decodeBody(metadataRequest, 0, Uint8Array.of(0xff, 0xff, 0xff, 0xff)), ProtocolError);
  assert.equal(decodeBody(metadataRequest, 1, Uint8Array.of(0xff, 0xff, 0xff, 0xff)).topics, null);
});

test('F5: an array that announces more elements than bytes remain is refused before anything is allocated', () => {
  const announce = [
    { version: 2, bytes: [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0] },
    { version: 2, bytes: [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0] },
    { version: 5, bytes: [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0] },
    { version: 5, bytes: [0, 0, 0, 0, 0] },
  ];
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < 1000; round++) {
    for (const { version, bytes: frame } of announce) {
      assert.throws(() => decodeBody(createTopicsRequest, version, Uint8Array.from(frame)), ProtocolError);
    }
  }
  assert.ok(process.memoryUsage().heapUsed - before < 64 * 1_048_576);
});

test('a version that the message does not have is a protocol error', () => {
  for (const version of [-1, 3, 19, 1.5, Number.NaN, 1e9]) {
    assert.throws(() => decodeBody(fetchRequest, version, new Uint8Array(100)), ProtocolError);
    assert.throws(() => encodeBody(fetchRequest, version, emptyFetch), ProtocolError);
  }
});

test('null where the version has no null, and a string that is too long, cannot be encoded', () => {
  assert.throws(() => encodeBody(metadataRequest, 0, { topics: null }), ProtocolError);
  assert.throws(() => encodeBody(fetchRequest, 12, { ...emptyFetch, rackId: 'x'.repeat(40_000) }), ProtocolError);
  assert.throws(() => encodeBody(fetchRequest, 11, { ...emptyFetch, rackId: 'é'.repeat(20_000) }), ProtocolError);
  const topics = [{ topicId: 'not-an-id', partitions: [] }];
  assert.throws(() => encodeBody(fetchRequest, 13, { ...emptyFetch, topics }), ProtocolError);
});

test('decodeBody leaves what follows alone, decodeWhole refuses it', () => {
  const encoded = encodeBody(fetchRequest, 12, emptyFetch);
  const longer = new Uint8Array([...encoded, 1, 2, 3]);
  const reader = new Reader(longer);
  decodeBody(fetchRequest, 12, reader);
  assert.equal(reader.remaining, 3);
  assert.throws(() => decodeWhole(fetchRequest, 12, longer), ProtocolError);
});

const withTags = message(
  { name: 'WithTags', key: null, versions: [0, 1], flexibleFrom: 0 },
  {
    first: tagged(5, since(1, int32, 7)),
    plain: int32,
    second: tagged(0, nullable(array(string))),
    third: tagged(9, struct({ name: string, data: bytes })),
  },
);

test('tagged fields are written by ascending tag, and only where they differ from their default', () => {
  const none = encodeBody(withTags, 1, { plain: 1, first: 7, second: [], third: { name: '', data: new Uint8Array(0) } });
  assert.deepEqual([...none], [0, 0, 0, 1, 0]);
  const some = encodeBody(withTags, 1, { plain: 1, first: 8, second: null });
  assert.deepEqual([...some], [0, 0, 0, 1, 2, 0, 1, 0, 5, 4, 0, 0, 0, 8]);
  assert.equal(decodeWhole(withTags, 1, some).second, null);
  assert.equal(decodeWhole(withTags, 1, some).first, 8);
});

test('a tagged field of more than 127 bytes gets a longer size, and by then nothing is kept by reference', () => {
  const third = { name: 'n', data: new Uint8Array(referenceBytes * 2).fill(3) };
  const encoded = encodeChunks(withTags, 1, { plain: 1, third });
  assert.equal(encoded.length, 1);
  assert.deepEqual(decodeWhole(withTags, 1, encoded[0] as Uint8Array).third, third);
});

test('a tag that the version does not know is passed over', () => {
  const frame = Uint8Array.of(0, 0, 0, 1, 3, 0, 1, 0, 4, 2, 0xff, 0xff, 77, 0);
  assert.deepEqual(decodeWhole(withTags, 1, frame), {
    first: 7,
    plain: 1,
    second: null,
    third: { name: '', data: new Uint8Array(0) },
  });
  const newer = encodeBody(withTags, 1, { plain: 1, first: 8 });
  assert.equal(decodeWhole(withTags, 0, newer).first, 7);
});

test('F5: tags that repeat, descend, lie about their size or their number are protocol errors', () => {
  const frames: Record<string, number[]> = {
    twice: [2, 5, 4, 0, 0, 0, 8, 5, 4, 0, 0, 0, 9],
    'unknown twice': [2, 3, 0, 3, 0],
    descending: [2, 5, 4, 0, 0, 0, 8, 0, 1, 0],
    'size too small': [1, 5, 3, 0, 0, 0, 8],
    'size too large': [1, 5, 5, 0, 0, 0, 8, 0],
    'size beyond the end': [1, 3, 100, 0],
    'number beyond the end': [0xff, 0xff, 0xff, 0xff, 0x0f],
    'varint of six bytes': [0x81, 0x80, 0x80, 0x80, 0x80, 0x00],
    'varint beyond 32 bits': [0x81, 0x80, 0x80, 0x80, 0x10],
  };
  for (const [name, tail] of Object.entries(frames)) {
    assert.throws(() => decodeBody(withTags, 1, Uint8Array.from([0, 0, 0, 1, ...tail])), ProtocolError, name);
  }
});

test('a PartitionChangeRecord says only what changes', () => {
  const draft = { partitionId: 3, topicId: zeroUuid, leader: 1 };
  const encoded = encodeBody(partitionChangeRecord, 2, draft);
  assert.equal(Buffer.from(encoded).toString('hex'), `00000003${'00'.repeat(16)}01010400000001`);
  const body = decodeWhole(partitionChangeRecord, 2, encoded);
  assert.equal(body.isr, null);
  assert.equal(body.leaderRecoveryState, -1);
});

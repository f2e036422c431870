/** The hand-written codec of positions, held against the .proto definition; everything else is left to the library. */
import assert from 'node:assert/strict';
import type { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { decodePositions, encodePositions } from '../../src/replica/position-codec.ts';
import { rpcMethods, type FollowerMessage } from '../../src/rpc/services.ts';

const protos = fileURLToPath(new URL('../../../../../protos/', import.meta.url));

interface Codec {
  requestSerialize(value: object): Buffer;
  requestDeserialize(bytes: Buffer): FollowerMessage;
}

const library = reference();

function reference(): Codec {
  const definitions = loadSync('replication.proto', { includeDirs: [protos], longs: Number, defaults: true, arrays: true });
  const service = definitions['jackdaw.Replication'] as unknown as Record<string, Codec>;
  return service['Fetch'] as Codec;
}

const offset = fc.oneof(fc.nat(300), fc.nat(Number.MAX_SAFE_INTEGER));
const position = fc.record(
  { handle: fc.nat(0xffff_ffff), fetchOffset: offset, durableOffset: offset, logStartOffset: offset },
  { noNullPrototype: true },
);

test('positions mean the same to their .proto definition, both ways', () => {
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 5 }), (positions) => {
      const bytes = encodePositions({ open: [], positions, close: [] });
      assert.ok(bytes !== null);
      assert.deepEqual(library.requestDeserialize(bytes).positions, positions);
      assert.deepEqual(decodePositions(library.requestSerialize({ positions })), { positions });
      assert.deepEqual(decodePositions(bytes), { positions });
    }),
  );
});

test('a message with more than positions is the library’s', () => {
  const hello = { clusterId: 'c', brokerId: 1, brokerEpoch: 2 };
  const positions = [{ handle: 1, fetchOffset: 2, durableOffset: 2, logStartOffset: 0 }];
  for (const message of [{ hello }, { positions, close: [3] }, { positions, hello }, { close: [1] }]) {
    assert.equal(encodePositions(message), null);
    assert.equal(decodePositions(library.requestSerialize(message)), null);
    const {
      hello: known,
      positions: moved,
      close,
    } = rpcMethods.fetch.requestDeserialize(rpcMethods.fetch.requestSerialize(message));
    assert.deepEqual({ hello: known, positions: moved, close }, { hello: null, positions: [], close: [], ...message });
  }
});

test('F14: damaged positions are read as the library reads them, or refused as it refuses them', () => {
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255), (positions, at, value) => {
      const bytes = encodePositions({ positions });
      assert.ok(bytes !== null);
      bytes[at % bytes.length] = value;
      const decoded = decodePositions(bytes);
      if (decoded !== null) assert.deepEqual(library.requestDeserialize(bytes).positions, decoded.positions);
    }),
    { numRuns: 2_000 },
  );
});

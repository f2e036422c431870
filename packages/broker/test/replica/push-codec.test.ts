/** The hand-written codec of replication pushes, held against its .proto definition and against damaged bytes. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { decodePush, encodePush, PushDecodeError, type PartitionPush } from '../../src/replica/push-codec.ts';

const protos = fileURLToPath(new URL('../../../../../protos/', import.meta.url));

/** The same message by the library, which writes zeros that we leave out: both are the one proto3 message. */
interface Codec {
  responseSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

function reference(): Codec {
  const definitions = loadSync('replication.proto', { includeDirs: [protos], longs: Number, defaults: true, arrays: true });
  const service = definitions['jackdaw.Replication'] as unknown as Record<string, Codec>;
  return service['Fetch'] as Codec;
}

const partition = fc.record(
  {
    handle: fc.nat(),
    error: fc.nat(133),
    highWatermark: fc.nat(Number.MAX_SAFE_INTEGER),
    logStartOffset: fc.nat(Number.MAX_SAFE_INTEGER),
    logEndOffset: fc.nat(Number.MAX_SAFE_INTEGER),
    diverging: fc.option(
      fc.record(
        { leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }), endOffset: fc.integer({ min: -1 }) },
        { noNullPrototype: true },
      ),
    ),
    batches: fc.uint8Array({ maxLength: 300 }).map((bytes) => (bytes.length === 0 ? [] : [Buffer.from(bytes)])),
    producers: fc.option(fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes))),
  },
  { noNullPrototype: true },
);

test('a push means the same to its .proto definition, both ways', () => {
  const codec = reference();
  fc.assert(
    fc.property(fc.array(partition, { maxLength: 5 }), (partitions: PartitionPush[]) => {
      const asMessage = {
        partitions: partitions.map((one) => ({
          ...one,
          batches: Buffer.concat(one.batches as Buffer[]),
          producers: one.producers ?? Buffer.alloc(0),
        })),
      };
      assert.deepEqual(plain(codec.responseDeserialize(encodePush(partitions))), plain(asMessage));
      assert.deepEqual(decodePush(codec.responseSerialize(asMessage)).map(withoutEmpty), partitions);
      assert.deepEqual(decodePush(encodePush(partitions)), partitions);
    }),
  );
});

function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The library writes an empty `batches` field where we write none. */
function withoutEmpty(push: PartitionPush): PartitionPush {
  return { ...push, batches: push.batches.filter(({ length }) => length > 0) };
}

test('F14: a damaged push is refused or decodes to something, and never reads past its end', () => {
  fc.assert(
    fc.property(fc.array(partition, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255), (partitions, at, value) => {
      const bytes = encodePush(partitions);
      if (bytes.length === 0) return;
      bytes[at % bytes.length] = value;
      try {
        decodePush(bytes);
      } catch (error) {
        assert.ok(error instanceof PushDecodeError);
      }
    }),
  );
});

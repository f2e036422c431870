/**
 * What a broker answers, read by our own client: frames cut out of the stream, the response decoded, and what the client makes
 * of metadata, fetched batches, subscriptions and assignments. A broker that lies may end a connection, never the program.
 */
import type { Prng } from '@jackdaw/base';
import { nodeCodecs } from '@jackdaw/broker';
import { ConnectionError } from '@jackdaw/client';
import {
  apiDefinitions,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  encodeBody,
  ProtocolError,
  type FetchResponse,
  type MetadataResponse,
} from '@jackdaw/protocol';
import type { Field } from '../engine/fields.ts';
import { kafkaFields } from '../engine/kafka-fields.ts';
import { int16, int32, lengthPrefixed, partsMutator } from '../engine/parts.ts';
import { sampleBody } from '../engine/sample.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import { batchFields, recordBombs, repairBatch, repairBatches, sampleBatch, sampleBatches, splitBatches } from './batches.ts';
import { isDeclared } from './records.ts';
import type * as FramingModule from '../../../packages/client/src/framing.ts';
import type * as WireModule from '../../../packages/client/src/wire.ts';
import type * as MetadataModule from '../../../packages/client/src/metadata.ts';
import type * as FetchedBatchesModule from '../../../packages/client/src/fetched-batches.ts';
import type * as GroupProtocolModule from '../../../packages/client/src/group-protocol.ts';
import type * as ApisModule from '../../../packages/client/src/apis.ts';
import type * as AdminGroupsModule from '../../../packages/client/src/admin/groups.ts';
import type * as ConsumerProtocolModule from '../../../packages/coordinator/src/consumer-protocol.ts';

type AnyApi = WireModule.AnyApi;

const { FrameDecoder } = await internal<typeof FramingModule>('client/framing');
const wire = await internal<typeof WireModule>('client/wire');
const { toMetadata } = await internal<typeof MetadataModule>('client/metadata');
const { readFetched } = await internal<typeof FetchedBatchesModule>('client/fetched-batches');
const { decodeSubscription } = await internal<typeof GroupProtocolModule>('client/group-protocol');
const { apis } = await internal<typeof ApisModule>('client/apis');
const { readAssignment } = await internal<typeof AdminGroupsModule>('client/admin/groups');
const { subscribedTopicsOf } = await internal<typeof ConsumerProtocolModule>('coordinator/consumer-protocol');

const byKey: ReadonlyMap<number, AnyApi> = new Map(
  Object.values(apis).map((api) => [wire.apiKeyOf(api as unknown as AnyApi), api as unknown as AnyApi]),
);
const prefixBytes = 4;

/** Key and version of the request, then what the socket brings. */
function receive(input: Uint8Array): Outcome {
  const given = Buffer.from(input.buffer, input.byteOffset, input.length);
  const api = given.length < prefixBytes ? undefined : byKey.get(given.readInt16BE(0));
  if (api === undefined) return 'refused';
  const version = given.readInt16BE(2);
  const { versions } = api.response;
  if (version < versions[0] || version > versions[1]) return 'refused';
  return refusing(() => {
    const decoder = new FrameDecoder('broker:9092');
    const middle = prefixBytes + ((given.length - prefixBytes) >> 1);
    const frames = [...decoder.push(given.subarray(prefixBytes, middle)), ...decoder.push(given.subarray(middle))];
    for (const frame of frames) {
      wire.correlationIdOf(frame);
      use(api, wire.decodeResponse(api, version, frame));
    }
    return frames.length > 0;
  });
}

function use(api: AnyApi, body: unknown): void {
  if (api === (apis.metadata as unknown)) toMetadata(body as MetadataResponse);
  if (api !== (apis.fetch as unknown)) return;
  for (const { topic, partitions } of (body as FetchResponse).responses) {
    for (const { partitionIndex, records, abortedTransactions } of partitions) {
      if (records === null) continue;
      readFetched({ topic, partition: partitionIndex, bytes: records, fromOffset: 0, aborted: abortedTransactions }, nodeCodecs);
    }
  }
}

/** Batches one after the other, as they stand in a Fetch response. */
function readBatches(input: Uint8Array): Outcome {
  return refusing(() => {
    const aborted = [{ producerId: 7, firstOffset: 0 }];
    const { records, nextOffset } = readFetched({ topic: 't', partition: 0, bytes: input, fromOffset: 2, aborted }, nodeCodecs);
    expect(
      records.every(({ offset }) => offset >= 2),
      'records before the wanted offset are dropped',
    );
    expect(nextOffset >= 2, 'the position never goes back');
    return records.length > 0;
  });
}

/** What members of a group say to each other, as the coordinator and clients read it. */
function readConsumerProtocol(input: Uint8Array): Outcome {
  const topics = subscribedTopicsOf(input);
  return refusing(() => {
    readAssignment(input);
    decodeSubscription(input);
    return topics !== null;
  });
}

function refusing(run: () => boolean): Outcome {
  try {
    return run() ? 'accepted' : 'refused';
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof ConnectionError || isDeclared(error)) return 'refused';
    throw error;
  }
}

function responseSeeds(prng: Prng): Uint8Array[] {
  const words = { texts: ['', 'orders', 'broker-1', 'range'], records: [new Uint8Array(0), ...sampleBatches(prng)] };
  const inputs: Uint8Array[] = [];
  for (const [apiKey, { response }] of byKey) {
    const { flexibleFrom = null } = apiDefinitions.get(apiKey) ?? {};
    for (let version = response.versions[0]; version <= response.versions[1]; version++) {
      const body = sampleBody(response, version, { prng, words });
      const isFlexible = flexibleFrom !== null && version >= flexibleFrom && apiKey !== 18;
      if (body === null) continue;
      const frame = Buffer.concat([int32(1), isFlexible ? Uint8Array.of(0) : new Uint8Array(0), body]);
      inputs.push(Buffer.concat([int16(apiKey), int16(version), lengthPrefixed.join([frame])]));
    }
  }
  return inputs;
}

/** Frames of the same API, behind the key and version that all of them share. */
const mutateResponse: NonNullable<Target['mutate']> = (input, prng, other) => {
  if (input.length < prefixBytes) return null;
  const given = Buffer.from(input);
  const apiKey = given.readInt16BE(0);
  const version = given.readInt16BE(2);
  const fieldsOf = (frame: Uint8Array): Field[] => {
    const api = byKey.get(apiKey);
    const { flexibleFrom = null } = apiDefinitions.get(apiKey) ?? {};
    if (api === undefined) return [];
    const start = flexibleFrom !== null && version >= flexibleFrom && apiKey !== 18 ? 5 : 4;
    return kafkaFields(api.response, version, { bytes: frame, start });
  };
  const mutated = partsMutator({ ...lengthPrefixed, fieldsOf })(input.subarray(prefixBytes), prng, other.subarray(prefixBytes));
  return mutated === null ? null : Buffer.concat([input.subarray(0, prefixBytes), mutated]);
};

function consumerProtocolSeeds(): Uint8Array[] {
  const subscription = { topics: ['a', 'orders'], userData: null, ownedPartitions: [], generationId: 3, rackId: null };
  const assignment = { assignedPartitions: [{ topic: 'orders', partitions: [0, 1] }], userData: Buffer.from('u') };
  const inputs: Uint8Array[] = [];
  for (let version = 0; version <= consumerProtocolSubscription.versions[1]; version++) {
    inputs.push(Buffer.concat([int16(version), encodeBody(consumerProtocolSubscription, version, subscription)]));
    inputs.push(Buffer.concat([int16(version), encodeBody(consumerProtocolAssignment, version, assignment)]));
  }
  return inputs;
}

export const responseTargets: readonly Target[] = [
  {
    name: 'client-responses',
    what: 'responses of every API and version, as our client reads them',
    seeds: responseSeeds,
    run: receive,
    mutate: mutateResponse,
    maxInputBytes: 8_192,
  },
  {
    name: 'client-batches',
    what: 'the batches of a Fetch response, as our consumer reads them',
    seeds: (prng) => [
      ...sampleBatches(prng),
      ...recordBombs(),
      Buffer.concat([sampleBatch(prng), sampleBatch(prng, { baseOffset: 6, producerId: 7, producerEpoch: 0, baseSequence: 0 })]),
    ],
    run: readBatches,
    mutate: partsMutator({
      split: splitBatches,
      join: (parts) => Buffer.concat(parts),
      fieldsOf: batchFields,
      repair: repairBatch,
    }),
    repair: repairBatches,
    // zlib and WebAssembly set memory aside for what they may inflate to.
    allocation: { fixedBytes: 24 * 1_048_576, bytesPerInputByte: 4_096 },
  },
  {
    name: 'consumer-protocol',
    what: 'subscriptions and assignments of group members, as the coordinator and our client read them',
    seeds: consumerProtocolSeeds,
    run: readConsumerProtocol,
  },
];

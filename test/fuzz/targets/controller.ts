/**
 * Requests of other brokers to the active controller: decoded as ControllerService does it, decided on a live image, and the
 * answer encoded. Brokers are of one's own cluster, but one that is broken must not stop the controller: whatever can be
 * decoded is answered, and what it decides can be replayed.
 */
import { decodeRecordBatch } from '@jackdaw/metadata';
import { ApiKey, decodeBody, encodeBody, ProtocolError, type MessageSchema } from '@jackdaw/protocol';
import type { Prng } from '@jackdaw/base';
import { RequestGenerator } from '../../hardening/request-generator.ts';
import { kafkaFields } from '../engine/kafka-fields.ts';
import { int16, lengthPrefixed, partsMutator } from '../engine/parts.ts';
import type { Field } from '../engine/fields.ts';
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import { heartbeatBody, newController, registrationBody, sampleImage, topicNames } from './cluster-image.ts';
import type * as QuorumControllerApisModule from '../../../packages/broker/src/quorum/controller-apis.ts';

const { controllerApis } = await internal<typeof QuorumControllerApisModule>('broker/quorum/controller-apis');

interface Api {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly request: MessageSchema;
  readonly response: MessageSchema;
}

/** All but the one that the quorum's driver answers. */
const apis: ReadonlyMap<number, Api> = new Map(
  Object.values(controllerApis)
    .map((api) => api as unknown as Api)
    .filter(({ apiKey }) => apiKey !== ApiKey.DescribeQuorum)
    .map((api) => [api.apiKey, api]),
);
const image = sampleImage();
const maxRequests = 6;

/** Requests one after the other: key and version as int16, then the body, each behind its length. */
function answerAll(input: Uint8Array): Outcome {
  const committed = image.clone();
  const controller = newController(committed);
  let outcome: Outcome = 'refused';
  for (const part of lengthPrefixed.split(input).slice(0, maxRequests)) {
    const api = part.length < 4 ? undefined : apis.get(Buffer.from(part).readInt16BE(0));
    if (api === undefined) continue;
    const apiVersion = Buffer.from(part).readInt16BE(2);
    let body: unknown;
    try {
      body = decodeBody(api.request, apiVersion, part.subarray(4));
    } catch (error) {
      if (error instanceof ProtocolError) continue;
      throw error;
    }
    const nextIndex = controller.image.appliedIndex + 1;
    const reply = controller.handle({ apiKey: api.apiKey, apiVersion, body, nowMs: 1_000, nextIndex });
    encodeBody(api.response, apiVersion, reply.response);
    for (const [i, entry] of reply.entries.entries()) {
      committed.applyEntry({ index: nextIndex + i, term: image.appliedTerm, records: decodeRecordBatch(entry) });
    }
    outcome = 'accepted';
  }
  controller.tick({ nowMs: 60_000, nextIndex: controller.image.appliedIndex + 1 });
  expect(controller.image.topicsById.size >= committed.topicsById.size, 'the speculative image has what was decided');
  return outcome;
}

function requestOf(apiKey: number, body: unknown): Uint8Array | null {
  const api = apis.get(apiKey) as Api;
  try {
    return Buffer.concat([int16(apiKey), int16(api.apiVersion), encodeBody(api.request, api.apiVersion, body)]);
  } catch (error) {
    // The generator drew something that the message cannot say.
    if (error instanceof ProtocolError || error instanceof TypeError) return null;
    throw error;
  }
}

function seeds(prng: Prng): Uint8Array[] {
  const topics = new Map(topicNames.map((name) => [name, image.topicByName(name)?.id ?? '']));
  const epochs = [...image.brokers.values()].map(({ brokerEpoch }) => brokerEpoch);
  const knowledge = {
    topics,
    memberIds: new Set<string>(),
    producerIds: new Set(epochs),
    sessionIds: new Set<number>(),
    generationIds: new Set<number>(),
  };
  const generator = new RequestGenerator(prng, knowledge);
  const drafted = [...apis.keys()].flatMap((apiKey) =>
    Array.from({ length: 6 }, () => requestOf(apiKey, generator.draft(apiKey, 99))),
  );
  const honest = [
    requestOf(ApiKey.BrokerRegistration, registrationBody(4)),
    ...epochs.map((epoch, index) => requestOf(ApiKey.BrokerHeartbeat, heartbeatBody(index + 1, epoch))),
    requestOf(ApiKey.AlterPartition, alterPartitionBody(topics.get('orders') ?? '', epochs[0] ?? -1)),
    requestOf(ApiKey.AllocateProducerIds, { brokerId: 1, brokerEpoch: epochs[0] }),
  ];
  return [...honest, ...drafted].filter((part) => part !== null).map((part) => lengthPrefixed.join([part]));
}

function alterPartitionBody(topicId: string, brokerEpoch: number): object {
  const partition = {
    partitionIndex: 0,
    leaderEpoch: 0,
    newIsr: [],
    newIsrWithEpochs: [{ brokerId: 1, brokerEpoch }],
    leaderRecoveryState: 0,
    partitionEpoch: 0,
  };
  return { brokerId: 1, brokerEpoch, topics: [{ topicId, partitions: [partition] }] };
}

function fieldsOf(part: Uint8Array): Field[] {
  if (part.length < 4) return [];
  const api = apis.get(Buffer.from(part).readInt16BE(0));
  if (api === undefined) return [];
  const version = Math.min(Math.max(Buffer.from(part).readInt16BE(2), api.request.versions[0]), api.request.versions[1]);
  return kafkaFields(api.request, version, { bytes: part, start: 4 });
}

export const controllerTargets: readonly Target[] = [
  {
    name: 'controller-requests',
    what: 'requests of brokers to the active controller: decoded, decided, replayed, answered',
    seeds,
    run: answerAll,
    mutate: partsMutator({ ...lengthPrefixed, fieldsOf }),
    words: ['orders', 'my.topic', 'new', 'retention.ms', 'cleanup.policy', 'min.insync.replicas', 'compact', '1', '-1'],
    cost: 8,
    maxMs: 1_000,
    allocation: { fixedBytes: 64 * 1_048_576, bytesPerInputByte: 512 },
  },
];

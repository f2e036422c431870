/**
 * Valid requests of every API and version from the protocol's own tables, with values that get past the first check: names
 * that exist, ids that the broker has given out, record batches with right checksums, and the edges of every type.
 *
 * A field is filled by its name first (`topicId`, `groupId`, `records`, …) and by its type otherwise.
 */
import type { Prng } from '@jackdaw/base';
import {
  apiDefinitions,
  codecGzip,
  codecLz4,
  codecNone,
  codecSnappy,
  codecZstd,
  encodeBatch,
  zeroUuid,
  type MessageSchema,
} from '@jackdaw/protocol';
import { nodeCodecs } from '@jackdaw/broker';
import { mutateBytes, pick } from './mutations.ts';

/** What the fuzzer knows about the broker; grows with its answers. */
export interface Knowledge {
  readonly topics: Map<string, string>;
  readonly memberIds: Set<string>;
  readonly producerIds: Set<number>;
  readonly sessionIds: Set<number>;
  readonly generationIds: Set<number>;
}

/** Values of one kind that are remembered; older ones are forgotten. */
const maxRemembered = 64;
const groupIds = ['fuzz-group-1', 'fuzz-group-2', 'fuzz-group-3', '', '__proto__'];
const strangeNames = [
  '__proto__',
  'constructor',
  '..',
  '.',
  'no such topic',
  'a/b',
  '\u0000',
  'x'.repeat(250),
  '__consumer_offsets',
  'é',
];
const configNames = [
  'retention.ms',
  'cleanup.policy',
  'max.message.bytes',
  'segment.bytes',
  'compression.type',
  'no.such.config',
];
const brokerConfigNames = ['log.cleaner.threads', 'message.max.bytes', 'num.io.threads', 'log.retention.ms'];
const configValues = [
  '1',
  '-1',
  '1048576',
  'compact',
  'delete',
  'compact,delete',
  'gzip',
  'true',
  '',
  'NaN',
  '1e9',
  '9'.repeat(30),
  null,
];
const int32Edges = [0, 1, 2, -1, -2, 5, 100, 0x7fff_ffff, -0x8000_0000, 65_536];
const int16Edges = [0, 1, -1, 2, 3, 0x7fff, -0x8000];
const int64Edges = [0, 1, -1, -2, -3, -4, 10, 1_000_000, Date.now(), 2 ** 53 - 1, 2 ** 63, -(2 ** 63)];

type Shape = MessageSchema['shape'] | MessageSchema['shape']['fields'][number][1]['shape'];
type Field = MessageSchema['shape']['fields'][number][1];

export class RequestGenerator {
  readonly #prng: Prng;
  readonly knowledge: Knowledge;

  constructor(prng: Prng, knowledge: Knowledge) {
    this.#prng = prng;
    this.knowledge = knowledge;
  }

  /** A draft of the body of a request of this API and version. */
  draft(apiKey: number, version: number): unknown {
    const schema = apiDefinitions.get(apiKey)?.request;
    if (schema === undefined) throw new RangeError(`no API ${apiKey}`);
    return this.#struct(schema.shape.fields, version);
  }

  /** Takes ids out of an answer, so that later requests can use them. */
  learn(answer: unknown): void {
    if (Array.isArray(answer)) {
      for (const element of answer.slice(0, maxRemembered)) this.learn(element);
      return;
    }
    if (typeof answer !== 'object' || answer === null || answer instanceof Uint8Array) return;
    for (const [name, value] of Object.entries(answer)) {
      if (name === 'memberId' && typeof value === 'string' && value !== '') remember(this.knowledge.memberIds, value);
      else if (name === 'producerId' && typeof value === 'number') remember(this.knowledge.producerIds, value);
      else if (name === 'sessionId' && typeof value === 'number') remember(this.knowledge.sessionIds, value);
      else if (name === 'generationId' && typeof value === 'number') remember(this.knowledge.generationIds, value);
      else this.learn(value);
    }
  }

  #struct(fields: readonly (readonly [string, Field])[], version: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [name, field] of fields) {
      if (version < field.versions[0] || version > field.versions[1]) continue;
      if (field.tag !== null && this.#prng.chance(0.5) && field.defaultValue !== undefined) continue;
      const nullable = field.nullableVersions;
      const mayBeNull = nullable !== null && version >= nullable[0] && version <= nullable[1];
      result[name] = mayBeNull && this.#prng.chance(0.15) ? null : this.#value(name, field.shape, version);
    }
    return result;
  }

  #value(name: string, shape: Shape, version: number): unknown {
    const prng = this.#prng;
    switch (shape.kind) {
      case 'struct':
        return this.#struct(shape.fields, version);
      case 'array': {
        const count = pick([0, 1, 1, 1, 2, 3, 8], prng);
        return Array.from({ length: count }, () => this.#value(name, shape.element, version));
      }
      case 'string':
        return this.#string(name);
      case 'bytes':
        return randomBytes(prng, pick([0, 1, 8, 100], prng));
      case 'records':
        return this.#records();
      case 'uuid':
        return prng.chance(0.15) ? zeroUuid : pick([...this.knowledge.topics.values(), 'AAAAAAAAAAAAAAAAAAAAAQ'], prng);
      case 'boolean':
        return prng.chance(0.5);
      case 'float64':
        return pick([0, -1, Number.NaN, Infinity, 1e300], prng);
      default:
        return this.#number(name, shape.kind);
    }
  }

  #string(name: string): string {
    const prng = this.#prng;
    if (prng.chance(0.05)) return pick(strangeNames, prng);
    const topics = [...this.knowledge.topics.keys()];
    if (/^(groupId|key|coordinatorKeys|groups|groupsNames)$/.test(name)) return pick(groupIds, prng);
    if (/memberId/.test(name)) return pick([...this.knowledge.memberIds, '', 'nobody'], prng);
    if (name === 'value') return pick(configValues, prng) ?? '';
    if (name === 'resourceName') return pick([...topics, '1', '', '0', 'nowhere'], prng);
    if (name === 'configurationKeys') return pick([...configNames, ...brokerConfigNames], prng);
    if (name === 'name') return pick([...topics, ...topics, ...configNames, ...brokerConfigNames, 'range'], prng);
    if (name === 'protocolType') return pick(['consumer', 'consumer', 'connect', ''], prng);
    if (name === 'protocolName') return pick(['range', 'range', 'roundrobin', ''], prng);
    if (/topic/i.test(name)) return pick(topics, prng);
    if (/transactionalId/.test(name)) return pick(['txn-1', ''], prng);
    return pick(['', 'range', 'a', 'consumer', 'instance-1', ...topics], prng);
  }

  #number(name: string, kind: 'int8' | 'int16' | 'int32' | 'int64' | 'uint16' | 'uint32'): number {
    const prng = this.#prng;
    if (prng.chance(0.9)) {
      if (/^(timeoutMs|maxWaitMs)$/.test(name)) return pick([0, 1, 20], prng);
      if (/(session|rebalance|transaction)TimeoutMs/.test(name)) return pick([100, 200, 500], prng);
      if (/^(partition|index|partitionIndex|partitions|partitionIndexes|partitionId)$/.test(name)) return pick([0, 1, 2], prng);
      if (/^(numPartitions|count)$/.test(name)) return pick([1, 2, 3, -1, 0, 10_000_000, 4], prng);
      if (/^(replicationFactor|brokerIds)$/.test(name)) return pick([1, -1, 2, 0], prng);
      if (/^(replicaId|brokerId)$/.test(name)) return pick([-1, -1, 2, 99], prng);
      if (name === 'producerId') return pick([...this.knowledge.producerIds, -1], prng);
      if (name === 'sessionId') return pick([...this.knowledge.sessionIds, 0], prng);
      if (/^(generationId|memberEpoch|generationIdOrMemberEpoch)$/.test(name))
        return pick([...this.knowledge.generationIds, -1, 1], prng);
      if (name.endsWith('Bytes')) return pick([1, 1_000, 1_048_576], prng);
      if (/epoch/i.test(name)) return pick([-1, 0, 1], prng);
      if (/acks/.test(name)) return pick([-1, 0, 1, 1], prng);
      if (name === 'resourceType') return pick([2, 2, 4, 8, 16, 32, 0], prng);
      if (name === 'configOperation') return pick([0, 1, 2, 3], prng);
    }
    if (kind === 'int8') return pick([0, 1, 2, -1, 127, -128], prng);
    if (kind === 'int16') return pick(int16Edges, prng);
    if (kind === 'int64') return pick(int64Edges, prng);
    if (kind === 'uint16') return pick([0, 1, 0xffff], prng);
    if (kind === 'uint32') return pick([0, 1, 0xffff_ffff], prng);
    return pick(int32Edges, prng);
  }

  /** A batch that producers could send, one with damage inside, two after each other, or no batch at all. */
  #records(): Uint8Array {
    const prng = this.#prng;
    if (prng.chance(0.05)) return randomBytes(prng, prng.below(100));
    const batch = this.#batch();
    if (prng.chance(0.25)) return mutateBytes(batch, prng, this.#batch());
    return prng.chance(0.05) ? Buffer.concat([batch, this.#batch()]) : batch;
  }

  #batch(): Uint8Array {
    const prng = this.#prng;
    const hasProducer = prng.chance(0.3);
    return encodeBatch(
      {
        records: Array.from({ length: prng.between(1, 5) }, () => ({
          key: prng.chance(0.5) ? null : randomBytes(prng, prng.below(10)),
          value: prng.chance(0.1) ? null : randomBytes(prng, prng.below(200)),
          timestamp: prng.chance(0.9) ? Date.now() : pick(int64Edges.slice(0, 10), prng),
        })),
        codec: pick([codecNone, codecNone, codecGzip, codecSnappy, codecLz4, codecZstd], prng),
        ...(hasProducer
          ? { producerId: pick([...this.knowledge.producerIds, 7], prng), producerEpoch: 0, baseSequence: prng.below(20) }
          : {}),
        isTransactional: prng.chance(0.03),
        isControl: prng.chance(0.03),
      },
      nodeCodecs,
    );
  }
}

function randomBytes(prng: Prng, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => prng.below(256));
}

function remember<T>(values: Set<T>, value: T): void {
  values.add(value);
  if (values.size <= maxRemembered) return;
  const [oldest] = values;
  values.delete(oldest as T);
}

/**
 * What several tests of this package need: readable uuids, request bodies with everything filled in, and a controller
 * with a log beside it, whose entries are applied to the committed image when the test says so.
 */

import { Prng } from '@jackdaw/base';
import {
  ApiKey,
  type AlterPartitionRequest,
  type BrokerHeartbeatRequest,
  type BrokerRegistrationRequest,
  type CreateTopicsRequest,
} from '@jackdaw/protocol';
import { ActiveController, supportedFeatures, type ControllerDecision, type ControllerReply } from '../src/index.ts';
import { decodeRecordBatch, MetadataDelta, MetadataImage } from '../src/index.ts';

/** A valid uuid that a person can tell from others: a letter and a number. */
export function testUuid(letter: string, number: number): string {
  return `${letter}${String(number).padStart(20, '0')}A`;
}

export function registrationBody(brokerId: number, fields: Partial<BrokerRegistrationRequest> = {}): BrokerRegistrationRequest {
  return {
    brokerId,
    clusterId: 'cluster',
    incarnationId: testUuid('I', brokerId),
    listeners: [{ name: 'PLAINTEXT', host: `host${brokerId}`, port: 9092, securityProtocol: 0 }],
    features: [...supportedFeatures],
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [testUuid('D', brokerId)],
    previousBrokerEpoch: -1,
    ...fields,
  };
}

export function heartbeatBody(
  brokerId: number,
  brokerEpoch: number,
  fields: Partial<BrokerHeartbeatRequest> = {},
): BrokerHeartbeatRequest {
  return {
    brokerId,
    brokerEpoch,
    currentMetadataOffset: Number.MAX_SAFE_INTEGER,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
    ...fields,
  };
}

export type CreatableTopic = CreateTopicsRequest['topics'][number];

export function creatableTopic(name: string, fields: Partial<CreatableTopic> = {}): CreatableTopic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...fields };
}

/** Everything in an image, as a value that `deepEqual` can compare: its fields are private. */
export function contentsOf(image: MetadataImage): unknown {
  const { appliedIndex, appliedTerm } = image;
  return { appliedIndex, appliedTerm, records: image.toRecords() };
}

export interface TestControllerOptions {
  readonly seed?: number;
  readonly staticConfig?: ReadonlyMap<string, string>;
  readonly maxEntryBytes?: number;
}

/** An active controller, its clock, and a log whose entries are committed one after the other, or kept back. */
export class TestController {
  readonly committed = new MetadataImage();
  nowMs = 0;
  term = 1;
  /** Whether entries are applied to the committed image as soon as they are proposed. */
  isCommitting = true;
  lastDelta = new MetadataDelta();
  controller: ActiveController;
  localIncarnationId: string | null = null;
  readonly #log: { index: number; term: number; payload: Uint8Array }[] = [];
  readonly #options: TestControllerOptions;
  readonly #prng: Prng;
  #lastUuid = 0;

  constructor(options: TestControllerOptions = {}) {
    this.#options = options;
    this.#prng = new Prng(options.seed ?? 1);
    this.controller = this.#newController();
  }

  /** With the cluster's first records, and these brokers registered and unfenced. */
  static withBrokers(brokerIds: readonly number[], options: TestControllerOptions = {}): TestController {
    const test = new TestController(options);
    test.bootstrap();
    for (const brokerId of brokerIds) test.startBroker(brokerId);
    return test;
  }

  get image(): MetadataImage {
    return this.controller.image;
  }

  get nextIndex(): number {
    return (this.#log.at(-1)?.index ?? 0) + 1;
  }

  bootstrap(): ControllerDecision {
    return this.#append(this.controller.bootstrap('cluster', { nowMs: this.nowMs, nextIndex: this.nextIndex }));
  }

  handle(apiKey: number, body: unknown, apiVersion = 99): ControllerReply {
    const { nowMs, nextIndex } = this;
    return this.#append(this.controller.handle({ apiKey, apiVersion, body, nowMs, nextIndex }));
  }

  tick(): ControllerDecision {
    return this.#append(this.controller.tick({ nowMs: this.nowMs, nextIndex: this.nextIndex }));
  }

  register(brokerId: number, fields: Partial<BrokerRegistrationRequest> = {}): ControllerReply {
    return this.handle(ApiKey.BrokerRegistration, registrationBody(brokerId, fields), 4);
  }

  heartbeat(brokerId: number, fields: Partial<BrokerHeartbeatRequest> = {}): ControllerReply {
    return this.handle(ApiKey.BrokerHeartbeat, heartbeatBody(brokerId, this.epochOf(brokerId), fields), 2);
  }

  startBroker(brokerId: number, fields: Partial<BrokerRegistrationRequest> = {}): void {
    this.register(brokerId, fields);
    this.heartbeat(brokerId);
  }

  createTopic(
    name: string,
    replicas: readonly (readonly number[])[],
    configs: readonly (readonly [string, string])[] = [],
  ): string {
    const topic = creatableTopic(name, {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds: [...brokerIds] })),
      configs: configs.map(([key, value]) => ({ name: key, value })),
    });
    this.handle(ApiKey.CreateTopics, { topics: [topic], timeoutMs: 0, validateOnly: false } satisfies CreateTopicsRequest);
    return this.image.topicIdsByName.get(name) ?? '';
  }

  epochOf(brokerId: number): number {
    return this.image.brokers.get(brokerId)?.brokerEpoch ?? -1;
  }

  /** An AlterPartition that asks for `isr` with the epochs that the partition and the brokers have now. */
  alterIsr(topicName: string, isr: readonly number[], fields: Partial<AlteredPartition> = {}): ControllerReply {
    const topic = this.image.topicByName(topicName);
    const before = topic?.partitions.get(0);
    const brokerId = before?.leader ?? -1;
    const partition: AlteredPartition = {
      partitionIndex: 0,
      leaderEpoch: before?.leaderEpoch ?? -1,
      newIsr: [],
      newIsrWithEpochs: isr.map((id) => ({ brokerId: id, brokerEpoch: this.epochOf(id) })),
      leaderRecoveryState: 0,
      partitionEpoch: before?.partitionEpoch ?? -1,
      ...fields,
    };
    const topics = [{ topicId: topic?.id ?? '', partitions: [partition] }];
    return this.handle(ApiKey.AlterPartition, { brokerId, brokerEpoch: this.epochOf(brokerId), topics }, 3);
  }

  /** Another term, in which a new controller starts from the committed image; what was not committed is lost. */
  failOver(): void {
    this.#log.splice(0, this.#log.length, ...this.#log.filter(({ index }) => index <= this.committed.appliedIndex));
    this.term++;
    this.controller = this.#newController();
  }

  commitAll(): void {
    this.lastDelta = new MetadataDelta();
    for (const { index, term, payload } of this.#log) {
      if (index <= this.committed.appliedIndex) continue;
      this.committed.applyEntry({ index, term, records: decodeRecordBatch(payload) }, this.lastDelta);
    }
  }

  #append<D extends ControllerDecision>(decision: D): D {
    for (const payload of decision.entries) this.#log.push({ index: this.nextIndex, term: this.term, payload });
    if (this.isCommitting) this.commitAll();
    return decision;
  }

  #newController(): ActiveController {
    const { maxEntryBytes, staticConfig = new Map() } = this.#options;
    return new ActiveController({
      image: this.committed,
      term: this.term,
      controllerId: 100,
      settings: { staticConfig },
      prng: this.#prng,
      newUuid: () => testUuid('T', ++this.#lastUuid),
      localIncarnationId: this.localIncarnationId,
      nowMs: this.nowMs,
      ...(maxEntryBytes === undefined ? {} : { maxEntryBytes }),
    });
  }
}

type AlteredPartition = AlterPartitionRequest['topics'][number]['partitions'][number];

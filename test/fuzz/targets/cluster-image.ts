/**
 * A small cluster's metadata for the targets that need some: three brokers, two topics, configurations, and the records that
 * change each of them.
 */
import { Prng } from '@jackdaw/base';
import {
  ActiveController,
  decodeRecordBatch,
  MetadataImage,
  partitionChange,
  supportedFeatures,
  type ControllerDecision,
  type MetadataRecord,
} from '@jackdaw/metadata';
import { ApiKey } from '@jackdaw/protocol';

export const brokerIds = [1, 2, 3];
export const topicNames = ['orders', 'my.topic'];
export const term = 2;

/** A valid uuid that a person can tell from others: a letter and a number. */
export function uuidOf(letter: string, number: number): string {
  return `${letter}${String(number).padStart(20, '0')}A`;
}

export function newController(image: MetadataImage): ActiveController {
  // Ids that the image has are not given out again.
  let uuids = image.appliedIndex * 1_000;
  return new ActiveController({
    image,
    term,
    controllerId: 1,
    settings: { staticConfig: new Map() },
    prng: new Prng(5),
    newUuid: () => uuidOf('T', ++uuids),
    localIncarnationId: null,
    nowMs: 0,
  });
}

/** All brokers are registered and unfenced, each topic has two partitions. */
export function sampleImage(): MetadataImage {
  const image = new MetadataImage();
  const controller = newController(image);
  const commit = ({ entries }: ControllerDecision): void => {
    for (const entry of entries) image.applyEntry({ index: image.appliedIndex + 1, term, records: decodeRecordBatch(entry) });
  };
  const handle = (apiKey: number, body: unknown): void => {
    commit(controller.handle({ apiKey, apiVersion: 99, body, nowMs: 0, nextIndex: image.appliedIndex + 1 }));
  };
  commit(controller.bootstrap('cluster', { nowMs: 0, nextIndex: 1 }));
  for (const brokerId of brokerIds) {
    handle(ApiKey.BrokerRegistration, registrationBody(brokerId));
    handle(ApiKey.BrokerHeartbeat, heartbeatBody(brokerId, image.brokers.get(brokerId)?.brokerEpoch ?? -1));
  }
  for (const name of topicNames) {
    const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [1 + partitionIndex, 3] }));
    const topic = {
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments,
      configs: [{ name: 'retention.ms', value: '1000' }],
    };
    handle(ApiKey.CreateTopics, { topics: [topic], timeoutMs: 0, validateOnly: false });
  }
  handle(ApiKey.AllocateProducerIds, { brokerId: 1, brokerEpoch: image.brokers.get(1)?.brokerEpoch ?? -1 });
  return image;
}

export function registrationBody(brokerId: number): object {
  return {
    brokerId,
    clusterId: 'cluster',
    incarnationId: uuidOf('I', brokerId),
    listeners: [{ name: 'PLAINTEXT', host: `host${brokerId}`, port: 9092, securityProtocol: 0 }],
    features: [...supportedFeatures],
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [uuidOf('D', brokerId)],
    previousBrokerEpoch: -1,
  };
}

export function heartbeatBody(brokerId: number, brokerEpoch: number): object {
  return {
    brokerId,
    brokerEpoch,
    currentMetadataOffset: 1_000_000,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
  };
}

/** Lists of records that may follow the sample image, at least one for each type. */
export function sampleChanges(image: MetadataImage): MetadataRecord[][] {
  const topicId = image.topicByName('orders')?.id ?? '';
  const epoch = image.brokers.get(2)?.brokerEpoch ?? -1;
  const newId = uuidOf('N', 1);
  const snapshot = image.toRecords();
  const template = snapshot.find((record) => record.type === 'partition') as Extract<MetadataRecord, { type: 'partition' }>;
  const broker = snapshot.find((record) => record.type === 'registerBroker') as MetadataRecord;
  return [
    [{ type: 'noOp' }],
    [
      { type: 'topic', name: 'new_topic', topicId: newId },
      { ...template, topicId: newId, partitionId: 0 },
      { ...template, topicId: newId, partitionId: 1 },
      { type: 'config', resourceType: 2, resourceName: 'new_topic', name: 'cleanup.policy', value: 'compact' },
    ],
    [partitionChange(topicId, 0, { isr: [3], leader: 3 }), partitionChange(topicId, 1, { eligibleLeaderReplicas: [] })],
    [{ type: 'removeTopic', topicId }],
    [{ type: 'clearElr', topicName: 'orders' }],
    [
      { type: 'fenceBroker', id: 2, epoch },
      { type: 'unfenceBroker', id: 2, epoch },
    ],
    [{ type: 'unregisterBroker', brokerId: 2, brokerEpoch: epoch }],
    [broker],
    [
      {
        type: 'brokerRegistrationChange',
        brokerId: 2,
        brokerEpoch: epoch,
        fenced: 1,
        inControlledShutdown: 1,
        logDirs: [],
        cordonedLogDirs: null,
      },
    ],
    [{ type: 'producerIds', brokerId: 1, brokerEpoch: 1, nextProducerId: image.nextProducerId + 1_000 }],
    [{ type: 'featureLevel', name: 'kraft.version', featureLevel: 1 }],
    [{ type: 'config', resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: null }],
  ];
}

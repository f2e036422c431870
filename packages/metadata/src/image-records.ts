/**
 * An image as records: the body of a Raft snapshot. Replaying them into an empty image gives an equal one.
 *
 * The order is Kafka's: features first (they say how to read the rest), then brokers, topics with their configurations
 * and partitions, other configurations, producer ids.
 */

import type { BrokerRegistration, MetadataImage, TopicImage } from './image.ts';
import { registrationToRecord } from './partition-registration.ts';
import { clusterIdConfig, configResourceTypes, type MetadataRecord } from './records.ts';

export function imageToRecords(image: MetadataImage): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const [name, featureLevel] of image.features) records.push({ type: 'featureLevel', name, featureLevel });
  if (image.clusterId !== null) {
    records.push({
      type: 'config',
      resourceType: configResourceTypes.broker,
      resourceName: '',
      name: clusterIdConfig,
      value: image.clusterId,
    });
  }
  for (const broker of image.brokers.values()) records.push(brokerToRecord(broker));
  for (const topic of image.topicsById.values()) pushTopic(records, topic);
  for (const { resourceType, resourceName, overrides } of image.configs.values()) {
    for (const [name, value] of overrides) records.push({ type: 'config', resourceType, resourceName, name, value });
  }
  if (image.nextProducerId > 0) {
    records.push({ type: 'producerIds', brokerId: -1, brokerEpoch: -1, nextProducerId: image.nextProducerId });
  }
  return records;
}

function brokerToRecord(broker: BrokerRegistration): MetadataRecord {
  return { type: 'registerBroker', isMigratingZkBroker: false, ...broker };
}

function pushTopic(records: MetadataRecord[], topic: TopicImage): void {
  records.push({ type: 'topic', name: topic.name, topicId: topic.id });
  for (const [partitionId, registration] of topic.partitions) {
    records.push(registrationToRecord(topic.id, partitionId, registration));
  }
}

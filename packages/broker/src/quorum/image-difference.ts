/**
 * The delta between two images, for publishers: when a snapshot replaces the image, and when a publisher starts.
 */
import { MetadataDelta, type MetadataImage } from '@jackdaw/metadata';

export function imageDifference(before: MetadataImage, after: MetadataImage): MetadataDelta {
  const delta = new MetadataDelta();
  for (const topic of before.topicsById.values()) if (!after.topicsById.has(topic.id)) delta.noteTopicDeleted(topic);
  for (const topic of after.topicsById.values()) {
    const known = before.topicsById.get(topic.id);
    if (known === undefined) delta.noteTopicCreated(topic.id, topic.name);
    for (const [partitionId, registration] of topic.partitions) {
      const earlier = known?.partitions.get(partitionId) ?? null;
      if (earlier?.partitionEpoch === registration.partitionEpoch) continue;
      delta.notePartition({ topicId: topic.id, topicName: topic.name, partitionId, before: earlier, after: registration });
    }
  }
  noteBrokers(before, after, delta);
  for (const source of [before, after]) {
    for (const [key, { resourceType, resourceName, overrides }] of source.configs) {
      for (const name of overrides.keys()) {
        const value = (image: MetadataImage): string | undefined => image.configs.get(key)?.overrides.get(name);
        if (value(before) !== value(after)) delta.noteConfig(key, { resourceType, resourceName }, name);
      }
    }
  }
  for (const name of new Set([...before.features.keys(), ...after.features.keys()])) {
    if (before.features.get(name) !== after.features.get(name)) delta.changedFeatures.add(name);
  }
  delta.clusterIdChanged = before.clusterId !== after.clusterId;
  delta.producerIdsChanged = before.nextProducerId !== after.nextProducerId;
  return delta;
}

function noteBrokers(before: MetadataImage, after: MetadataImage, delta: MetadataDelta): void {
  for (const brokerId of new Set([...before.brokers.keys(), ...after.brokers.keys()])) {
    const change = { brokerId, before: before.brokers.get(brokerId) ?? null, after: after.brokers.get(brokerId) ?? null };
    if (change.before !== change.after) delta.noteBroker(change);
  }
}

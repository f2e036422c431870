/**
 * A number that stands for a whole metadata image. Parts of an image are immutable objects, so each is read once.
 */
import type { BrokerRegistration, MetadataImage, PartitionRegistration } from '@jackdaw/metadata';
import { hashStart, mixNumber, mixNumbers, mixText } from './hash.ts';

const known = new WeakMap<object, number>();

export function imageDigest(image: MetadataImage): number {
  // The parts are added up, for a snapshot may bring them in another order.
  let sum = mixNumber(mixText(hashStart, image.clusterId ?? ''), image.nextProducerId);
  for (const topic of image.topicsById.values()) {
    const name = mixText(mixText(hashStart, topic.id), topic.name);
    for (const [number, registration] of topic.partitions) {
      sum = (sum + Math.imul(mixNumber(name, number), partitionDigest(registration) | 1)) | 0;
    }
  }
  for (const broker of image.brokers.values()) sum = (sum + brokerDigest(broker)) | 0;
  for (const [key, { overrides }] of image.configs) {
    const resource = mixText(hashStart, key);
    for (const [name, value] of overrides) sum = (sum + mixText(mixText(resource, name), value)) | 0;
  }
  for (const [name, level] of image.features) sum = (sum + mixNumber(mixText(hashStart, name), level)) | 0;
  return sum;
}

function partitionDigest(registration: PartitionRegistration): number {
  let digest = known.get(registration);
  if (digest !== undefined) return digest;
  const { replicas, isr, elr, lastKnownElr, removingReplicas, addingReplicas, directories } = registration;
  digest = hashStart;
  for (const list of [replicas, isr, elr, lastKnownElr, removingReplicas, addingReplicas]) digest = mixNumbers(digest, list);
  for (const directory of directories) digest = mixText(digest, directory);
  const { leader, leaderEpoch, partitionEpoch, leaderRecoveryState } = registration;
  digest = mixNumbers(digest, [leader, leaderEpoch, partitionEpoch, leaderRecoveryState]);
  known.set(registration, digest);
  return digest;
}

function brokerDigest(broker: BrokerRegistration): number {
  let digest = known.get(broker);
  if (digest !== undefined) return digest;
  const { brokerId, brokerEpoch, incarnationId, fenced, inControlledShutdown, logDirs } = broker;
  digest = mixText(hashStart, incarnationId);
  digest = mixNumbers(digest, [brokerId, brokerEpoch, fenced ? 1 : 0, inControlledShutdown ? 1 : 0]);
  for (const directory of logDirs) digest = mixText(digest, directory);
  known.set(broker, digest);
  return digest;
}

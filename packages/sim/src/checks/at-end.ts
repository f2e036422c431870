/**
 * What must be true of a cluster that was left alone for long enough: one controller, one image, every partition served by
 * all of its replicas, their logs equal to the byte, nobody waiting for anything.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HostedPartition } from '@jackdaw/broker';
import type { PartitionRegistration } from '@jackdaw/metadata';
import type { PartitionLeader } from '@jackdaw/replication';
import { groupNotAtRest } from '../cluster/at-rest.ts';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { SimNode } from '../node/sim-node.ts';
import { fail, type Check } from './check.ts';
import { imageDigest } from './image-digest.ts';
import { firstInvalidBatch, logBytesFrom } from './log-bytes.ts';

export const endChecks: readonly Check[] = [
  { name: 'OneController', atEnd: expectOneController },
  { name: 'AllImagesEqual', atEnd: expectEqualImages },
  { name: 'NoStrayReplicas', atEnd: expectNoStrays },
  { name: 'FullyReplicated', atEnd: (cluster) => forEachPartition(cluster, expectFullyReplicated) },
  { name: 'NothingWaits', atEnd: (cluster) => forEachPartition(cluster, expectNothingWaits) },
  { name: 'LogsByteEqual', atEnd: (cluster) => forEachPartition(cluster, expectEqualLogs) },
  { name: 'ProducersEqual', atEnd: (cluster) => forEachPartition(cluster, expectEqualProducers) },
  { name: 'GroupsAtRest', atEnd: expectGroupsAtRest },
];

interface Replica {
  readonly node: SimNode;
  readonly hosted: HostedPartition;
}

interface AtRest {
  readonly name: string;
  readonly registration: PartitionRegistration;
  readonly replicas: readonly Replica[];
  readonly leader: PartitionLeader;
  readonly cluster: SimCluster;
}

function expectOneController({ nodes }: SimCluster): void {
  const states = nodes.flatMap(({ id, services }) => (services === null ? [] : [{ id, ...services.quorum.softState }]));
  const leaders = states.filter(({ role }) => role === 'leader');
  if (leaders.length !== 1) fail('OneController', `nodes ${leaders.map(({ id }) => id).join() || 'none'} lead the quorum`);
  for (const { id, leaderId, term } of states) {
    const [leader] = leaders;
    if (leaderId === leader?.id && term === leader.term) continue;
    fail('OneController', `node ${id} follows ${leaderId} in term ${term}, and ${leader?.id} leads in term ${leader?.term}`);
  }
}

function expectEqualImages({ nodes }: SimCluster): void {
  const images = nodes.flatMap(({ id, services }) => (services === null ? [] : [{ id, image: services.image() }]));
  const [first] = images;
  if (first === undefined) return;
  const digest = imageDigest(first.image);
  for (const { id, image } of images) {
    if (image.appliedIndex === first.image.appliedIndex && imageDigest(image) === digest) continue;
    fail('AllImagesEqual', `nodes ${first.id} and ${id}, at ${first.image.appliedIndex} and ${image.appliedIndex}, differ`);
  }
}

function expectNoStrays(cluster: SimCluster): void {
  for (const { node, partition } of cluster.replicas()) {
    const registration = cluster.image?.partition(partition.topicId, partition.partition);
    if (registration?.replicas.includes(node.id) !== true) fail('NoStrayReplicas', `node ${node.id} still has ${partition.name}`);
  }
}

function forEachPartition(cluster: SimCluster, look: (partition: AtRest) => void): void {
  for (const topic of cluster.image?.topicsById.values() ?? []) {
    for (const [number, registration] of topic.partitions) {
      const name = `${topic.name}-${number}`;
      const replicas = registration.replicas.map((id): Replica => {
        const node = cluster.node(id);
        const hosted = node.services?.replicas.getById(topic.id, number);
        return hosted === undefined ? fail('FullyReplicated', `node ${id} has no ${name}`) : { node, hosted };
      });
      const leader = replicas.find(({ node }) => node.id === registration.leader)?.hosted.leader ?? null;
      if (leader === null) fail('FullyReplicated', `${name}: node ${registration.leader} should lead and does not`);
      look({ name, registration, replicas, leader, cluster });
    }
  }
}

function expectFullyReplicated({ name, registration, replicas, leader }: AtRest): void {
  const { isr, elr } = registration;
  if (isr.length !== replicas.length) fail('FullyReplicated', `${name}: the ISR is ${isr.join()} of ${replicas.length} replicas`);
  if (elr.length > 0) fail('FullyReplicated', `${name}: nodes ${elr.join()} are in the ELR`);
  if (leader.isUnderMinIsr || !leader.isHighWatermarkReady) fail('FullyReplicated', `${name}: its leader is not ready`);
  const ends = replicas.map(({ hosted }) => hosted.log?.logEndOffset ?? -1);
  for (const { node, hosted } of replicas) {
    const { log, highWatermark } = hosted;
    if (log === null) fail('FullyReplicated', `${name}: its log is not open on node ${node.id}`);
    const bounds = [log.logEndOffset, log.durableOffset, highWatermark, log.lastStableOffset(highWatermark)];
    if (bounds.every((bound) => bound === ends[0])) continue;
    const told = `end, durable, high watermark and stable offset are ${bounds.join(', ')}`;
    fail('FullyReplicated', `${name} on node ${node.id}: ${told}; the others end at ${ends.join()}`);
  }
}

function expectNothingWaits({ name, leader }: AtRest): void {
  if (leader.waitingProducers > 0)
    fail('NothingWaits', `${name}: ${leader.waitingProducers} produce requests wait at its leader`);
}

/** From where all of them still have their records; damaged ones may be rotten where nobody has looked. */
function expectEqualLogs({ name, replicas, cluster }: AtRest): void {
  const sound = replicas.filter(({ node }) => !cluster.damaged.has(node.id));
  const from = Math.max(...sound.map(({ hosted }) => hosted.log?.logStartOffset ?? 0));
  let first: { readonly id: number; readonly bytes: Buffer } | null = null;
  for (const { node, hosted } of sound) {
    if (hosted.log === null) continue;
    const bytes = logBytesFrom(hosted.log, node.disk, from);
    if (first === null) {
      first = { id: node.id, bytes };
      const invalid = firstInvalidBatch(bytes);
      if (invalid !== null) fail('LogsByteEqual', `${name} on node ${node.id}: the batch at offset ${invalid} fails its CRC`);
    } else if (!bytes.equals(first.bytes)) {
      const at = bytes.findIndex((byte, index) => byte !== first?.bytes[index]);
      const lengths = `${first.bytes.length} and ${bytes.length} bytes from offset ${from} on`;
      fail('LogsByteEqual', `${name} on nodes ${first.id} and ${node.id}: ${lengths} differ at byte ${at}`);
    }
  }
}

/** Whichever of them leads next, it knows what a late retry repeats (C1). */
function expectEqualProducers({ name, replicas, cluster }: AtRest): void {
  const sound = replicas.filter(({ node }) => !cluster.damaged.has(node.id));
  const [first, ...others] = sound.map(({ node, hosted }) => ({ id: node.id, known: hosted.log?.activeProducers() ?? [] }));
  for (const other of others) {
    const unknown = first?.known.find((one) => !other.known.some((its) => isDeepStrictEqual(its, one)));
    const extra = other.known.find((one) => !first?.known.some((its) => isDeepStrictEqual(its, one)));
    if (unknown === undefined && extra === undefined) continue;
    const told = JSON.stringify([unknown ?? null, extra ?? null]);
    fail('ProducersEqual', `${name}: nodes ${first?.id} and ${other.id} know producers differently: ${told}`);
  }
}

function expectGroupsAtRest(cluster: SimCluster): void {
  const moving = groupNotAtRest(cluster);
  if (moving !== null) fail('GroupsAtRest', moving);
}

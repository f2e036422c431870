/**
 * Which disks may be damaged, and when, so that the promises of the cluster must still hold (TigerBeetle's fault atlas).
 *
 * One machine of a run is the victim of everything that destroys what was durable: a minority of any quorum. Its records are
 * wiped or aged only while the cluster does not count on them: it is fenced and in no ISR and no ELR by the newest
 * metadata; or every partition that it holds has `min.insync.replicas` ≥ 2, so that one lossy crash may cost nothing (A17).
 */
import { Prng } from '@jackdaw/base';
import type { MetadataImage, PartitionRegistration } from '@jackdaw/metadata';
import type { RunPlan } from '../cluster/plan.ts';
import type { SimCluster } from '../cluster/sim-cluster.ts';

/** The machine whose disk may be damaged in this run; null when the cluster cannot spare any. */
export function victimOf({ seed, nodes, voters }: RunPlan): number | null {
  const ids = nodes.map(({ id }) => id).filter((id) => voters.length > 1 || !voters.includes(id));
  return ids.length === 0 ? null : (ids[new Prng(seed ^ 0x61746c73).below(ids.length)] as number);
}

/**
 * The metadata that is certainly the newest that is committed, or null while that cannot be known: a majority of the voters
 * (without `exceptId`) runs, and nobody's log goes beyond what the leader among them knows to be committed.
 */
export function newestImage(cluster: SimCluster, exceptId: number): MetadataImage | null {
  const { controller, plan } = cluster;
  const voters = cluster.running.filter(({ id }) => plan.voters.includes(id) && id !== exceptId);
  if (controller?.services === undefined || controller.services === null || controller.id === exceptId) return null;
  if (voters.length * 2 <= plan.voters.length) return null;
  const { commitIndex } = controller.services.quorum.status;
  const image = controller.services.image();
  if (image.appliedIndex < commitIndex) return null;
  return voters.every(({ services }) => (services?.quorum.storage.lastIndex() ?? Infinity) <= commitIndex) ? image : null;
}

/** The victim is down and nothing that only it may have is still asked for. */
export function isDispensable(cluster: SimCluster, id: number): boolean {
  return !cluster.node(id).isRunning && isUncounted(cluster, id);
}

/** Nothing that only this node may have is still asked for; it must be down or out of everybody's reach, and stay so. */
export function isUncounted(cluster: SimCluster, id: number): boolean {
  const image = newestImage(cluster, id);
  if (image === null || image.brokers.get(id)?.fenced === false) return false;
  for (const { state } of partitionsOn(image, id)) if (state.isr.includes(id) || state.elr.includes(id)) return false;
  for (const { state } of partitionsOn(image, id)) if (state.lastKnownElr.includes(id)) return false;
  return true;
}

/** Everything that the victim holds survives the loss of any one disk by the rules of the ELR (KIP-966). */
export function isCovered(cluster: SimCluster, id: number): boolean {
  const image = newestImage(cluster, -1);
  if (image === null || !image.isElrEnabled() || !isIdentityKnown(cluster, id)) return false;
  for (const { topic, state } of partitionsOn(image, id)) {
    const minInsync = image.overridesOf(topicConfigs, topic).get('min.insync.replicas') ?? defaultMinInsync(cluster);
    if (Number(minInsync) < 2 || state.isr.length + state.elr.length < 2) return false;
  }
  return true;
}

/** The quorum would notice that the victim's disk is another one: its identity is on record (E9). */
export function isIdentityKnown(cluster: SimCluster, id: number): boolean {
  if (!cluster.plan.voters.includes(id)) return true;
  const status = cluster.controller?.services?.quorum.status;
  if (status === undefined || status.id === id) return false;
  return status.voters.some((voter) => voter.id === id && voter.directoryId !== null);
}

/**
 * All other voters run, follow one leader, and have forgotten nothing that the victim may have promised up to
 * `promisedTerm`: what it has forgotten itself then matters to nobody.
 */
export function isPromiseKeptByOthers(cluster: SimCluster, id: number, promisedTerm: number): boolean {
  if (!cluster.plan.voters.includes(id)) return true;
  if (!isIdentityKnown(cluster, id)) return false;
  const image = newestImage(cluster, id);
  const leader = cluster.controller;
  if (image === null || leader === null) return false;
  const others = cluster.plan.voters.filter((voter) => voter !== id);
  return others.every((voter) => {
    const status = cluster.node(voter).isRunning ? cluster.node(voter).services?.quorum.status : undefined;
    return (
      status !== undefined &&
      status.leaderId === leader.id &&
      status.term >= promisedTerm &&
      status.lastIndex >= image.appliedIndex &&
      status.term === leader.services?.quorum.status.term
    );
  });
}

function* partitionsOn(image: MetadataImage, id: number): Iterable<{ topic: string; state: PartitionRegistration }> {
  for (const topic of image.topicsById.values()) {
    for (const state of topic.partitions.values()) if (state.replicas.includes(id)) yield { topic: topic.name, state };
  }
}

function defaultMinInsync(cluster: SimCluster): string {
  return cluster.plan.settings['min.insync.replicas'] ?? '1';
}

/** `ConfigResource.Type.TOPIC` */
const topicConfigs = 2;

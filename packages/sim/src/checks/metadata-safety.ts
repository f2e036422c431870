/**
 * The metadata that is committed, replayed once beside the cluster: nodes must agree with it, and its own steps must be
 * those that the replication protocol allows.
 *
 *   StateMachineSafety  nodes that have applied the same index hold the same image
 *   EpochsGrow          leader and partition epochs never go back; another leader has another leader epoch
 *   CleanElection       who is elected was in ISR or ELR, or last led; but where an unclean election is allowed (A17)
 *   FencedLeadsNothing  a leader, and every member of the ISR of a led partition, is registered and not fenced
 *
 *   EligibleAreRemembered who leaves an ISR that is below its minimum is in the ELR, unless it lost its tail; and nobody leaves
 *                         the ELR of an empty ISR, whatever becomes of the minimum (A17)
 *   UncleanIsNotInSync    a broker that registers and may lack records, by a crash or by damage, is in no ISR and no ELR (A18)
 *
 * That the ISR is part of the replicas, apart from the ELR, and holds the leader, is asserted by the replay itself.
 */
import { configResourceTypes, decodeRecordBatch, leaderRecovering, MetadataDelta, MetadataImage } from '@jackdaw/metadata';
import type { PartitionChange, PartitionRegistration } from '@jackdaw/metadata';
import type { Entry } from '@jackdaw/raft';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { uncleanPrefix } from '../workload/plan.ts';
import { fail } from './check.ts';
import { GhostPartition, isPageCacheRun, type GhostPartitions } from './ghost-partition.ts';
import { imageDigest } from './image-digest.ts';
import type { Family, LiveNode } from './watch.ts';

/** An entry of the quorum's log, and the first node that knows it to be committed. */
interface Step {
  readonly delta: MetadataDelta;
  readonly live: LiveNode;
}

export class MetadataSafety implements Family {
  readonly image = new MetadataImage();
  readonly #ghosts: GhostPartitions;
  /** ISR, ELR or leader of a partition have changed. */
  readonly #onChange: (ghost: GhostPartition, cluster: SimCluster) => void;
  /** By applied index. */
  readonly #digests: number[] = [imageDigest(new MetadataImage())];
  readonly #seen = new Map<LiveNode, { image: MetadataImage; applied: number }>();
  /** Since the event began: brokers have gone on to the last of its entries already, so nothing is compared in between. */
  readonly #changed = new Set<GhostPartition>();
  /** By incarnation; whether the process before it was killed while it wrote to the page cache only. */
  readonly #incarnations = new Map<string, { readonly live: LiveNode; readonly isAfterCrash: boolean }>();

  constructor(ghosts: GhostPartitions, onChange: (ghost: GhostPartition, cluster: SimCluster) => void) {
    this.#ghosts = ghosts;
    this.#onChange = onChange;
  }

  onStarted(live: LiveNode): void {
    const isAfterCrash = live.node.wasKilled && isPageCacheRun(live.cluster);
    this.#incarnations.set(live.services.incarnationId, { live, isAfterCrash });
  }

  onCommitted(entry: Entry, live: LiveNode): void {
    const { index, term } = entry;
    if (entry.kind !== 'normal') this.image.applyEntry({ index, term, records: [] });
    else {
      const delta = new MetadataDelta();
      this.image.applyEntry({ index, term, records: decodeRecordBatch(entry.data) }, delta);
      this.#onDelta(delta, live);
    }
    this.#digests[index] = imageDigest(this.image);
  }

  onEvent(live: LiveNode): void {
    if (this.#changed.size > 0) {
      for (const ghost of this.#changed) this.#onChange(ghost, live.cluster);
      this.#changed.clear();
    }
    const image = live.services.image();
    const { appliedIndex } = image;
    const seen = this.#seen.get(live);
    if (seen === undefined) this.#seen.set(live, { image, applied: appliedIndex });
    else if (seen.image === image && seen.applied === appliedIndex) return;
    else {
      seen.image = image;
      seen.applied = appliedIndex;
    }
    const expected = this.#digests[appliedIndex];
    if (expected !== undefined && imageDigest(image) !== expected) {
      fail('StateMachineSafety', `the metadata of ${live.label} at index ${appliedIndex} is not that of the others`);
    }
  }

  onDied(live: LiveNode): void {
    this.#seen.delete(live);
  }

  #onDelta(delta: MetadataDelta, live: LiveNode): void {
    for (const topicId of delta.deletedTopics.keys()) this.#ghosts.removeTopic(topicId);
    for (const change of delta.partitions()) {
      const ghost = this.#ghosts.get(change.topicId, change.partitionId);
      if (ghost !== undefined) this.#expectEligible(ghost, change.after, { delta, live });
      this.#onPartition(change, { delta, live });
    }
    this.#expectUncleanOut(delta);
    if (delta.changedConfigs.size > 0) this.#noteMinIsr(live.cluster);
    if (delta.changedBrokers.size === 0) return;
    for (const ghost of this.#ghosts.all()) this.#expectLive(ghost);
  }

  #expectUncleanOut(delta: MetadataDelta): void {
    for (const { before, after } of delta.changedBrokers.values()) {
      if (before === null || after === null || before.brokerEpoch === after.brokerEpoch) continue;
      if (!this.#mayLackRecords(after.incarnationId)) continue;
      for (const { name, registration } of this.#ghosts.all()) {
        const where = registration.isr.includes(after.brokerId)
          ? 'ISR'
          : registration.elr.includes(after.brokerId)
            ? 'ELR'
            : null;
        if (where === null) continue;
        fail('UncleanIsNotInSync', `${name}: node ${after.brokerId} registers, may lack records, and is still in the ${where}`);
      }
    }
  }

  /** In fsync mode a crash takes nothing; damage that was found takes something in any mode. */
  #mayLackRecords(incarnationId: string): boolean {
    const incarnation = this.#incarnations.get(incarnationId);
    if (incarnation === undefined) return false;
    const { damagedLogs, unreadable } = incarnation.live.services.logManager;
    return incarnation.isAfterCrash || damagedLogs > 0 || unreadable.length > 0;
  }

  #expectEligible(ghost: GhostPartition, after: PartitionRegistration, { delta, live }: Step): void {
    const { registration: before, name, topicName } = ghost;
    if (!this.image.isElrEnabled() || after.leaderRecoveryState === leaderRecovering) return;
    // Another minimum makes an ELR void, but not where nobody else has the records.
    if (delta.changedConfigs.size > 0 && (before.isr.length > 0 || after.isr.length > 0)) return;
    if (after.isr.length >= this.#minIsrOf(live.cluster, topicName, after)) return;
    const lost = [...before.isr, ...before.elr].find((id) => {
      const isKept = after.isr.includes(id) || after.elr.includes(id) || !after.replicas.includes(id);
      return !isKept && !delta.changedBrokers.has(id) && !live.cluster.damaged.has(id);
    });
    if (lost === undefined) return;
    const lists = `ISR ${after.isr.join()} and ELR ${after.elr.join()}`;
    fail('EligibleAreRemembered', `${name}: node ${lost} was in sync or eligible, and now is in neither ${lists}`);
  }

  #onPartition({ topicId, topicName, partitionId, after }: PartitionChange, step: Step): void {
    const { live } = step;
    const minIsr = this.#minIsrOf(live.cluster, topicName, after);
    let ghost = this.#ghosts.get(topicId, partitionId);
    if (ghost === undefined) {
      ghost = new GhostPartition({ topicName, partition: partitionId }, after, minIsr);
      this.#ghosts.add(topicId, partitionId, ghost);
    } else {
      expectEpochs(ghost, after);
      if (after.leader >= 0 && after.leader !== ghost.registration.leader) this.#onElected(ghost, after, step);
    }
    ghost.lowestMinIsr = Math.min(ghost.lowestMinIsr, minIsr);
    noteJoins(ghost, after, this.image);
    ghost.registration = after;
    if (after.leader >= 0 && !ghost.elected.has(after.leaderEpoch)) {
      ghost.elected.set(after.leaderEpoch, after.leader);
      ghost.committedAtElection.set(after.leaderEpoch, ghost.committedEnd);
    }
    this.#expectLive(ghost);
    this.#changed.add(ghost);
  }

  #onElected(ghost: GhostPartition, after: PartitionRegistration, { delta, live: { cluster } }: Step): void {
    const { registration: before, name } = ghost;
    if (before.isr.includes(after.leader) || before.elr.includes(after.leader)) return;
    const lists = `ISR ${before.isr.join()} nor ELR ${before.elr.join()}`;
    const detail = `${name}: node ${after.leader} was elected out of neither ${lists}`;
    if (after.leaderRecoveryState !== leaderRecovering) fail('CleanElection', `${detail}, and it is not marked as unclean`);
    // The last leader, when everybody's crash was counted as unclean: it must have all records all the same.
    if (isLastKnownLeader(before, after.leader, delta) && !this.#isUncleanAllowed(ghost, cluster)) return;
    const isAllowed = this.#ghosts.mayHaveLost(cluster, ghost) || this.#isUncleanAllowed(ghost, cluster);
    if (!isAllowed) fail('CleanElection', `${detail}, and nothing allows that`);
    ghost.excuse ??= `node ${after.leader} was elected uncleanly in epoch ${after.leaderEpoch}`;
  }

  /** By configuration, or because the admin of the workload may have asked for it. */
  #isUncleanAllowed({ topicName }: GhostPartition, cluster: SimCluster): boolean {
    if (cluster.plan.workload.mayElectUnclean && topicName.startsWith(uncleanPrefix)) return true;
    return this.#configOf(cluster, topicName, 'unclean.leader.election.enable') === 'true';
  }

  #noteMinIsr(cluster: SimCluster): void {
    for (const ghost of this.#ghosts.all()) {
      ghost.lowestMinIsr = Math.min(ghost.lowestMinIsr, this.#minIsrOf(cluster, ghost.topicName, ghost.registration));
    }
  }

  #minIsrOf(cluster: SimCluster, topicName: string, { replicas }: PartitionRegistration): number {
    const configured = Number(this.#configOf(cluster, topicName, 'min.insync.replicas') ?? '1');
    return Math.max(1, Math.min(configured, replicas.length));
  }

  /** A topic's configuration as it is registered, else the brokers'; undefined where nobody has set it. */
  #configOf(cluster: SimCluster, topicName: string, key: string): string | undefined {
    const { topic, broker } = configResourceTypes;
    return (
      this.image.overridesOf(topic, topicName).get(key) ??
      this.image.overridesOf(broker, '').get(key) ??
      cluster.plan.settings[key]
    );
  }

  #expectLive({ name, registration }: GhostPartition): void {
    const { leader, isr } = registration;
    if (leader < 0) return;
    for (const id of isr) {
      const broker = this.image.brokers.get(id);
      if (broker === undefined || broker.fenced) {
        fail('FencedLeadsNothing', `${name}: node ${id} is fenced, and ${id === leader ? 'leads' : 'in the ISR'}`);
      }
    }
  }
}

/** Members that the leader of the epoch has asked for; the controller itself adds none but a leader. */
function noteJoins(ghost: GhostPartition, after: PartitionRegistration, image: MetadataImage): void {
  const { registration: before } = ghost;
  if (after === before || after.leaderEpoch !== before.leaderEpoch) return;
  for (const id of after.isr) {
    const brokerEpoch = image.brokers.get(id)?.brokerEpoch;
    if (before.isr.includes(id) || id === after.leader || brokerEpoch === undefined) continue;
    ghost.joined.push({ id, leaderEpoch: after.leaderEpoch, brokerEpoch });
  }
}

function expectEpochs({ name, registration: before }: GhostPartition, after: PartitionRegistration): void {
  const isBack = after.leaderEpoch < before.leaderEpoch || after.partitionEpoch <= before.partitionEpoch;
  const isSameEpoch = after.leader !== before.leader && after.leaderEpoch === before.leaderEpoch;
  if (!isBack && !isSameEpoch) return;
  const from = `leader ${before.leader}, epoch ${before.leaderEpoch}, partition epoch ${before.partitionEpoch}`;
  fail('EpochsGrow', `${name} went from ${from} to ${after.leader}, ${after.leaderEpoch}, ${after.partitionEpoch}`);
}

/** Nobody else may lead: none is left in ISR and ELR, or whoever was leaves them in this very step, as it registers anew. */
function isLastKnownLeader({ isr, elr, lastKnownElr }: PartitionRegistration, leader: number, delta: MetadataDelta): boolean {
  return lastKnownElr.includes(leader) && [...isr, ...elr].every((id) => hasRegistered(id, delta));
}

function hasRegistered(brokerId: number, { changedBrokers }: MetadataDelta): boolean {
  const change = changedBrokers.get(brokerId);
  return change !== undefined && change.after !== null && change.after.brokerEpoch !== change.before?.brokerEpoch;
}

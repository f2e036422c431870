/**
 * What is known of one partition beyond any broker's own knowledge: who was elected when, what has been committed, which
 * replica was seen to hold how much. The checks compare brokers with it.
 */
import type { PartitionRegistration } from '@jackdaw/metadata';
import type { PartitionLeader } from '@jackdaw/replication';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { BatchMark, LogMirror } from './log-mirror.ts';

/** What one node was last seen to hold of a partition; outlives the node's processes. */
export interface Holder {
  /** Records below it survive whatever this node is meant to survive. */
  durable: number;
  /** What had been durable before the last restart and was found again: it is so still, before a sync has said so. */
  survived: number;
  mirror: LogMirror;
}

export class GhostPartition {
  readonly topicName: string;
  readonly name: string;
  /** As of the newest committed metadata. */
  registration: PartitionRegistration;
  /** Leader epoch → who was elected for it. */
  readonly elected = new Map<number, number>();
  /** Leader epoch → the end of what was committed when its leader was elected. */
  readonly committedAtElection = new Map<number, number>();
  /** Leader epoch → the role object that led in it, and whose it was. */
  readonly leaders = new Map<number, { readonly leader: PartitionLeader; readonly label: string }>();
  /** Members that came into the ISR since the last look, each with its registration at that moment. */
  joined: { readonly id: number; readonly leaderEpoch: number; readonly brokerEpoch: number }[] = [];
  /** Leader epoch → the largest high watermark that its leader could show to clients. */
  readonly visible = new Map<number, number>();
  /** Every batch that was ever below a high watermark, ascending. */
  readonly committed: BatchMark[] = [];
  /** Base offset → leader epoch → the batch that this epoch's leader put there. */
  readonly written = new Map<number, Map<number, BatchMark>>();
  /** The largest high watermark of any replica, be it one whose records are not looked at. */
  highestWatermark = 0;
  readonly holders = new Map<number, Holder>();
  /** Node → the newest leader epoch in which it has led or followed, in any of its lives. */
  readonly newestRoles = new Map<number, number>();
  /** The lowest `min.insync.replicas` that was ever in force here: what loss of disks the partition must stand. */
  lowestMinIsr: number;
  /** Why nothing can be asked of its records any more; null while it can. */
  excuse: string | null = null;

  constructor(key: { topicName: string; partition: number }, registration: PartitionRegistration, minIsr: number) {
    this.topicName = key.topicName;
    this.name = `${key.topicName}-${key.partition}`;
    this.registration = registration;
    this.lowestMinIsr = minIsr;
  }

  /** Offset after the last committed record. */
  get committedEnd(): number {
    return this.committed.at(-1)?.nextOffset ?? 0;
  }
}

/** All partitions that exist, and the nodes that may have lost what they acknowledged. */
export class GhostPartitions {
  readonly #byTopic = new Map<string, Map<number, GhostPartition>>();
  /** Nodes that ended while they wrote to the page cache only: their machine may lose power before they start again. */
  readonly lossy = new Set<number>();

  get(topicId: string, partition: number): GhostPartition | undefined {
    return this.#byTopic.get(topicId)?.get(partition);
  }

  *all(): Iterable<GhostPartition> {
    for (const partitions of this.#byTopic.values()) yield* partitions.values();
  }

  add(topicId: string, partition: number, ghost: GhostPartition): void {
    let partitions = this.#byTopic.get(topicId);
    if (partitions === undefined) this.#byTopic.set(topicId, (partitions = new Map<number, GhostPartition>()));
    partitions.set(partition, ghost);
  }

  removeTopic(topicId: string): void {
    this.#byTopic.delete(topicId);
  }

  /** Whether a node's disk may hold less, or something else, than its broker once said. */
  hasLost(cluster: SimCluster, nodeId: number): boolean {
    return cluster.damaged.has(nodeId) || this.lossy.has(nodeId);
  }

  /**
   * Whether records of the partition may be gone. An unclean election may lose some; so may a crash in page-cache mode, when
   * as many replicas lost their memory as every acknowledged record has copies at least. Damage done to a disk may not: it
   * is done where the cluster has to stand it (faults/atlas.ts).
   */
  mayHaveLost(cluster: SimCluster, ghost: GhostPartition): boolean {
    if (ghost.excuse !== null) return true;
    if (this.lossy.size === 0) return false;
    const lost = ghost.registration.replicas.filter((id) => this.hasLost(cluster, id));
    if (lost.length < ghost.lowestMinIsr) return false;
    ghost.excuse = `nodes ${lost.join()} may have lost their page cache, and min.insync.replicas was ${ghost.lowestMinIsr}`;
    return true;
  }
}

export function isPageCacheRun({ plan }: SimCluster): boolean {
  return plan.settings['jackdaw.durability'] === 'page-cache';
}

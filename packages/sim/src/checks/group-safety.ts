/**
 * Consumer groups as their coordinators keep them.
 *
 *   OneOwner          in a generation each partition is assigned to one member at most (D5)
 *   OneAssignment     a generation has one assignment, whichever coordinator tells it
 *   MembersSurvive    a coordinator that takes over a generation has its members (D3)
 *   GenerationsGrow   of the generations that were ever assigned, a later one has a higher number; a coordinator that was
 *                     replaced and cannot know it may learn late that one of its own was written
 */
import type { BrokerServices } from '@jackdaw/broker';
import { consumerProtocolAssignment, decodeBody, ProtocolError, Reader } from '@jackdaw/protocol';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { fail } from './check.ts';
import type { GhostPartition, GhostPartitions } from './ghost-partition.ts';
import { hashStart, mixBytes, mixText } from './hash.ts';
import type { Family, LiveNode } from './watch.ts';

type Shard = BrokerServices['groups'] extends { shards(): Iterable<infer S> } ? S : never;
type Group = ReturnType<Shard['groups']> extends Iterable<infer G> ? G : never;

interface SeenGroup {
  state: string;
  generationId: number;
}

interface SeenShard {
  readonly groups: Map<string, SeenGroup>;
}

/** What was assigned last, by any coordinator. */
interface Assigned {
  readonly generationId: number;
  readonly digest: number;
  readonly label: string;
  /** In which the coordinator led its partition. */
  readonly leaderEpoch: number;
}

export class GroupSafety implements Family {
  readonly #ghosts: GhostPartitions;
  readonly #shards = new WeakMap<Shard, SeenShard>();
  readonly #assigned = new Map<string, Assigned>();

  constructor(ghosts: GhostPartitions) {
    this.#ghosts = ghosts;
  }

  onEvent(live: LiveNode): void {
    for (const shard of live.services.groups.shards()) {
      if (!shard.isActive) continue;
      let seen = this.#shards.get(shard);
      if (seen === undefined) this.#shards.set(shard, (seen = { groups: new Map() }));
      this.#look(live, shard, seen);
    }
  }

  #look(live: LiveNode, shard: Shard, { groups }: SeenShard): void {
    let count = 0;
    for (const group of shard.groups()) {
      count++;
      const seen = groups.get(group.groupId);
      if (seen !== undefined && seen.state === group.state && seen.generationId === group.generationId) continue;
      groups.set(group.groupId, { state: group.state, generationId: group.generationId });
      if (seen !== undefined && group.generationId < seen.generationId) {
        fail(
          'GenerationsGrow',
          `group ${group.groupId} went from ${seen.generationId} to ${group.generationId} on ${live.label}`,
        );
      }
      // Who was deposed while it heard nothing may load what it had for a moment, until it hears of that.
      const isOutdated = seen === undefined && !this.#isElected(live, group.groupId);
      if (group.state === 'Stable' && !isOutdated) this.#onAssigned(live, shard, group);
      else if (seen === undefined) this.#expectMembers(live, group);
    }
    if (count !== groups.size) this.#forgetRemoved(shard, groups);
  }

  /** A group that was deleted may begin anew. */
  #forgetRemoved(shard: Shard, groups: Map<string, SeenGroup>): void {
    const present = new Set(Array.from(shard.groups(), ({ groupId }) => groupId));
    for (const groupId of groups.keys()) {
      if (present.has(groupId)) continue;
      groups.delete(groupId);
      this.#assigned.delete(groupId);
    }
  }

  /** A group whose last member leaves begins a new generation with that. */
  #expectMembers(live: LiveNode, { groupId, generationId, state, members }: Group): void {
    const before = this.#assigned.get(groupId);
    if (state !== 'Empty' || members.size > 0 || before === undefined || before.generationId !== generationId) return;
    if (this.#mayHaveLost(live.cluster, live, groupId)) return;
    fail(
      'MembersSurvive',
      `group ${groupId} is empty on ${live.label}; ${before.label} had members in generation ${generationId}`,
    );
  }

  #onAssigned(live: LiveNode, shard: Shard, group: Group): void {
    const { groupId, generationId } = group;
    const leaderEpoch = live.services.groups.leaderOf(shard)?.leaderEpoch ?? -1;
    const now = { generationId, digest: assignmentDigest(group), label: live.label, leaderEpoch };
    const before = this.#assigned.get(groupId);
    if (group.protocolType === 'consumer') expectOneOwner(group, live.label);
    if (before !== undefined && generationId < before.generationId && leaderEpoch < before.leaderEpoch) return;
    this.#assigned.set(groupId, now);
    if (before === undefined || this.#mayHaveLost(live.cluster, live, groupId)) return;
    const who = `group ${groupId}: ${before.label} assigned generation ${before.generationId}, ${live.label}`;
    if (generationId < before.generationId) fail('GenerationsGrow', `${who} generation ${generationId} after it`);
    if (generationId === before.generationId && before.digest !== now.digest) fail('OneAssignment', `${who} the same otherwise`);
  }

  #mayHaveLost(cluster: SimCluster, live: LiveNode, groupId: string): boolean {
    const ghost = this.#ghostOf(live, groupId);
    return ghost === undefined || this.#ghosts.mayHaveLost(cluster, ghost);
  }

  /** By the newest metadata. */
  #isElected(live: LiveNode, groupId: string): boolean {
    return this.#ghostOf(live, groupId)?.registration.leader === live.node.id;
  }

  #ghostOf({ services }: LiveNode, groupId: string): GhostPartition | undefined {
    const partition = services.groups.partitionOf(groupId);
    const topic = services.image().topicByName('__consumer_offsets');
    return partition === null || topic === null ? undefined : this.#ghosts.get(topic.id, partition);
  }
}

/** Static members by their instance: one that comes back keeps its assignment under another member id (KIP-345). */
function assignmentDigest(group: Group): number {
  let sum = 0;
  for (const { memberId, groupInstanceId, assignment } of group.members.values()) {
    sum = (sum + mixBytes(mixText(hashStart, groupInstanceId ?? memberId), assignment)) | 0;
  }
  return sum;
}

function expectOneOwner(group: Group, label: string): void {
  const owners = new Map<string, string>();
  for (const { memberId, assignment } of group.members.values()) {
    for (const partition of partitionsOf(assignment)) {
      const other = owners.get(partition);
      if (other !== undefined) {
        const where = `group ${group.groupId}, generation ${group.generationId} on ${label}`;
        fail('OneOwner', `${where}: ${partition} belongs to ${other} and to ${memberId}`);
      }
      owners.set(partition, memberId);
    }
  }
}

/** `topic-partition` of each in a member's assignment; none when it is not in the consumers' format. */
function partitionsOf(assignment: Uint8Array): string[] {
  if (assignment.length === 0) return [];
  try {
    const reader = new Reader(assignment);
    reader.int16();
    const { assignedPartitions } = decodeBody(consumerProtocolAssignment, 0, reader);
    return assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => `${topic}-${partition}`));
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/**
 * Who leads what, as the newest metadata has it: what a client cannot know, and a simulator can.
 *
 * A leader that was replaced and could not hear of it answers what was so in its time. Answers that were given while the
 * leader was the same from the question on are held to everything; the others are not.
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';

export interface Leadership {
  readonly nodeId: number;
  readonly epoch: number;
}

const offsetsTopic = '__consumer_offsets';

export function leadershipOf(cluster: SimCluster, topic: string, partition: number): Leadership | null {
  const state = cluster.image?.topicByName(topic)?.partitions.get(partition);
  return state === undefined || state.leader < 0 ? null : { nodeId: state.leader, epoch: state.leaderEpoch };
}

/** The node that coordinates a group, and the epoch in which it leads the partition where the group lives. */
export function coordinationOf(cluster: SimCluster, group: string): Leadership | null {
  const partition = cluster.running[0]?.services?.groups.partitionOf(group) ?? null;
  return partition === null ? null : leadershipOf(cluster, offsetsTopic, partition);
}

export function isSameLeadership(before: Leadership | null, after: Leadership | null): boolean {
  return before !== null && after !== null && before.nodeId === after.nodeId && before.epoch === after.epoch;
}

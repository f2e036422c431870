/**
 * Who uses the cluster in a run, and how.
 */

export interface WorkloadPlan {
  readonly idempotentSenders: number;
  readonly plainSenders: number;
  /** Senders whose delivery timeout is short, so that the fate of their records is often unknown. */
  readonly hastySenders: number;
  /** Consumers of all partitions, from the beginning. */
  readonly readers: number;
  /** Members of one consumer group that commits what it has read. */
  readonly groupMembers: number;
  readonly hasEndObserver: boolean;
  readonly hasCommitter: boolean;
  /** Creates, extends, alters and deletes topics of its own, and asks for elections. */
  readonly hasAdmin: boolean;
  /** Mean pause between two bursts of a sender, virtual ms. */
  readonly pauseMs: number;
  readonly maxBurst: number;
  readonly recordBytes: number;
}

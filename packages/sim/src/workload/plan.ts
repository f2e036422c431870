/**
 * Who uses the cluster in a run, and how.
 */

export interface WorkloadPlan {
  readonly idempotentSenders: number;
  readonly plainSenders: number;
  /** Senders whose delivery timeout is short, so that the fate of their records is often unknown. */
  readonly hastySenders: number;
  /** Plain senders with acks 1 and 0 in turn: their records may be lost, and may not come back. */
  readonly weakSenders: number;
  /** Consumers of all partitions, from the beginning. */
  readonly readers: number;
  /** Members of one consumer group that commits what it has read. */
  readonly groupMembers: number;
  /** Mean virtual ms between two changes of the group: a member leaves, dies, comes back. 0: nobody does. */
  readonly groupChurnMs: number;
  /** Members have an instance id (KIP-345), so that a restarted one takes the place of its predecessor. */
  readonly hasStaticMembers: boolean;
  /** Members of a group of their own that dawdle, repeat themselves and come as somebody they no longer are. */
  readonly roughMembers: number;
  readonly hasEndObserver: boolean;
  readonly hasCommitter: boolean;
  /** Creates, extends, alters and deletes topics of its own, and asks for elections. */
  readonly hasAdmin: boolean;
  /** The admin asks for unclean elections, too: on its own topics alone, whose names begin with `uncleanPrefix`. */
  readonly mayElectUnclean: boolean;
  /** Writes to a topic that is deleted and made anew under the same name, again and again (A25). */
  readonly hasTenant: boolean;
  /** Deletes old records of the last planned topic. */
  readonly hasTrimmer: boolean;
  /** Mean time between its requests; left out, a second. */
  readonly trimPauseMs?: number;
  /** Asks leaders for ends of epochs, and for producer ids. */
  readonly hasProber: boolean;
  /** Repeats batches that it has sent, and leaves gaps in their sequence. */
  readonly hasRepeater: boolean;
  /** Keeps fetch sessions and jumps about in the logs. */
  readonly hasSeeker: boolean;
  /** Mean pause between two bursts of a sender, virtual ms. */
  readonly pauseMs: number;
  readonly maxBurst: number;
  /** All senders together stop after so many records. */
  readonly maxRecords: number;
  readonly recordBytes: number;
  /** No record has a key, so that all of a plan are as long. */
  readonly isKeyless?: boolean;
  /** Probability that a sender compresses its batches; the codec is drawn, too. */
  readonly compression: number;
}

/** Topics of the admin on which unclean elections may lose records. */
export const uncleanPrefix = 'unclean-';
/** The topic that is deleted and made anew again and again. */
export const tenantTopic = 'phoenix';

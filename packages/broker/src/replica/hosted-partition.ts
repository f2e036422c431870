/**
 * One partition replica on this broker: its log, its role, and who waits for it.
 *
 * The replica manager gives it roles as the metadata says; handlers and replication streams only look at the role they
 * find *now*, and compare objects after every await: a role object is never reused, so a stale one is recognised.
 */
import type { LeaderEpoch, NodeId, Offset } from '@jackdaw/base';
import type { PartitionLog } from '@jackdaw/log';
import type { PartitionFollower, PartitionLeader, PartitionState } from '@jackdaw/replication';

export type Role =
  | { readonly kind: 'leader'; readonly leader: PartitionLeader }
  | { readonly kind: 'follower'; readonly follower: PartitionFollower }
  /** No leader is elected, or the log is not open yet or offline. */
  | { readonly kind: 'none' };

/** What the metadata wants of this replica. */
export interface DesiredPartition {
  readonly state: PartitionState;
  /** The leader was elected uncleanly: truncating below the high watermark is then expected (A6). */
  readonly isRecovering: boolean;
  /** The controller has noted this replica as lost: its log is damaged and must be fetched anew (B3). */
  readonly isLost: boolean;
  /** Nobody else may be elected without losing committed records, whoever comes back: alone in the ISR, with an empty ELR. */
  readonly isOnlyCandidate: boolean;
  /** Where the controller believes this replica's log to be. */
  readonly directoryId: string | null;
}

/** Told when something appended, or one end of what may be read moved, or the role changed. */
export interface PartitionListener {
  onAppended?(partition: HostedPartition): void;
  onHighWatermark?(partition: HostedPartition): void;
  onLogStart?(partition: HostedPartition): void;
  onRoleChanged?(partition: HostedPartition): void;
}

export class HostedPartition {
  readonly topicName: string;
  readonly topicId: string;
  readonly partition: number;
  log: PartitionLog | null = null;
  role: Role = { kind: 'none' };
  desired: DesiredPartition;
  /** True from the moment the metadata no longer wants this replica here. */
  isRemoved = false;
  /** End of the leader's log as it last said, on a follower; for the lag. −1 until it has answered after a cut. */
  leaderEndOffset: Offset = 0;
  /** Set when the log could not be opened or failed: the Kafka error for every request until the broker restarts. */
  storageFailure: Error | null = null;
  /** The lowest offset from which the log on disk is known to be damaged; null while it is not. */
  damagedFrom: Offset | null = null;
  /** The damage was cut off and the controller still calls this replica lost. */
  isRefetching = false;
  #lastKnownHighWatermark: Offset = 0;
  readonly #listeners = new Set<PartitionListener>();

  constructor(key: { topicName: string; topicId: string; partition: number }, desired: DesiredPartition) {
    this.topicName = key.topicName;
    this.topicId = key.topicId;
    this.partition = key.partition;
    this.desired = desired;
  }

  get name(): string {
    return `${this.topicName}-${this.partition}`;
  }

  get leader(): PartitionLeader | null {
    return this.role.kind === 'leader' ? this.role.leader : null;
  }

  get highWatermark(): Offset {
    if (this.role.kind === 'leader') return this.role.leader.highWatermark;
    if (this.role.kind === 'follower') return this.role.follower.highWatermark;
    return this.#lastKnownHighWatermark;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.desired.state.leaderEpoch;
  }

  get leaderId(): NodeId {
    return this.desired.state.leader;
  }

  /** The high watermark from the checkpoint, before any role. */
  restoreHighWatermark(offset: Offset): void {
    this.#lastKnownHighWatermark = offset;
  }

  changeRole(role: Role): void {
    this.#lastKnownHighWatermark = this.highWatermark;
    this.role = role;
    for (const listener of [...this.#listeners]) listener.onRoleChanged?.(this);
  }

  listen(listener: PartitionListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: PartitionListener): void {
    this.#listeners.delete(listener);
  }

  notifyAppended(): void {
    for (const listener of this.#listeners) listener.onAppended?.(this);
  }

  notifyHighWatermark(): void {
    for (const listener of this.#listeners) listener.onHighWatermark?.(this);
  }

  /** Records were deleted from the start of the log. */
  notifyLogStart(): void {
    for (const listener of this.#listeners) listener.onLogStart?.(this);
  }
}

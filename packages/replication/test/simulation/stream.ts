/**
 * One replication stream between two simulated brokers: two FIFO directions that a reset cuts off.
 *
 * What was on its way to the leader may still arrive after the follower has opened another stream (it sits in the
 * leader's socket buffer); what was on its way to the follower is lost with the reset.
 */
import type { EpochEndOffset, FetchPosition, PartitionLeader } from '../../src/index.ts';
import type { MemoryRecord } from '../memory-log.ts';

/** Of the follower. Handles are never used twice on a stream. */
export interface UpMessage {
  readonly kind: 'open' | 'position';
  readonly handle: number;
  readonly brokerEpoch: number;
  readonly position: FetchPosition;
}

/** Of the leader, with its bounds when it was sent. */
export interface DownMessage {
  readonly handle: number;
  readonly error: number;
  readonly diverging: EpochEndOffset | null;
  readonly records: readonly MemoryRecord[];
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

/** A fetch that the leader has accepted. */
export interface AcceptedFetch {
  readonly handle: number;
  readonly leader: PartitionLeader;
  nextOffset: number;
}

export class Stream {
  readonly followerId: number;
  readonly leaderId: number;
  readonly up: UpMessage[] = [];
  readonly down: DownMessage[] = [];
  accepted: AcceptedFetch | null = null;
  isReset = false;

  constructor(followerId: number, leaderId: number) {
    this.followerId = followerId;
    this.leaderId = leaderId;
  }

  /** `keptUp` messages to the leader arrive all the same. */
  reset(keptUp: number): void {
    this.isReset = true;
    this.down.length = 0;
    this.up.length = Math.min(this.up.length, keptUp);
  }
}

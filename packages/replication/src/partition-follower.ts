/**
 * A follower of one partition in one leader epoch: where to fetch from, and what to do with each answer.
 *
 * The follower tells its end and the epoch of its last record; the leader either accepts or names where that epoch
 * ends in its own log, and the follower truncates there and asks again until the logs match (A1, A2, A3). Truncation
 * comes before the high watermark of the same answer is applied (A5), and nothing is appended before a match.
 */
import { assert, sometimes } from '@jackdaw/base';
import type { LeaderEpoch, NodeId, Offset } from '@jackdaw/base';
import type { PartitionState } from './partition-state.ts';
import type { EpochEndOffset, ReplicaLog } from './replica-log.ts';

export interface FetchPosition {
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly durableOffset: Offset;
  readonly logStartOffset: Offset;
}

/** Bounds of the leader's log, sent with every answer. */
export interface LeaderLogBounds {
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
}

export interface Truncation {
  readonly offset: Offset;
  /**
   * True when records below the known high watermark are given up: only after an unclean election or lost data (A6).
   * What the leader itself no longer keeps (its log starts above our end) is not given up by this.
   */
  readonly isBelowHighWatermark: boolean;
  /** True when the whole log is dropped and starts again at `offset`. */
  readonly isFull: boolean;
}

export class PartitionFollower {
  readonly leader: NodeId;
  readonly leaderEpoch: LeaderEpoch;
  readonly #log: ReplicaLog;
  #highWatermark: Offset;

  constructor(options: { state: PartitionState; log: ReplicaLog; highWatermark: Offset }) {
    this.leader = options.state.leader;
    this.leaderEpoch = options.state.leaderEpoch;
    this.#log = options.log;
    this.#highWatermark = Math.max(Math.min(options.highWatermark, options.log.logEndOffset), options.log.logStartOffset);
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  position(): FetchPosition {
    return {
      currentLeaderEpoch: this.leaderEpoch,
      fetchOffset: this.#log.logEndOffset,
      lastFetchedEpoch: this.#log.latestEpoch() ?? -1,
      durableOffset: this.#log.durableOffset,
      logStartOffset: this.#log.logStartOffset,
    };
  }

  /** How to truncate when the leader says that our last epoch ends at `leaderEnd` in its log (KIP-279). */
  planTruncation(leaderEnd: EpochEndOffset): Truncation {
    const end = this.#log.logEndOffset;
    let offset: Offset;
    if (leaderEnd.leaderEpoch < 0) offset = Math.min(leaderEnd.endOffset, end);
    else {
      const own = this.#log.endOffsetForEpoch(leaderEnd.leaderEpoch);
      // The leader answered with an older epoch than ours that we do not have either: fall back to the end of the
      // largest epoch below it, and let the next round settle the rest (A3).
      if (own.leaderEpoch < 0) offset = Math.min(leaderEnd.endOffset, end);
      else if (own.leaderEpoch !== leaderEnd.leaderEpoch) offset = Math.min(own.endOffset, end);
      else offset = Math.min(own.endOffset, leaderEnd.endOffset, end);
    }
    const hasEpoch = this.#log.endOffsetForEpoch(leaderEnd.leaderEpoch).leaderEpoch === leaderEnd.leaderEpoch;
    if (!hasEpoch) sometimes('replication: truncation has to go on below an epoch that the follower lacks');
    return this.#truncation(Math.max(offset, this.#log.logStartOffset), false);
  }

  /** How to go on when the leader's log does not contain our position at all. */
  planOutOfRange(leader: LeaderLogBounds): Truncation | null {
    const end = this.#log.logEndOffset;
    if (leader.logEndOffset < this.#log.logStartOffset) return this.#truncation(leader.logStartOffset, true);
    if (leader.logStartOffset > end) sometimes('replication: leader starts behind the follower');
    if (leader.logEndOffset < end) return this.#truncation(leader.logEndOffset, false);
    if (leader.logStartOffset > end) return this.#truncation(leader.logStartOffset, true);
    if (leader.logStartOffset === end && this.#log.logStartOffset === end) {
      // Both logs were emptied, up to the same offset: nothing to differ in but an epoch that left no record. The producers of
      // what has been deleted must stay known, or a late retry of theirs would be written twice (C1).
      sometimes('replication: emptied logs meet');
      return this.#truncation(end, false);
    }
    // Inside the leader's range, and yet its epochs do not know ours: nothing in common, start again from its start.
    return this.#truncation(leader.logStartOffset, true);
  }

  /**
   * `producers`: what the leader knows of producers at its log's start. Where this log begins anew there, that is the only way
   * to know them: a late retry of a batch that has been deleted would be written twice else, once this replica leads (C1).
   */
  truncate(plan: Truncation, producers: Uint8Array | null = null): void {
    const isEmpty = this.#log.logStartOffset === this.#log.logEndOffset;
    assert(
      !plan.isFull || !isEmpty || plan.offset !== this.#log.logEndOffset,
      'a log that is empty already keeps its producers (C1)',
    );
    noteTruncation(plan, this.#log);
    if (plan.isFull) this.#log.truncateFullyAndStartAt(plan.offset, producers);
    // Also when no record goes: an epoch in which we led and appended nothing begins at our end. It must be forgotten,
    // or the leader, which does not know it, would send us back here for ever.
    else this.#log.truncateTo(plan.offset);
    this.#highWatermark = plan.isFull
      ? plan.offset
      : Math.max(Math.min(this.#highWatermark, this.#log.logEndOffset), this.#log.logStartOffset);
  }

  /** After the batches of an answer are in the local log: takes over the leader's high watermark (A5). */
  onAppended(leaderHighWatermark: Offset): void {
    const reached = Math.min(leaderHighWatermark, this.#log.logEndOffset);
    if (reached > this.#highWatermark) this.#highWatermark = reached;
    assert(this.#highWatermark <= this.#log.logEndOffset, 'the high watermark never passes the log end (A5)');
  }

  #truncation(offset: Offset, isFull: boolean): Truncation {
    return { offset, isFull, isBelowHighWatermark: offset < this.#highWatermark };
  }
}

/** For the simulator: how much goes (A1, A3, A6). */
function noteTruncation(plan: Truncation, log: ReplicaLog): void {
  if (plan.isBelowHighWatermark) sometimes('replication: truncation below the high watermark');
  if (plan.isFull) sometimes('replication: truncation of the whole log');
  else if (plan.offset >= log.logEndOffset) sometimes('replication: truncation of nothing but an epoch');
  else if (plan.offset <= log.logStartOffset) sometimes('replication: truncation of every record');
  else sometimes('replication: truncation of the end of the log');
}

/**
 * What a leader knows of one follower in its own leader epoch.
 *
 * The object is made anew for each leader epoch, so "has fetched in this epoch" (A14) is simply "has a position".
 * "Caught up" is a matter of time, not of counts (A16): a follower is behind since the last moment of which we know
 * that it has everything that the leader had then (Kafka's `lastCaughtUpTimeMs`). Kafka compares with the leader's end at
 * the previous fetch; here pushes are pipelined, and many reports come within one round trip, so the leader's end is
 * marked and the mark is moved only when the follower has reached it.
 */
import type { NodeId, Offset } from '@jackdaw/base';

export interface FollowerPosition {
  readonly brokerEpoch: number;
  /** The follower's log end offset. */
  readonly fetchOffset: Offset;
  /** The part of it that the follower has synced; this is what counts for the high watermark (B1). */
  readonly durableOffset: Offset;
  readonly logStartOffset: Offset;
}

export class FollowerProgress {
  readonly brokerId: NodeId;
  /** −1 until the follower has reported a position in this leader epoch. */
  durableOffset: Offset = -1;
  fetchOffset: Offset = -1;
  logStartOffset: Offset = -1;
  /** Epoch of the registration under which the follower reports; −1 before it did. */
  brokerEpoch = -1;
  /** Monotonic ms of the last moment at which the follower was known to have everything. */
  lastCaughtUpMs: number;
  /**
   * Whether it has reported since it was last left out of the ISR: what is known of a follower that has fallen silent
   * must not let it in again.
   */
  hasReportedSinceLeft = false;
  /** The leader's end at some moment: when the follower reaches it, it has had everything of that moment. */
  #mark: { readonly leaderEndOffset: Offset; readonly ms: number } | null = null;

  /** `lastCaughtUpMs`: members of the ISR at the start of the epoch get the benefit of the doubt from that moment. */
  constructor(brokerId: NodeId, lastCaughtUpMs: number) {
    this.brokerId = brokerId;
    this.lastCaughtUpMs = lastCaughtUpMs;
  }

  get hasReported(): boolean {
    return this.fetchOffset >= 0;
  }

  onReport(position: FollowerPosition, leaderEndOffset: Offset, nowMs: number): void {
    this.brokerEpoch = position.brokerEpoch;
    this.hasReportedSinceLeft = true;
    this.fetchOffset = position.fetchOffset;
    this.durableOffset = position.durableOffset;
    this.logStartOffset = position.logStartOffset;
    if (this.#mark !== null && this.durableOffset >= this.#mark.leaderEndOffset) {
      this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, this.#mark.ms);
      this.#mark = null;
    }
    this.#mark ??= { leaderEndOffset, ms: nowMs };
    this.observe(leaderEndOffset, nowMs);
  }

  /**
   * Looks at the follower without a report of it: one that has everything has it now. A follower of a quiet partition
   * reports nothing, and must not look far behind in the moment after the first append.
   */
  observe(leaderEndOffset: Offset, nowMs: number): void {
    if (this.durableOffset < leaderEndOffset) return;
    this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, nowMs);
    this.#mark = null;
  }

  isCaughtUp(leaderEndOffset: Offset, nowMs: number, lagTimeMaxMs: number): boolean {
    return this.durableOffset >= leaderEndOffset || nowMs - this.lastCaughtUpMs <= lagTimeMaxMs;
  }
}

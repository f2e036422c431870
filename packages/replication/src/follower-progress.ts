/**
 * What a leader knows of one follower in its own leader epoch.
 *
 * The object is made anew for each leader epoch, so "has fetched in this epoch" (A14) is simply "has a position".
 * "Caught up" is a matter of time, not of counts (A16): a follower is behind since the last moment at which its
 * position had reached what was the leader's end when it reported before (Kafka's `lastCaughtUpTimeMs`).
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
  #lastReportMs: number;
  #leaderEndAtLastReport: Offset = -1;

  /** `lastCaughtUpMs`: members of the ISR at the start of the epoch get the benefit of the doubt from that moment. */
  constructor(brokerId: NodeId, lastCaughtUpMs: number) {
    this.brokerId = brokerId;
    this.lastCaughtUpMs = lastCaughtUpMs;
    this.#lastReportMs = lastCaughtUpMs;
  }

  get hasReported(): boolean {
    return this.fetchOffset >= 0;
  }

  onReport(position: FollowerPosition, leaderEndOffset: Offset, nowMs: number): void {
    if (position.durableOffset >= leaderEndOffset) this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, nowMs);
    else if (this.#leaderEndAtLastReport >= 0 && position.durableOffset >= this.#leaderEndAtLastReport) {
      this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, this.#lastReportMs);
    }
    this.#leaderEndAtLastReport = leaderEndOffset;
    this.#lastReportMs = nowMs;
    this.brokerEpoch = position.brokerEpoch;
    this.fetchOffset = position.fetchOffset;
    this.durableOffset = position.durableOffset;
    this.logStartOffset = position.logStartOffset;
  }

  isCaughtUp(leaderEndOffset: Offset, nowMs: number, lagTimeMaxMs: number): boolean {
    return this.durableOffset >= leaderEndOffset || nowMs - this.lastCaughtUpMs <= lagTimeMaxMs;
  }
}

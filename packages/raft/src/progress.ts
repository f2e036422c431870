/**
 * What a leader knows of one peer's log, and how fast it may send: every transition is in this file.
 *
 *   probe      the peer's last index is not known: one append at a time, until one is accepted
 *   replicate  appends are pipelined, bounded by count and bytes; nextIndex runs ahead of matchIndex
 *   snapshot   the peer needs entries that are gone: nothing is sent until the snapshot's fate is known
 *
 * Invariant: matchIndex < nextIndex, and matchIndex never falls while the peer keeps its data directory and what is in it.
 */

import { assert, buggify, type RaftIndex, sometimes } from '@jackdaw/base';
import type { ProgressState } from './types.ts';

/** Appends that were sent and not acknowledged, oldest first. */
class Inflights {
  #sent: { lastIndex: RaftIndex; bytes: number }[] = [];
  #bytes = 0;
  readonly #maxMessages: number;
  /** How many there may be now. */
  #window: number;
  readonly #maxBytes: number;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#window = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#sent.length;
  }

  isFull(): boolean {
    return this.#sent.length >= this.#window || this.#bytes >= this.#maxBytes;
  }

  add(lastIndex: RaftIndex, bytes: number): void {
    assert(!this.isFull(), 'an append was sent past the window');
    this.#sent.push({ lastIndex, bytes });
    this.#bytes += bytes;
    if (buggify('raft: one append in flight')) this.#window = 1;
  }

  /** Frees everything up to an acknowledged index: acknowledgements are cumulative. */
  freeTo(index: RaftIndex): void {
    let freed = 0;
    for (const { lastIndex, bytes } of this.#sent) {
      if (lastIndex > index) break;
      this.#bytes -= bytes;
      freed += 1;
    }
    this.#sent.splice(0, freed);
  }

  clear(): void {
    this.#sent = [];
    this.#bytes = 0;
    this.#window = this.#maxMessages;
  }
}

export interface ProgressLimits {
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
}

export class Progress {
  #state: ProgressState = 'probe';
  #matchIndex: RaftIndex = 0;
  #nextIndex: RaftIndex;
  /** In `probe`: one append is on its way, wait for its answer or for the next heartbeat's. */
  #isProbeSent = false;
  /** In `snapshot`: the index being sent, and for how long. */
  #pendingSnapshotIndex: RaftIndex = 0;
  #snapshotTicks = 0;
  /** In `snapshot`: where an append was sent after it; null: none was. */
  #snapshotProbeIndex: RaftIndex | null = null;
  #directoryId: string | null = null;
  /** Ticks since the peer was last heard in this term; it starts at 0, as a grace for a new leader. */
  #silentTicks = 0;
  /** The highest heartbeat round that the peer answered. */
  #confirmedRound = 0;
  readonly #inflights: Inflights;

  constructor(nextIndex: RaftIndex, limits: ProgressLimits) {
    this.#nextIndex = nextIndex;
    this.#inflights = new Inflights(limits.maxInflightMessages, limits.maxInflightBytes);
  }

  get state(): ProgressState {
    return this.#state;
  }

  get matchIndex(): RaftIndex {
    return this.#matchIndex;
  }

  get nextIndex(): RaftIndex {
    return this.#nextIndex;
  }

  get directoryId(): string | null {
    return this.#directoryId;
  }

  get silentTicks(): number {
    return this.#silentTicks;
  }

  get confirmedRound(): number {
    return this.#confirmedRound;
  }

  get inflightCount(): number {
    return this.#inflights.count;
  }

  /** One tick without a word from the peer; a snapshot that was not reported on for `snapshotRetryTicks` is given up. */
  tick(snapshotRetryTicks: number): void {
    this.#silentTicks += 1;
    if (this.#state !== 'snapshot') return;
    this.#snapshotTicks += 1;
    if (this.#snapshotTicks >= snapshotRetryTicks) this.becomeProbe();
  }

  /** The peer was heard. Another data directory is another peer: nothing that was known of the old one holds. */
  onContact(directoryId: string, lastIndex: RaftIndex): void {
    this.#silentTicks = 0;
    if (this.#directoryId === directoryId) return;
    if (this.#directoryId !== null) {
      sometimes('raft: peer came back with another disk');
      this.#matchIndex = 0;
      this.#nextIndex = lastIndex + 1;
      this.#confirmedRound = 0;
      this.#enter('probe');
    }
    this.#directoryId = directoryId;
  }

  onRound(round: number): void {
    this.#confirmedRound = Math.max(this.#confirmedRound, round);
  }

  /** A heartbeat was answered: the path works, so a probe that was lost may be repeated. */
  resumeProbe(): void {
    this.#isProbeSent = false;
  }

  isPaused(): boolean {
    if (this.#state === 'probe') return this.#isProbeSent;
    if (this.#state === 'replicate') return this.#inflights.isFull();
    return true;
  }

  onAppendSent(entryCount: number, bytes: number): void {
    if (this.#state === 'probe') {
      this.#isProbeSent = true;
    } else if (this.#state === 'replicate' && entryCount > 0) {
      this.#nextIndex += entryCount;
      this.#inflights.add(this.#nextIndex - 1, bytes);
    }
  }

  /** True when the acknowledgement taught something: a higher match, or the end of a probe. */
  onAccepted(index: RaftIndex, firstIndex: RaftIndex): boolean {
    const isHigher = index > this.#matchIndex;
    if (!isHigher && !(index === this.#matchIndex && this.#state === 'probe')) return false;
    this.#matchIndex = index;
    this.#nextIndex = Math.max(this.#nextIndex, index + 1);
    if (this.#state === 'probe') this.#becomeReplicate();
    else if (this.#state === 'replicate') this.#inflights.freeTo(index);
    else if (index + 1 >= firstIndex) this.#becomeReplicate();
    // It has arrived, and the log has been cut again meanwhile: a newer one has to follow.
    else if (index >= this.#pendingSnapshotIndex) this.becomeProbe();
    return true;
  }

  /** True when the refusal is news; `nextIndex` then went back to `fallbackIndex` + 1 at most. */
  onRejected(rejectedIndex: RaftIndex, fallbackIndex: RaftIndex): boolean {
    // Nothing comes before the first entry, so an append of it has nothing that could be refused: the peer is wrong.
    if (rejectedIndex < 1 || fallbackIndex < 0) return false;
    if (this.#state === 'replicate') {
      if (rejectedIndex <= this.#matchIndex) return false;
      this.becomeProbe();
      return true;
    }
    if (this.#state === 'snapshot' && rejectedIndex === this.#snapshotProbeIndex) {
      // What was sent after the snapshot has arrived, and the snapshot has not.
      this.#nextIndex = rejectedIndex + 1;
      this.#enter('probe');
    }
    // While probing, the refusal must be of the probe that is out: anything else is late.
    if (this.#state === 'snapshot' || rejectedIndex !== this.#nextIndex - 1) {
      sometimes('raft: late refusal ignored');
      return false;
    }
    if (rejectedIndex <= this.#matchIndex) {
      // It has not what it had acknowledged: an older image of its disk was put back. To insist would be to ask for ever.
      sometimes('raft: peer has lost what it had acknowledged');
      this.#matchIndex = Math.min(this.#matchIndex, fallbackIndex, rejectedIndex - 1);
    }
    this.#nextIndex = Math.max(Math.min(rejectedIndex, fallbackIndex + 1), this.#matchIndex + 1);
    this.#isProbeSent = false;
    return true;
  }

  becomeProbe(): void {
    // After a snapshot went out, probing above it shows whether it arrived.
    const known = this.#state === 'snapshot' ? Math.max(this.#matchIndex, this.#pendingSnapshotIndex) : this.#matchIndex;
    this.#nextIndex = known + 1;
    this.#enter('probe');
  }

  becomeSnapshot(index: RaftIndex): void {
    this.#enter('snapshot');
    this.#pendingSnapshotIndex = index;
  }

  /**
   * Where an append would show what became of a snapshot that should have been acknowledged by now; null while it may well be
   * on its way. The snapshot or its acknowledgement can be lost without a word, and nobody would ask for either again.
   */
  probeSnapshot(overdueTicks: number, firstKnownIndex: RaftIndex): RaftIndex | null {
    if (this.#state !== 'snapshot' || this.#snapshotTicks < overdueTicks) return null;
    this.#snapshotProbeIndex = Math.max(this.#pendingSnapshotIndex, firstKnownIndex);
    return this.#snapshotProbeIndex;
  }

  /** The driver's report. After a failure the probe starts from what the peer is known to hold. */
  onSnapshotReported(isDelivered: boolean): void {
    if (this.#state !== 'snapshot') return;
    if (!isDelivered) {
      sometimes('raft: snapshot was not delivered');
      this.#pendingSnapshotIndex = 0;
    }
    this.becomeProbe();
    // Wait for the peer's own answer, or for a heartbeat's, in place of probing into an installation.
    this.#isProbeSent = true;
  }

  onUnreachable(): void {
    if (this.#state !== 'replicate') return;
    sometimes('raft: pipeline given up because the peer is unreachable');
    this.becomeProbe();
  }

  #becomeReplicate(): void {
    this.#nextIndex = this.#matchIndex + 1;
    this.#enter('replicate');
  }

  #enter(state: ProgressState): void {
    this.#state = state;
    this.#isProbeSent = false;
    this.#pendingSnapshotIndex = 0;
    this.#snapshotTicks = 0;
    this.#snapshotProbeIndex = null;
    this.#inflights.clear();
  }
}

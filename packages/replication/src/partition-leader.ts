/**
 * The leader of one partition in one leader epoch: high watermark, in-sync set, and the promises made to producers.
 *
 * A new object is made for every leader epoch, so nothing learnt under an older epoch can be believed (A9, A14).
 * The driver appends and syncs; it tells this object how far the local log is and what followers report. The object
 * moves the high watermark, releases waiting producers and says which ISR it wants from the controller.
 * Rules: KIP-101, KIP-497 (maximal ISR), KIP-903 (broker epochs), KIP-966 (strict min ISR); Kafka's `Partition`.
 */
import { assert, buggify, sometimes } from '@jackdaw/base';
import type { LeaderEpoch, NodeId, Offset } from '@jackdaw/base';
import { ErrorCode } from '@jackdaw/protocol';
import { AppendWaiters, type AppendWaiter } from './append-waiters.ts';
import { FollowerProgress, type FollowerPosition } from './follower-progress.ts';
import { IsrState } from './isr-state.ts';
import type { PartitionState, ReplicationConfig } from './partition-state.ts';
import type { EpochEndOffset, ReplicaLog } from './replica-log.ts';

export interface PartitionLeaderOptions {
  readonly nodeId: NodeId;
  readonly state: PartitionState;
  readonly log: ReplicaLog;
  /** The high watermark that this replica knew when it became leader; the log cannot be shorter (A5). */
  readonly highWatermark: Offset;
  readonly config: ReplicationConfig;
  readonly nowMs: number;
  /** Called after the high watermark has moved; delayed fetches wait for it. */
  readonly onHighWatermark?: (highWatermark: Offset) => void;
  /** Called when a leader that had settled has something again that the clock must look at; see `maybeSettle`. */
  readonly onUnsettled?: () => void;
}

/** What a follower says when it starts (or starts again) to fetch. */
export interface FetchStart {
  readonly brokerId: NodeId;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  /** Epoch of the follower's last record, −1 when its log is empty. */
  readonly lastFetchedEpoch: LeaderEpoch;
}

export type FetchStartAnswer =
  | { readonly kind: 'accepted' }
  /** The logs differ before `fetchOffset`: the follower truncates by this epoch's end and asks again (A2). */
  | { readonly kind: 'diverging'; readonly epochEnd: EpochEndOffset }
  | { readonly kind: 'error'; readonly error: number };

/** An ISR that the leader wants; goes to the controller as AlterPartition with both epochs (A15). */
export interface IsrProposal {
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
  readonly isr: readonly { readonly brokerId: NodeId; readonly brokerEpoch: number }[];
}

export class PartitionLeader {
  readonly leaderEpoch: LeaderEpoch;
  /** Where this epoch starts in the log; fixed at the election. */
  readonly leaderEpochStartOffset: Offset;
  readonly #nodeId: NodeId;
  readonly #log: ReplicaLog;
  readonly #config: ReplicationConfig;
  readonly #onHighWatermark: (highWatermark: Offset) => void;
  readonly #onUnsettled: () => void;
  readonly #isr: IsrState;
  readonly #waiters = new AppendWaiters();
  /** Of the group coordinator: only the high watermark, or the end of the role, completes them. */
  readonly #commits = new AppendWaiters();
  readonly #followers = new Map<NodeId, FollowerProgress>();
  #replicas: readonly NodeId[];
  #highWatermark: Offset;
  /** The log's end when every follower had all of it and was in the ISR; null while the clock has to look at them. */
  #settledEndOffset: Offset | null = null;
  /** The error that waiting producers got when the role ended; null while it lasts. Nothing moves after it. */
  #resignedWith: number | null = null;

  constructor(options: PartitionLeaderOptions) {
    const { state, log } = options;
    assert(state.leader === options.nodeId, 'only the elected replica becomes leader');
    assert(state.isr.includes(state.leader), 'a leader is in its ISR');
    assert(log.durableOffset <= log.logEndOffset, 'durable is not beyond the end');
    this.#nodeId = options.nodeId;
    this.#log = log;
    this.#config = options.config;
    this.#onHighWatermark = options.onHighWatermark ?? (() => undefined);
    this.#onUnsettled = options.onUnsettled ?? (() => undefined);
    this.leaderEpoch = state.leaderEpoch;
    this.leaderEpochStartOffset = log.logEndOffset;
    log.assignEpochStartOffset(state.leaderEpoch, log.logEndOffset);
    this.#isr = new IsrState(state);
    this.#replicas = state.replicas;
    this.#highWatermark = Math.max(Math.min(options.highWatermark, log.logEndOffset), log.logStartOffset);
    for (const id of state.replicas) {
      if (id === options.nodeId) continue;
      const inSync = state.isr.includes(id);
      this.#followers.set(id, new FollowerProgress(id, inSync ? options.nowMs : Number.NEGATIVE_INFINITY));
    }
    this.maybeAdvanceHighWatermark(options.nowMs);
    if (!this.isHighWatermarkReady) sometimes('replication: new leader has a high watermark below its epoch');
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /** False until the high watermark has reached this epoch's start: answers that depend on it must wait (A10). */
  get isHighWatermarkReady(): boolean {
    return this.#highWatermark >= this.leaderEpochStartOffset;
  }

  get partitionEpoch(): number {
    return this.#isr.partitionEpoch;
  }

  get replicas(): readonly NodeId[] {
    return this.#replicas;
  }

  get committedIsr(): ReadonlySet<NodeId> {
    return this.#isr.committed;
  }

  get maximalIsr(): ReadonlySet<NodeId> {
    return this.#isr.maximal;
  }

  get waitingProducers(): number {
    return this.#waiters.size;
  }

  follower(id: NodeId): FollowerProgress | undefined {
    return this.#followers.get(id);
  }

  /** `min.insync.replicas`, but never more than there are replicas (Kafka's effective min ISR). */
  get effectiveMinIsr(): number {
    return Math.max(1, Math.min(this.#config.minInsyncReplicas(), this.#replicas.length));
  }

  get isUnderMinIsr(): boolean {
    return this.#isr.committed.size < this.effectiveMinIsr;
  }

  /** Whether a produce request with these acks may append now: 0 or a Kafka error code (A13). */
  checkAppend(acks: number): number {
    if (this.#resignedWith !== null) return this.#resignedWith;
    if (acks === -1 && this.isUnderMinIsr) sometimes('replication: acks=all refused because the ISR is too small');
    return acks === -1 && this.isUnderMinIsr ? ErrorCode.NOT_ENOUGH_REPLICAS : ErrorCode.NONE;
  }

  /**
   * Calls `complete` once with 0 when every in-sync replica has everything below `requiredOffset`, or with an error
   * (also on a leader that has resigned).
   * Returns null when `complete` has been called already.
   */
  whenReplicated(requiredOffset: Offset, complete: (error: number) => void): AppendWaiter | null {
    if (this.#resignedWith !== null) {
      sometimes('replication: wait asked of a leader that has resigned');
      complete(this.#resignedWith);
      return null;
    }
    if (requiredOffset <= this.#highWatermark) {
      complete(this.#releaseError());
      return null;
    }
    return this.#waiters.add(requiredOffset, complete);
  }

  /**
   * The same for the group coordinator (CoordinatorRuntime's wait for the high watermark): an ISR that is too small after the
   * append fails nothing, since the record stays in the log and may yet be committed. Only the end of the role is an error.
   */
  whenCommitted(requiredOffset: Offset, complete: (error: number) => void): AppendWaiter | null {
    const known = this.#resignedWith ?? (requiredOffset <= this.#highWatermark ? ErrorCode.NONE : null);
    if (known === null) return this.#commits.add(requiredOffset, complete);
    complete(known);
    return null;
  }

  /** The driver's notice that the local log has become durable further, or longer. */
  onLocalProgress(nowMs: number): void {
    if (this.#settledEndOffset !== null && this.#log.logEndOffset !== this.#settledEndOffset) this.#unsettle(nowMs);
    this.maybeAdvanceHighWatermark(nowMs);
  }

  /**
   * Whether time alone can change nothing in the ISR: all replicas are in it and have everything, and no change is under way.
   * Then nobody needs to look by the clock until `onUnsettled` is called: with a thousand quiet partitions, that look was most
   * of what a broker did. Everything else that could change the ISR comes as a call.
   */
  maybeSettle(): boolean {
    const { committed } = this.#isr;
    if (this.#isr.hasPendingChange || this.#resignedWith !== null) return false;
    if (!this.#replicas.every((id) => committed.has(id))) return false;
    const { logEndOffset } = this.#log;
    for (const progress of this.#followers.values()) if (progress.durableOffset < logEndOffset) return false;
    this.#settledEndOffset = logEndOffset;
    return true;
  }

  /** Every follower has had everything up to this moment, as `observe` would have found at each look since. */
  #unsettle(nowMs: number): void {
    const leaderEndOffset = this.#settledEndOffset;
    if (leaderEndOffset === null) return;
    this.#settledEndOffset = null;
    for (const progress of this.#followers.values()) progress.observe(leaderEndOffset, nowMs);
    this.#onUnsettled();
  }

  /** A follower wants to fetch from a position: is its log a prefix of ours? (KIP-320, KIP-595; A2, A4, A7) */
  checkFetchStart(start: FetchStart): FetchStartAnswer {
    const epochError = this.checkEpoch(start.currentLeaderEpoch);
    if (epochError === ErrorCode.FENCED_LEADER_EPOCH) sometimes('replication: follower of an older epoch fenced');
    if (epochError === ErrorCode.UNKNOWN_LEADER_EPOCH) sometimes('replication: follower of a newer epoch has to wait');
    if (epochError !== ErrorCode.NONE) return { kind: 'error', error: epochError };
    if (!this.#followers.has(start.brokerId)) return { kind: 'error', error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
    const { logStartOffset, logEndOffset } = this.#log;
    if (start.lastFetchedEpoch >= 0) {
      const epochEnd = this.#log.endOffsetForEpoch(start.lastFetchedEpoch);
      // Where the logs part has been deleted here: what the follower has from there on up to our start may be anything, and
      // would be back in its log if it forgot our start in a crash. Our newest epoch is the one that we know from its begin.
      const isOlder = start.lastFetchedEpoch !== this.#log.latestEpoch();
      const isPartingGone = logStartOffset > 0 && epochEnd.endOffset <= logStartOffset && isOlder;
      if (epochEnd.leaderEpoch < 0 || start.fetchOffset < logStartOffset || isPartingGone) {
        return { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE };
      }
      if (epochEnd.leaderEpoch < start.lastFetchedEpoch || epochEnd.endOffset < start.fetchOffset) {
        if (epochEnd.leaderEpoch < start.lastFetchedEpoch)
          sometimes('replication: logs differ in an epoch that the leader lacks');
        else sometimes('replication: logs differ at the end of an epoch');
        return { kind: 'diverging', epochEnd };
      }
    }
    if (start.fetchOffset < logStartOffset || start.fetchOffset > logEndOffset) {
      sometimes('replication: fetch start outside the log');
      return { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE };
    }
    return { kind: 'accepted' };
  }

  /** 0, or why a request made under `currentLeaderEpoch` (−1: not given) cannot be served here (A7). */
  checkEpoch(currentLeaderEpoch: LeaderEpoch): number {
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.NONE;
    return currentLeaderEpoch < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  /** A follower whose start was accepted reports how far its log is. */
  onFollowerPosition(brokerId: NodeId, position: FollowerPosition, nowMs: number): void {
    const progress = this.#followers.get(brokerId);
    if (progress === undefined) return;
    assert(position.durableOffset <= position.fetchOffset, 'durable is not beyond the end');
    if (position.fetchOffset > this.#log.logEndOffset) return;
    if (position.durableOffset < progress.durableOffset) this.#unsettle(nowMs);
    progress.onReport(position, this.#log.logEndOffset, nowMs);
    this.maybeAdvanceHighWatermark(nowMs);
  }

  /** The ISR to ask of the controller now, or null. At most one change is in flight. */
  maybeProposeIsr(nowMs: number, options: { isRecovering?: boolean } = {}): IsrProposal | null {
    for (const progress of this.#followers.values()) progress.observe(this.#log.logEndOffset, nowMs);
    if (this.#isr.hasPendingChange || this.#resignedWith !== null) return null;
    if (buggify('replication: ISR change put off')) return null;
    const wanted = this.#replicas.filter((id) => this.#belongsToIsr(id, nowMs));
    const committed = this.#isr.committed;
    const isSame = wanted.length === committed.size && wanted.every((id) => committed.has(id));
    // A leader that was elected uncleanly says once that it has recovered, whatever its ISR (KIP-704).
    if (isSame && options.isRecovering !== true) return null;
    if (wanted.length < committed.size) sometimes('replication: ISR shall shrink');
    if (wanted.some((id) => !committed.has(id))) sometimes('replication: ISR shall grow');
    if (isSame) sometimes('replication: leader elected uncleanly says that it has recovered');
    for (const id of committed) if (!wanted.includes(id)) this.#onLeftOut(id);
    this.#isr.propose(wanted);
    return this.pendingProposal();
  }

  #onLeftOut(id: NodeId): void {
    const progress = this.#followers.get(id);
    if (progress !== undefined) progress.hasReportedSinceLeft = false;
  }

  /** The change in flight, to send again when its answer never came. */
  pendingProposal(): IsrProposal | null {
    const proposed = this.#isr.proposed;
    if (proposed === undefined || this.#resignedWith !== null) return null;
    return {
      leaderEpoch: this.leaderEpoch,
      partitionEpoch: this.#isr.partitionEpoch,
      isr: proposed.map((brokerId) => ({ brokerId, brokerEpoch: this.#brokerEpochOf(brokerId) })),
    };
  }

  /** The controller's answer to a proposal: the committed state, or an error code. */
  onIsrAnswer(
    answer: { isr: readonly NodeId[]; partitionEpoch: number; leaderEpoch: LeaderEpoch } | { error: number },
    nowMs: number,
  ): void {
    if ('error' in answer) this.#onIsrError(answer.error);
    else if (answer.leaderEpoch === this.leaderEpoch) this.#isr.onAnswered(answer.isr, answer.partitionEpoch);
    this.#onIsrChanged(nowMs);
  }

  /** The metadata log shows a newer registration of this partition in the same leader epoch. */
  onMetadata(state: PartitionState, nowMs: number): void {
    assert(state.leaderEpoch === this.leaderEpoch, 'another epoch means another leader object');
    this.#unsettle(nowMs);
    this.#replicas = state.replicas;
    for (const id of state.replicas) {
      if (id !== this.#nodeId && !this.#followers.has(id)) {
        this.#followers.set(id, new FollowerProgress(id, Number.NEGATIVE_INFINITY));
      }
    }
    for (const id of this.#followers.keys()) if (!state.replicas.includes(id)) this.#followers.delete(id);
    this.#isr.onCommitted(state.isr, state.partitionEpoch);
    this.#onIsrChanged(nowMs);
  }

  /**
   * Whether the high watermark waits for a member of the ISR that has been behind for so long. A controller would have
   * let it go by then: without one, nothing can be acknowledged here (A26).
   */
  isHeldUp(nowMs: number, limitMs: number): boolean {
    for (const id of this.#isr.maximal) {
      const progress = this.#followers.get(id);
      if (progress !== undefined && !progress.isCaughtUp(this.#log.logEndOffset, nowMs, limitMs)) return true;
    }
    return false;
  }

  /** Every waiting producer is sent away with an error, and the role stays: what it wrote may yet be acknowledged. */
  failWaiting(error: number): void {
    this.#waiters.failAll(error);
  }

  /** This replica no longer leads in this epoch: every waiting producer learns it (A22), and whoever comes too late. */
  resign(error: number = ErrorCode.NOT_LEADER_OR_FOLLOWER): void {
    if (this.#waiters.size > 0) sometimes('replication: leader resigned while producers waited');
    this.#resignedWith ??= error;
    this.#waiters.failAll(error);
    this.#commits.failAll(error);
  }

  /**
   * Moves the high watermark to the least durable offset of the maximal ISR (A11), never back, and not while the ISR
   * is below `min.insync.replicas` (A12). A caught-up follower that may join the ISR is waited for, so that it can.
   */
  maybeAdvanceHighWatermark(nowMs: number): void {
    if (this.isUnderMinIsr && this.#log.durableOffset > this.#highWatermark) {
      sometimes('replication: high watermark held because the ISR is too small');
    }
    if (this.isUnderMinIsr || this.#resignedWith !== null) return;
    let candidate = this.#log.durableOffset;
    for (const progress of this.#followers.values()) {
      if (progress.durableOffset >= candidate) continue;
      if (this.#isr.hasPendingChange && this.#isr.isOnlyProposed(progress.brokerId)) {
        sometimes('replication: high watermark waits for a proposed member');
      }
      if (this.#isr.maximal.has(progress.brokerId) || this.#isAboutToJoin(progress, nowMs)) candidate = progress.durableOffset;
    }
    if (candidate <= this.#highWatermark) return;
    assert(candidate <= this.#log.logEndOffset, 'the high watermark never passes the log end (A5)');
    this.#highWatermark = candidate;
    this.#waiters.releaseUpTo(candidate, this.#releaseError());
    this.#commits.releaseUpTo(candidate, ErrorCode.NONE);
    this.#onHighWatermark(candidate);
  }

  #onIsrError(error: number): void {
    switch (error) {
      case ErrorCode.INELIGIBLE_REPLICA:
      case ErrorCode.OPERATION_NOT_ATTEMPTED:
      case ErrorCode.INVALID_REQUEST:
        this.#isr.onRefused();
        return;
      case ErrorCode.INVALID_UPDATE_VERSION:
      case ErrorCode.FENCED_LEADER_EPOCH:
      case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      case ErrorCode.UNKNOWN_TOPIC_ID:
      case ErrorCode.NEW_LEADER_ELECTED:
        sometimes('replication: ISR change outdated, the maximal ISR stays');
        this.#isr.onOutdated();
        return;
      default:
        sometimes('replication: ISR change with an unknown outcome');
        // Unknown outcome (timeout, controller moved): the change stays in flight and is sent again.
        return;
    }
  }

  #onIsrChanged(nowMs: number): void {
    if (this.isUnderMinIsr && this.#waiters.size > 0) sometimes('replication: ISR too small after an append');
    if (this.isUnderMinIsr) this.#waiters.failAll(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    else this.maybeAdvanceHighWatermark(nowMs);
  }

  #releaseError(): number {
    return this.isUnderMinIsr ? ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND : ErrorCode.NONE;
  }

  #belongsToIsr(id: NodeId, nowMs: number): boolean {
    if (id === this.#nodeId) return true;
    const progress = this.#followers.get(id);
    if (progress === undefined) return false;
    const end = this.#log.logEndOffset;
    if (this.#isr.committed.has(id)) return progress.isCaughtUp(end, nowMs, this.#config.replicaLagTimeMaxMs());
    return this.#mayJoin(progress, nowMs);
  }

  /**
   * A14: fetched in this epoch, at or past the high watermark and the epoch's start, alive under that broker epoch. And caught
   * up by the measure by which it would be left out (A16): while the high watermark stands still, one that is stuck above it
   * would come and go with every answer of the controller.
   */
  #mayJoin(progress: FollowerProgress, nowMs: number): boolean {
    if (progress.hasReported && !this.#isEligible(progress)) sometimes('replication: ineligible follower kept out of the ISR');
    else if (progress.hasReported && progress.durableOffset < this.leaderEpochStartOffset) {
      sometimes('replication: follower kept out until it reaches the start of the epoch');
    }
    if (!progress.hasReported || !progress.hasReportedSinceLeft || !this.#isEligible(progress)) return false;
    if (progress.durableOffset < this.#highWatermark || progress.durableOffset < this.leaderEpochStartOffset) return false;
    return progress.isCaughtUp(this.#log.logEndOffset, nowMs, this.#config.replicaLagTimeMaxMs());
  }

  #isAboutToJoin(progress: FollowerProgress, nowMs: number): boolean {
    if (!progress.hasReported || !this.#isEligible(progress)) return false;
    return progress.isCaughtUp(this.#log.logEndOffset, nowMs, this.#config.replicaLagTimeMaxMs());
  }

  #isEligible(progress: FollowerProgress): boolean {
    const broker = this.#config.broker(progress.brokerId);
    if (broker === undefined || broker.isFenced || broker.isShuttingDown) return false;
    return broker.brokerEpoch === progress.brokerEpoch;
  }

  #brokerEpochOf(id: NodeId): number {
    const progress = this.#followers.get(id);
    if (progress !== undefined && progress.brokerEpoch >= 0) return progress.brokerEpoch;
    return this.#config.broker(id)?.brokerEpoch ?? -1;
  }
}

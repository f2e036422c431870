/**
 * Drives the Raft state machine of this node: ticks, messages, the disk, and what is committed.
 *
 * One Ready is under way at a time and is handled in the order that makes promises true: persist, then send what
 * depends on it, then apply (E2). While the disk is busy, heartbeats still leave. A disk that fails ends the node: its
 * promises could not be kept any more.
 */
import {
  setRepeating,
  type Clock,
  type NodeId,
  type Prng,
  type RaftIndex,
  type Term,
  type Timer,
  type Timers,
  buggify,
  sometimes,
} from '@jackdaw/base';
import { RaftNode, type ProposeResult, type RaftMessage, type RaftStatus, type Ready, type SoftState } from '@jackdaw/raft';
import type { RaftStore } from './raft-store.ts';
import type { RaftTransport } from './raft-transport.ts';

export interface QuorumOptions {
  readonly nodeId: NodeId;
  readonly directoryId: string;
  readonly voters: readonly NodeId[];
  readonly store: RaftStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly prng: Prng;
  /** `controller.quorum.election.timeout.ms`: the shortest time without a leader before an election. */
  readonly electionTimeoutMs: number;
  /** `metadata.log.max.record.bytes.between.snapshots` */
  readonly snapshotBytes: number;
  /** `metadata.log.max.snapshot.interval.ms`: the longest time that anything new goes without a snapshot; 0 is no limit. */
  readonly snapshotIntervalMs: number;
  readonly application: QuorumApplication;
  readonly onSoftState: (state: SoftState) => void;
  /** Entries have been applied. */
  readonly onApplied: () => void;
  /** An own proposal was committed and applied here, so many milliseconds after it was made. */
  readonly onCommitted: (durationMs: number) => void;
  /** The disk failed: this node must stop. */
  readonly onFatal: (error: Error) => void;
}

/** What the committed entries are applied to. */
export interface QuorumApplication {
  apply(index: RaftIndex, term: Term, data: Uint8Array): void;
  /** Entries without data (no-ops) still move the applied index. */
  skip(index: RaftIndex, term: Term): void;
  restore(index: RaftIndex, term: Term, data: Uint8Array): void;
  snapshot(): Uint8Array;
}

/** A proposal that this node accepted as leader and then lost: it may or may not be committed later. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

const ticksInElectionTimeout = 20;
const ticksInHeartbeat = 3;
/** A stalled process must not live through an election timeout in one go: late ticks beyond this are dropped. */
const maxTicksAtOnce = 3;
const kiB = 1024;

interface Waiter {
  readonly term: Term;
  readonly proposedMs: number;
  resolve(): void;
  reject(error: Error): void;
}

export class QuorumDriver {
  readonly #options: QuorumOptions;
  readonly #node: RaftNode;
  readonly #tickMs: number;
  readonly #waiters = new Map<RaftIndex, Waiter>();
  readonly #reads = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #transport: RaftTransport | null = null;
  #timer: Timer | null = null;
  #lastTickMs: number;
  #nextReadId = 1;
  #isRunning = false;
  #isClosed = false;
  #softState: SoftState = { role: 'follower', term: 0, leaderId: null };
  /** Voters that can be sent to since the start; null as soon as a leader is known, or an election was begun. */
  #reachedAtStart: Set<NodeId> | null = new Set();
  readonly #termAtStart: Term;
  #bytesSinceSnapshot = 0;
  #lastSnapshotMs: number;
  /** Set while a hand-over is waited for: another leads, or this node will never know. */
  #endHandOver: ((isDone: boolean) => void) | null = null;
  #finished: Promise<void> = Promise.resolve();

  constructor(options: QuorumOptions) {
    this.#options = options;
    this.#tickMs = options.electionTimeoutMs / ticksInElectionTimeout;
    this.#lastTickMs = options.clock.monotonicMs();
    this.#lastSnapshotMs = this.#lastTickMs;
    const { storage } = options.store;
    const snapshot = storage.snapshot();
    if (snapshot !== null) sometimes('broker: metadata begins with a snapshot');
    if (snapshot !== null) options.application.restore(snapshot.metadata.index, snapshot.metadata.term, snapshot.data);
    this.#node = new RaftNode({
      id: options.nodeId,
      directoryId: options.directoryId,
      voters: options.voters,
      electionTicks: ticksInElectionTimeout,
      heartbeatTicks: ticksInHeartbeat,
      prng: options.prng,
      storage,
      maxMessageBytes: 1024 * kiB,
      maxInflightMessages: 64,
      maxUncommittedBytes: 64 * 1024 * kiB,
      maxEntryBytes: 8 * 1024 * kiB,
    });
    this.#termAtStart = this.#node.status().term;
  }

  get softState(): SoftState {
    return this.#softState;
  }

  /** The Raft log as it is on disk, to be looked at. */
  get storage(): QuorumOptions['store']['storage'] {
    return this.#options.store.storage;
  }

  get status(): RaftStatus {
    return this.#node.status();
  }

  /** Milliseconds of one tick, the unit of the times in {@link status}. */
  get tickMs(): number {
    return this.#tickMs;
  }

  start(transport: RaftTransport): void {
    this.#transport = transport;
    this.#lastTickMs = this.#options.clock.monotonicMs();
    this.#timer = setRepeating(this.#options.timers, this.#tickMs, () => this.#onTimer());
    // The only voter need not wait for anybody.
    if (this.#options.voters.length === 1 && this.#options.voters[0] === this.#options.nodeId) this.#node.campaign();
    this.#run();
  }

  step(message: RaftMessage): void {
    if (this.#isClosed) return;
    this.#node.step(message);
    this.#run();
  }

  /**
   * Messages to this voter arrive. At the start of a cluster nobody leads it, and to wait for an election timeout would be
   * most of the start: so the lowest voter of those that reach each other asks for votes as soon as they are a majority, and
   * again with each one more. Where there is a leader, nobody answers it (pre-vote, E5), and the leader is soon heard.
   */
  onPeerReached(peer: NodeId): void {
    if (this.#isClosed || this.#reachedAtStart === null || !this.#options.voters.includes(this.#options.nodeId)) return;
    this.#reachedAtStart.add(peer);
    if (2 * (this.#reachedAtStart.size + 1) <= this.#options.voters.length) return;
    for (const other of this.#reachedAtStart) if (other < this.#options.nodeId) return;
    // An election that somebody has begun already is not disturbed.
    const { term, leaderId } = this.#node.status();
    if (leaderId !== null || term !== this.#termAtStart) return;
    sometimes('broker: election at the start without a timeout');
    this.#node.campaign();
    this.#run();
  }

  /** The stream to a peer broke: what is in flight to it is lost. */
  onPeerBroken(peer: NodeId): void {
    if (this.#isClosed) return;
    this.#node.reportUnreachable(peer);
    // Whether a snapshot that was on its way has arrived nobody will say: ask the peer what it has, and do not wait for long.
    this.#node.reportSnapshot(peer, false);
    this.#run();
  }

  /** Nothing listens at a peer's address: if it led, nobody leads, and the election timeout need not be waited for. */
  onPeerGone(peer: NodeId): void {
    if (this.#isClosed) return;
    this.#node.reportGone(peer);
    this.#run();
  }

  /** Proposes an entry; `committed` resolves when it has been applied here, rejects when leadership is lost first. */
  propose(data: Uint8Array): { result: ProposeResult; committed: Promise<void> } {
    const result = this.#node.propose(data);
    if (result.kind !== 'accepted') return { result, committed: Promise.resolve() };
    const proposedMs = this.#options.clock.monotonicMs();
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiters.set(result.index, { term: result.term, proposedMs, resolve, reject });
    });
    this.#run();
    return { result, committed };
  }

  /** Resolves when the state applied here is at least as new as the moment of the call (E6); only on the leader. */
  async confirmRead(): Promise<void> {
    const readId = this.#nextReadId++;
    const asked = this.#node.requestRead(readId);
    if (asked.kind !== 'accepted') throw new LeadershipLostError('this node does not lead the quorum');
    const answered = new Promise<void>((resolve, reject) => this.#reads.set(readId, { resolve, reject }));
    this.#run();
    await answered;
  }

  /**
   * Gives the leadership to the voter that can take it soonest, so that a node that stops leaves no gap. Resolves once
   * another leads, at the latest after `limitMs`; at once when this node does not lead, nobody else can, or its disk failed.
   */
  async handOver(limitMs: number): Promise<boolean> {
    if (this.#isClosed || !this.#orderHandOver()) return false;
    const isDone = await new Promise<boolean>((resolve) => {
      const timer = this.#options.timers.setTimer(limitMs, () => resolve(false));
      this.#endHandOver = (wasTaken) => {
        timer.cancel();
        resolve(wasTaken);
      };
    });
    this.#endHandOver = null;
    return isDone;
  }

  #orderHandOver(): boolean {
    const successor = this.#node.successor();
    const isOrdered = successor !== null && this.#node.transferLeadership(successor);
    this.#run();
    return isOrdered;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#failWaiters('this node is stopping');
    await this.#finished;
    await this.#options.store.close();
  }

  #onTimer(): void {
    const now = this.#options.clock.monotonicMs();
    const due = Math.floor((now - this.#lastTickMs) / this.#tickMs);
    if (due <= 0) return;
    if (due > maxTicksAtOnce) sometimes('broker: late ticks of the quorum dropped');
    this.#lastTickMs = due > maxTicksAtOnce ? now : this.#lastTickMs + due * this.#tickMs;
    for (let i = 0; i < Math.min(due, maxTicksAtOnce); i++) this.#node.tick();
    this.#run();
  }

  #run(): void {
    if (this.#isRunning) {
      // A Ready is being written; what may leave before it is durable leaves now.
      for (const message of this.#node.takeMessages()) this.#transport?.send(message);
      return;
    }
    if (this.#isClosed || !(this.#node.hasReady() || this.#isSnapshotDue())) return;
    this.#isRunning = true;
    this.#finished = this.#loop().then(
      () => {
        this.#isRunning = false;
      },
      (error: unknown) => {
        this.#isClosed = true;
        this.#timer?.cancel();
        this.#endHandOver?.(false);
        this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async #loop(): Promise<void> {
    while (!this.#isClosed && (this.#node.hasReady() || this.#isSnapshotDue())) {
      if (this.#node.hasReady()) await this.#handle(this.#node.ready());
      if (this.#isSnapshotDue()) await this.#makeSnapshot();
    }
  }

  async #handle(ready: Ready): Promise<void> {
    for (const message of ready.messages) this.#transport?.send(message);
    await this.#options.store.persist(ready);
    if (ready.snapshot !== null) {
      sometimes('broker: metadata restored from the leader of the quorum');
      const { index, term } = ready.snapshot.metadata;
      this.#options.application.restore(index, term, ready.snapshot.data);
    }
    for (const message of ready.messagesAfterPersist) this.#transport?.send(message);
    this.#apply(ready);
    this.#node.advance(ready);
    if (ready.softState !== null) this.#onSoftState(ready.softState);
    if (ready.committedEntries.length > 0 || ready.snapshot !== null) this.#options.onApplied();
  }

  #apply(ready: Ready): void {
    for (const entry of ready.committedEntries) {
      if (entry.kind === 'normal') {
        this.#bytesSinceSnapshot += entry.data.length;
        this.#options.application.apply(entry.index, entry.term, entry.data);
      } else this.#options.application.skip(entry.index, entry.term);
      const waiter = this.#waiters.get(entry.index);
      if (waiter === undefined) continue;
      this.#waiters.delete(entry.index);
      if (waiter.term === entry.term) {
        this.#options.onCommitted(this.#options.clock.monotonicMs() - waiter.proposedMs);
        waiter.resolve();
      } else waiter.reject(new LeadershipLostError(`entry ${entry.index} was replaced by another leader's`));
    }
    for (const outcome of ready.reads) {
      const read = this.#reads.get(outcome.readId);
      this.#reads.delete(outcome.readId);
      if (outcome.index === null) read?.reject(new LeadershipLostError('leadership was lost'));
      else read?.resolve();
    }
  }

  #onSoftState(state: SoftState): void {
    const wasLeader = this.#softState.role === 'leader';
    const termChanged = this.#softState.term !== state.term;
    this.#softState = state;
    if (state.leaderId !== null || state.term !== this.#termAtStart) this.#reachedAtStart = null;
    if (wasLeader && (state.role !== 'leader' || termChanged)) this.#failWaiters('this node lost the leadership of the quorum');
    if (state.leaderId !== null && state.leaderId !== this.#options.nodeId) this.#endHandOver?.(true);
    this.#options.onSoftState(state);
  }

  #failWaiters(reason: string): void {
    const waiters = [...this.#waiters.values(), ...this.#reads.values()];
    if (waiters.length > 0) sometimes('broker: proposals were open when the quorum was lost');
    this.#waiters.clear();
    this.#reads.clear();
    for (const waiter of waiters) waiter.reject(new LeadershipLostError(reason));
  }

  /** Enough is new, or something has been new for long enough. */
  #isSnapshotDue(): boolean {
    const { snapshotBytes, snapshotIntervalMs, clock } = this.#options;
    if (this.#bytesSinceSnapshot === 0) return false;
    if (this.#bytesSinceSnapshot >= snapshotBytes || buggify('broker: metadata snapshot early')) return true;
    return snapshotIntervalMs > 0 && clock.monotonicMs() - this.#lastSnapshotMs >= snapshotIntervalMs;
  }

  /** Snapshots the application and cuts the log, but leaves slow followers some of it. */
  async #makeSnapshot(): Promise<void> {
    this.#bytesSinceSnapshot = 0;
    this.#lastSnapshotMs = this.#options.clock.monotonicMs();
    const { appliedIndex } = this.#node.status();
    const snapshot = this.#node.createdSnapshot(appliedIndex, this.#options.application.snapshot());
    if (snapshot === null) return;
    sometimes('broker: metadata snapshot written');
    const kept = buggify('broker: no entries kept behind a snapshot') ? 0 : keptEntries;
    await this.#options.store.saveSnapshot(snapshot, appliedIndex - kept);
    // Another voter may lead at any time.
    if (buggify('broker: quorum handed over')) this.#orderHandOver();
  }
}

/** Entries kept behind a snapshot, so that a follower that is a little behind is not sent the whole state. */
const keptEntries = 1_000;

/**
 * One broker with one replica: gives the real PartitionLeader and PartitionFollower objects their events, as the
 * broker's driver does, over a log whose tail is durable only after a flush.
 *
 * It takes a role only when the metadata shows its own registration: what an older image says of an earlier incarnation
 * would let it lead twice in one epoch (A9).
 */
import { ErrorCode } from '@jackdaw/protocol';
import { PartitionFollower, PartitionLeader } from '../../src/index.ts';
import type { AppendWaiter } from '../../src/index.ts';
import { MemoryLog } from '../memory-log.ts';
import type { MemoryRecord } from '../memory-log.ts';
import { expectInvariant, type Checker } from './checker.ts';
import type { AlterPartition, SimulatedController } from './simulated-controller.ts';
import { Stream, type DownMessage, type UpMessage } from './stream.ts';

export interface ReplicaOptions {
  readonly id: number;
  readonly controller: SimulatedController;
  readonly checker: Checker;
  readonly minInsyncReplicas: number;
  readonly replicaLagTimeMaxMs: number;
  readonly nowMs: () => number;
  /** Named rare events, so that a blind simulation is noticed. */
  readonly count: (event: string) => void;
}

/** A waiting produce request and how often it was answered. */
interface Produce {
  readonly records: readonly MemoryRecord[];
  waiter: AppendWaiter | null;
  answers: number;
}

export class SimulatedReplica {
  readonly id: number;
  readonly log = new MemoryLog();
  isUp = true;
  isPaused = false;
  brokerEpoch: number;
  /** Index of the newest metadata version that it knows. */
  appliedVersion = 0;
  leader: PartitionLeader | null = null;
  follower: PartitionFollower | null = null;
  stream: Stream | null = null;
  /** The fetch that is open on the stream; 0 when another one has to be opened. */
  handle = 0;
  /** The ISR change whose answer is awaited. */
  asked: AlterPartition | null = null;
  askedBy: PartitionLeader | null = null;
  /** The checker has compared the log below this offset. */
  checkedUpTo = 0;
  /** True when the incarnation that comes next has lost nothing. */
  hasStoppedCleanly = false;
  #produces: Produce[] = [];
  #lastKnownHighWatermark = 0;
  #nextHandle = 1;
  readonly #options: ReplicaOptions;

  constructor(options: ReplicaOptions) {
    this.id = options.id;
    this.#options = options;
    this.brokerEpoch = options.controller.factsOf(options.id).brokerEpoch;
    this.reconcile();
  }

  get highWatermark(): number {
    return this.leader?.highWatermark ?? this.follower?.highWatermark ?? this.#lastKnownHighWatermark;
  }

  get isRunning(): boolean {
    return this.isUp && !this.isPaused;
  }

  applyNextVersion(): boolean {
    if (!this.isRunning || this.appliedVersion + 1 >= this.#options.controller.versions.length) return false;
    this.appliedVersion++;
    this.reconcile();
    return true;
  }

  reconcile(): void {
    const { controller, nowMs } = this.#options;
    const version = controller.versions[this.appliedVersion];
    if (version === undefined || version.brokers.get(this.id)?.brokerEpoch !== this.brokerEpoch) return this.leaveRole();
    const { state } = version;
    if (state.leader === this.id) {
      if (this.leader?.leaderEpoch === state.leaderEpoch) this.leader.onMetadata(state, nowMs());
      else this.#lead();
      return;
    }
    if (state.leader < 0) return this.leaveRole();
    if (this.follower?.leaderEpoch === state.leaderEpoch) return;
    this.leaveRole();
    this.follower = new PartitionFollower({ state, log: this.log, highWatermark: this.#lastKnownHighWatermark });
  }

  #lead(): void {
    const { controller, checker, minInsyncReplicas, replicaLagTimeMaxMs, nowMs, id } = this.#options;
    const version = controller.versions[this.appliedVersion];
    if (version === undefined) return;
    this.leaveRole();
    checker.onBecameLeader(this, version.state.leaderEpoch);
    this.leader = new PartitionLeader({
      nodeId: id,
      state: version.state,
      log: this.log,
      highWatermark: this.#lastKnownHighWatermark,
      config: {
        minInsyncReplicas: () => minInsyncReplicas,
        replicaLagTimeMaxMs: () => replicaLagTimeMaxMs,
        broker: (brokerId) => controller.versions[this.appliedVersion]?.brokers.get(brokerId),
      },
      nowMs: nowMs(),
    });
  }

  leaveRole(): void {
    this.#lastKnownHighWatermark = this.highWatermark;
    this.leader?.resign();
    if (this.leader !== null) this.#expectAllAnswered();
    this.leader = null;
    this.follower = null;
    this.asked = null;
    this.handle = 0;
    if (this.stream !== null) this.stream.reset(this.stream.up.length);
    this.stream = null;
  }

  /** The process dies. `kind` says what its disk keeps; `checkpoint` is the high watermark that it finds again. */
  crash(kind: 'clean' | 'powerLoss' | { loseFrom: number }, checkpoint: number): void {
    if (kind === 'clean') this.log.flush();
    this.hasStoppedCleanly = kind === 'clean';
    this.#produces = [];
    this.leader = null;
    this.leaveRole();
    this.isUp = false;
    this.isPaused = false;
    if (kind === 'powerLoss') {
      if (this.log.durableOffset < this.log.logEndOffset) this.#options.count('undurable tail lost');
      this.log.crash();
    } else if (kind !== 'clean') this.log.loseDurableFrom(kind.loseFrom);
    this.#lastKnownHighWatermark = Math.min(checkpoint, this.log.logEndOffset);
    this.checkedUpTo = 0;
  }

  restart(): void {
    this.isUp = true;
    this.brokerEpoch = this.#options.controller.register(this.id, this.hasStoppedCleanly);
    this.reconcile();
  }

  // As leader -----------------------------------------------------------------------------------------------------

  produce(acks: number, values: readonly number[]): boolean {
    const { leader } = this;
    if (leader === null || !this.isRunning) return false;
    if (leader.checkAppend(acks) !== ErrorCode.NONE) {
      this.#options.count('produce refused under min ISR');
      return true;
    }
    const records = values.map((value) => this.log.append(leader.leaderEpoch, value));
    if (acks !== -1) return true;
    const produce: Produce = { records, waiter: null, answers: 0 };
    this.#produces.push(produce);
    produce.waiter = leader.whenReplicated(this.log.logEndOffset, (error) => {
      produce.answers++;
      this.#produces = this.#produces.filter((other) => other !== produce);
      expectInvariant(produce.answers === 1, 'AnsweredOnce', 'a produce request was answered twice');
      if (error === ErrorCode.NONE) this.#options.checker.onAcked(records);
      else this.#options.count('produce failed after append');
    });
    return true;
  }

  /** The oldest waiting produce request times out. */
  timeOutProduce(): boolean {
    const produce = this.#produces.shift();
    if (produce === undefined) return false;
    produce.waiter?.cancel();
    produce.answers++;
    return true;
  }

  /** Something arrives on a stream from a follower. */
  onUp(stream: Stream, message: UpMessage): void {
    const { leader } = this;
    if (message.kind === 'open') return this.#onOpen(stream, message);
    const accepted = stream.accepted;
    if (accepted === null || accepted.handle !== message.handle || accepted.leader !== leader) return;
    this.#report(stream, message);
  }

  #onOpen(stream: Stream, message: UpMessage): void {
    const { leader } = this;
    stream.accepted = null;
    if (leader === null) return this.#send(stream, { handle: message.handle, error: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    const answer = leader.checkFetchStart({ brokerId: stream.followerId, ...message.position });
    if (answer.kind === 'error') return this.#send(stream, { handle: message.handle, error: answer.error });
    if (answer.kind === 'diverging') {
      this.#options.count('diverging answer');
      return this.#send(stream, { handle: message.handle, diverging: answer.epochEnd });
    }
    stream.accepted = { handle: message.handle, leader, nextOffset: message.position.fetchOffset };
    this.#report(stream, message);
  }

  #report({ followerId }: Stream, { brokerEpoch, position }: UpMessage): void {
    const { fetchOffset, durableOffset, logStartOffset } = position;
    this.leader?.onFollowerPosition(
      followerId,
      { brokerEpoch, fetchOffset, durableOffset, logStartOffset },
      this.#options.nowMs(),
    );
  }

  /** Pushes the next records of an accepted fetch, durable or not; with none left, only the high watermark. */
  push(stream: Stream, maxRecords: number): boolean {
    const { accepted } = stream;
    if (!this.isRunning || stream.isReset || accepted === null) return false;
    if (accepted.leader !== this.leader) {
      stream.accepted = null;
      this.#send(stream, { handle: accepted.handle, error: ErrorCode.NOT_LEADER_OR_FOLLOWER });
      return true;
    }
    const records: MemoryRecord[] = [];
    for (let record = this.log.at(accepted.nextOffset); record !== undefined && records.length < maxRecords;) {
      records.push(record);
      record = this.log.at(++accepted.nextOffset);
    }
    this.#send(stream, { handle: accepted.handle, records });
    return true;
  }

  #send(stream: Stream, message: Pick<DownMessage, 'handle'> & Partial<DownMessage>): void {
    if (stream.isReset) return;
    const { logStartOffset, logEndOffset } = this.log;
    const bounds = { highWatermark: this.highWatermark, logStartOffset, logEndOffset };
    stream.down.push({ error: ErrorCode.NONE, diverging: null, records: [], ...bounds, ...message });
  }

  /** Asks for an ISR change, or again for the one whose answer never came. */
  askForIsrChange(): AlterPartition | null {
    const { leader } = this;
    if (leader === null || !this.isRunning || this.asked !== null) return null;
    const proposal = leader.pendingProposal() ?? leader.maybeProposeIsr(this.#options.nowMs());
    if (proposal === null) return null;
    this.#options.count(proposal.isr.length < leader.committedIsr.size ? 'ISR shrink asked' : 'ISR expansion asked');
    this.asked = { brokerId: this.id, brokerEpoch: this.brokerEpoch, proposal };
    this.askedBy = leader;
    return this.asked;
  }

  // As follower ---------------------------------------------------------------------------------------------------

  /** Opens a stream to the leader if there is none, and a fetch on it if there is none. */
  openFetch(): Stream | null {
    const { follower } = this;
    if (follower === null || !this.isRunning || this.handle !== 0) return null;
    const isNew = this.stream === null;
    this.stream ??= new Stream(this.id, follower.leader);
    this.handle = this.#nextHandle++;
    this.stream.up.push(this.#upMessage('open', follower));
    return isNew ? this.stream : null;
  }

  sendPosition(): boolean {
    const { follower, stream } = this;
    if (follower === null || stream === null || this.handle === 0 || !this.isRunning) return false;
    stream.up.push(this.#upMessage('position', follower));
    return true;
  }

  #upMessage(kind: UpMessage['kind'], follower: PartitionFollower): UpMessage {
    return { kind, handle: this.handle, brokerEpoch: this.brokerEpoch, position: follower.position() };
  }

  onDown(stream: Stream, message: DownMessage, leaderLog: MemoryLog | null): void {
    const { follower } = this;
    if (stream !== this.stream || message.handle !== this.handle || follower === null) return;
    if (message.diverging !== null || message.error !== ErrorCode.NONE) this.handle = 0;
    if (message.diverging !== null) return this.#truncate(follower, follower.planTruncation(message.diverging));
    if (message.error === ErrorCode.OFFSET_OUT_OF_RANGE) return this.#truncate(follower, follower.planOutOfRange(message));
    if (message.error !== ErrorCode.NONE) return;
    if (leaderLog !== null) {
      this.#options.checker.onAccepted(leaderLog, { log: this.log, upTo: this.log.logEndOffset, id: this.id });
    }
    for (const record of message.records) this.log.appendRecord(record);
    follower.onAppended(message.highWatermark);
  }

  #truncate(follower: PartitionFollower, plan: ReturnType<PartitionFollower['planOutOfRange']>): void {
    if (plan === null) return;
    const { count } = this.#options;
    expectInvariant(
      !plan.isBelowHighWatermark,
      'NoTruncationBelowHighWatermark',
      `replica ${this.id} would truncate to ${plan.offset}, its high watermark is ${follower.highWatermark} (A6)`,
    );
    count(plan.offset < this.log.logEndOffset ? 'truncation' : 'truncation of an epoch without records');
    follower.truncate(plan);
    this.checkedUpTo = Math.min(this.checkedUpTo, this.log.logEndOffset);
  }

  flush(upTo: number): boolean {
    if (!this.isRunning || this.log.durableOffset >= this.log.logEndOffset) return false;
    this.log.flush(upTo);
    this.leader?.onLocalProgress(this.#options.nowMs());
    return true;
  }

  #expectAllAnswered(): void {
    expectInvariant(this.#produces.length === 0, 'AnsweredOnce', 'a leader resigned and left a produce request waiting');
  }
}

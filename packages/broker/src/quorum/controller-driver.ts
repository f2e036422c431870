/**
 * Runs the active controller on the node that leads the quorum.
 *
 * It comes to life when the leader's first entry of its term has been applied here, on a copy of the committed image;
 * it is dropped, and its uncommitted thoughts with it, when leadership is lost (E11). Decisions are proposed in the
 * order in which they are made; an answer leaves when everything that it depends on is committed.
 *
 * The soft state tells of a lost leadership only when the step-down is on disk. Until then the Raft node refuses
 * proposals, and its log may already hold another leader's entries: so before each decision the node itself is asked.
 */
import {
  setRepeating,
  type Clock,
  type NodeId,
  type Prng,
  type Randomness,
  type Term,
  type Timer,
  type Timers,
  buggify,
  sometimes,
} from '@jackdaw/base';
import { ActiveController, type ControllerDecision, type ControllerEvent, type ControllerSettings } from '@jackdaw/metadata';
import { ErrorCode, uuidBytes, uuidOf } from '@jackdaw/protocol';
import type { SoftState } from '@jackdaw/raft';
import { LeadershipLostError, type QuorumDriver } from './quorum-driver.ts';
import type { MetadataState } from './metadata-state.ts';

export interface ControllerDriverOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Randomness;
  readonly prng: Prng;
  readonly settings: ControllerSettings;
  readonly metadata: MetadataState;
  /** Incarnation of the broker in this process; null on a node without one. */
  readonly localIncarnationId: string | null;
  readonly quorum: () => QuorumDriver;
  /** This node's own cluster id, proposed when the cluster has none yet. */
  readonly clusterId: string;
  readonly onActive: (isActive: boolean) => void;
  readonly onEvent: (event: ControllerEvent) => void;
  /** Another leader of a partition was committed, so long after the stream of the one before broke. */
  readonly onPartitionFailover: (durationMs: number) => void;
  readonly onError: (error: unknown) => void;
}

/** A Kafka error in place of a response: the request was not carried out, or its outcome is not known. */
export class ControllerError extends Error {
  override readonly name = 'ControllerError';
  readonly errorCode: number;

  constructor(errorCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errorCode = errorCode;
  }
}

/** How often sessions and leader balance are looked at. */
const tickMs = 100;

export class ControllerDriver {
  readonly #options: ControllerDriverOptions;
  #active: ActiveController | null = null;
  /** In which {@link #active} was made: it decides in this term only. */
  #activeTerm = 0;
  /** Resolves when everything proposed so far is committed. */
  #lastCommitted: Promise<void> = Promise.resolve();
  /** When the heartbeat stream of a broker last broke, on the monotonic clock; one entry for each broker at most. */
  readonly #brokenMs = new Map<NodeId, number>();
  #isRebuilding = false;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(options: ControllerDriverOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#active !== null;
  }

  /** The term in which the active controller decides; null while none is active. */
  get activeTerm(): Term | null {
    return this.#active === null ? null : this.#activeTerm;
  }

  /** The active controller, for gauges. */
  get active(): ActiveController | null {
    return this.#active;
  }

  onSoftState(state: SoftState): void {
    // A node that lost the lead and has it again may be told of its new term only.
    if (state.role !== 'leader' || state.term !== this.#activeTerm) this.#deactivate();
    if (state.role === 'leader') this.onApplied();
  }

  /** The committed image has moved: a new leader may be ready to become the active controller. */
  onApplied(): void {
    const quorum = this.#options.quorum();
    if (this.#active !== null || this.#isRebuilding || this.#isClosed) return;
    const { role, term } = quorum.status;
    if (role !== 'leader' || this.#options.metadata.image.appliedTerm !== term) return;
    this.#activate(term);
  }

  /**
   * Carries out one request. Rejects with {@link ControllerError}: NOT_CONTROLLER when this node does not lead (or lost
   * the lead before the outcome was known).
   */
  async handle<Response>(apiKey: number, apiVersion: number, body: object): Promise<Response> {
    const controller = this.#deciding();
    if (controller === null) throw new ControllerError(ErrorCode.NOT_CONTROLLER, 'this node is not the active controller');
    if (buggify('broker: controller refuses as if it were not active')) {
      throw new ControllerError(ErrorCode.NOT_CONTROLLER, 'this node is not the active controller');
    }
    const reply = controller.handle({ apiKey, apiVersion, body, ...this.#moment() });
    await this.#commit(reply);
    return reply.response as Response;
  }

  /** The heartbeat stream of a broker broke. `isGone`: nothing listens at its address any more. */
  onBrokerStreamBroken(brokerId: NodeId, isGone: boolean): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (isGone) this.#active?.onBrokerGone(brokerId);
    else this.#active?.onBrokerStreamBroken(brokerId, nowMs);
    if (this.#active !== null) this.#brokenMs.set(brokerId, nowMs);
    this.#tick();
  }

  close(): void {
    this.#isClosed = true;
    this.#deactivate();
  }

  /**
   * The controller that may decide now: null from the moment in which the Raft node stops to lead in its term, and while it
   * hands the lead over, because it takes no proposal then.
   */
  #deciding(): ActiveController | null {
    if (this.#active === null) return null;
    const { role, term, transferringTo } = this.#options.quorum().status;
    if (role !== 'leader' || term !== this.#activeTerm) {
      sometimes('broker: no decision after a step-down that is not told yet');
      return null;
    }
    if (transferringTo === null) return this.#active;
    sometimes('broker: no decision while the quorum is handed over');
    return null;
  }

  #activate(term: Term): void {
    const { nodeId, prng, settings, metadata, clock, timers, random } = this.#options;
    this.#activeTerm = term;
    this.#active = new ActiveController({
      image: metadata.image,
      term,
      controllerId: nodeId,
      localIncarnationId: this.#options.localIncarnationId,
      prng,
      newUuid: () => uuidOf(random.bytes(uuidBytes)),
      settings,
      nowMs: clock.monotonicMs(),
    });
    this.#timer = setRepeating(timers, tickMs, () => this.#tick());
    this.#options.onActive(true);
    this.#start();
  }

  /** First decisions of a new active controller: the cluster's id and features, if nobody has set them. */
  #start(): void {
    const controller = this.#active;
    if (controller === null) return;
    const decision = controller.bootstrap(this.#options.clusterId, this.#moment());
    this.#commit(decision).catch((error: unknown) => this.#onBackgroundError(error));
  }

  #deactivate(): void {
    this.#timer?.cancel();
    if (this.#active === null) return;
    this.#active = null;
    this.#brokenMs.clear();
    this.#options.onActive(false);
  }

  #tick(): void {
    const controller = this.#deciding();
    if (controller === null) return;
    const decision = controller.tick(this.#moment());
    if (decision.entries.length === 0) return;
    this.#commit(decision).catch((error: unknown) => this.#onBackgroundError(error));
  }

  #moment(): { nowMs: number; nextIndex: number } {
    return { nowMs: this.#options.clock.monotonicMs(), nextIndex: this.#options.quorum().status.lastIndex + 1 };
  }

  /** Proposes a decision's entries; resolves when they, and all before them, are committed and applied here. */
  async #commit(decision: ControllerDecision): Promise<void> {
    for (const entry of decision.entries) {
      const { result, committed } = this.#propose(entry);
      if (result.kind !== 'accepted') {
        // The controller has already moved its own image ahead: it must start again from what is committed.
        this.#rebuild();
        committed.catch(() => undefined);
        throw new ControllerError(refusalCode(result.kind), `the quorum did not take the change: ${result.kind}`);
      }
      committed.catch(() => undefined);
      this.#lastCommitted = committed;
    }
    try {
      await this.#lastCommitted;
    } catch (error) {
      sometimes('broker: quorum lost before a decision was committed');
      throw new ControllerError(ErrorCode.NOT_CONTROLLER, 'leadership of the quorum was lost', { cause: error });
    }
    for (const event of decision.events) this.#options.onEvent(event);
    this.#tellFailovers(decision.events);
  }

  #propose(entry: Uint8Array): ReturnType<QuorumDriver['propose']> {
    // As when more is uncommitted than the quorum keeps.
    if (buggify('broker: quorum is busy')) return { result: { kind: 'busy' }, committed: Promise.resolve() };
    return this.#options.quorum().propose(entry);
  }

  /** Only of brokers that were fenced because their stream broke: of others, nobody knows when they were lost. */
  #tellFailovers(events: readonly ControllerEvent[]): void {
    for (const fenced of events) {
      if (fenced.type !== 'broker-fenced' || fenced.reason !== 'stream-broken') continue;
      const brokenMs = this.#brokenMs.get(fenced.brokerId);
      this.#brokenMs.delete(fenced.brokerId);
      if (brokenMs === undefined) continue;
      const durationMs = this.#options.clock.monotonicMs() - brokenMs;
      for (const event of events) {
        const isFailover = event.type === 'leader-elected' && event.previousLeader === fenced.brokerId && event.leader >= 0;
        if (isFailover) this.#options.onPartitionFailover(durationMs);
      }
    }
  }

  #rebuild(): void {
    if (this.#isRebuilding) return;
    sometimes('broker: controller begins again from what is committed');
    this.#isRebuilding = true;
    this.#deactivate();
    const finish = (): void => {
      this.#isRebuilding = false;
      this.onApplied();
    };
    // What was refused once is refused again in the same moment: without the pause a decision that is due would go round.
    const pause = (): void => void this.#options.timers.setTimer(tickMs, finish);
    this.#lastCommitted.then(pause, pause);
  }

  #onBackgroundError(error: unknown): void {
    if (error instanceof ControllerError || error instanceof LeadershipLostError) return;
    this.#options.onError(error);
  }
}

function refusalCode(kind: 'notLeader' | 'tooLarge' | 'busy'): number {
  if (kind === 'tooLarge') return ErrorCode.POLICY_VIOLATION;
  return kind === 'busy' ? ErrorCode.THROTTLING_QUOTA_EXCEEDED : ErrorCode.NOT_CONTROLLER;
}

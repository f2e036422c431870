/**
 * A broker's life in the cluster: register, catch up, be unfenced, beat, and at the end be relieved of its leaderships.
 *
 * Each start of the process is another incarnation with another broker epoch. A heartbeat that is answered with
 * STALE_BROKER_EPOCH or BROKER_ID_NOT_REGISTERED means that the controller forgot this one: it registers again. Timing is
 * monotonic; the controller's session for this broker is several heartbeats long, so one lost beat costs nothing.
 */
import { buggify, sometimes } from '@jackdaw/base';
import type { Clock, NodeId, Timer, Timers } from '@jackdaw/base';
import { ErrorCode, errorName, type BrokerRegistrationRequestDraft } from '@jackdaw/protocol';
import type { ControllerClient } from './controller-client.ts';
import { controllerApis } from './controller-apis.ts';
import type { MetadataState } from './metadata-state.ts';

export interface BrokerLifecycleOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly controller: ControllerClient;
  readonly metadata: MetadataState;
  readonly registration: () => BrokerRegistrationRequestDraft;
  /** `broker.heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number;
  /** `broker.session.timeout.ms` */
  readonly sessionTimeoutMs: number;
  readonly onRegistered: (brokerEpoch: number) => void;
  readonly onUnfenced: () => void;
  readonly onFenced: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
  /** The cluster refuses this broker for good: a duplicate id that lives, another cluster. The broker must stop. */
  readonly onRefused: (error: Error) => void;
}

type Phase = 'starting' | 'registered' | 'active' | 'shuttingDown' | 'stopped';

/** Pause before a failed registration is tried again. */
const retryMs = 100;
/** How often a broker that waits for something asks again: to be unfenced, to be let go. */
const eagerBeatMs = 50;

export class BrokerLifecycle {
  readonly #options: BrokerLifecycleOptions;
  #phase: Phase = 'starting';
  #brokerEpoch = -1;
  #timer: Timer | null = null;
  #isBeating = false;
  /** When the last heartbeat that was answered was sent, monotonic ms; null while there was none. */
  #answeredMs: number | null = null;
  #endShutDown: ((granted: boolean) => void) | null = null;
  /** Monotonic ms until which a duplicate of this id is given time to expire. */
  #duplicateUntilMs = Number.POSITIVE_INFINITY;

  constructor(options: BrokerLifecycleOptions) {
    this.#options = options;
  }

  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** `broker.session.timeout.ms` */
  get sessionTimeoutMs(): number {
    return this.#options.sessionTimeoutMs;
  }

  /**
   * Whether no controller has answered for so long that this broker may have been fenced, and its partitions may be led by
   * others (A26). By its own clock it learns that before a controller that still counts its session.
   */
  get isOutOfTouch(): boolean {
    if (this.#answeredMs === null) return false;
    return this.#options.clock.monotonicMs() - this.#answeredMs > this.#options.sessionTimeoutMs;
  }

  start(): void {
    // A process that was killed leaves a session behind that blocks its own id until it ends (E13).
    this.#duplicateUntilMs = this.#options.clock.monotonicMs() + 2 * this.#options.sessionTimeoutMs;
    void this.#register();
  }

  /** The stream to the controller broke: beat as soon as there is another, long before the grace for it ends. */
  beatSoon(): void {
    if (this.#phase === 'registered' || this.#phase === 'active') this.#schedule(eagerBeatMs);
  }

  /**
   * Asks to be relieved of all leaderships; resolves when the controller lets go, after `timeoutMs` (F12), or when
   * {@link stop} says that there is nothing to wait for any more. True when it was let go.
   */
  async shutDown(timeoutMs: number): Promise<boolean> {
    if (this.#phase !== 'active' && this.#phase !== 'registered') {
      this.stop();
      return false;
    }
    this.#phase = 'shuttingDown';
    const granted = await new Promise<boolean>((resolve) => {
      const patienceMs = buggify('broker: impatient stop') ? 1 : timeoutMs;
      const timer = this.#options.timers.setTimer(patienceMs, () => {
        sometimes('broker: stops although it was not let go');
        resolve(false);
      });
      this.#endShutDown = (isGranted) => {
        timer.cancel();
        resolve(isGranted);
      };
      this.#schedule(0);
    });
    this.stop();
    return granted;
  }

  stop(): void {
    this.#phase = 'stopped';
    this.#timer?.cancel();
    this.#endShutDown?.(false);
  }

  async #register(): Promise<void> {
    if (this.#phase === 'stopped') return;
    this.#phase = 'starting';
    try {
      const timeoutMs = this.#options.sessionTimeoutMs / 2;
      const response = await this.#options.controller.call(
        controllerApis.brokerRegistration,
        this.#options.registration(),
        timeoutMs,
      );
      if (this.#isStopped()) return;
      if (response.errorCode === ErrorCode.NONE) this.#onRegistered(response.brokerEpoch);
      else this.#onRegistrationRefused(response.errorCode);
    } catch (error) {
      this.#options.onFailure('register', error);
      this.#retryRegistration();
    }
  }

  #onRegistered(brokerEpoch: number): void {
    this.#brokerEpoch = brokerEpoch;
    this.#phase = 'registered';
    this.#options.onRegistered(brokerEpoch);
    this.#schedule(0);
  }

  #onRegistrationRefused(errorCode: number): void {
    const error = new Error(`the controller refused the registration of broker ${this.#options.nodeId}: ${errorName(errorCode)}`);
    const isDuplicate = errorCode === ErrorCode.DUPLICATE_BROKER_REGISTRATION;
    const mayPass = isDuplicate
      ? this.#options.clock.monotonicMs() < this.#duplicateUntilMs
      : errorCode !== ErrorCode.INCONSISTENT_CLUSTER_ID;
    if (!mayPass) {
      this.stop();
      this.#options.onRefused(error);
      return;
    }
    if (isDuplicate) sometimes('broker: registration waits for the end of a former session');
    this.#options.onFailure('register', error);
    this.#retryRegistration();
  }

  #retryRegistration(): void {
    if (this.#isStopped()) return;
    this.#timer?.cancel();
    this.#timer = this.#options.timers.setTimer(retryMs, () => void this.#register());
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.timers.setTimer(delayMs, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isStopped()) return;
    this.#isBeating = true;
    const sentMs = this.#options.clock.monotonicMs();
    try {
      const response = await this.#options.controller.call(
        controllerApis.brokerHeartbeat,
        {
          brokerId: this.#options.nodeId,
          brokerEpoch: this.#brokerEpoch,
          currentMetadataOffset: this.#options.metadata.image.appliedIndex,
          wantFence: false,
          wantShutDown: this.#phase === 'shuttingDown',
          offlineLogDirs: [],
        },
        Math.max(this.#options.sessionTimeoutMs / 2, this.#options.heartbeatIntervalMs),
      );
      this.#isBeating = false;
      this.#answeredMs = sentMs;
      if (!this.#isStopped()) this.#onBeat(response);
    } catch (error) {
      this.#isBeating = false;
      this.#options.onFailure('heartbeat', error);
      if (!this.#isStopped()) this.#schedule(eagerBeatMs);
    }
  }

  #onBeat(response: { errorCode: number; isFenced: boolean; shouldShutDown: boolean }): void {
    if (response.errorCode === ErrorCode.STALE_BROKER_EPOCH || response.errorCode === ErrorCode.BROKER_ID_NOT_REGISTERED) {
      if (this.#phase !== 'shuttingDown') sometimes('broker: registers anew because its registration is old');
      if (this.#phase === 'shuttingDown') this.#endShutDown?.(true);
      else void this.#register();
      return;
    }
    if (response.shouldShutDown) this.#endShutDown?.(true);
    if (this.#phase === 'registered' && response.errorCode === ErrorCode.NONE && !response.isFenced) {
      this.#phase = 'active';
      this.#options.onUnfenced();
    } else if (this.#phase === 'active' && response.isFenced) {
      this.#phase = 'registered';
      this.#options.onFenced();
    }
    this.#schedule(this.#phase === 'active' ? this.#options.heartbeatIntervalMs : eagerBeatMs);
  }

  #isStopped(): boolean {
    return this.#phase === 'stopped';
  }
}

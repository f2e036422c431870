/**
 * A process of the simulated world: one start of a broker, or a client. It dies once; a restart is another process.
 *
 * Gives the process its own view of the world's time: a monotonic clock with an offset and a drift, a wall clock that may
 * be wrong and may jump, and timers that end with the process.
 */
import type { Clock, Scheduler, Timer } from '@jackdaw/base';
import type { EventLoop, Owner } from '../kernel/event-loop.ts';

/** How the clocks of one machine are wrong. */
export interface ClockFault {
  /** Added to the wall clock; may change while the process runs. */
  wallOffsetMs: number;
  /** Monotonic milliseconds for each virtual one. */
  readonly rate: number;
  readonly monotonicStartMs: number;
}

export const rightClock: Readonly<ClockFault> = { wallOffsetMs: 0, rate: 1, monotonicStartMs: 0 };

/** Wall clock of the world when a run begins. */
export const epochMs = 1_760_000_000_000;

/** Thrown through a dead process's code, so that it does nothing more. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

export class SimProcess implements Owner {
  readonly name: string;
  /** The machine: what partitions and power cuts name. */
  readonly host: string;
  readonly loop: EventLoop;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  isDead = false;
  pausedUntilMs = 0;
  readonly #onDeath: ((kind: DeathKind) => void)[] = [];

  constructor(options: { name: string; host: string; loop: EventLoop; clockFault?: Readonly<ClockFault> }) {
    this.name = options.name;
    this.host = options.host;
    this.loop = options.loop;
    const { loop } = options;
    const fault = options.clockFault ?? rightClock;
    this.clock = {
      monotonicMs: () => fault.monotonicStartMs + loop.nowMs * fault.rate,
      wallMs: () => Math.floor(epochMs + loop.nowMs + fault.wallOffsetMs),
    };
    this.scheduler = {
      setTimer: (delayMs, callback) => this.after(Math.max(minTimerMs, delayMs) / fault.rate, 'timer', callback),
      defer: (callback) => void this.after(0, 'defer', callback),
    };
  }

  after(delayMs: number, label: string, callback: () => void): Timer {
    if (this.isDead) return { cancel: () => undefined };
    return this.loop.after(delayMs, { owner: this, label, callback });
  }

  /** Calls the listener when the process dies: its sockets close, its machine's power is gone. */
  onDeath(listener: (kind: DeathKind) => void): void {
    this.#onDeath.push(listener);
  }

  /** Nothing of the process runs from now on, not even what is left of the current turn's promises. */
  die(kind: DeathKind): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const listener of this.#onDeath) listener(kind);
    this.#onDeath.length = 0;
  }

  pause(durationMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.loop.nowMs + durationMs);
  }
}

/** `killed`: the machine's kernel closes its sockets. `power`: the machine is silent. */
export type DeathKind = 'killed' | 'power';

/** Node's timers wait a millisecond at least. */
const minTimerMs = 1;

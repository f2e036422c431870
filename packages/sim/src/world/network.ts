/**
 * The network between machines: how long a message takes from one to another, and which ways are shut.
 *
 * Everything here behaves as TCP does: bytes come in order or the connection ends. A way that is shut holds what is
 * sent until it opens (TCP repeats it) and shows as silence, never as an error.
 */
import type { Prng } from '@jackdaw/base';
import type { EventLoop } from '../kernel/event-loop.ts';

export interface NetworkKnobs {
  readonly meanDelayMs: number;
  /** Probability that a message is a straggler. */
  readonly stragglers: number;
  readonly stragglerMs: number;
}

/** Mean delay of a healed network at most. */
const calmDelayMs = 1;

export class Network {
  readonly #loop: EventLoop;
  readonly #prng: Prng;
  readonly #knobs: NetworkKnobs;
  /** `from>to` → since when it is shut, and by how many. */
  readonly #shut = new Map<string, { readonly sinceMs: number; holders: number }>();
  /** Extra delay of a way, ms. */
  readonly #slow = new Map<string, number>();
  #isHealed = false;
  #hasStragglers = false;
  #openListeners: (() => void)[] = [];
  #shutListeners: ((from: string, to: string) => void)[] = [];

  constructor(loop: EventLoop, prng: Prng, knobs: NetworkKnobs) {
    this.#loop = loop;
    this.#prng = prng;
    this.#knobs = knobs;
  }

  isShut(from: string, to: string): boolean {
    return this.#shut.size > 0 && this.#shut.has(`${from}>${to}`);
  }

  /** Whether no answer can come, whichever of the two ways is shut. */
  isSilent(a: string, b: string): boolean {
    return this.isShut(a, b) || this.isShut(b, a);
  }

  /** Since when the way is shut, virtual ms; null while it is open. */
  shutSinceMs(from: string, to: string): number | null {
    return this.#shut.get(`${from}>${to}`)?.sinceMs ?? null;
  }

  get isHealed(): boolean {
    return this.#isHealed;
  }

  /** Until {@link open} was called as often. */
  shut(from: string, to: string): void {
    if (from === to) return;
    const known = this.#shut.get(`${from}>${to}`);
    if (known !== undefined) {
      known.holders++;
      return;
    }
    this.#shut.set(`${from}>${to}`, { sinceMs: this.#loop.nowMs, holders: 1 });
    for (const listener of this.#shutListeners) listener(from, to);
  }

  open(from: string, to: string): void {
    const known = this.#shut.get(`${from}>${to}`);
    if (known === undefined || --known.holders > 0) return;
    this.#shut.delete(`${from}>${to}`);
    this.#notifyOpen();
  }

  /** The start of the cluster is over: from now on some messages take as long as the run's knobs say. */
  allowStragglers(): void {
    this.#hasStragglers = true;
  }

  /** Every way is open and as fast as on a good day, for the rest of the run. */
  heal(): void {
    this.#isHealed = true;
    this.#shut.clear();
    this.#slow.clear();
    this.#notifyOpen();
  }

  slow(from: string, to: string, extraMs: number): void {
    if (extraMs === 0) this.#slow.delete(`${from}>${to}`);
    else this.#slow.set(`${from}>${to}`, extraMs);
  }

  /** By how much the way is slower than others now, ms. */
  slowedByMs(from: string, to: string): number {
    return this.#slow.size > 0 ? (this.#slow.get(`${from}>${to}`) ?? 0) : 0;
  }

  /** One sample of the time from machine to machine, ms. */
  delayMs(from: string, to: string): number {
    if (from === to) return 0.02;
    const { meanDelayMs, stragglers, stragglerMs } = this.#knobs;
    if (this.#isHealed) return Math.min(meanDelayMs, calmDelayMs) * (0.5 + this.#prng.float());
    const extra = this.slowedByMs(from, to);
    if (this.#hasStragglers && stragglers > 0 && this.#prng.chance(stragglers)) return extra + this.#prng.float() * stragglerMs;
    return extra + meanDelayMs * (0.5 + this.#prng.float());
  }

  /** Calls the listener after some way has opened again. */
  onOpen(listener: () => void): void {
    this.#openListeners.push(listener);
  }

  onShut(listener: (from: string, to: string) => void): void {
    this.#shutListeners.push(listener);
  }

  #notifyOpen(): void {
    for (const listener of this.#openListeners) listener();
  }
}

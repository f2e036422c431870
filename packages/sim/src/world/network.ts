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

export class Network {
  readonly #loop: EventLoop;
  readonly #prng: Prng;
  readonly #knobs: NetworkKnobs;
  /** `from>to` → since when it is shut. */
  readonly #shut = new Map<string, number>();
  /** Extra delay of a way, ms. */
  readonly #slow = new Map<string, number>();
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

  /** Since when the way is shut, virtual ms; null while it is open. */
  shutSinceMs(from: string, to: string): number | null {
    return this.#shut.get(`${from}>${to}`) ?? null;
  }

  shut(from: string, to: string): void {
    if (from === to || this.isShut(from, to)) return;
    this.#shut.set(`${from}>${to}`, this.#loop.nowMs);
    for (const listener of this.#shutListeners) listener(from, to);
  }

  open(from: string, to: string): void {
    if (this.#shut.delete(`${from}>${to}`)) this.#notifyOpen();
  }

  openAll(): void {
    this.#shut.clear();
    this.#slow.clear();
    this.#notifyOpen();
  }

  slow(from: string, to: string, extraMs: number): void {
    if (extraMs === 0) this.#slow.delete(`${from}>${to}`);
    else this.#slow.set(`${from}>${to}`, extraMs);
  }

  /** One sample of the time from machine to machine, ms. */
  delayMs(from: string, to: string): number {
    if (from === to) return 0.02;
    const { meanDelayMs, stragglers, stragglerMs } = this.#knobs;
    const extra = this.#slow.size > 0 ? (this.#slow.get(`${from}>${to}`) ?? 0) : 0;
    if (stragglers > 0 && this.#prng.chance(stragglers)) return extra + this.#prng.float() * stragglerMs;
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

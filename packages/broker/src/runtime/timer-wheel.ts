/**
 * One timer for all requests that wait: a hashed wheel in which setting and cancelling cost nothing much.
 *
 * Produce and Fetch requests nearly always end before their timeout; a Node timer for each of them would cost more than
 * the request (performance budget). Deadlines are kept to one slot's width. The wheel stands still while it is empty.
 */
import { setRepeating, type Clock, type Timer, type Timers } from '@jackdaw/base';

const slotMs = 20;
const slotCount = 512;

interface Entry {
  dueMs: number;
  callback: (() => void) | null;
}

export class TimerWheel implements Timers {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #slots: Set<Entry>[] = Array.from({ length: slotCount }, () => new Set<Entry>());
  #size = 0;
  #cursor = 0;
  #interval: Timer | null = null;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get size(): number {
    return this.#size;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const now = this.#clock.monotonicMs();
    if (this.#size === 0) this.#start(now);
    const entry: Entry = { dueMs: now + Math.max(0, delayMs), callback };
    const slot = this.#slots[Math.ceil(entry.dueMs / slotMs) % slotCount] as Set<Entry>;
    slot.add(entry);
    this.#size++;
    return {
      cancel: () => {
        entry.callback = null;
        if (slot.delete(entry)) this.#drop();
      },
    };
  }

  close(): void {
    this.#interval?.cancel();
    for (const slot of this.#slots) slot.clear();
    this.#size = 0;
  }

  #start(now: number): void {
    this.#cursor = Math.floor(now / slotMs);
    this.#interval = setRepeating(this.#timers, slotMs, () => this.#advance());
  }

  #drop(): void {
    this.#size--;
    if (this.#size === 0) this.#interval?.cancel();
  }

  #advance(): void {
    const now = this.#clock.monotonicMs();
    const target = Math.floor(now / slotMs);
    // After a stall of more than a round, one pass over all slots is enough.
    if (target - this.#cursor > slotCount) this.#cursor = target - slotCount;
    while (this.#cursor < target && this.#size > 0) {
      this.#cursor++;
      for (const entry of this.#slots[this.#cursor % slotCount] as Set<Entry>) this.#fire(entry, now);
    }
  }

  #fire(entry: Entry, now: number): void {
    if (entry.dueMs > now) return;
    const callback = entry.callback;
    entry.callback = null;
    this.#slots[Math.ceil(entry.dueMs / slotMs) % slotCount]?.delete(entry);
    this.#drop();
    callback?.();
  }
}

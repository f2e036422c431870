/**
 * Virtual time: one queue of events for the whole world, ordered by time and then by birth.
 *
 * After each event everything that it set going in promises is run to its end, as Node does between two callbacks, so
 * that nothing is left to chance but what the seed decides. An event belongs to a process, which may be paused (its
 * events wait) or dead (they never come).
 */
import type { Trace } from './trace.ts';

/** A process of the simulated world, as far as the queue cares. */
export interface Owner {
  readonly name: string;
  isDead: boolean;
  /** Virtual ms until which the process stands still; its events come then, in their order. */
  pausedUntilMs: number;
}

export interface Scheduled {
  cancel(): void;
}

interface Event {
  dueMs: number;
  readonly order: number;
  readonly owner: Owner | null;
  readonly label: string;
  callback: (() => void) | null;
}

/** Promise continuations and ticks, run now. It is what Node calls between two callbacks of its own loop. */
const drainMicrotasks = (process as unknown as { _tickCallback: () => void })._tickCallback;

export class EventLoop {
  readonly trace: Trace;
  /** Called after each event; throws when a check fails. */
  onSettled: (() => void) | null = null;
  /** An error that nobody caught in a process of the world: it has crashed. */
  onUncaught: ((owner: Owner | null, error: unknown) => void) | null = null;
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #nextOrder = 0;
  #executed = 0;
  #current: Owner | null = null;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that were run. */
  get executed(): number {
    return this.#executed;
  }

  /** Whose event is being run, or has just been run when it is asked by `onSettled`. */
  get current(): Owner | null {
    return this.#current;
  }

  after(delayMs: number, event: { owner: Owner | null; label: string; callback: () => void }): Scheduled {
    return this.at(this.#nowMs + Math.max(0, delayMs), event);
  }

  /** At a moment that is told to the last bit: two events of one moment come in the order of their making. */
  at(dueMs: number, event: { owner: Owner | null; label: string; callback: () => void }): Scheduled {
    const entry: Event = { dueMs: Math.max(this.#nowMs, dueMs), order: this.#nextOrder++, ...event };
    this.#push(entry);
    return {
      cancel: () => {
        entry.callback = null;
      },
    };
  }

  /**
   * Runs events until the condition holds or nothing is left before `untilMs`; the time is then `untilMs` at most.
   * Must be called from a callback of Node's loop, never from a promise: continuations would wait for it.
   */
  run(untilMs: number, isOver: () => boolean = () => false): void {
    while (!isOver()) {
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return;
      }
      this.#pop();
      this.#execute(next);
    }
  }

  /** Forgets all events: the world is over. */
  clear(): void {
    this.#heap.length = 0;
  }

  #execute(event: Event): void {
    const { owner, callback, label } = event;
    if (callback === null || owner?.isDead === true) return;
    if (owner !== null && owner.pausedUntilMs > event.dueMs) {
      event.dueMs = owner.pausedUntilMs;
      this.#push(event);
      return;
    }
    this.#nowMs = event.dueMs;
    this.#executed++;
    this.trace.event(this.#nowMs, owner === null ? '-' : owner.name, label);
    this.#current = owner;
    try {
      callback();
    } catch (error) {
      this.onUncaught?.(owner, error);
    }
    drainMicrotasks();
    this.onSettled?.();
    this.#current = null;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    const size = heap.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

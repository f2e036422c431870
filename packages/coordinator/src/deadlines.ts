/**
 * Deadlines of sessions and rebalances: a heap with lazy re-arming, on a clock that stands still while the broker stalls.
 *
 * A heartbeat only moves a number, so it costs no heap operation; a node that comes up early is put back. The clock is
 * the monotonic one minus all stalls: when the broker was away (a long event-loop turn, a paused process) for longer than
 * it should have been, every deadline moves back by that time, because members could not be heard meanwhile (D7).
 */
import { sometimes } from '@jackdaw/base';
import { maxTickIntervalMs, stallThresholdMs } from './limits.ts';

/** One deadline that can be armed, moved and cancelled. `callback` runs from `Deadlines.runDue`, after disarming. */
export class Deadline {
  readonly #owner: Deadlines;
  readonly callback: () => void;
  /** Time at which it fires, on the stall-free clock; Infinity while it is not armed. */
  atMs = Number.POSITIVE_INFINITY;
  /** Its live node in the heap, never later than `atMs`; others are leftovers. */
  node: HeapNode | null = null;

  constructor(owner: Deadlines, callback: () => void) {
    this.#owner = owner;
    this.callback = callback;
  }

  isArmed(): boolean {
    return this.atMs !== Number.POSITIVE_INFINITY;
  }

  /** Fires `delayMs` from now, instead of whenever it was to fire before. */
  arm(delayMs: number): void {
    this.#owner.armAt(this, this.#owner.nowMs + delayMs);
  }

  cancel(): void {
    this.#owner.disarm(this);
  }
}

interface HeapNode {
  readonly atMs: number;
  readonly deadline: Deadline;
}

/** Leftover nodes are swept out when they are more than this many and more than half of the heap. */
const sweepThreshold = 1_024;

export class Deadlines {
  #heap: HeapNode[] = [];
  #armed = 0;
  #stalledMs = 0;
  #lastSeenMs: number | null = null;
  /** The stall-free time of the call in progress. */
  nowMs = 0;

  create(callback: () => void): Deadline {
    return new Deadline(this, callback);
  }

  /**
   * Moves the clock to this monotonic time. Returns by how much the broker was late, in ms; 0 in normal operation. Any call
   * counts as a sign of life, since the broker promises one at least every `maxTickIntervalMs`.
   */
  advanceTo(monotonicMs: number): number {
    const late = this.#lastSeenMs === null ? 0 : monotonicMs - this.#lastSeenMs - maxTickIntervalMs;
    const stalledMs = late > stallThresholdMs ? late : 0;
    if (stalledMs > 0) sometimes('groups: stall of the broker postpones deadlines');
    this.#stalledMs += stalledMs;
    this.#lastSeenMs = Math.max(monotonicMs, this.#lastSeenMs ?? monotonicMs);
    this.nowMs = this.#lastSeenMs - this.#stalledMs;
    return stalledMs;
  }

  /** The monotonic time at which `runDue` has something to do, or has to show that the broker is alive. */
  nextMonotonicMs(): number {
    const aliveMs = (this.#lastSeenMs ?? 0) + maxTickIntervalMs;
    const first = this.#heap[0];
    return first === undefined ? aliveMs : Math.min(aliveMs, first.atMs + this.#stalledMs);
  }

  /** Runs what is due, in the order of time. Callbacks may arm and cancel; what they arm for now runs in this call, too. */
  runDue(): void {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= this.nowMs; first = this.#heap[0]) {
      this.#popFirst();
      const deadline = first.deadline;
      if (deadline.node !== first) continue;
      deadline.node = null;
      if (deadline.atMs <= this.nowMs) {
        deadline.atMs = Number.POSITIVE_INFINITY;
        this.#armed--;
        deadline.callback();
      } else if (deadline.isArmed()) {
        this.#push(deadline);
      }
    }
  }

  /** For `Deadline.arm`. */
  armAt(deadline: Deadline, atMs: number): void {
    if (!deadline.isArmed()) this.#armed++;
    deadline.atMs = atMs;
    if (deadline.node === null || deadline.node.atMs > atMs) this.#push(deadline);
  }

  /** For `Deadline.cancel`. */
  disarm(deadline: Deadline): void {
    if (!deadline.isArmed()) return;
    deadline.atMs = Number.POSITIVE_INFINITY;
    this.#armed--;
    if (this.#heap.length > sweepThreshold && this.#heap.length > 2 * this.#armed) this.#sweep();
  }

  /** Builds the heap anew from what is armed: an array in ascending order is one. */
  #sweep(): void {
    const live = this.#heap.filter((node) => node.deadline.node === node && node.deadline.isArmed());
    for (const node of this.#heap) if (!node.deadline.isArmed()) node.deadline.node = null;
    this.#heap = live.sort((a, b) => a.atMs - b.atMs);
  }

  #push(deadline: Deadline): void {
    const node: HeapNode = { atMs: deadline.atMs, deadline };
    deadline.node = node;
    const heap = this.#heap;
    let index = heap.length;
    heap.push(node);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as HeapNode;
      if (above.atMs <= node.atMs) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = node;
  }

  #popFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as HeapNode;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as HeapNode).atMs < (heap[child] as HeapNode).atMs) child++;
      const below = heap[child] as HeapNode;
      if (below.atMs >= last.atMs) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

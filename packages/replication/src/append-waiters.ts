/**
 * Produce requests with acks=all that wait for the high watermark.
 *
 * Appends happen in offset order, so the waiters form a sorted queue: the high watermark releases a prefix of it. Only
 * the retry of an idempotent batch waits for an older offset, and finds its place from the end. A waiter is completed
 * exactly once: released, failed with the leader's role (A22), or cancelled by its request's timeout.
 */
import { sometimes } from '@jackdaw/base';
import type { Offset } from '@jackdaw/base';

export interface AppendWaiter {
  /** The high watermark that must be reached: last offset + 1. */
  readonly requiredOffset: Offset;
  cancel(): void;
}

/** One of these is made for each partition of each request with acks=all: a closure for `cancel` would double it. */
class Entry implements AppendWaiter {
  readonly requiredOffset: Offset;
  complete: ((error: number) => void) | null;

  constructor(requiredOffset: Offset, complete: (error: number) => void) {
    this.requiredOffset = requiredOffset;
    this.complete = complete;
  }

  cancel(): void {
    if (this.complete !== null) sometimes('replication: wait for replication given up');
    this.complete = null;
  }
}

export class AppendWaiters {
  #entries: Entry[] = [];
  #head = 0;

  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** `complete` is called once with a Kafka error code (0 for success) unless `cancel` is called before. */
  add(requiredOffset: Offset, complete: (error: number) => void): AppendWaiter {
    const entry = new Entry(requiredOffset, complete);
    let place = this.#entries.length;
    while (place > this.#head && (this.#entries[place - 1] as Entry).requiredOffset > requiredOffset) place--;
    if (place === this.#entries.length) this.#entries.push(entry);
    else {
      sometimes('replication: repeated batch waits for an older offset');
      this.#entries.splice(place, 0, entry);
    }
    return entry;
  }

  releaseUpTo(highWatermark: Offset, error: number): void {
    while (this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head] as Entry;
      if (entry.requiredOffset > highWatermark) break;
      this.#head++;
      finish(entry, error);
    }
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  failAll(error: number): void {
    const entries = this.#entries.slice(this.#head);
    this.#entries = [];
    this.#head = 0;
    for (const entry of entries) finish(entry, error);
  }
}

function finish(entry: Entry, error: number): void {
  const complete = entry.complete;
  entry.complete = null;
  complete?.(error);
}

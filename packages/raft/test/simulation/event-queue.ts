/**
 * Virtual time: events in the order of (time, arrival), as a binary heap.
 */

interface Scheduled {
  readonly time: number;
  readonly sequence: number;
  readonly run: () => void;
}

export class EventQueue {
  #heap: Scheduled[] = [];
  #sequence = 0;
  #now = 0;

  get now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): void {
    this.#heap.push({ time: this.#now + delay, sequence: this.#sequence++, run });
    this.#siftUp(this.#heap.length - 1);
  }

  /** Runs the next event; false when there is none before `deadline`, which then is the time. */
  runNext(deadline: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.time > deadline) {
      this.#now = deadline;
      return false;
    }
    const last = this.#heap.pop();
    if (last !== undefined && last !== next) {
      this.#heap[0] = last;
      this.#siftDown();
    }
    this.#now = next.time;
    next.run();
    return true;
  }

  #siftUp(start: number): void {
    let child = start;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfBefore(child, parent)) return;
      child = parent;
    }
  }

  #siftDown(): void {
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let smallest = left;
      if (right < this.#heap.length && this.#isBefore(right, left)) smallest = right;
      if (smallest >= this.#heap.length || !this.#swapIfBefore(smallest, parent)) return;
      parent = smallest;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [a, b] = [this.#heap[left] as Scheduled, this.#heap[right] as Scheduled];
    return a.time < b.time || (a.time === b.time && a.sequence < b.sequence);
  }

  #swapIfBefore(child: number, parent: number): boolean {
    if (!this.#isBefore(child, parent)) return false;
    const swap = this.#heap[child] as Scheduled;
    this.#heap[child] = this.#heap[parent] as Scheduled;
    this.#heap[parent] = swap;
    return true;
  }
}

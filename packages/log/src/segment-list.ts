/**
 * The segments of a log in order, found by offset.
 *
 * There is always at least one once a log is open, and the last one is active.
 */

import { assert, floorIndex, type Offset } from '@jackdaw/base';
import type { Segment } from './segment.ts';

export class SegmentList {
  /** Ascends by base offset. */
  #segments: Segment[] = [];

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get count(): number {
    return this.#segments.length;
  }

  get active(): Segment {
    const last = this.#segments[this.#segments.length - 1];
    assert(last !== undefined, 'a log without segments');
    return last;
  }

  get first(): Segment {
    const first = this.#segments[0];
    assert(first !== undefined, 'a log without segments');
    return first;
  }

  get sizeBytes(): number {
    let total = 0;
    for (const segment of this.#segments) total += segment.sizeBytes;
    return total;
  }

  /** Index of the segment that holds `offset`; of the first when it lies below all. */
  indexFor(offset: Offset): number {
    return Math.max(
      0,
      floorIndex(this.#segments, offset, (segment) => segment.baseOffset),
    );
  }

  at(index: number): Segment | undefined {
    return this.#segments[index];
  }

  add(segment: Segment): void {
    const last = this.#segments.at(-1);
    assert(last === undefined || last.baseOffset < segment.baseOffset, 'segment out of order', segment.baseOffset);
    this.#segments.push(segment);
  }

  /** Takes the first `count` segments out. */
  removeFirst(count: number): Segment[] {
    return this.#segments.splice(0, count);
  }

  /** Takes the segments from `index` on out. */
  removeFrom(index: number): Segment[] {
    return this.#segments.splice(index);
  }
}

/**
 * Bounds what sealed segments cost while nobody reads them: open files and indexes in memory, over all logs.
 *
 * A log appends to one segment and keeps that one open. Older ones open when they are read and close again, the least
 * recently read first, once there are too many. A segment that a read holds on to is never closed under it (B14).
 */

/** What this cache needs to know of a segment. */
export interface Evictable {
  readonly isPinned: boolean;
  /** Bytes of memory in loaded indexes. */
  readonly indexBytes: number;
  /** Closes the file and drops the indexes; they load again when needed. */
  evict(): void;
}

export interface OpenSegmentsLimits {
  maxOpenSegments: number;
  maxIndexBytes: number;
}

export const defaultOpenSegmentsLimits: OpenSegmentsLimits = { maxOpenSegments: 512, maxIndexBytes: 64 << 20 };

export class OpenSegments {
  readonly #limits: OpenSegmentsLimits;
  /** Bytes by segment, least recently used first. */
  readonly #sizes = new Map<Evictable, number>();
  #indexBytes = 0;

  constructor(limits: OpenSegmentsLimits = defaultOpenSegmentsLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#sizes.size;
  }

  /** Notes a use; may evict others. */
  touch(segment: Evictable): void {
    this.forget(segment);
    this.#sizes.set(segment, segment.indexBytes);
    this.#indexBytes += segment.indexBytes;
    for (const [other] of this.#sizes) {
      if (this.#sizes.size <= this.#limits.maxOpenSegments && this.#indexBytes <= this.#limits.maxIndexBytes) return;
      if (other === segment || other.isPinned) continue;
      this.forget(other);
      other.evict();
    }
  }

  /** The segment is gone, or became the one that is appended to. */
  forget(segment: Evictable): void {
    this.#indexBytes -= this.#sizes.get(segment) ?? 0;
    this.#sizes.delete(segment);
  }
}

/**
 * A segment's sparse time index: from a timestamp to the offset of a batch after which no earlier batch has a later one.
 *
 * Held in memory in the file's own format (Kafka's TimeIndex: timestamp int64, relative offset int32, big endian). The
 * last entry of a sealed segment is its largest timestamp; an entry says that everything up to its offset has a
 * timestamp ≤ its own.
 */

import type { Offset } from '@jackdaw/base';

const entryBytes = 12;
const twoTo32 = 0x1_0000_0000;

export interface TimeIndexEntry {
  timestamp: number;
  offset: Offset;
}

export class TimeIndex {
  readonly baseOffset: Offset;
  #bytes: Uint8Array;
  #view: DataView;
  #count: number;

  constructor(baseOffset: Offset, bytes: Uint8Array = new Uint8Array(0)) {
    this.baseOffset = baseOffset;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#count = Math.floor(bytes.length / entryBytes);
  }

  /** The index that `bytes` hold, or null when it cannot be true. */
  static load(baseOffset: Offset, bytes: Uint8Array): TimeIndex | null {
    if (bytes.length % entryBytes !== 0) return null;
    const index = new TimeIndex(baseOffset, bytes);
    let previous: TimeIndexEntry = { timestamp: -1, offset: baseOffset };
    for (let i = 0; i < index.#count; i++) {
      const entry = index.#entry(i);
      if (entry.timestamp <= previous.timestamp || entry.offset < previous.offset) return null;
      previous = entry;
    }
    return index;
  }

  get count(): number {
    return this.#count;
  }

  get capacityBytes(): number {
    return this.#bytes.length;
  }

  /** One slot stays free for the entry that sealing adds. */
  isFull(maxIndexBytes: number): boolean {
    return this.#count >= Math.floor(maxIndexBytes / entryBytes) - 1;
  }

  lastEntry(): TimeIndexEntry | null {
    return this.#count === 0 ? null : this.#entry(this.#count - 1);
  }

  /** Adds an entry unless its timestamp is no news. */
  maybeAppend(timestamp: number, offset: Offset): void {
    const last = this.lastEntry();
    if (timestamp < 0 || (last !== null && timestamp <= last.timestamp)) return;
    if ((this.#count + 1) * entryBytes > this.#bytes.length) this.#grow();
    const position = this.#count * entryBytes;
    this.#view.setInt32(position, Math.floor(timestamp / twoTo32));
    this.#view.setUint32(position + 4, timestamp % twoTo32);
    this.#view.setInt32(position + 8, offset - this.baseOffset);
    this.#count++;
  }

  /** The last entry whose timestamp is < `timestamp`, or null: the search starts behind its offset. */
  lookupBefore(timestamp: number): TimeIndexEntry | null {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entry(middle).timestamp < timestamp) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : this.#entry(low - 1);
  }

  /** Drops entries at or above `offset`. */
  truncateTo(offset: Offset): void {
    while (this.#count > 0 && this.#entry(this.#count - 1).offset >= offset) this.#count--;
  }

  toBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#count * entryBytes);
  }

  #entry(i: number): TimeIndexEntry {
    const position = i * entryBytes;
    return {
      timestamp: this.#view.getInt32(position) * twoTo32 + this.#view.getUint32(position + 4),
      offset: this.baseOffset + this.#view.getInt32(position + 8),
    };
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(entryBytes * 8, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

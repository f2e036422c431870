/**
 * A segment's sparse offset index: from an offset to the byte position of a batch at or before it.
 *
 * Held in memory in the file's own format (Kafka's OffsetIndex: relative last offset int32, position int32, both big
 * endian), so loading and saving are a read and a write. The file is written when a segment is sealed or the log
 * closes; one that is missing or cannot be true is rebuilt from the log (B4).
 */

import { assert, type BytePosition, type Offset } from '@jackdaw/base';

const entryBytes = 8;
/** Largest distance between a segment's base offset and an offset in it: positions and offsets are int32 (B13). */
export const maxRelativeOffset = 0x7fff_ffff;

export interface IndexEntry {
  /** Last offset of the batch that starts at `position`. */
  offset: Offset;
  position: BytePosition;
}

export class OffsetIndex {
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

  /** The index that `bytes` hold, or null when no log of `logBytes` can have made it. */
  static load(baseOffset: Offset, bytes: Uint8Array, logBytes: number): OffsetIndex | null {
    if (bytes.length % entryBytes !== 0) return null;
    const index = new OffsetIndex(baseOffset, bytes);
    let previousOffset = -1;
    let previousPosition = 0;
    for (let i = 0; i < index.#count; i++) {
      const relativeOffset = index.#view.getInt32(i * entryBytes);
      const position = index.#view.getInt32(i * entryBytes + 4);
      if (relativeOffset <= previousOffset || position <= previousPosition || position >= logBytes) return null;
      previousOffset = relativeOffset;
      previousPosition = position;
    }
    return index;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of memory held. */
  get capacityBytes(): number {
    return this.#bytes.length;
  }

  isFull(maxIndexBytes: number): boolean {
    return this.#count >= Math.floor(maxIndexBytes / entryBytes);
  }

  append(lastOffset: Offset, position: BytePosition): void {
    const relativeOffset = lastOffset - this.baseOffset;
    assert(relativeOffset >= 0 && relativeOffset <= maxRelativeOffset, 'relative offset in an index', relativeOffset);
    if ((this.#count + 1) * entryBytes > this.#bytes.length) this.#grow();
    this.#view.setInt32(this.#count * entryBytes, relativeOffset);
    this.#view.setInt32(this.#count * entryBytes + 4, position);
    this.#count++;
  }

  /** The last entry whose offset is ≤ `offset`, or null: then the search starts at the segment's beginning. */
  lookup(offset: Offset): IndexEntry | null {
    let low = 0;
    let high = this.#count;
    const target = offset - this.baseOffset;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#view.getInt32(middle * entryBytes) <= target) low = middle + 1;
      else high = middle;
    }
    return this.#entry(low - 1);
  }

  lastEntry(): IndexEntry | null {
    return this.#entry(this.#count - 1);
  }

  /** Drops entries at or above `offset`. */
  truncateTo(offset: Offset): void {
    const floor = this.lookup(offset - 1);
    if (floor === null) this.#count = 0;
    else while (this.lastEntry()?.offset !== floor.offset) this.#count--;
  }

  /** The file's content. A view: write it before the next append. */
  toBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#count * entryBytes);
  }

  #entry(i: number): IndexEntry | null {
    if (i < 0) return null;
    return {
      offset: this.baseOffset + this.#view.getInt32(i * entryBytes),
      position: this.#view.getInt32(i * entryBytes + 4),
    };
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(64, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

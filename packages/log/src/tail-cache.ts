/**
 * The newest appends of each log, kept in memory: followers and tailing consumers are served from here, synchronously.
 *
 * Entries are whole appends by reference, so neither keeping nor reading one costs a copy. Two limits hold at once: bytes of
 * one log, and bytes of all logs together, where whole buffers count: the batches of one request lie in one buffer, which is
 * there as long as one of them is. The oldest entry goes first. Because a log's entries are dropped oldest first too, what is
 * left of a log is always its unbroken end.
 */

import { floorIndex, type Offset } from '@jackdaw/base';

/** An append that is larger than this share of its buffer is kept as a view, however large the buffer is. */
const minShareOfBuffer = 0.5;
/** So is one of any size in a buffer that is no larger than this share of the limit; what is left is copied out. */
const maxShareOfLimit = 1 / 16;

export interface TailEntry {
  baseOffset: Offset;
  /** Offset after the last record. */
  nextOffset: Offset;
  bytes: Uint8Array;
}

/** A buffer, and how many entries lie in it. Those of one request follow each other, so that they are seen to share it. */
interface Hold {
  readonly buffer: ArrayBufferLike;
  entries: number;
}

/** Links entries of all logs in the order of their appends. */
interface Node extends TailEntry {
  owner: TailCache;
  hold: Hold | null;
  older: Node | null;
  newer: Node | null;
}

/** The limit that the logs of one broker share. */
export class TailCacheBudget {
  readonly maxTotalBytes: number;
  readonly maxBytesPerLog: number;
  #totalBytes = 0;
  #oldest: Node | null = null;
  #newest: Node | null = null;

  constructor(limits: { maxTotalBytes: number; maxBytesPerLog: number }) {
    this.maxTotalBytes = limits.maxTotalBytes;
    this.maxBytesPerLog = limits.maxBytesPerLog;
  }

  /** Of the buffers that are held on to. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** @internal Called by TailCache. */
  link(node: Node): void {
    node.hold = this.#holdOf(node.bytes.buffer);
    node.hold.entries++;
    node.older = this.#newest;
    if (this.#newest === null) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    while (this.#totalBytes > this.maxTotalBytes && this.#oldest !== null) this.#oldest.owner.dropOldest();
  }

  /** @internal Called by TailCache. */
  unlink(node: Node): void {
    if (node.older === null) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === null) this.#newest = node.older;
    else node.newer.older = node.older;
    if (node.hold !== null && --node.hold.entries === 0) this.#totalBytes -= node.hold.buffer.byteLength;
    // Its log may keep the node for long: it must hold neither its buffer nor all that came after it.
    node.hold = null;
    node.older = null;
    node.newer = null;
  }

  #holdOf(buffer: ArrayBufferLike): Hold {
    const newest = this.#newest?.hold ?? null;
    if (newest !== null && newest.buffer === buffer) return newest;
    this.#totalBytes += buffer.byteLength;
    return { buffer, entries: 0 };
  }
}

export class TailCache {
  readonly #budget: TailCacheBudget;
  /** Ascending and without gaps in the log between them. */
  #nodes: Node[] = [];
  /** Dropped nodes at the front of `#nodes`; they are removed in bulk. */
  #dropped = 0;
  #sizeBytes = 0;

  constructor(budget: TailCacheBudget) {
    this.#budget = budget;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(entry: TailEntry): void {
    const { bytes } = entry;
    // A small view would keep the whole buffer that it lies in alive.
    const bufferBytes = bytes.buffer.byteLength;
    const mayStay = bytes.length >= bufferBytes * minShareOfBuffer || bufferBytes <= this.#budget.maxTotalBytes * maxShareOfLimit;
    const node: Node = {
      baseOffset: entry.baseOffset,
      nextOffset: entry.nextOffset,
      bytes: mayStay ? bytes : Uint8Array.prototype.slice.call(bytes),
      owner: this,
      hold: null,
      older: null,
      newer: null,
    };
    this.#nodes.push(node);
    this.#sizeBytes += bytes.length;
    while (this.#sizeBytes > this.#budget.maxBytesPerLog && this.#dropped < this.#nodes.length - 1) this.dropOldest();
    this.#budget.link(node);
  }

  /** Index of the entry that holds `offset`, for `at`; −1 when it is not cached. */
  indexOf(offset: Offset): number {
    const index = floorIndex(this.#nodes, offset, (node) => node.baseOffset);
    const node = this.#nodes[index];
    return index >= this.#dropped && node !== undefined && offset < node.nextOffset ? index : -1;
  }

  at(index: number): TailEntry | undefined {
    return this.#nodes[index];
  }

  /** Forgets entries that reach above `offset`. */
  truncateTo(offset: Offset): void {
    for (let last = this.#nodes.at(-1); last !== undefined && last.nextOffset > offset; last = this.#nodes.at(-1)) {
      if (this.#dropped === this.#nodes.length) break;
      this.#nodes.pop();
      this.#release(last);
    }
    if (this.#dropped >= this.#nodes.length) this.#compact();
  }

  clear(): void {
    this.truncateTo(-1);
  }

  /** @internal Also called by the budget when all logs together hold too much. */
  dropOldest(): void {
    const node = this.#nodes[this.#dropped];
    if (node === undefined) return;
    this.#dropped++;
    this.#release(node);
    // Let go of the bytes at once; the slot itself goes with the next compaction.
    node.bytes = noBytes;
    if (this.#dropped > 64 && this.#dropped * 2 > this.#nodes.length) this.#compact();
  }

  #release(node: Node): void {
    this.#budget.unlink(node);
    this.#sizeBytes -= node.bytes.length;
  }

  #compact(): void {
    this.#nodes = this.#nodes.slice(this.#dropped);
    this.#dropped = 0;
  }
}

const noBytes = new Uint8Array(0);

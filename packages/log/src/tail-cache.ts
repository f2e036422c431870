/**
 * The newest appends of each log, kept in memory: followers and tailing consumers are served from here, synchronously.
 *
 * Entries are whole appends by reference, so a cache hit costs no copy. Two limits hold at once: bytes of one log and
 * bytes of all logs together; the oldest entry goes first. Because a log's entries are dropped oldest first too, what
 * is left of a log is always its unbroken end.
 */

import { floorIndex, type Offset } from '@jackdaw/base';

/** An append that is larger than this share of its buffer is kept as a view; a smaller one is copied out of it. */
const minShareOfBuffer = 0.5;

export interface TailEntry {
  baseOffset: Offset;
  /** Offset after the last record. */
  nextOffset: Offset;
  bytes: Uint8Array;
}

/** Links entries of all logs in the order of their appends. */
interface Node extends TailEntry {
  owner: TailCache;
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

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** @internal Called by TailCache. */
  link(node: Node): void {
    node.older = this.#newest;
    if (this.#newest === null) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    this.#totalBytes += node.bytes.length;
    while (this.#totalBytes > this.maxTotalBytes && this.#oldest !== null) this.#oldest.owner.dropOldest();
  }

  /** @internal Called by TailCache. */
  unlink(node: Node): void {
    if (node.older === null) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === null) this.#newest = node.older;
    else node.newer.older = node.older;
    this.#totalBytes -= node.bytes.length;
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
    // A small view would keep the whole socket buffer that it lies in alive.
    const isMostOfBuffer = bytes.length >= bytes.buffer.byteLength * minShareOfBuffer;
    const node: Node = {
      baseOffset: entry.baseOffset,
      nextOffset: entry.nextOffset,
      bytes: isMostOfBuffer ? bytes : Uint8Array.prototype.slice.call(bytes),
      owner: this,
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

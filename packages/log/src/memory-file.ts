/**
 * One file of a disk in memory: what the page cache holds, what the device holds for sure, and what lies between.
 *
 * Changes that no sync has covered are kept in order. A sync brings those up to its start to the device; a crash lets
 * each of them happen, not happen, or happen in part at the grain of a sector, in any order. A sync that fails does
 * what Linux does: the pages count as clean afterwards, whether or not they reached the device, so that a later sync
 * that succeeds says nothing about them (B9). Costs grow with what is written, not with the size of the file.
 */

import type { Prng } from '@jackdaw/base';

/** Grain at which a torn write lands (statement B2). */
export const sectorBytes = 512;

/** Bytes behind `sizeBytes` are zero. */
interface Content {
  bytes: Uint8Array;
  sizeBytes: number;
}

type Change = { sequence: number } & (
  | { kind: 'write'; position: number; bytes: Uint8Array }
  | { kind: 'truncate'; sizeBytes: number }
);

export class MemoryFile {
  /** What programs see. */
  readonly #cached: Content = { bytes: noBytes, sizeBytes: 0 };
  readonly #durable: Content = { bytes: noBytes, sizeBytes: 0 };
  /** Since the last sync, in order. */
  #changes: Change[] = [];
  #nextSequence = 0;
  /** Names that the file has. */
  links = 0;
  modifiedMs: number;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  get sizeBytes(): number {
    return this.#cached.sizeBytes;
  }

  /** What programs see; a view that the next change may alter. */
  get content(): Uint8Array {
    return this.#cached.bytes.subarray(0, this.#cached.sizeBytes);
  }

  get durableBytes(): Uint8Array {
    return this.#durable.bytes.subarray(0, this.#durable.sizeBytes);
  }

  /** Everything that was changed so far has a lower number. */
  get sequence(): number {
    return this.#nextSequence;
  }

  /** Takes `bytes` as its own. */
  write(position: number, bytes: Uint8Array): void {
    this.#change({ kind: 'write', position, bytes, sequence: this.#nextSequence });
  }

  truncate(sizeBytes: number): void {
    this.#change({ kind: 'truncate', sizeBytes, sequence: this.#nextSequence });
  }

  #change(change: Change): void {
    this.#nextSequence++;
    this.#changes.push(change);
    apply(this.#cached, change);
  }

  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.#cached.sizeBytes - position));
    target.set(this.#cached.bytes.subarray(position, position + count));
    return count;
  }

  /** A sync that began when `sequence` was as given has succeeded. */
  sync(sequence: number): void {
    for (const change of this.#takeBefore(sequence)) apply(this.#durable, change);
  }

  /** It has failed: of each change the device has all, nothing, or some sectors, and nobody will try again. */
  failSync(sequence: number, prng: Prng | null): void {
    for (const change of this.#takeBefore(sequence)) {
      // A new length is in the file system's journal, which is retried for as long as it is mounted.
      if (change.kind === 'truncate') apply(this.#durable, change);
      else if (prng !== null) keepDropOrTear(this.#durable, change, prng);
    }
  }

  #takeBefore(sequence: number): Change[] {
    const end = this.#changes.findIndex((change) => change.sequence >= sequence);
    const taken = end < 0 ? this.#changes : this.#changes.slice(0, end);
    this.#changes = end < 0 ? [] : this.#changes.slice(end);
    return taken;
  }

  /** Power is lost: what no sync covered is lost too, or settled change by change when there is a generator. */
  crash(prng: Prng | null): void {
    if (prng !== null) for (const change of this.#changes) keepDropOrTear(this.#durable, change, prng);
    this.#changes = [];
    this.#cached.bytes = this.durableBytes.slice();
    this.#cached.sizeBytes = this.#durable.sizeBytes;
  }

  /** A file of its own with what is durable of this one. */
  cloneDurable(): MemoryFile {
    const clone = new MemoryFile(this.modifiedMs);
    clone.#durable.bytes = this.durableBytes.slice();
    clone.#durable.sizeBytes = this.#durable.sizeBytes;
    clone.crash(null);
    return clone;
  }

  /** The medium has lost a bit; false when the file is not that long. */
  flipBit(bit: number): boolean {
    const position = Math.floor(bit / 8);
    for (const content of [this.#cached, this.#durable]) {
      if (position < content.sizeBytes) content.bytes[position] = (content.bytes[position] ?? 0) ^ (1 << (bit % 8));
    }
    return position < this.#cached.sizeBytes;
  }
}

function keepDropOrTear(content: Content, change: Change, prng: Prng): void {
  const fate = prng.below(3);
  if (fate === 0) return;
  if (fate === 1 || change.kind === 'truncate') {
    apply(content, change);
    return;
  }
  const { position, bytes } = change;
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + sectorBytes - ((position + start) % sectorBytes));
    if (prng.chance(0.5)) applyWrite(content, position + start, bytes.subarray(start, end));
    start = end;
  }
}

function apply(content: Content, change: Change): void {
  if (change.kind === 'write') applyWrite(content, change.position, change.bytes);
  else applyTruncate(content, change.sizeBytes);
}

function applyWrite(content: Content, position: number, bytes: Uint8Array): void {
  const end = position + bytes.length;
  growTo(content, end);
  content.bytes.set(bytes, position);
  content.sizeBytes = Math.max(content.sizeBytes, end);
}

function applyTruncate(content: Content, sizeBytes: number): void {
  if (sizeBytes < content.sizeBytes) content.bytes.fill(0, sizeBytes, content.sizeBytes);
  else growTo(content, sizeBytes);
  content.sizeBytes = sizeBytes;
}

/** By doubling, so that many small appends cost what one large write costs. */
function growTo(content: Content, capacityBytes: number): void {
  if (capacityBytes <= content.bytes.length) return;
  const grown = new Uint8Array(Math.max(capacityBytes, content.bytes.length * 2, 256));
  grown.set(content.bytes.subarray(0, content.sizeBytes));
  content.bytes = grown;
}

const noBytes = new Uint8Array(0);

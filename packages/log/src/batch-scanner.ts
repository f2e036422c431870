/**
 * Walks the batches of a segment file from a position on, without ever holding more than one chunk of it.
 *
 * Recovery, index rebuilds and producer-state replay all use this walk. It stops at the first bytes that cannot be a
 * batch; with `verifyCrc` also at the first batch whose checksum is wrong. A batch longer than a chunk is summed in
 * pieces, so a damaged length never leads to a large allocation. Every chunk is an `await`: the loop keeps running.
 */

import type { BytePosition } from '@jackdaw/base';
import {
  batchCrc,
  batchLastOffsetDelta,
  batchMagic,
  batchSizeInBytes,
  crc32c,
  isControlBatch,
  isTransactionalBatch,
} from '@jackdaw/protocol';
import { readFully, type FileHandle, type Fs } from './fs.ts';

const headerBytes = 61;
const crcStartBytes = 21;
/** Memory of one walk. A control batch, which is read whole, must fit. */
const chunkBytes = 1 << 20;

export interface ScanRange {
  start: BytePosition;
  /** Exclusive; the file's size. */
  end: BytePosition;
  verifyCrc: boolean;
}

/**
 * Sees each batch. `bytes` holds the header at `position`, and the records too if it is a control batch; both are
 * valid only during the call. Return false to stop before this batch.
 */
export type BatchVisitor = (bytes: Uint8Array, position: number, filePosition: BytePosition) => boolean | undefined;

/** Returns the end of the last whole, accepted batch: `range.end` when all is well. */
export async function scanBatches(fs: Fs, file: FileHandle, range: ScanRange, visit: BatchVisitor): Promise<BytePosition> {
  if (range.start >= range.end) return range.start;
  const window = new FileWindow(fs, file, range.end);
  try {
    return await walkWindow(window, range, visit);
  } finally {
    window.release();
  }
}

async function walkWindow(window: FileWindow, range: ScanRange, visit: BatchVisitor): Promise<BytePosition> {
  let position = range.start;
  while (position < range.end) {
    if (!(await window.ensure(position, headerBytes))) return position;
    const sizeBytes = batchSizeInBytes(window.bytes, position - window.start);
    if (!isPlausible(window.bytes, position - window.start) || position + sizeBytes > range.end) return position;
    if (range.verifyCrc && !(await hasValidCrc(window, position, sizeBytes))) return position;
    // Summing a long batch moved the window on.
    if (!(await window.ensure(position, headerBytes))) return position;
    if (isControlBatch(window.bytes, position - window.start) && !(await window.ensure(position, sizeBytes))) return position;
    if (visit(window.bytes, position - window.start, position) === false) return position;
    position += sizeBytes;
  }
  return position;
}

/** Whether the header at `position` can be one: magic 2, a length that holds it, no negative offset delta. */
export function isPlausible(bytes: Uint8Array, position: number): boolean {
  return (
    batchMagic(bytes, position) === 2 &&
    batchSizeInBytes(bytes, position) >= headerBytes &&
    batchLastOffsetDelta(bytes, position) >= 0
  );
}

async function hasValidCrc(window: FileWindow, start: BytePosition, sizeBytes: number): Promise<boolean> {
  const expected = batchCrc(window.bytes, start - window.start);
  const end = start + sizeBytes;
  let sum = 0;
  for (let position = start + crcStartBytes; position < end;) {
    if (!(await window.ensure(position, 1))) return false;
    const from = position - window.start;
    const to = Math.min(end - window.start, window.filled);
    sum = crc32c(window.bytes, from, to, sum);
    position = window.start + to;
  }
  return sum === expected;
}

/** Windows of scans that have ended, for the next: an open of many logs would else clear a chunk of memory for each. */
const spareChunks: Uint8Array[] = [];
const maxSpareChunks = 8;

/** A chunk of a file that moves forward (and back by one batch) on demand. */
class FileWindow {
  readonly bytes: Uint8Array;
  /** File position of the first byte in `bytes`. */
  start: BytePosition = 0;
  /** How many of `bytes` are valid. */
  filled = 0;
  readonly #fs: Fs;
  readonly #file: FileHandle;
  readonly #end: BytePosition;

  constructor(fs: Fs, file: FileHandle, end: BytePosition) {
    this.#fs = fs;
    this.#file = file;
    this.#end = end;
    this.bytes = spareChunks.pop() ?? new Uint8Array(chunkBytes);
  }

  /** Nobody may look at `bytes` from now on. */
  release(): void {
    if (spareChunks.length < maxSpareChunks) spareChunks.push(this.bytes);
  }

  /** Makes `count` bytes at `position` available; false when the file or the chunk is too short for them. */
  async ensure(position: BytePosition, count: number): Promise<boolean> {
    if (position >= this.start && position + count <= this.start + this.filled) return true;
    if (count > this.bytes.length || position + count > this.#end) return false;
    this.start = position;
    const wanted = Math.min(this.bytes.length, this.#end - position);
    this.filled = await readFully(this.#fs, this.#file, this.bytes.subarray(0, wanted), position);
    return this.filled >= count;
  }
}

/** Read at once by the synchronous walk. */
const windowBytes = 64 << 10;

/**
 * As `scanBatches`, before returning and without CRCs. Only for short stretches: after a truncation, from the last index
 * entry or the last producer snapshot on. A control batch that does not fit the window is shown by its header alone.
 */
export function scanHeadersNow(
  fs: Fs,
  file: FileHandle,
  range: { start: BytePosition; end: BytePosition },
  visit: BatchVisitor,
): BytePosition {
  const window = new Uint8Array(windowBytes);
  let windowStart = 0;
  let filled = 0;
  for (let position = range.start; range.end - position >= headerBytes;) {
    const needed = Math.min(range.end - position, controlBatchBytes);
    if (position < windowStart || position + needed > windowStart + filled) {
      windowStart = position;
      filled = fs.readSmall(file, window.subarray(0, Math.min(windowBytes, range.end - position)), position);
      if (filled < headerBytes) return position;
    }
    const at = position - windowStart;
    const sizeBytes = batchSizeInBytes(window, at);
    if (!isPlausible(window, at) || position + sizeBytes > range.end) return position;
    if (visit(window, at, position) === false) return position;
    position += sizeBytes;
  }
  return range.end;
}

/**
 * Whether a batch of which the header was looked at may be believed in what it says of transactions: a bit that has rotted there
 * would begin one that nobody ends, and hide all that follows from `read_committed` readers (B3). Others are believed unread.
 */
export function isBelievable(
  log: { fs: Fs; file: FileHandle },
  batch: { bytes: Uint8Array; position: number },
  at: BytePosition,
): boolean {
  const { bytes, position } = batch;
  if (!isTransactionalBatch(bytes, position) && !isControlBatch(bytes, position)) return true;
  return isSoundNow(log, batch, at);
}

/** Whether the CRC of the batch at `at` is right; `batch` has its header. Before returning, so for few batches only. */
export function isSoundNow(
  log: { fs: Fs; file: FileHandle },
  { bytes, position }: { bytes: Uint8Array; position: number },
  at: BytePosition,
): boolean {
  const end = at + batchSizeInBytes(bytes, position);
  const chunk = new Uint8Array(Math.min(windowBytes, end - at));
  let sum = 0;
  for (let next = at + crcStartBytes; next < end;) {
    const count = log.fs.readSmall(log.file, chunk.subarray(0, Math.min(chunk.length, end - next)), next);
    if (count === 0) return false;
    sum = crc32c(chunk, 0, count, sum);
    next += count;
  }
  return sum === batchCrc(bytes, position);
}

/** Enough for a transaction marker, whose records are read in this walk too. */
const controlBatchBytes = 256;

/**
 * Space on a disk that is taken while there is some, to be given back when there is none: a file that nobody reads.
 *
 * LevelDB needs a few MiB to begin its log anew, and then the space of what is written while the disk is full, which is
 * little: changes of metadata.
 */
import { randomBytes } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../platform/system-clock.ts';

const reserveFile = 'reserved-space';
const maxReserveBytes = 8 << 20;
/** On small disks less is taken. */
const maxShareOfDisk = 0.02;
const chunkBytes = 1 << 20;
/** Between two tries to take the space again. */
const retryMs = 5_000;

export class DiskReserve {
  readonly #path: string;
  readonly #directory: string;
  #isThere = false;
  #nextTryMs = 0;
  #restoring: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, reserveFile);
  }

  /** Whether there is space to give back. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Gives the space back. */
  async release(): Promise<void> {
    await this.#restoring;
    this.#isThere = false;
    this.#nextTryMs = systemClock.monotonicMs() + retryMs;
    await rm(this.#path, { force: true });
  }

  /** Takes the space, or leaves everything as it is when the disk has not got it and as much again. */
  async restore(): Promise<void> {
    this.#nextTryMs = systemClock.monotonicMs() + retryMs;
    try {
      const { blocks, bavail, bsize } = await statfs(this.#directory);
      const bytes = Math.min(maxReserveBytes, Math.floor(blocks * bsize * maxShareOfDisk));
      const file = await open(this.#path, 'a+');
      try {
        const { size } = await file.stat();
        if (bavail * bsize >= 2 * (bytes - size)) await extend(file, bytes - size);
        this.#isThere = (await file.stat()).size >= bytes;
      } finally {
        await file.close();
      }
    } catch {
      // Without a reserve a full disk ends the node; a disk that fails will say so where it matters.
      this.#isThere = false;
    }
  }

  /** The same in the background, now and then, when the space has been given back. */
  maybeRestore(): void {
    if (this.#isThere || systemClock.monotonicMs() < this.#nextTryMs) return;
    this.#restoring = this.restore();
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#restoring;
  }
}

/** With bytes that no file system makes small. */
async function extend(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<void> {
  const chunk = randomBytes(Math.max(0, Math.min(bytes, chunkBytes)));
  for (let left = bytes; left > 0;) left -= (await file.write(chunk, 0, Math.min(left, chunk.length))).bytesWritten;
}

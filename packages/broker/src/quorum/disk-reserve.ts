/**
 * Space on a disk that is taken while there is some, to be given back when there is none: a file that nobody reads.
 *
 * LevelDB needs a few MiB to begin its log anew, and then the space of what is written while the disk is full, which is
 * little: changes of metadata.
 */
import { randomBytes } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const reserveFile = 'reserved-space';
const maxReserveBytes = 8 << 20;
/** On small disks less is taken. */
const maxShareOfDisk = 0.02;
const chunkBytes = 1 << 20;
/** Between two tries to take the space again: a disk that is full may be so again soon after somebody has made room. */
const retryMs = 250;

export class DiskReserve {
  readonly #path: string;
  readonly #directory: string;
  #isThere = false;
  /** While the space is not there. */
  #retries: NodeJS.Timeout | null = null;
  #restoring: Promise<void> | null = null;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, reserveFile);
  }

  /** Whether there is space to give back; waits until what is just being taken is there. */
  async isThere(): Promise<boolean> {
    await this.#restoring;
    return this.#isThere;
  }

  /** Takes the space; when the disk has not got it and as much again, it is tried again until there is some. */
  async start(): Promise<void> {
    await this.#restore();
    if (!this.#isThere) this.#retries = setInterval(() => void this.#restore(), retryMs).unref();
  }

  /** Gives the space back, and takes it again as soon as there is some. */
  async release(): Promise<void> {
    await this.stop();
    this.#isThere = false;
    await rm(this.#path, { force: true });
    this.#retries = setInterval(() => void this.#restore(), retryMs).unref();
  }

  /** Nothing is tried any more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#endRetries();
    await this.#restoring;
  }

  #endRetries(): void {
    if (this.#retries !== null) clearInterval(this.#retries);
    this.#retries = null;
  }

  async #restore(): Promise<void> {
    this.#restoring ??= this.#take().finally(() => (this.#restoring = null));
    await this.#restoring;
    if (this.#isThere) this.#endRetries();
  }

  async #take(): Promise<void> {
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
}

/** With bytes that no file system makes small. */
async function extend(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<void> {
  const chunk = randomBytes(Math.max(0, Math.min(bytes, chunkBytes)));
  for (let left = bytes; left > 0;) left -= (await file.write(chunk, 0, Math.min(left, chunk.length))).bytesWritten;
}

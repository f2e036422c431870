/**
 * Replaces one checkpoint file again and again, off the event loop or, when an order demands it, at once.
 *
 * What the disk has already is not written again: checkpoints go by the clock, and mostly nothing has changed.
 * A write at once may come while the other kind is waiting for the disk; then the waiting one must not put its older
 * content on top. It notices by the generation and starts over with fresh content.
 */

import { dirname } from 'node:path';
import { replaceFileNow } from './checkpoint-file.ts';
import { writeFully, type Fs } from './fs.ts';

export class CheckpointWriter {
  readonly #fs: Fs;
  readonly #path: string;
  #generation = 0;
  /** What the file is known to hold, durably; null before the first write, and while or after one that may have failed. */
  #onDisk: Uint8Array | null = null;
  #previous: Promise<void> = Promise.resolve();

  constructor(fs: Fs, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  /** Writes what `content` returns at the moment of writing; one at a time. */
  write(content: () => Uint8Array): Promise<void> {
    const next = this.#previous.catch(() => {}).then(() => this.#replace(content));
    this.#previous = next;
    return next;
  }

  writeNow(content: Uint8Array): void {
    this.#generation++;
    this.#onDisk = null;
    replaceFileNow(this.#fs, this.#path, content);
    this.#onDisk = content;
  }

  async #replace(content: () => Uint8Array): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    for (;;) {
      const generation = this.#generation;
      const bytes = content();
      if (this.#onDisk !== null && areEqual(this.#onDisk, bytes)) return;
      const file = this.#fs.open(temporary, 'write');
      try {
        this.#fs.truncate(file, 0);
        writeFully(this.#fs, file, [bytes], 0);
        await this.#fs.dataSync(file);
      } finally {
        this.#fs.close(file);
      }
      if (generation !== this.#generation) continue;
      this.#onDisk = null;
      this.#fs.rename(temporary, this.#path);
      await this.#fs.syncDirectory(dirname(this.#path));
      if (generation === this.#generation) this.#onDisk = bytes;
      return;
    }
  }
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/**
 * Replaces one checkpoint file again and again, off the event loop or, when an order demands it, at once.
 *
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
    replaceFileNow(this.#fs, this.#path, content);
  }

  async #replace(content: () => Uint8Array): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    for (;;) {
      const generation = this.#generation;
      const file = this.#fs.open(temporary, 'write');
      try {
        this.#fs.truncate(file, 0);
        writeFully(this.#fs, file, [content()], 0);
        await this.#fs.dataSync(file);
      } finally {
        this.#fs.close(file);
      }
      if (generation !== this.#generation) continue;
      this.#fs.rename(temporary, this.#path);
      await this.#fs.syncDirectory(dirname(this.#path));
      return;
    }
  }
}

/**
 * Replaces one checkpoint file again and again, off the event loop or, when an order demands it, at once.
 *
 * What the disk has already is not written again: checkpoints go by the clock, and mostly nothing has changed.
 * A write at once may come while the other kind is waiting for the disk; then the waiting one must not put its older
 * content on top. It notices by the generation and starts over with fresh content.
 *
 * Entries go by the names of logs, and a topic that is deleted may be made again under its name: what the file says of the
 * old log must have left the disk before the new one is used (`forget`).
 */

import type { Offset } from '@jackdaw/base';
import { dirname } from 'node:path';
import { encodeOffsetCheckpoint, replaceFileNow, type OffsetCheckpoint } from './checkpoint-file.ts';
import { writeFully, type Fs } from './fs.ts';

export class CheckpointWriter {
  readonly #fs: Fs;
  readonly #path: string;
  #generation = 0;
  /** What the file is known to hold, durably; null before the first write, and while or after one that may have failed. */
  #onDisk: Uint8Array | null = null;
  /** What the file holds at least, or will when the write under way is done. */
  #entries: ReadonlyMap<string, Offset>;
  #previous: Promise<void> = Promise.resolve();

  /** `found` is what the file held when it was read. */
  constructor(fs: Fs, path: string, found: OffsetCheckpoint) {
    this.#fs = fs;
    this.#path = path;
    this.#entries = found;
  }

  /** Writes what `content` returns at the moment of writing; one at a time. */
  write(content: () => OffsetCheckpoint): Promise<void> {
    const next = this.#previous.catch(() => {}).then(() => this.#replace(content));
    this.#previous = next;
    return next;
  }

  writeNow(content: OffsetCheckpoint): void {
    this.#generation++;
    this.#onDisk = null;
    const bytes = encodeOffsetCheckpoint(content);
    replaceFileNow(this.#fs, this.#path, bytes);
    this.#entries = content;
    this.#onDisk = bytes;
  }

  /** Resolves when the file says no more of this name than 0, durably. Rejects when the disk does not take it. */
  async forget(name: string): Promise<void> {
    // A write that is under way may have the name, though what was there before it had not.
    await this.#previous.catch(() => {});
    if ((this.#entries.get(name) ?? 0) === 0) return;
    await this.write(() => {
      const others = new Map(this.#entries);
      others.delete(name);
      return others;
    });
  }

  async #replace(content: () => OffsetCheckpoint): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    for (;;) {
      const generation = this.#generation;
      const entries = content();
      const bytes = encodeOffsetCheckpoint(entries);
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
      this.#entries = entries;
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

/**
 * Keeps the last of a disk's space from records, so that what must go on does: metadata, checkpoints, deletion (B10).
 *
 * Producers are refused while less than the floor is free, with the error of a full disk, and served again as soon as
 * there is space, without a restart. Topics of the cluster's own, which hold the offsets of groups, may use half of what
 * is kept back. The file system is asked once for every few MiB that are appended.
 */

import { StorageError, type DiskSpace, type Fs } from './fs.ts';

/** The floor is never more than this share of the disk. */
const maxShareOfDisk = 0.05;
/** Appended at most before the file system is asked again: others write to the disk too. */
const maxCreditBytes = 16 << 20;

export class SpaceGuard {
  readonly #fs: Fs;
  readonly #path: string;
  readonly #minFreeBytes: () => number;
  /** May be appended before the next look. */
  #creditBytes = 0;

  constructor(options: { fs: Fs; path: string; minFreeBytes: () => number }) {
    this.#fs = options.fs;
    this.#path = options.path;
    this.#minFreeBytes = options.minFreeBytes;
  }

  /** Throws StorageError of kind `noSpace` when `bytes` more must not be appended. */
  expectRoom(bytes: number, isInternal: boolean): void {
    if (this.#creditBytes >= bytes) {
      this.#creditBytes -= bytes;
      return;
    }
    this.#creditBytes = 0;
    const minFreeBytes = this.#minFreeBytes();
    if (minFreeBytes <= 0) return;
    const space = this.#fs.space(this.#path);
    const floorBytes = floorOf(space, minFreeBytes) * (isInternal ? 0.5 : 1);
    const roomBytes = space.freeBytes - floorBytes - bytes;
    if (roomBytes < 0) {
      const message = `${this.#path} has ${space.freeBytes} bytes left, of which ${Math.ceil(floorBytes)} are kept free`;
      throw new StorageError('noSpace', this.#path, message);
    }
    if (!isInternal) this.#creditBytes = Math.min(maxCreditBytes, roomBytes / 4);
  }

  /** Others have filled the disk: what it has next is for metadata first, so that every append asks again. */
  onFull(): void {
    this.#creditBytes = 0;
  }
}

function floorOf(space: DiskSpace, minFreeBytes: number): number {
  return Math.min(minFreeBytes, space.totalBytes * maxShareOfDisk);
}

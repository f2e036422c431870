/**
 * A disk in memory as one run of a process sees it.
 *
 * After a crash the code of the process that died may still have promises to run down, and it opens files by their
 * names. What it holds is a mount of its own time, on which everything fails from the crash on; so a dead process
 * writes nothing into the disk of its successor.
 */

import { StorageError, type DiskSpace, type FileHandle, type FileStat, type Fs, type OpenMode } from './fs.ts';

export class MemoryMount implements Fs {
  readonly #disk: Fs;
  readonly #isCurrent: () => boolean;

  constructor(disk: Fs, isCurrent: () => boolean) {
    this.#disk = disk;
    this.#isCurrent = isCurrent;
  }

  get #fs(): Fs {
    if (this.#isCurrent()) return this.#disk;
    throw new StorageError('io', '', 'EIO: the disk crashed, and this process with it');
  }

  open(path: string, mode: OpenMode): FileHandle {
    return this.#fs.open(path, mode);
  }

  close(file: FileHandle): void {
    this.#fs.close(file);
  }

  size(file: FileHandle): number {
    return this.#fs.size(file);
  }

  write(file: FileHandle, buffers: readonly Uint8Array[], position: number): number {
    return this.#fs.write(file, buffers, position);
  }

  readSmall(file: FileHandle, target: Uint8Array, position: number): number {
    return this.#fs.readSmall(file, target, position);
  }

  async read(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
    return this.#fs.read(file, target, position);
  }

  truncate(file: FileHandle, sizeBytes: number): void {
    this.#fs.truncate(file, sizeBytes);
  }

  async dataSync(file: FileHandle): Promise<void> {
    await this.#fs.dataSync(file);
  }

  dataSyncNow(file: FileHandle): void {
    this.#fs.dataSyncNow(file);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#fs.syncDirectory(path);
  }

  syncDirectoryNow(path: string): void {
    this.#fs.syncDirectoryNow(path);
  }

  stat(path: string): FileStat | null {
    return this.#fs.stat(path);
  }

  space(path: string): DiskSpace {
    return this.#fs.space(path);
  }

  list(path: string): string[] {
    return this.#fs.list(path);
  }

  makeDirectory(path: string): void {
    this.#fs.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#fs.rename(from, to);
  }

  link(from: string, to: string): void {
    this.#fs.link(from, to);
  }

  unlink(path: string): void {
    this.#fs.unlink(path);
  }

  async remove(path: string): Promise<void> {
    await this.#fs.remove(path);
  }

  removeDirectory(path: string): void {
    this.#fs.removeDirectory(path);
  }
}

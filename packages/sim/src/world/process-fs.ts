/**
 * A process's view of its machine's disk: `Fs` over the disk that outlives it.
 *
 * What waits for the disk ends in an event of the process, so that a pause or a death is respected. The process may be
 * told to die at a certain call, between any two effects (F13): the call throws, and so does every later one.
 */
import type { DiskSpace, FileHandle, FileStat, Fs, MemoryFs, OpenMode } from '@jackdaw/log';
import { ProcessDied, type SimProcess } from './process.ts';

export class ProcessFs implements Fs {
  readonly #disk: MemoryFs;
  readonly #process: SimProcess;
  /** Calls until the process dies; null: it does not. */
  #dieAfter: number | null = null;
  #die: () => void = () => undefined;

  constructor(disk: MemoryFs, process: SimProcess) {
    this.#disk = disk;
    this.#process = process;
  }

  /** The process dies at its n-th changing call from now, before or after that call's effect. */
  dieAfter(calls: number, die: () => void): void {
    this.#dieAfter = calls;
    this.#die = die;
  }

  /** Takes back {@link dieAfter}. */
  live(): void {
    this.#dieAfter = null;
  }

  open(path: string, mode: OpenMode): FileHandle {
    this.#alive();
    return this.#effect(() => this.#disk.open(path, mode));
  }

  close(file: FileHandle): void {
    // Letting go is harmless, and the dead let go of everything.
    if (!this.#process.isDead) this.#disk.close(file);
  }

  size(file: FileHandle): number {
    this.#alive();
    return this.#disk.size(file);
  }

  write(file: FileHandle, buffers: readonly Uint8Array[], position: number): number {
    return this.#effect(() => this.#disk.write(file, buffers, position));
  }

  space(path: string): DiskSpace {
    this.#alive();
    return this.#disk.space(path);
  }

  readSmall(file: FileHandle, target: Uint8Array, position: number): number {
    this.#alive();
    return this.#disk.readSmall(file, target, position);
  }

  read(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
    this.#alive();
    return this.#later('read', this.#disk.read(file, target, position));
  }

  truncate(file: FileHandle, sizeBytes: number): void {
    this.#effect(() => this.#disk.truncate(file, sizeBytes));
  }

  dataSync(file: FileHandle): Promise<void> {
    return this.#later(
      'sync',
      this.#effect(() => this.#disk.dataSync(file)),
    );
  }

  dataSyncNow(file: FileHandle): void {
    this.#effect(() => this.#disk.dataSyncNow(file));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#later(
      'sync directory',
      this.#effect(() => this.#disk.syncDirectory(path)),
    );
  }

  syncDirectoryNow(path: string): void {
    this.#effect(() => this.#disk.syncDirectoryNow(path));
  }

  stat(path: string): FileStat | null {
    this.#alive();
    return this.#disk.stat(path);
  }

  list(path: string): string[] {
    this.#alive();
    return this.#disk.list(path);
  }

  makeDirectory(path: string): void {
    this.#effect(() => this.#disk.makeDirectory(path));
  }

  rename(from: string, to: string): void {
    this.#effect(() => this.#disk.rename(from, to));
  }

  link(from: string, to: string): void {
    this.#effect(() => this.#disk.link(from, to));
  }

  unlink(path: string): void {
    this.#effect(() => this.#disk.unlink(path));
  }

  remove(path: string): Promise<void> {
    return this.#later(
      'remove',
      this.#effect(() => this.#disk.remove(path)),
    );
  }

  removeDirectory(path: string): void {
    this.#effect(() => this.#disk.removeDirectory(path));
  }

  #alive(): void {
    if (this.#process.isDead) throw new ProcessDied();
  }

  #effect<T>(call: () => T): T {
    this.#alive();
    if (this.#dieAfter === null) return call();
    if (this.#dieAfter-- > 0) return call();
    this.#dieAfter = null;
    this.#die();
    throw new ProcessDied();
  }

  /** Ends in an event of the process; never when it is dead by then. */
  #later<T>(label: string, outcome: Promise<T>): Promise<T> {
    const process = this.#process;
    return new Promise((resolve, reject) => {
      const inProcess = (callback: () => void): void => {
        if (process.isDead) return;
        // Most end in the process's own event of the disk; what was held back does not.
        if (process.loop.current === process) callback();
        else process.after(0, label, callback);
      };
      outcome.then(
        (value) => inProcess(() => resolve(value)),
        (error: Error) => inProcess(() => reject(error)),
      );
    });
  }
}

/**
 * The real disk: `Fs` over node:fs.
 *
 * Appends are synchronous on purpose: into the page cache a synchronous write costs 3–10 times less CPU than one that
 * goes through the thread pool (libraries part 3). Syncs and large reads do go there, because they may wait.
 */

import * as nodeFs from 'node:fs';
import { dirname } from 'node:path';
import {
  StorageError,
  type DiskSpace,
  type FileHandle,
  type FileStat,
  type Fs,
  type OpenMode,
  type StorageErrorKind,
} from './fs.ts';

/** POSIX guarantees at least 16 and Linux has 1024 buffers for one `pwritev`; more are left for the next call. */
const maxBuffersPerWrite = 512;

const openFlags: Record<OpenMode, number> = {
  read: nodeFs.constants.O_RDONLY,
  write: nodeFs.constants.O_RDWR | nodeFs.constants.O_CREAT,
  exclusive: nodeFs.constants.O_RDWR | nodeFs.constants.O_CREAT | nodeFs.constants.O_EXCL,
};

export class NodeFs implements Fs {
  open(path: string, mode: OpenMode): FileHandle {
    return attempt(path, () => nodeFs.openSync(path, openFlags[mode], 0o644));
  }

  close(file: FileHandle): void {
    attempt('', () => nodeFs.closeSync(file));
  }

  size(file: FileHandle): number {
    return attempt('', () => nodeFs.fstatSync(file).size);
  }

  /** Without `attempt`: it is called for each batch. */
  write(file: FileHandle, buffers: readonly Uint8Array[], position: number): number {
    try {
      const first = buffers[0];
      if (buffers.length === 1 && first !== undefined) return nodeFs.writeSync(file, first, 0, first.length, position);
      return nodeFs.writevSync(file, buffers.slice(0, maxBuffersPerWrite), position);
    } catch (error) {
      throw toStorageError('', error);
    }
  }

  readSmall(file: FileHandle, target: Uint8Array, position: number): number {
    return attempt('', () => nodeFs.readSync(file, target, 0, target.length, position));
  }

  read(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      nodeFs.read(file, target, 0, target.length, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(toStorageError('', error));
      });
    });
  }

  truncate(file: FileHandle, sizeBytes: number): void {
    attempt('', () => nodeFs.ftruncateSync(file, sizeBytes));
  }

  dataSync(file: FileHandle): Promise<void> {
    return new Promise((resolve, reject) => {
      nodeFs.fdatasync(file, (error) => (error === null ? resolve() : reject(toStorageError('', error))));
    });
  }

  dataSyncNow(file: FileHandle): void {
    attempt('', () => nodeFs.fdatasyncSync(file));
  }

  async syncDirectory(path: string): Promise<void> {
    const file = this.open(path, 'read');
    try {
      await new Promise<void>((resolve, reject) => {
        nodeFs.fsync(file, (error) => (error === null ? resolve() : reject(toStorageError(path, error))));
      });
    } finally {
      this.close(file);
    }
  }

  syncDirectoryNow(path: string): void {
    const file = this.open(path, 'read');
    try {
      attempt(path, () => nodeFs.fsyncSync(file));
    } finally {
      this.close(file);
    }
  }

  stat(path: string): FileStat | null {
    const stat = attempt(path, () => nodeFs.statSync(path, { throwIfNoEntry: false }));
    return stat === undefined ? null : { sizeBytes: stat.size, modifiedMs: stat.mtimeMs, isDirectory: stat.isDirectory() };
  }

  space(path: string): DiskSpace {
    const { bsize, bavail, blocks } = attempt(path, () => nodeFs.statfsSync(path));
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  list(path: string): string[] {
    return attempt(path, () => nodeFs.readdirSync(path));
  }

  makeDirectory(path: string): void {
    attempt(path, () => nodeFs.mkdirSync(path, { recursive: true }));
  }

  rename(from: string, to: string): void {
    attempt(from, () => nodeFs.renameSync(from, to));
  }

  link(from: string, to: string): void {
    attempt(from, () => nodeFs.linkSync(from, to));
  }

  unlink(path: string): void {
    attempt(path, () => nodeFs.rmSync(path, { force: true }));
  }

  remove(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      nodeFs.rm(path, { force: true }, (error) => (error === null ? resolve() : reject(toStorageError(path, error))));
    });
  }

  removeDirectory(path: string): void {
    if (this.stat(path) !== null) attempt(dirname(path), () => nodeFs.rmdirSync(path));
  }
}

function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw toStorageError(path, error);
  }
}

const kindOfCode = new Map<string, StorageErrorKind>([
  ['ENOSPC', 'noSpace'],
  ['EDQUOT', 'noSpace'],
  ['EFBIG', 'noSpace'],
  ['ENOENT', 'notFound'],
  ['EEXIST', 'exists'],
]);

function toStorageError(path: string, cause: unknown): StorageError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(kindOfCode.get(code) ?? 'io', path, message, cause);
}

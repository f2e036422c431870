/**
 * The disk as an injected dependency: every byte that this package reads or writes goes through an `Fs`.
 *
 * Two implementations pass the same conformance suite (architecture idea 9): `NodeFs`, the real one, and `MemoryFs`,
 * which can lose power, run out of space and fail a sync. Synchronous calls end in the page cache and are short;
 * what may wait for the disk (large reads, syncs) returns a Promise. Errors are thrown as `StorageError`.
 */
import { dirname } from 'node:path';

/** An open file. Opaque: only the `Fs` that gave it out understands it. */
export type FileHandle = number & { readonly __file?: 'FileHandle' };

/** `read` must exist; `write` is created when absent; `exclusive` must not exist. All but `read` can be written. */
export type OpenMode = 'read' | 'write' | 'exclusive';

export interface FileStat {
  sizeBytes: number;
  /** Wall-clock milliseconds of the last change of content. */
  modifiedMs: number;
  isDirectory: boolean;
}

/** Of the file system that holds a path. */
export interface DiskSpace {
  /** What an ordinary process may still use. */
  freeBytes: number;
  totalBytes: number;
}

export interface Fs {
  open(path: string, mode: OpenMode): FileHandle;
  close(file: FileHandle): void;
  /** Current size in bytes. */
  size(file: FileHandle): number;
  /**
   * Writes `buffers` one after the other at `position` into the page cache. Returns the bytes written, which may be
   * fewer than asked (statement B12); `writeFully` loops.
   */
  write(file: FileHandle, buffers: readonly Uint8Array[], position: number): number;
  /** Reads up to `target.length` bytes; fewer only at the end of the file or when interrupted. For small reads. */
  readSmall(file: FileHandle, target: Uint8Array, position: number): number;
  /** As `readSmall`, off the event loop. */
  read(file: FileHandle, target: Uint8Array, position: number): Promise<number>;
  truncate(file: FileHandle, sizeBytes: number): void;
  /** Makes the file's content and size durable. Does not make its name durable: see `syncDirectory`. */
  dataSync(file: FileHandle): Promise<void>;
  /** As `dataSync`, but waits on the event loop: only where an order must hold before the next call (B7). */
  dataSyncNow(file: FileHandle): void;
  /** Makes creations, renames and removals inside `path` durable (B8). */
  syncDirectory(path: string): Promise<void>;
  syncDirectoryNow(path: string): void;

  /** Null when there is nothing at `path`. */
  stat(path: string): FileStat | null;
  space(path: string): DiskSpace;
  /** Names inside a directory, in no order. */
  list(path: string): string[];
  /** Creates the directory and its missing parents; an existing one is fine. */
  makeDirectory(path: string): void;
  /** Replaces `to` atomically when it exists. */
  rename(from: string, to: string): void;
  /** Gives the file at `from` a second name; fails when `to` exists. */
  link(from: string, to: string): void;
  /** Removes a file; one that is absent is fine. */
  unlink(path: string): void;
  /** As `unlink`, off the event loop: freeing a large file takes a while. */
  remove(path: string): Promise<void>;
  /** Removes an empty directory; one that is absent is fine. */
  removeDirectory(path: string): void;
}

/** What a failed disk operation means for the log directory. */
export type StorageErrorKind =
  /** No space or quota left. Recoverable without a restart once space is free (B10). */
  | 'noSpace'
  /** The device failed. The log directory goes offline and the operation is never retried (B9). */
  | 'io'
  /** A file or directory that was expected is not there. */
  | 'notFound'
  /** A file or directory is there that should not be. */
  | 'exists'
  /** The directory was taken offline by an earlier failure. */
  | 'offline'
  /** Content on disk is not what it must be (foreign directory, unreadable metadata file). */
  | 'corrupt';

/** A failed disk operation; `cause` is the platform's error. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly kind: StorageErrorKind;
  readonly path: string;

  constructor(kind: StorageErrorKind, path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.path = path;
  }
}

/** Writes all of `buffers` at `position`, going on after short writes. Returns the bytes written. */
export function writeFully(fs: Fs, file: FileHandle, buffers: readonly Uint8Array[], position: number): number {
  let totalBytes = 0;
  for (const buffer of buffers) totalBytes += buffer.length;
  let writtenBytes = fs.write(file, buffers, position);
  while (writtenBytes < totalBytes) {
    const rest = dropBytes(buffers, writtenBytes);
    const moreBytes = fs.write(file, rest, position + writtenBytes);
    if (moreBytes === 0) throw new StorageError('io', '', 'a write made no progress');
    writtenBytes += moreBytes;
  }
  return totalBytes;
}

/** The part of `buffers` after their first `count` bytes, without copying. */
function dropBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let toDrop = count;
  for (const buffer of buffers) {
    if (toDrop >= buffer.length) toDrop -= buffer.length;
    else {
      rest.push(toDrop === 0 ? buffer : buffer.subarray(toDrop));
      toDrop = 0;
    }
  }
  return rest;
}

/** Reads exactly `target.length` bytes off the event loop unless the file ends first; returns the bytes read. */
export async function readFully(fs: Fs, file: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let total = 0;
  while (total < target.length) {
    const count = await fs.read(file, total === 0 ? target : target.subarray(total), position + total);
    if (count === 0) break;
    total += count;
  }
  return total;
}

/**
 * Creates a directory and its missing parents so that no crash takes them back (B8): each name is synced into its parent.
 * Without that, everything that is written below could vanish with the name of the directory.
 */
export function makeDirectoryDurable(fs: Fs, path: string): void {
  if (fs.stat(path) !== null) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectoryDurable(fs, parent);
  fs.makeDirectory(path);
  fs.syncDirectoryNow(parent);
}

/** The whole of a small file, or null when it is absent. */
export function readSmallFile(fs: Fs, path: string): Uint8Array | null {
  if (fs.stat(path) === null) return null;
  const file = fs.open(path, 'read');
  try {
    const bytes = new Uint8Array(fs.size(file));
    let total = 0;
    while (total < bytes.length) {
      const count = fs.readSmall(file, bytes.subarray(total), total);
      if (count === 0) break;
      total += count;
    }
    return bytes.subarray(0, total);
  } finally {
    fs.close(file);
  }
}

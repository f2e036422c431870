/**
 * A disk in memory that can fail like a real one: for tests and for the simulator.
 *
 * It keeps what is durable apart from what is only written (`MemoryFile`), and the names likewise: `crash` loses what
 * no sync covered, wholly or in any part, and unsynced creations, renames and removals from some point on (a journal
 * keeps their order). Faults: the n-th or every write, read or sync fails, writes are short, space is limited, syncs are
 * held, bits rot. Strict where POSIX is vague: syncing a file does not sync its name. With a scheduler, what a real
 * disk does off the event loop takes time; without one it ends in the next microtask.
 */

import type { Prng, Scheduler } from '@jackdaw/base';
import { StorageError, type DiskSpace, type FileHandle, type FileStat, type Fs, type OpenMode } from './fs.ts';
import { MemoryFile } from './memory-file.ts';
import { MemoryMount } from './memory-mount.ts';
import { NameTable, parentOf } from './memory-names.ts';

/** What takes time on a disk; all else ends in the page cache. */
export type DiskOperation = 'read' | 'sync' | 'syncDirectory' | 'remove';

export interface MemoryFsOptions {
  /** Wall clock for modification times. Default: a constant. */
  nowMs?: () => number;
  /** Bytes that all files together may hold. Default: no limit. */
  capacityBytes?: number;
  /** The event loop that slow operations end on. */
  scheduler?: Scheduler;
  /** How long the next such operation takes; asked in the order of the calls. Default: no time. */
  latencyMs?: (operation: DiskOperation) => number;
  /** Says what of a failed sync reached the device all the same. Default: nothing. */
  prng?: Prng;
}

export type CrashMode =
  /** Power is lost, and with it every unsynced write and name. */
  | 'loseUnsynced'
  /** Power is lost; each unsynced change may survive, vanish or be torn, as the generator says. */
  | 'random'
  /** Only the process is gone: everything that was written is there, synced or not. */
  | 'processOnly';

/** A change of names inside one directory that no `syncDirectory` has covered yet. */
interface NameChange {
  directory: string;
  sequence: number;
  apply(names: NameTable<MemoryFile>): void;
}

export class MemoryFs implements Fs {
  readonly #options: MemoryFsOptions;
  #names = new NameTable<MemoryFile>();
  #durableNames = new NameTable<MemoryFile>();
  #nameChanges: NameChange[] = [];
  #nextNameSequence = 0;
  /** Handles are never used twice, so one from before a crash is unknown for ever. */
  readonly #open = new Map<FileHandle, MemoryFile>();
  #nextHandle = 1;
  #usedBytes = 0;
  /** Crashes so far: what began before one has no effect after it. */
  #crashes = 0;
  #heldSyncs: (() => void)[] = [];

  /** Bytes that all files together may hold; set it to open or close an ENOSPC window. */
  capacityBytes: number;
  /** The largest number of bytes that one `write` takes (B12). */
  maxWriteBytes = Number.POSITIVE_INFINITY;
  /** Writes, reads or syncs to let through before one fails with EIO; null: none fails. */
  failWriteAfter: number | null = null;
  failReadAfter: number | null = null;
  failSyncAfter: number | null = null;
  /** Makes the next `truncate` fail. */
  failTruncate = false;
  /** What fails with EIO as long as it is in here: a window. */
  readonly failing = new Set<'read' | 'write' | 'sync'>();
  /** Held syncs do not finish until `releaseSyncs`: a disk that hangs. */
  holdSyncs = false;
  /** Files whose sync has failed, in order. */
  readonly failedSyncs: string[] = [];
  syncCount = 0;
  writeCount = 0;
  readCount = 0;

  constructor(options: MemoryFsOptions = {}) {
    this.#options = options;
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  open(path: string, mode: OpenMode): FileHandle {
    const existing = this.#names.get(path);
    if (existing === null) throw new StorageError('io', path, `is a directory: ${path}`);
    if (existing !== undefined && mode === 'exclusive') throw new StorageError('exists', path, `exists: ${path}`);
    if (existing === undefined && mode === 'read') throw new StorageError('notFound', path, `no such file: ${path}`);
    const file = existing ?? this.#create(path);
    const handle = this.#nextHandle++;
    this.#open.set(handle, file);
    return handle;
  }

  #create(path: string): MemoryFile {
    this.#expectDirectory(parentOf(path));
    const file = new MemoryFile(this.#nowMs());
    file.links = 1;
    this.#changeNames(parentOf(path), (names) => names.set(path, file));
    return file;
  }

  close(handle: FileHandle): void {
    this.#file(handle);
    this.#open.delete(handle);
  }

  size(handle: FileHandle): number {
    return this.#file(handle).sizeBytes;
  }

  write(handle: FileHandle, buffers: readonly Uint8Array[], position: number): number {
    const file = this.#file(handle);
    this.writeCount++;
    const after = this.failWriteAfter;
    this.failWriteAfter = countedDown(after);
    this.#maybeFail('write', after);
    let askedBytes = 0;
    for (const buffer of buffers) askedBytes += buffer.length;
    const growth = Math.max(0, position + askedBytes - file.sizeBytes);
    const freeBytes = Math.max(0, this.capacityBytes - this.#usedBytes);
    if (growth > 0 && freeBytes === 0) throw new StorageError('noSpace', '', 'ENOSPC: simulated full disk');
    // A disk that fills up takes what fits and reports a short write; only the next one fails.
    const length = Math.min(askedBytes, this.maxWriteBytes, askedBytes - Math.max(0, growth - freeBytes));
    const sizeBefore = file.sizeBytes;
    file.write(position, joinedStart(buffers, length));
    this.#onResized(file, sizeBefore);
    return length;
  }

  readSmall(handle: FileHandle, target: Uint8Array, position: number): number {
    return this.#read(this.#file(handle), target, position);
  }

  async read(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
    const file = this.#file(handle);
    await this.#delay('read');
    return this.#read(file, target, position);
  }

  #read(file: MemoryFile, target: Uint8Array, position: number): number {
    this.readCount++;
    const after = this.failReadAfter;
    this.failReadAfter = countedDown(after);
    this.#maybeFail('read', after);
    return file.read(target, position);
  }

  truncate(handle: FileHandle, sizeBytes: number): void {
    const file = this.#file(handle);
    if (this.failTruncate) {
      this.failTruncate = false;
      throw new StorageError('io', '', 'EIO: simulated truncate failure');
    }
    if (this.failing.has('write')) throw new StorageError('io', '', 'EIO: simulated write failure');
    const sizeBefore = file.sizeBytes;
    file.truncate(sizeBytes);
    this.#onResized(file, sizeBefore);
  }

  #onResized(file: MemoryFile, sizeBefore: number): void {
    if (file.links > 0) this.#usedBytes += file.sizeBytes - sizeBefore;
    file.modifiedMs = this.#nowMs();
  }

  // Durability --------------------------------------------------------------------------------------------------

  async dataSync(handle: FileHandle): Promise<void> {
    const file = this.#file(handle);
    // What is written while the sync is under way is not covered by it.
    const { sequence } = file;
    await this.#delay('sync');
    this.#syncFile(file, sequence);
  }

  dataSyncNow(handle: FileHandle): void {
    const file = this.#file(handle);
    this.#syncFile(file, file.sequence);
  }

  #syncFile(file: MemoryFile, sequence: number): void {
    try {
      this.#countSync();
    } catch (error) {
      file.failSync(sequence, this.#options.prng ?? null);
      for (const [path, named] of this.#names.entries()) if (named === file) this.failedSyncs.push(path);
      throw error;
    }
    file.sync(sequence);
  }

  async syncDirectory(path: string): Promise<void> {
    const sequence = this.#nextNameSequence;
    await this.#delay('syncDirectory');
    this.#syncNames(path, sequence);
  }

  syncDirectoryNow(path: string): void {
    this.#syncNames(path, this.#nextNameSequence);
  }

  #syncNames(path: string, sequence: number): void {
    this.#countSync();
    this.#nameChanges = this.#nameChanges.filter((change) => {
      if (change.directory !== path || change.sequence >= sequence) return true;
      change.apply(this.#durableNames);
      return false;
    });
  }

  #countSync(): void {
    this.syncCount++;
    const after = this.failSyncAfter;
    this.failSyncAfter = countedDown(after);
    this.#maybeFail('sync', after);
  }

  #maybeFail(operation: 'read' | 'write' | 'sync', after: number | null): void {
    if (after === 0 || this.failing.has(operation)) throw new StorageError('io', '', `EIO: simulated ${operation} failure`);
  }

  /** Ends when the disk would be done; throws when it crashed meanwhile. */
  async #delay(operation: DiskOperation): Promise<void> {
    const crashes = this.#crashes;
    const { scheduler, latencyMs } = this.#options;
    const delayMs = latencyMs?.(operation) ?? 0;
    if (scheduler === undefined) await Promise.resolve();
    else {
      await new Promise<void>((resolve) => {
        if (delayMs > 0) scheduler.setTimer(delayMs, resolve);
        else scheduler.defer(resolve);
      });
    }
    if (this.holdSyncs && operation !== 'read' && operation !== 'remove') {
      await new Promise<void>((resolve) => this.#heldSyncs.push(resolve));
    }
    if (crashes !== this.#crashes) throw new StorageError('io', '', 'EBADF: the disk crashed meanwhile');
  }

  // Names -------------------------------------------------------------------------------------------------------

  stat(path: string): FileStat | null {
    const file = this.#names.get(path);
    if (file === undefined) return null;
    if (file === null) return { sizeBytes: 0, modifiedMs: 0, isDirectory: true };
    return { sizeBytes: file.sizeBytes, modifiedMs: file.modifiedMs, isDirectory: false };
  }

  space(_path: string): DiskSpace {
    return { freeBytes: Math.max(0, this.capacityBytes - this.#usedBytes), totalBytes: this.capacityBytes };
  }

  list(path: string): string[] {
    this.#expectDirectory(path);
    return this.#names.childrenOf(path).map((child) => child.slice(child.lastIndexOf('/') + 1));
  }

  makeDirectory(path: string): void {
    if (this.#names.has(path)) return;
    this.makeDirectory(parentOf(path));
    this.#changeNames(parentOf(path), (names) => names.set(path, null));
  }

  rename(from: string, to: string): void {
    if (!this.#names.has(from)) throw new StorageError('notFound', from, `no such file: ${from}`);
    if (from === to) return;
    this.#expectDirectory(parentOf(to));
    if (this.#names.childrenOf(to).length > 0) throw new StorageError('io', to, `directory not empty: ${to}`);
    this.#dropLink(this.#names.get(to));
    this.#changeNames(parentOf(from), (names) => names.rename(from, to));
  }

  link(from: string, to: string): void {
    const file = this.#names.get(from);
    if (file === undefined || file === null) throw new StorageError('notFound', from, `no such file: ${from}`);
    if (this.#names.has(to)) throw new StorageError('exists', to, `exists: ${to}`);
    this.#expectDirectory(parentOf(to));
    file.links++;
    this.#changeNames(parentOf(to), (names) => names.set(to, file));
  }

  unlink(path: string): void {
    const file = this.#names.get(path);
    if (file === undefined) return;
    if (file === null) throw new StorageError('io', path, `is a directory: ${path}`);
    this.#dropLink(file);
    this.#changeNames(parentOf(path), (names) => names.delete(path));
  }

  #dropLink(file: MemoryFile | null | undefined): void {
    if (file === undefined || file === null) return;
    file.links--;
    if (file.links === 0) this.#usedBytes -= file.sizeBytes;
  }

  async remove(path: string): Promise<void> {
    await this.#delay('remove');
    this.unlink(path);
  }

  removeDirectory(path: string): void {
    if (!this.#names.has(path)) return;
    if (this.list(path).length > 0) throw new StorageError('io', path, `directory not empty: ${path}`);
    this.#changeNames(parentOf(path), (names) => names.delete(path));
  }

  #changeNames(directory: string, apply: (names: NameTable<MemoryFile>) => void): void {
    apply(this.#names);
    this.#nameChanges.push({ directory, apply, sequence: this.#nextNameSequence++ });
  }

  #expectDirectory(path: string): void {
    if (this.#names.get(path) !== null) throw new StorageError('notFound', path, `no such directory: ${path}`);
  }

  #file(handle: FileHandle): MemoryFile {
    const file = this.#open.get(handle);
    if (file === undefined) throw new StorageError('io', '', `EBADF: file ${handle} is not open`);
    return file;
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? 1_700_000_000_000;
  }

  /** The disk as the process sees that starts now: everything on it fails after the next crash. */
  mount(): Fs {
    const crashes = this.#crashes;
    return new MemoryMount(this, () => crashes === this.#crashes);
  }

  // Faults ------------------------------------------------------------------------------------------------------

  /** Lets held syncs finish, in order. */
  releaseSyncs(): void {
    const held = this.#heldSyncs;
    this.#heldSyncs = [];
    for (const release of held) release();
  }

  /** Ends the process, and power too unless the mode says otherwise; every file is closed and holds what survived. */
  crash(mode: CrashMode, prng: Prng): void {
    this.#crashes++;
    this.#open.clear();
    this.releaseSyncs();
    if (mode === 'processOnly') return;
    const kept = mode === 'random' ? prng.below(this.#nameChanges.length + 1) : 0;
    for (const change of this.#nameChanges.slice(0, kept)) change.apply(this.#durableNames);
    // A directory whose own name is lost takes what was in it along.
    this.#startFrom(this.#durableNames.prune());
    for (const file of this.#names.files()) file.crash(mode === 'random' ? prng : null);
    this.#recount();
  }

  /** Both tables are now `durableNames`. */
  #startFrom(durableNames: NameTable<MemoryFile>): void {
    this.#nameChanges = [];
    this.#durableNames = durableNames;
    this.#names = durableNames.prune();
  }

  #recount(): void {
    this.#usedBytes = 0;
    for (const file of this.#names.files()) {
      file.links = 0;
      this.#usedBytes += file.sizeBytes;
    }
    for (const [, file] of this.#names.entries()) if (file !== null) file.links++;
  }

  /** Damages the medium: bit `bit` of the file, counted from its start, is the other one from now on. */
  flipBit(path: string, bit: number): void {
    const file = this.#names.get(path);
    if (file === undefined || file === null || !file.flipBit(bit)) {
      throw new StorageError('notFound', path, `no bit ${bit} in ${path}`);
    }
  }

  /** A disk with what is durable now and no faults: an image to start again from later. */
  cloneDurable(options: MemoryFsOptions = this.#options): MemoryFs {
    const clone = new MemoryFs(options);
    const copies = new Map<MemoryFile, MemoryFile>();
    const names = new NameTable<MemoryFile>();
    for (const [path, file] of this.#durableNames.prune().entries()) {
      if (path === '/') continue;
      if (file !== null && !copies.has(file)) copies.set(file, file.cloneDurable());
      names.set(path, file === null ? null : (copies.get(file) ?? null));
    }
    clone.#startFrom(names);
    clone.#recount();
    return clone;
  }

  /** A new disk in the place of the old one. */
  wipe(): void {
    this.#crashes++;
    this.#open.clear();
    this.releaseSyncs();
    this.#startFrom(new NameTable());
    this.#recount();
  }

  /** Whether the name would be there after a crash. */
  isNameDurable(path: string): boolean {
    return this.#durableNames.get(path) !== undefined;
  }

  /** What programs would read at `path`, without reading it: no fault is counted. A view; null when there is no file. */
  contentOf(path: string): Uint8Array | null {
    return this.#names.get(path)?.content ?? null;
  }

  /** All files, in the order of their creation. */
  files(): { path: string; sizeBytes: number }[] {
    const files: { path: string; sizeBytes: number }[] = [];
    for (const [path, file] of this.#names.entries()) if (file !== null) files.push({ path, sizeBytes: file.sizeBytes });
    return files;
  }
}

/** One operation later; null once the one that fails has been let through to its fate. */
function countedDown(after: number | null): number | null {
  return after === null || after === 0 ? null : after - 1;
}

/** The first `length` bytes of `buffers`, as a copy. */
function joinedStart(buffers: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let position = 0;
  for (const buffer of buffers) {
    const fitting = buffer.length <= length - position ? buffer : buffer.subarray(0, length - position);
    joined.set(fitting, position);
    position += fitting.length;
  }
  return joined;
}

/**
 * A disk in memory that can fail like a real one: for tests and for the simulator.
 *
 * It keeps what is durable apart from what is only written. `crash` loses power: each unsynced write is kept, dropped
 * or torn at 512 bytes in any order, and unsynced creations, renames and removals are lost from some point on (a
 * journal keeps their order). Faults are armed one at a time: the next write or sync fails, writes are short, space is
 * limited. Strict where POSIX is vague: syncing a file does not sync its name.
 */

import type { Prng } from '@jackdaw/base';
import { StorageError, type FileHandle, type FileStat, type Fs, type OpenMode } from './fs.ts';

/** Grain at which a torn write lands (statement B2). */
const sectorBytes = 512;

interface Inode {
  /** What the page cache holds. */
  bytes: Uint8Array;
  sizeBytes: number;
  /** What the device holds for sure. */
  durable: Uint8Array;
  /** Changes since the last sync, in order. */
  unsynced: Change[];
  modifiedMs: number;
}

type Change = { kind: 'write'; position: number; bytes: Uint8Array } | { kind: 'truncate'; sizeBytes: number };

/** A change of names inside one directory that no `syncDirectory` has covered yet. */
interface NameChange {
  directory: string;
  apply(names: Map<string, Inode | null>): void;
}

export interface MemoryFsOptions {
  /** Wall clock for modification times. Default: a constant. */
  nowMs?: () => number;
  /** Bytes that all files together may hold. Default: no limit. */
  capacityBytes?: number;
}

export type CrashMode =
  /** Every unsynced write and name is lost. */
  | 'loseUnsynced'
  /** Each may survive, vanish or be torn, as the generator says. */
  | 'random';

export class MemoryFs implements Fs {
  /** Path → file, or null for a directory. */
  #names = new Map<string, Inode | null>([['/', null]]);
  #durableNames = new Map<string, Inode | null>([['/', null]]);
  #nameChanges: NameChange[] = [];
  readonly #open = new Map<FileHandle, Inode>();
  #nextHandle = 1;
  #usedBytes = 0;
  readonly #nowMs: () => number;

  /** Space left for new bytes; set it to open or close an ENOSPC window. */
  capacityBytes: number;
  /** The largest number of bytes that one `write` takes (B12). */
  maxWriteBytes = Number.POSITIVE_INFINITY;
  /** Writes to let through before one fails with EIO; null: none fails. */
  failWriteAfter: number | null = null;
  /** Syncs to let through before one fails with EIO; null: none fails. */
  failSyncAfter: number | null = null;
  /** Makes the next `truncate` fail. */
  failTruncate = false;
  /** Held syncs do not finish until `releaseSyncs`: a slow disk. */
  holdSyncs = false;
  #heldSyncs: (() => void)[] = [];
  syncCount = 0;
  writeCount = 0;

  constructor(options: MemoryFsOptions = {}) {
    this.#nowMs = options.nowMs ?? (() => 1_700_000_000_000);
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  open(path: string, mode: OpenMode): FileHandle {
    const existing = this.#names.get(path);
    if (existing === null) throw new StorageError('io', path, `is a directory: ${path}`);
    if (existing !== undefined && mode === 'exclusive') throw new StorageError('exists', path, `exists: ${path}`);
    let inode = existing;
    if (inode === undefined) {
      if (mode === 'read') throw new StorageError('notFound', path, `no such file: ${path}`);
      this.#expectDirectory(parentOf(path));
      const created: Inode = {
        bytes: new Uint8Array(0),
        sizeBytes: 0,
        durable: new Uint8Array(0),
        unsynced: [],
        modifiedMs: this.#nowMs(),
      };
      this.#changeNames(parentOf(path), (names) => names.set(path, created));
      inode = created;
    }
    const handle = this.#nextHandle++;
    this.#open.set(handle, inode);
    return handle;
  }

  close(file: FileHandle): void {
    this.#inode(file);
    this.#open.delete(file);
  }

  size(file: FileHandle): number {
    return this.#inode(file).sizeBytes;
  }

  write(file: FileHandle, buffers: readonly Uint8Array[], position: number): number {
    const inode = this.#inode(file);
    this.writeCount++;
    if (this.failWriteAfter !== null && this.failWriteAfter-- === 0) {
      this.failWriteAfter = null;
      throw new StorageError('io', '', 'EIO: simulated write failure');
    }
    const bytes = concatenate(buffers);
    const growth = Math.max(0, position + bytes.length - inode.sizeBytes);
    const freeBytes = Math.max(0, this.capacityBytes - this.#usedBytes);
    if (growth > 0 && freeBytes === 0) throw new StorageError('noSpace', '', 'ENOSPC: simulated full disk');
    // A disk that fills up takes what fits and reports a short write; only the next one fails.
    const length = Math.min(bytes.length, this.maxWriteBytes, bytes.length - Math.max(0, growth - freeBytes));
    const taken = bytes.slice(0, length);
    inode.unsynced.push({ kind: 'write', position, bytes: taken });
    this.#usedBytes += Math.max(0, position + length - inode.sizeBytes);
    applyWrite(inode, position, taken);
    inode.modifiedMs = this.#nowMs();
    return length;
  }

  readSmall(file: FileHandle, target: Uint8Array, position: number): number {
    const inode = this.#inode(file);
    const count = Math.max(0, Math.min(target.length, inode.sizeBytes - position));
    target.set(inode.bytes.subarray(position, position + count));
    return count;
  }

  async read(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
    await Promise.resolve();
    return this.readSmall(file, target, position);
  }

  truncate(file: FileHandle, sizeBytes: number): void {
    const inode = this.#inode(file);
    if (this.failTruncate) {
      this.failTruncate = false;
      throw new StorageError('io', '', 'EIO: simulated truncate failure');
    }
    inode.unsynced.push({ kind: 'truncate', sizeBytes });
    this.#usedBytes += sizeBytes - inode.sizeBytes;
    applyTruncate(inode, sizeBytes);
    inode.modifiedMs = this.#nowMs();
  }

  async dataSync(file: FileHandle): Promise<void> {
    const inode = this.#inode(file);
    // What is written while the sync is under way is not covered by it.
    const covered = inode.unsynced.length;
    if (this.holdSyncs) await new Promise<void>((resolve) => this.#heldSyncs.push(resolve));
    else await Promise.resolve();
    this.#sync(inode, covered);
  }

  dataSyncNow(file: FileHandle): void {
    const inode = this.#inode(file);
    this.#sync(inode, inode.unsynced.length);
  }

  async syncDirectory(path: string): Promise<void> {
    await Promise.resolve();
    this.syncDirectoryNow(path);
  }

  syncDirectoryNow(path: string): void {
    this.#countSync();
    this.#nameChanges = this.#nameChanges.filter((change) => {
      if (change.directory !== path) return true;
      change.apply(this.#durableNames);
      return false;
    });
  }

  stat(path: string): FileStat | null {
    const inode = this.#names.get(path);
    if (inode === undefined) return null;
    if (inode === null) return { sizeBytes: 0, modifiedMs: 0, isDirectory: true };
    return { sizeBytes: inode.sizeBytes, modifiedMs: inode.modifiedMs, isDirectory: false };
  }

  list(path: string): string[] {
    this.#expectDirectory(path);
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#names.keys()]
      .filter((name) => name !== '/' && name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
      .map((name) => name.slice(prefix.length));
  }

  makeDirectory(path: string): void {
    if (this.#names.has(path)) return;
    this.makeDirectory(parentOf(path));
    this.#changeNames(parentOf(path), (names) => names.set(path, null));
  }

  rename(from: string, to: string): void {
    if (!this.#names.has(from)) throw new StorageError('notFound', from, `no such file: ${from}`);
    this.#changeNames(parentOf(from), (names) => {
      for (const [name, inode] of [...names]) {
        if (name !== from && !name.startsWith(`${from}/`)) continue;
        names.delete(name);
        names.set(to + name.slice(from.length), inode);
      }
    });
  }

  link(from: string, to: string): void {
    const inode = this.#names.get(from);
    if (inode === undefined) throw new StorageError('notFound', from, `no such file: ${from}`);
    if (this.#names.has(to)) throw new StorageError('exists', to, `exists: ${to}`);
    this.#changeNames(parentOf(to), (names) => names.set(to, inode));
  }

  unlink(path: string): void {
    const inode = this.#names.get(path);
    if (inode === undefined) return;
    this.#usedBytes -= inode === null ? 0 : inode.sizeBytes;
    this.#changeNames(parentOf(path), (names) => names.delete(path));
  }

  async remove(path: string): Promise<void> {
    await Promise.resolve();
    this.unlink(path);
  }

  removeDirectory(path: string): void {
    if (!this.#names.has(path)) return;
    if (this.list(path).length > 0) throw new StorageError('io', path, `directory not empty: ${path}`);
    this.#changeNames(parentOf(path), (names) => names.delete(path));
  }

  /** Lets held syncs finish, in order. */
  releaseSyncs(): void {
    const held = this.#heldSyncs;
    this.#heldSyncs = [];
    for (const release of held) release();
  }

  /** Loses power: afterwards every file is closed and holds what survived. */
  crash(mode: CrashMode, prng: Prng): void {
    this.#open.clear();
    this.#heldSyncs = [];
    const kept = mode === 'random' ? prng.below(this.#nameChanges.length + 1) : 0;
    for (const change of this.#nameChanges.slice(0, kept)) change.apply(this.#durableNames);
    this.#nameChanges = [];
    // A directory whose own name is lost takes what was in it along.
    for (const name of this.#durableNames.keys()) if (!this.#isReachable(name)) this.#durableNames.delete(name);
    this.#names = new Map(this.#durableNames);
    this.#usedBytes = 0;
    for (const inode of new Set(this.#names.values())) {
      if (inode === null) continue;
      settleAfterCrash(inode, mode, prng);
      this.#usedBytes += inode.sizeBytes;
    }
  }

  #isReachable(name: string): boolean {
    return name === '/' || (this.#durableNames.get(parentOf(name)) === null && this.#isReachable(parentOf(name)));
  }

  #sync(inode: Inode, covered: number): void {
    this.#countSync();
    const settled: Inode = { ...inode, bytes: inode.durable, sizeBytes: inode.durable.length, unsynced: [] };
    for (const change of inode.unsynced.slice(0, covered)) applyChange(settled, change);
    inode.durable = settled.bytes.slice(0, settled.sizeBytes);
    inode.unsynced = inode.unsynced.slice(covered);
  }

  #countSync(): void {
    this.syncCount++;
    if (this.failSyncAfter === null || this.failSyncAfter-- !== 0) return;
    this.failSyncAfter = null;
    throw new StorageError('io', '', 'EIO: simulated sync failure');
  }

  #changeNames(directory: string, apply: (names: Map<string, Inode | null>) => void): void {
    apply(this.#names);
    this.#nameChanges.push({ directory, apply });
  }

  #expectDirectory(path: string): void {
    if (this.#names.get(path) !== null) throw new StorageError('notFound', path, `no such directory: ${path}`);
  }

  #inode(file: FileHandle): Inode {
    const inode = this.#open.get(file);
    if (inode === undefined) throw new StorageError('io', '', `EBADF: file ${file} is not open`);
    return inode;
  }
}

/** Starts from what was durable and lets each later change happen, not happen, or happen in part. */
function settleAfterCrash(inode: Inode, mode: CrashMode, prng: Prng): void {
  inode.bytes = inode.durable.slice();
  inode.sizeBytes = inode.durable.length;
  if (mode === 'random') for (const change of inode.unsynced) keepDropOrTear(inode, change, prng);
  inode.unsynced = [];
  inode.durable = inode.bytes.slice(0, inode.sizeBytes);
}

function keepDropOrTear(inode: Inode, change: Change, prng: Prng): void {
  const fate = prng.below(3);
  if (fate === 0) return;
  if (fate === 1 || change.kind === 'truncate') {
    applyChange(inode, change);
    return;
  }
  for (let start = 0; start < change.bytes.length; start += sectorBytes) {
    const sector = change.bytes.subarray(start, start + sectorBytes);
    if (prng.chance(0.5)) applyWrite(inode, change.position + start, sector);
  }
}

function applyChange(inode: Inode, change: Change): void {
  if (change.kind === 'write') applyWrite(inode, change.position, change.bytes);
  else applyTruncate(inode, change.sizeBytes);
}

function applyWrite(inode: Inode, position: number, bytes: Uint8Array): void {
  const end = position + bytes.length;
  if (end > inode.bytes.length) {
    const grown = new Uint8Array(Math.max(end, inode.bytes.length * 2, 256));
    grown.set(inode.bytes.subarray(0, inode.sizeBytes));
    inode.bytes = grown;
  }
  inode.bytes.set(bytes, position);
  inode.sizeBytes = Math.max(inode.sizeBytes, end);
}

function applyTruncate(inode: Inode, sizeBytes: number): void {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(inode.bytes.subarray(0, Math.min(sizeBytes, inode.sizeBytes)));
  inode.bytes = bytes;
  inode.sizeBytes = sizeBytes;
}

function concatenate(buffers: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  const joined = new Uint8Array(length);
  let position = 0;
  for (const buffer of buffers) {
    joined.set(buffer, position);
    position += buffer.length;
  }
  return joined;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/**
 * Takes back a random part of what was not durable when the power went, as a disk and its file system may.
 *
 * Content: of every file, what was written since its last finished sync is dropped whole, kept whole, cut at some byte count, or
 * kept and dropped block by block, in any order (B2). Names: of every directory, the creations, renames and removals since its
 * last finished sync are undone from the last one back to a random one (B8); a synced file keeps its content, and loses its
 * name with an unsynced directory.
 */
import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Prng } from '@jackdaw/base';
import type { JournalEntry } from './journal.ts';

type ContentEntry = Extract<JournalEntry, { kind: 'write' | 'truncate' }>;
type NameEntry = Extract<JournalEntry, { path: string }>;

export interface UndoReport {
  /** Files whose content was taken back, wholly or in part. */
  readonly filesChanged: number;
  readonly bytesLost: number;
  readonly namesUndone: number;
}

const blockSizes = [512, 4096] as const;

/** Changes the files on disk. `paths` says where each inode is to be found: all regular files below the root. */
export function cutPower(entries: readonly JournalEntry[], paths: ReadonlyMap<number, string>, prng: Prng): UndoReport {
  const pending = pendingEntries(entries);
  let filesChanged = 0;
  let bytesLost = 0;
  for (const [inode, changes] of pending.content) {
    const path = paths.get(inode);
    if (path === undefined) continue;
    const lost = undoContent(path, changes, prng);
    bytesLost += lost;
    if (lost > 0) filesChanged++;
  }
  let namesUndone = 0;
  for (const changes of pending.names.values()) namesUndone += undoNames(changes, prng);
  return { filesChanged, bytesLost, namesUndone };
}

interface Pending {
  /** By file, in order. */
  readonly content: ReadonlyMap<number, readonly ContentEntry[]>;
  /** By directory, in order. */
  readonly names: ReadonlyMap<string, readonly NameEntry[]>;
}

/** What no finished sync covers. A sync covers what was noted before it began. */
export function pendingEntries(entries: readonly JournalEntry[]): Pending {
  const syncedUpTo = lastSyncs(entries);
  const content = new Map<number, ContentEntry[]>();
  const names = new Map<string, NameEntry[]>();
  const directoryInodes = new Map<string, number>();
  entries.forEach((entry, at) => {
    if (entry.kind === 'write' || entry.kind === 'truncate') {
      if (at > (syncedUpTo.get(entry.inode) ?? -1)) push(content, entry.inode, entry);
    } else if ('path' in entry) {
      // An inode that is used again for a new file owes nothing to the old one.
      if (entry.kind === 'create') content.delete(entry.inode);
      const directory = dirname(entry.path);
      if (at > (syncedUpTo.get(inodeOf(directory, directoryInodes)) ?? -1)) push(names, directory, entry);
    }
  });
  return { content, names };
}

/** Inode → place of the newest beginning of a sync that has finished. */
function lastSyncs(entries: readonly JournalEntry[]): Map<number, number> {
  const begun = new Map<number, number>();
  const synced = new Map<number, number>();
  entries.forEach((entry, at) => {
    if (entry.kind === 'syncBegin') begun.set(entry.sync, at);
    if (entry.kind !== 'syncEnd') return;
    const from = begun.get(entry.sync) ?? -1;
    if (from > (synced.get(entry.inode) ?? -1)) synced.set(entry.inode, from);
  });
  return synced;
}

function inodeOf(directory: string, known: Map<string, number>): number {
  let inode = known.get(directory);
  if (inode === undefined) {
    inode = existsSync(directory) ? statSync(directory).ino : -1;
    known.set(directory, inode);
  }
  return inode;
}

/** Bytes that the file lost. */
function undoContent(path: string, changes: readonly ContentEntry[], prng: Prng): number {
  const present = readFileSync(path);
  const durable = withoutChanges(present, changes);
  const mixed = mixOf(present, durable, prng);
  if (mixed.equals(present)) return 0;
  writeFileSync(path, mixed);
  return Math.max(1, present.length - mixed.length);
}

/** The content before the changes. */
export function withoutChanges(present: Buffer, changes: readonly ContentEntry[]): Buffer {
  let content = Buffer.from(present);
  for (const { offset, oldSize, data } of changes.toReversed()) {
    content = Buffer.concat([content.subarray(0, oldSize), Buffer.alloc(Math.max(0, oldSize - content.length))]);
    data.copy(content, offset);
  }
  return content;
}

function mixOf(present: Buffer, durable: Buffer, prng: Prng): Buffer {
  const fate = prng.below(4);
  if (fate === 0) return durable;
  if (fate === 1) return present;
  const size = prng.between(Math.min(present.length, durable.length), Math.max(present.length, durable.length));
  // Cut: everything up to a byte count has arrived. Mixed: every block for itself; a block that has not is as it was, or zeros.
  const mixed = Buffer.alloc(size);
  present.copy(mixed);
  if (fate === 2) return mixed;
  const blockSize = blockSizes[prng.below(blockSizes.length)] as number;
  for (let start = 0; start < size; start += blockSize) {
    if (prng.chance(0.5)) continue;
    const end = Math.min(size, start + blockSize);
    mixed.fill(0, start, end);
    if (start < durable.length) durable.copy(mixed, start, start, Math.min(end, durable.length));
  }
  return mixed;
}

/** Undoes a random number of the last changes of one directory; returns how many. */
function undoNames(changes: readonly NameEntry[], prng: Prng): number {
  const undone = changes.slice(prng.below(changes.length + 1)).toReversed();
  for (const change of undone) undoName(change);
  return undone.length;
}

function undoName(change: NameEntry): void {
  const { kind, path } = change;
  if (kind === 'create' || kind === 'mkdir') {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  if (kind === 'rename' && existsSync(path)) renameSync(path, change.from);
  // The directory itself may have lost its name: then so has what was in it.
  if (change.kept !== '' && existsSync(change.kept) && existsSync(dirname(path)) && !existsSync(path))
    linkSync(change.kept, path);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

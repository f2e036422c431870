/**
 * Reads the journal that powerfail.c writes: what was done to files below a directory, and what was made durable.
 */
import { readFileSync } from 'node:fs';

export type JournalEntry =
  | {
      readonly kind: 'write' | 'truncate';
      readonly inode: number;
      readonly offset: number;
      readonly oldSize: number;
      readonly data: Buffer;
    }
  | { readonly kind: 'syncBegin' | 'syncEnd'; readonly inode: number; readonly sync: number }
  | { readonly kind: 'create'; readonly inode: number; readonly path: string }
  | { readonly kind: 'mkdir'; readonly path: string }
  /** `kept`: another name of the file that is gone, '' when there was none. */
  | { readonly kind: 'rename'; readonly inode: number; readonly from: string; readonly path: string; readonly kept: string }
  | { readonly kind: 'unlink'; readonly inode: number; readonly path: string; readonly kept: string };

const magic = 0x4a504631;
const headerBytes = 48;
const kinds = ['', 'write', 'truncate', 'syncBegin', 'syncEnd', 'create', 'rename', 'unlink', 'mkdir'] as const;

/** All whole entries of the file, in order; a torn last one (its process was killed) is left out. */
export function readJournal(file: string): JournalEntry[] {
  const bytes = readFileSync(file);
  const entries: JournalEntry[] = [];
  let position = 0;
  while (position + headerBytes <= bytes.length) {
    if (bytes.readUInt32LE(position) !== magic) throw new Error(`${file}: no entry at byte ${position}`);
    const pathEnd = position + headerBytes + bytes.readUInt32LE(position + 32);
    const otherEnd = pathEnd + bytes.readUInt32LE(position + 36);
    const end = otherEnd + number64(bytes, position + 40);
    if (end > bytes.length) break;
    const path = bytes.toString('utf8', position + headerBytes, pathEnd);
    entries.push(
      toEntry(bytes.subarray(position), {
        path,
        other: bytes.toString('utf8', pathEnd, otherEnd),
        data: bytes.subarray(otherEnd, end),
      }),
    );
    position = end;
  }
  return entries;
}

function toEntry(header: Buffer, parts: { readonly path: string; readonly other: string; readonly data: Buffer }): JournalEntry {
  const kind = kinds[header.readUInt32LE(4)];
  const inode = number64(header, 8);
  const { path, other, data } = parts;
  switch (kind) {
    case 'write':
    case 'truncate':
      return { kind, inode, offset: number64(header, 16), oldSize: number64(header, 24), data };
    case 'syncBegin':
    case 'syncEnd':
      return { kind, inode, sync: number64(header, 16) };
    case 'create':
      return { kind, inode, path };
    case 'mkdir':
      return { kind, path };
    case 'rename':
      return { kind, inode, from: path, path: other, kept: data.toString() };
    case 'unlink':
      return { kind, inode, path, kept: other };
    default:
      throw new Error(`unknown kind of entry ${header.readUInt32LE(4)}`);
  }
}

function number64(bytes: Buffer, position: number): number {
  const value = Number(bytes.readBigUInt64LE(position));
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} in the journal is beyond 2^53`);
  return value;
}

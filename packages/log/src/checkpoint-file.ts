/**
 * Kafka's text checkpoints: a version, a count, one entry a line (CheckpointFile), and their atomic replacement.
 *
 * A new content goes to `<name>.tmp`, is synced, renamed over the old one, and the directory is synced: after a crash
 * there is the old file or the new one, never half of one (B8). A file that cannot be parsed counts as absent;
 * the reader of it can always do without, at the price of more recovery.
 */

import { utf8Decode, utf8Encode } from '@jackdaw/base';
import { dirname } from 'node:path';
import { readSmallFile, writeFully, type FileHandle, type Fs } from './fs.ts';

const currentVersion = 0;

/** Replaces the file's content durably, off the event loop. */
export async function replaceFile(fs: Fs, path: string, content: Uint8Array): Promise<void> {
  const file = beginReplacement(fs, path, content);
  try {
    await fs.dataSync(file);
  } finally {
    fs.close(file);
  }
  fs.rename(`${path}.tmp`, path);
  await fs.syncDirectory(dirname(path));
}

/** As `replaceFile`, before returning: only where the next operation must not come first. */
export function replaceFileNow(fs: Fs, path: string, content: Uint8Array): void {
  const file = beginReplacement(fs, path, content);
  try {
    fs.dataSyncNow(file);
  } finally {
    fs.close(file);
  }
  fs.rename(`${path}.tmp`, path);
  fs.syncDirectoryNow(dirname(path));
}

function beginReplacement(fs: Fs, path: string, content: Uint8Array): FileHandle {
  const file = fs.open(`${path}.tmp`, 'write');
  try {
    fs.truncate(file, 0);
    writeFully(fs, file, [content], 0);
    return file;
  } catch (error) {
    fs.close(file);
    throw error;
  }
}

export function encodeCheckpoint(lines: readonly string[]): Uint8Array {
  return utf8Encode([String(currentVersion), String(lines.length), ...lines, ''].join('\n'));
}

/** The entries' fields, or null when the file is absent or not a whole checkpoint of `fieldsPerLine` fields. */
export function readCheckpoint(fs: Fs, path: string, fieldsPerLine: number): string[][] | null {
  const bytes = readSmallFile(fs, path);
  if (bytes === null) return null;
  const lines = utf8Decode(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  // Kafka creates its checkpoints empty before it first writes them.
  if (lines.length === 0) return [];
  // An empty line is a number to the language.
  if (lines[0]?.trim() !== String(currentVersion) || lines[1]?.trim() !== String(lines.length - 2)) return null;
  const entries = lines.slice(2).map((line) => line.trim().split(/\s+/));
  return entries.every((fields) => fields.length === fieldsPerLine) ? entries : null;
}

/** `<topic> <partition> <offset>` lines by `<topic>-<partition>`. */
export type OffsetCheckpoint = Map<string, number>;

/** Kafka's OffsetCheckpointFile. An unreadable file reads as empty: more is recovered, nothing is lost. */
export function readOffsetCheckpoint(fs: Fs, path: string): OffsetCheckpoint {
  const offsets: OffsetCheckpoint = new Map();
  for (const [topicName, partition, offset] of readCheckpoint(fs, path, 3) ?? []) {
    const value = Number(offset);
    if (Number.isSafeInteger(value) && value >= 0) offsets.set(`${topicName}-${partition}`, value);
  }
  return offsets;
}

export function encodeOffsetCheckpoint(offsets: OffsetCheckpoint): Uint8Array {
  const lines: string[] = [];
  for (const [name, offset] of offsets) {
    const dash = name.lastIndexOf('-');
    lines.push(`${name.slice(0, dash)} ${name.slice(dash + 1)} ${offset}`);
  }
  return encodeCheckpoint(lines);
}

/**
 * Making a log durable: what one group commit does on the disk, and what closing saves.
 *
 * The order matters. Index and epoch files are written before the recovery point may pass what they describe, data
 * before the offset that acknowledges it, and names, of the files and of the directory itself, together with the first
 * data that depends on them (B8).
 */

import { dirname, join } from 'node:path';
import { replaceFile } from './checkpoint-file.ts';
import { leaderEpochFile } from './file-names.ts';
import { StorageError } from './fs.ts';
import type { LogParts } from './log-parts.ts';
import { encodeLeaderEpochs } from './partition-files.ts';
import type { Segment } from './segment.ts';

/** Syncs everything that was written before the call. The caller raises `syncedOffset` when it succeeds. */
export async function syncFiles(parts: LogParts): Promise<void> {
  const { segments, fs, context } = parts;
  // A copy: the log may roll or be cut while this waits for the disk.
  const firstUnsynced = segments.indexFor(parts.syncedOffset);
  const unsynced = segments.all.filter((segment, index) => index >= firstUnsynced || segment.hasUnsyncedCut);
  for (const segment of [...segments.all]) if (!segment.isActive) await saveIndexes(segment);
  // The epochs of a segment that will not be walked again must be in the file.
  if (unsynced.length > 1) await writeEpochsIfRoom(parts);
  if (parts.producers.hasUnsyncedSnapshots) await parts.producers.syncSnapshots();
  for (const segment of unsynced) await syncSegment(parts, segment);
  if (parts.isDirectoryDirty) {
    // Cleared first: a roll during the sync sets it again.
    parts.isDirectoryDirty = false;
    await fs.syncDirectory(context.directory);
  }
  if (!parts.isParentDirty) return;
  parts.isParentDirty = false;
  await fs.syncDirectory(dirname(context.directory));
}

/** A full disk leaves the epochs for later, and until then the recovery point where it is; records are synced all the same. */
async function writeEpochsIfRoom(parts: LogParts): Promise<void> {
  try {
    await writeLeaderEpochs(parts);
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== 'noSpace') throw error;
  }
}

async function syncSegment(parts: LogParts, segment: Segment): Promise<void> {
  if (segment.isDeleted) return;
  await segment.acquire();
  try {
    segment.hasUnsyncedCut = false;
    await parts.fs.dataSync(segment.file());
  } finally {
    segment.release();
  }
}

/** Index files can be rebuilt, so a full disk may leave them for the next flush. */
async function saveIndexes(segment: Segment): Promise<void> {
  if (!segment.hasUnsavedIndexes) return;
  try {
    await segment.saveIndexes();
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== 'noSpace') throw error;
  }
}

/**
 * Writes `leader-epoch-checkpoint` when it is out of date. One at a time: two would take each other's temporary file away,
 * and whoever finds the epochs clean while they are still being written must not believe that the file shows them.
 */
export async function writeLeaderEpochs(parts: LogParts): Promise<void> {
  const { epochs } = parts;
  while (epochs.writing !== null) await epochs.writing;
  if (!epochs.isDirty) return;
  const write = replaceLeaderEpochs(parts);
  const over = (): void => {
    epochs.writing = null;
  };
  epochs.writing = write.then(over, over);
  await write;
}

async function replaceLeaderEpochs({ epochs, fs, context }: LogParts): Promise<void> {
  // Cleared first: an epoch that begins during the write sets it again.
  epochs.isDirty = false;
  const { changes } = epochs;
  try {
    await replaceFile(fs, join(context.directory, leaderEpochFile), encodeLeaderEpochs(epochs.entries));
    epochs.onWritten(changes);
  } catch (error) {
    epochs.isDirty = true;
    throw error;
  }
}

/** After the last flush: saves what lets the next open read no more than the end of the log. */
export async function saveForClose(parts: LogParts): Promise<void> {
  const { segments, producers, fs, context } = parts;
  await writeLeaderEpochs(parts);
  segments.active.indexes.complete();
  segments.active.hasUnsavedIndexes = true;
  for (const segment of [...segments.all]) await saveIndexes(segment);
  producers.takeSnapshot();
  await fs.syncDirectory(context.directory);
}

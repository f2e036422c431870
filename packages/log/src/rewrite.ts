/**
 * After a failed sync the kernel calls the pages clean: what they hold is read back as if it were on the disk, and every
 * later sync succeeds without writing it (B9). A process that starts again on such pages must not trust them.
 *
 * So a directory that fails leaves a note, which lives and dies with the same page cache; whoever finds it writes
 * everything above the recovery points once more, byte for byte. That makes the pages dirty again, and the sync that
 * follows means what it says.
 */

import type { BytePosition } from '@jackdaw/base';
import { readFully, writeFully, type Fs } from './fs.ts';
import type { LogParts } from './log-parts.ts';
import type { Segment } from './segment.ts';

const chunkBytes = 1 << 20;

/** Writes again what is not known to be durable; the caller syncs. Rejects with StorageError. */
export async function rewriteUnsynced(parts: LogParts): Promise<void> {
  const { segments, syncedOffset, fs } = parts;
  for (const segment of segments.all.slice(segments.indexFor(syncedOffset))) {
    const indexes = await segment.acquire();
    try {
      await rewriteFrom(fs, segment, indexes.positionBefore(syncedOffset));
      segment.hasUnsavedIndexes = true;
    } finally {
      segment.release();
    }
  }
  parts.isDirectoryDirty = true;
  parts.epochs.distrustFile();
}

async function rewriteFrom(fs: Fs, segment: Segment, start: BytePosition): Promise<void> {
  const chunk = new Uint8Array(Math.min(chunkBytes, Math.max(0, segment.sizeBytes - start)));
  for (let position = start; position < segment.sizeBytes;) {
    const wanted = Math.min(chunk.length, segment.sizeBytes - position);
    const count = await readFully(fs, segment.file(), chunk.subarray(0, wanted), position);
    if (count === 0) return;
    writeFully(fs, segment.file(), [chunk.subarray(0, count)], position);
    position += count;
  }
}

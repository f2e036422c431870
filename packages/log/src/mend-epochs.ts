/**
 * Batches whose leader epoch has rotted, in the only copy that may lead (B3).
 *
 * The CRC of a batch does not cover its leader epoch: the records are sound, only under whom they were written is not known
 * any more. A replica that has to lead with them gives them the epoch that it is about to lead in, as if it had appended them
 * in it: nobody else writes in that, so that no other log can be taken to agree with this one where it does not (A4).
 */

import { sometimes } from '@jackdaw/base';
import type { BytePosition, LeaderEpoch, Offset } from '@jackdaw/base';
import { batchLastOffset, leaderEpochPosition } from '@jackdaw/protocol';
import { scanHeadersNow } from './batch-scanner.ts';
import { writeFully } from './fs.ts';
import { lowerCheckpoint, type LogParts } from './log-parts.ts';
import type { Segment } from './segment.ts';

/**
 * Writes `epoch` into the headers of all batches from `offset` on, where one begins, and says that it begins there. What is
 * written has to be synced again. A batch that is damaged elsewhere ends the walk, as it does every other. Throws StorageError.
 */
export function mendEpochs(parts: LogParts, offset: Offset, epoch: LeaderEpoch): void {
  const { segments } = parts;
  lowerCheckpoint(parts, offset);
  parts.truncations++;
  parts.syncedOffset = Math.min(parts.syncedOffset, offset);
  parts.syncTarget = Math.min(parts.syncTarget, offset);
  parts.tail.truncateTo(offset);
  for (const segment of segments.all.slice(segments.indexFor(offset))) mendSegment(segment, offset, epoch);
  parts.epochs.assign(epoch, offset);
  sometimes('log: rotten epochs mended');
}

function mendSegment(segment: Segment, offset: Offset, epoch: LeaderEpoch): void {
  const { fs } = segment.context;
  const start = segment.isActive ? segment.indexes.positionBefore(offset) : 0;
  const rotten: BytePosition[] = [];
  scanHeadersNow(fs, segment.file(), { start, end: segment.sizeBytes }, (bytes, position, filePosition) => {
    if (batchLastOffset(bytes, position) >= offset) rotten.push(filePosition);
    return true;
  });
  const field = new Uint8Array(4);
  new DataView(field.buffer).setInt32(0, epoch);
  for (const position of rotten) writeFully(fs, segment.file(), [field], position + leaderEpochPosition);
}

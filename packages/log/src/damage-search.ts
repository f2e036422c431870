/**
 * Tells a damaged batch from the torn end that a stop leaves: behind damage there are sound batches (B3).
 *
 * The length of a damaged header cannot be believed, so the bytes behind it are searched one by one for what can be a
 * header, and only such a place is summed. A stop of the process leaves nothing behind a torn end; a power loss may,
 * rarely, and then to call it damage costs only that the replica has to catch up before it may lead.
 */

import type { BytePosition, Offset } from '@jackdaw/base';
import { batchBaseOffset, batchLastOffsetDelta, batchMagic, batchSizeInBytes } from '@jackdaw/protocol';
import { scanBatches } from './batch-scanner.ts';
import { readFully } from './fs.ts';
import { maxRelativeOffset } from './offset-index.ts';
import type { Segment } from './segment.ts';

const headerBytes = 61;
const windowBytes = 1 << 20;
/** Places that are summed before the search gives up; in bytes that are no batches there are next to none. */
const maxCandidates = 1000;

/** Whether a sound batch begins at `from` or anywhere behind it. */
export async function hasSoundBatch(segment: Segment, from: BytePosition): Promise<boolean> {
  const { fs } = segment.context;
  const window = new Uint8Array(Math.min(windowBytes, Math.max(0, segment.sizeBytes - from)));
  let candidates = 0;
  for (let start = from; segment.sizeBytes - start >= headerBytes;) {
    const filled = await readFully(fs, segment.file(), window, start);
    if (filled < headerBytes) return false;
    for (let at = 0; at + headerBytes <= filled; at++) {
      if (!isCandidate(segment, window, { at, leftBytes: segment.sizeBytes - start - at })) continue;
      if (await isSoundAt(segment, start + at)) return true;
      if (++candidates === maxCandidates) return true;
    }
    start += filled - headerBytes + 1;
  }
  return false;
}

function isCandidate(segment: Segment, bytes: Uint8Array, place: { at: number; leftBytes: number }): boolean {
  const { at, leftBytes } = place;
  if (batchMagic(bytes, at) !== 2) return false;
  const sizeBytes = batchSizeInBytes(bytes, at);
  const relativeOffset: Offset = batchBaseOffset(bytes, at) - segment.baseOffset;
  return (
    sizeBytes >= headerBytes &&
    sizeBytes <= leftBytes &&
    relativeOffset >= 0 &&
    relativeOffset <= maxRelativeOffset &&
    batchLastOffsetDelta(bytes, at) >= 0
  );
}

async function isSoundAt(segment: Segment, position: BytePosition): Promise<boolean> {
  let isSound = false;
  const range = { start: position, end: segment.sizeBytes, verifyCrc: true };
  await scanBatches(segment.context.fs, segment.file(), range, () => {
    isSound = true;
    return false;
  });
  return isSound;
}

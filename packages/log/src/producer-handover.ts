/**
 * What a log knows of producers whose records it has deleted, for a replica that begins anew at its start.
 *
 * Such a replica never sees those records, so that it could not tell a late retry from a new batch once it led (C1). Kafka's
 * follower forgets the producers there.
 */

import type { Offset } from '@jackdaw/base';
import { batchLastOffset } from '@jackdaw/protocol';
import { isBelievable, scanBatches } from './batch-scanner.ts';
import type { LogParts } from './log-parts.ts';
import { ProducerState } from './producer-state.ts';

export interface ProducersAtStart {
  /** The log's start: the state covers all below it, and nothing else. */
  readonly offset: Offset;
  /** A producer snapshot; null when there is no producer to be known. */
  readonly snapshot: Uint8Array | null;
}

/**
 * From the newest snapshot at or below the log's start, and the batches between the two. Starts over when the log was truncated
 * or cleaned meanwhile. Rejects with StorageError.
 */
export async function producersAtStart(parts: LogParts, expirationMs: () => number): Promise<ProducersAtStart> {
  for (;;) {
    const { truncations } = parts;
    try {
      const found = await findProducers(parts, expirationMs);
      if (truncations === parts.truncations) return found;
    } catch (error) {
      // A segment may have been deleted under the walk; then the log looks different now (B14).
      if (truncations === parts.truncations) throw error;
    }
  }
}

async function findProducers(parts: LogParts, expirationMs: () => number): Promise<ProducersAtStart> {
  const { fs, context, segments, clock } = parts;
  const offset = parts.logStartOffset;
  const state = new ProducerState({ fs, directory: context.directory, expirationMs });
  state.readNewestSnapshot(parts.producers.snapshotOffsets, {
    limit: offset,
    firstOffset: segments.first.baseOffset,
    nowMs: clock.wallMs(),
  });
  for (const segment of [...segments.all]) {
    if (segment.baseOffset >= offset) break;
    await segment.acquire();
    try {
      const log = { fs, file: segment.file() };
      await scanBatches(fs, log.file, { start: 0, end: segment.sizeBytes, verifyCrc: false }, (bytes, position, at) => {
        const lastOffset = batchLastOffset(bytes, position);
        if (lastOffset >= offset) return false;
        if (lastOffset < state.endOffset || !isBelievable(log, { bytes, position }, at)) return true;
        for (const completed of state.replayBatch(bytes, position)) state.completeTransaction(completed);
        return true;
      });
    } finally {
      segment.release();
    }
  }
  return { offset, snapshot: state.producerCount === 0 ? null : state.encoded() };
}

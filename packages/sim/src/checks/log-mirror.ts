/**
 * The headers of the batches in one replica's log, read from its disk as the log grows, so that each is read once.
 *
 * The disk's own content is looked at, not what the broker believes of it, and no simulated read takes place.
 */
import type { PartitionLog, MemoryFs } from '@jackdaw/log';
import { batchBaseOffset, batchCrc, batchLastOffset, batchLeaderEpoch, batchSizeInBytes } from '@jackdaw/protocol';
import { segmentPath } from './segment-path.ts';

/** What a batch is known by. */
export interface BatchMark {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  /** Leader epoch of the batch that ends where this one begins, as far as one is there. */
  readonly epochBefore?: number | undefined;
}

interface PlacedBatch extends BatchMark {
  /** Base offset of its segment. */
  readonly segment: number;
  readonly position: number;
  readonly endPosition: number;
}

/** The fixed part of a batch that is read here. */
const headerBytes = 61;

export class LogMirror {
  /** Ascending; some below the log's start may be gone from the disk. */
  readonly batches: PlacedBatch[] = [];
  #truncations: number;

  constructor(log: PartitionLog) {
    this.#truncations = log.truncations;
  }

  get end(): number {
    return this.batches.at(-1)?.nextOffset ?? -1;
  }

  /** Reads what is new; calls `onBatch` for each. A header that cannot be read ends it: the next look goes on from there. */
  sync(log: PartitionLog, disk: MemoryFs, onBatch: (batch: BatchMark) => void): void {
    if (log.truncations !== this.#truncations) {
      this.#truncations = log.truncations;
      while (this.end > log.logEndOffset) this.batches.pop();
      this.#forgetMended(log, disk);
    }
    if (this.end >= log.logEndOffset) return;
    const segments = log.segmentBaseOffsets;
    let at = this.#segmentIndex(segments);
    let position = segments[at] === this.batches.at(-1)?.segment ? (this.batches.at(-1)?.endPosition ?? 0) : 0;
    for (; at < segments.length; at++, position = 0) {
      const segment = segments[at] as number;
      const bytes = disk.contentOf(segmentPath(log.directory, segment));
      if (bytes === null) return;
      while (bytes.length - position >= headerBytes && this.end < log.logEndOffset) {
        const endPosition = position + batchSizeInBytes(bytes, position);
        if (endPosition <= position + headerBytes - 1 || endPosition > bytes.length) return;
        const batch = placedBatch(bytes, position, { segment, position, endPosition });
        position = endPosition;
        if (batch.nextOffset <= this.end) continue;
        this.batches.push(batch);
        onBatch({ ...batch, epochBefore: this.#epochBefore(log.logStartOffset) });
      }
    }
  }

  /** The last batches may have got another epoch where they are (`mendEpochs`). */
  #forgetMended(log: PartitionLog, disk: MemoryFs): void {
    for (let last = this.batches.at(-1); last !== undefined; last = this.batches.at(-1)) {
      const bytes = disk.contentOf(segmentPath(log.directory, last.segment));
      if (bytes === null || bytes.length < last.endPosition) return;
      if (batchLeaderEpoch(bytes, last.position) === last.leaderEpoch) return;
      this.batches.pop();
    }
  }

  /** Of the last batch. What is below the log's start may be of another time. */
  #epochBefore(logStart: number): number | undefined {
    const before = this.batches.at(-2);
    const isAdjacent =
      before !== undefined && before.baseOffset >= logStart && before.nextOffset === this.batches.at(-1)?.baseOffset;
    return isAdjacent ? before.leaderEpoch : undefined;
  }

  /** Index of the batch that holds `offset`, or of the first behind it. */
  indexOf(offset: number): number {
    const { batches } = this;
    let low = 0;
    let high = batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((batches[middle] as BatchMark).nextOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #segmentIndex(segments: readonly number[]): number {
    const last = this.batches.at(-1);
    if (last === undefined) return 0;
    const same = segments.lastIndexOf(last.segment);
    return same >= 0 ? same : 0;
  }
}

function placedBatch(
  bytes: Uint8Array,
  position: number,
  place: { segment: number; position: number; endPosition: number },
): PlacedBatch {
  return {
    baseOffset: batchBaseOffset(bytes, position),
    nextOffset: batchLastOffset(bytes, position) + 1,
    leaderEpoch: batchLeaderEpoch(bytes, position),
    crc: batchCrc(bytes, position),
    ...place,
  };
}

export function isSameBatch(a: BatchMark, b: BatchMark): boolean {
  return a.baseOffset === b.baseOffset && a.nextOffset === b.nextOffset && a.leaderEpoch === b.leaderEpoch && a.crc === b.crc;
}

export function describeBatch({ baseOffset, nextOffset, leaderEpoch, crc }: BatchMark): string {
  return `[${baseOffset}, ${nextOffset}) of epoch ${leaderEpoch} with CRC ${(crc >>> 0).toString(16)}`;
}

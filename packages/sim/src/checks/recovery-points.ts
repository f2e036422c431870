/**
 * The recovery points on a node's disk, read from their file whenever that is another one than before.
 */
import type { PartitionLog } from '@jackdaw/log';
import { dataDirectory, type SimNode } from '../node/sim-node.ts';

const path = `${dataDirectory}/recovery-point-offset-checkpoint`;

export class RecoveryPoints {
  readonly #node: SimNode;
  /** The memory of the file as it was last seen: a new file has another. */
  #file: ArrayBufferLike | null = null;
  /** `topic partition` → what the file says. */
  #points: ReadonlyMap<string, number> = new Map();

  constructor(node: SimNode) {
    this.#node = node;
  }

  /** Reads them again if their file is a new one; returns whether it is. */
  refresh(): boolean {
    const content = this.#node.disk.contentOf(path);
    if (content === null || content.buffer === this.#file) return false;
    this.#file = content.buffer;
    this.#points = pointsIn(Buffer.from(content).toString());
    return true;
  }

  /** The base offset of the segment that recovery of this log would begin with; null: of the first one. */
  startOf(log: PartitionLog): number | null {
    const point = this.of(log);
    return point === undefined ? null : segmentOf(log, point);
  }

  of(log: PartitionLog): number | undefined {
    return this.#points.get(nameOf(log));
  }
}

/** A version, a count, then `topic partition offset` in each line. */
function pointsIn(checkpoint: string): Map<string, number> {
  const lines = checkpoint.split('\n').slice(2);
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/** Recovery walks the whole segment that holds the point. */
export function segmentOf({ segmentBaseOffsets }: PartitionLog, offset: number): number {
  return segmentBaseOffsets.findLast((baseOffset) => baseOffset <= offset) ?? 0;
}

/** As the checkpoints have it. */
export function nameOf({ name }: PartitionLog): string {
  return name.replace(/-(\d+)$/, ' $1');
}

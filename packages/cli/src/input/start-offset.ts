/**
 * `--offset` of consume: start, end, N, +N, -N, @time, @time:@time.
 */
import { listOffsets, type Assignment, type Cluster, type StartPosition, type TopicPartition } from '@jackdaw/client';
import { parseTimestamp } from './quantities.ts';
import { UsageError } from '../failure.ts';

export interface OffsetRange {
  readonly start: StartPosition | { readonly afterStart: number } | { readonly beforeEnd: number };
  /** Records at or after this time (ms) end a partition. */
  readonly untilTimestamp: number | undefined;
}

export function parseOffsetRange(given: string): OffsetRange {
  const range = (start: OffsetRange['start'], untilTimestamp?: number): OffsetRange => ({ start, untilTimestamp });
  if (['start', 'beginning', 'earliest', 'oldest'].includes(given)) return range('earliest');
  if (['end', 'latest', 'newest'].includes(given)) return range('latest');
  if (given.startsWith('@')) {
    const [from, to] = given.slice(1).split(':@') as [string, string | undefined];
    return range({ timestamp: parseTimestamp(from, '--offset') }, to === undefined ? undefined : parseTimestamp(to, '--offset'));
  }
  if (!/^[+-]?\d+$/.test(given))
    throw new UsageError(
      `--offset: "${given}" is unknown`,
      'start, end, N, +N (after the start), -N (before the end), @time, @time:@time',
    );
  if (given.startsWith('+')) return range({ afterStart: Number(given) });
  return given.startsWith('-') ? range({ beforeEnd: -Number(given) }) : range(Number(given));
}

/** The range applied to partitions; relative positions are looked up. */
export async function toAssignments(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  range: OffsetRange,
): Promise<Assignment[]> {
  const { start } = range;
  if (typeof start !== 'object' || 'timestamp' in start) return partitions.map((one) => ({ ...one, start }));
  const ends = await offsetsAt(cluster, partitions, 'latest');
  const starts = await offsetsAt(cluster, partitions, 'earliest');
  return partitions.map((one, i) => {
    const first = starts[i] as number;
    const end = ends[i] as number;
    const offset = 'afterStart' in start ? first + start.afterStart : end - start.beforeEnd;
    return { ...one, start: Math.min(Math.max(offset, first), end) };
  });
}

async function offsetsAt(cluster: Cluster, partitions: readonly TopicPartition[], at: 'earliest' | 'latest'): Promise<number[]> {
  return (
    await listOffsets(
      cluster,
      partitions.map(({ topic, partition }) => ({ topic, partition, at })),
    )
  ).map((found) => found.offset);
}

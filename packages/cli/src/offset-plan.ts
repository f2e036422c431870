/**
 * Where a group's offsets would go: a target turned into an offset for each partition, within what its log holds.
 */
import { readFileSync } from 'node:fs';
import { fetchOffsets, listOffsets, partitionKey, type Cluster, type OffsetSpec, type TopicPartition } from '@jackdaw/client';
import { CommandError, UsageError } from './failure.ts';

export type ResetTarget =
  | { readonly kind: 'earliest' | 'latest' | 'current' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'shift'; readonly by: number }
  | { readonly kind: 'timestamp'; readonly timestamp: number }
  | { readonly kind: 'file'; readonly offsets: ReadonlyMap<string, PlannedOffset> }
  | { readonly kind: 'group'; readonly groupId: string };

export interface PlannedOffset extends TopicPartition {
  readonly offset: number;
}

export interface PlanRow extends TopicPartition {
  /** Null when the group has committed nothing for it. */
  readonly currentOffset: number | null;
  readonly newOffset: number;
}

interface Situation {
  readonly current: number | undefined;
  readonly earliest: number;
  readonly latest: number;
  /** Offset that a time or another group points to. */
  readonly pointed: number | undefined;
}

export async function planOffsets(
  cluster: Cluster,
  groupId: string,
  request: { readonly partitions: readonly TopicPartition[]; readonly target: ResetTarget },
): Promise<PlanRow[]> {
  const { partitions, target } = request;
  const current = await committedOffsets(cluster, groupId);
  const earliest = await offsetsAt(cluster, partitions, 'earliest');
  const latest = await offsetsAt(cluster, partitions, 'latest');
  const pointed = await pointedOffsets(cluster, partitions, target);
  return partitions.flatMap(({ topic, partition }) => {
    const key = partitionKey(topic, partition);
    const situation = {
      current: current.get(key),
      earliest: earliest.get(key) ?? 0,
      latest: latest.get(key) ?? 0,
      pointed: pointed.get(key),
    };
    const newOffset = newOffsetOf(target, situation);
    return newOffset === undefined ? [] : [{ topic, partition, currentOffset: situation.current ?? null, newOffset }];
  });
}

/** The offset to go to, brought into the log's range; undefined when the target says nothing about the partition. */
export function newOffsetOf(target: ResetTarget, { current, earliest, latest, pointed }: Situation): number | undefined {
  const within = (offset: number): number => Math.min(Math.max(offset, earliest), latest);
  switch (target.kind) {
    case 'earliest':
      return earliest;
    case 'latest':
      return latest;
    case 'current':
      return current === undefined ? latest : within(current);
    case 'offset':
      return within(target.offset);
    case 'shift':
      if (current === undefined)
        throw new CommandError('NO_OFFSET', 'cannot shift: the group has committed nothing for a partition', {
          hint: 'use --to-earliest or --to-latest',
        });
      return within(current + target.by);
    case 'timestamp':
      return pointed === undefined || pointed < 0 ? latest : within(pointed);
    case 'file':
    case 'group':
      return pointed === undefined ? undefined : within(pointed);
  }
}

async function pointedOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  target: ResetTarget,
): Promise<Map<string, number>> {
  if (target.kind === 'timestamp') return offsetsAt(cluster, partitions, { timestamp: target.timestamp });
  if (target.kind === 'group') return committedOffsets(cluster, target.groupId);
  if (target.kind === 'file') return new Map([...target.offsets].map(([key, one]) => [key, one.offset]));
  return new Map();
}

async function committedOffsets(cluster: Cluster, groupId: string): Promise<Map<string, number>> {
  return new Map((await fetchOffsets(cluster, groupId)).map((one) => [partitionKey(one.topic, one.partition), one.offset]));
}

async function offsetsAt(cluster: Cluster, partitions: readonly TopicPartition[], at: OffsetSpec): Promise<Map<string, number>> {
  const found = await listOffsets(
    cluster,
    partitions.map(({ topic, partition }) => ({ topic, partition, at })),
  );
  return new Map(found.map((one) => [partitionKey(one.topic, one.partition), one.offset]));
}

/** Lines of topic,partition,offset, as `--export` and kafka-consumer-groups print them. */
export function readPlanFile(file: string): Map<string, PlannedOffset> {
  const plan = new Map<string, PlannedOffset>();
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const match = /^"?([A-Za-z0-9._-]+)"?,(\d+),(\d+)$/.exec(line.trim());
    if (match === null) throw new UsageError(`--from-file: line ${i + 1} is not topic,partition,offset`);
    const row = { topic: match[1] as string, partition: Number(match[2]), offset: Number(match[3]) };
    plan.set(partitionKey(row.topic, row.partition), row);
  });
  return plan;
}

/**
 * Topics of the rows, each with a name that no round has used on the same cluster before.
 */
import type { NewTopic } from '@jackdaw/client';
import type { BenchCluster } from '../cluster/bench-cluster.ts';

let created = 0;

/** A topic of its own, with all replicas in sync. */
export async function freshTopic(
  cluster: BenchCluster,
  shape: { readonly name: string; readonly partitions: number; readonly configs?: Readonly<Record<string, string>> },
): Promise<string> {
  const name = uniqueName(shape.name);
  await cluster.createTopics([newTopic(cluster, { ...shape, name })]);
  return name;
}

export function uniqueName(base: string): string {
  created++;
  return `${base}-${created}`;
}

export function newTopic(
  cluster: BenchCluster,
  shape: { readonly name: string; readonly partitions: number; readonly configs?: Readonly<Record<string, string>> },
): NewTopic {
  const { name, partitions, configs = {} } = shape;
  return { name, partitions, replicationFactor: Math.min(3, cluster.brokers.length), configs };
}

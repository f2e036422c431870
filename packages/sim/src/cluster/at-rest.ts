/**
 * Whether a healed cluster has come to rest: one controller that everybody follows, every partition led and fully
 * replicated, everything committed, no group on its way.
 */
import type { SimCluster } from './sim-cluster.ts';

/** What still moves, or null. */
export function whatIsNotAtRest(cluster: SimCluster): string | null {
  const { image, controller } = cluster;
  if (controller === null || image === null) return 'no controller';
  for (const { id, isRunning, services } of cluster.nodes) {
    if (!isRunning || services === null) return `node ${id} does not run`;
    const { leaderId } = services.quorum.softState;
    if (leaderId !== controller.id) return `node ${id} follows ${leaderId ?? 'nobody'}, not ${controller.id}`;
    if (services.image().appliedIndex !== image.appliedIndex) return `node ${id} is behind with the metadata`;
    const broker = image.brokers.get(id);
    if (services.config.roles.broker && (broker === undefined || broker.fenced)) return `broker ${id} is fenced`;
  }
  return partitionNotAtRest(cluster) ?? groupNotAtRest(cluster);
}

const restingStates: ReadonlySet<string> = new Set(['Empty', 'Stable', 'Dead']);

/** A group that loads, writes or rebalances, or null. */
export function groupNotAtRest({ running }: SimCluster): string | null {
  for (const { id, services } of running) {
    for (const shard of services?.groups.shards() ?? []) {
      if (!shard.isActive) return `node ${id} still loads groups`;
      const { pendingAppends } = shard.counts();
      if (pendingAppends > 0) return `node ${id} waits for ${pendingAppends} appends of its groups`;
      const moving = [...shard.groups()].find(({ state }) => !restingStates.has(state));
      if (moving !== undefined) return `group ${moving.groupId} on node ${id} is in ${moving.state}`;
    }
  }
  return null;
}

function partitionNotAtRest(cluster: SimCluster): string | null {
  const image = cluster.image;
  if (image === null) return 'no metadata';
  for (const topic of image.topicsById.values()) {
    for (const [number, state] of topic.partitions) {
      const name = `${topic.name}-${number}`;
      if (state.leader < 0) {
        const { isr, elr, lastKnownElr } = state;
        return `${name} has no leader: ISR ${isr.join()}, ELR ${elr.join()}, last known ${lastKnownElr.join()}`;
      }
      if (state.isr.length < state.replicas.length) return `${name} has the ISR ${state.isr.join()} of ${state.replicas.join()}`;
      const open = replicaNotAtRest(cluster, { topicId: topic.id, partition: number });
      if (open !== null) return `${name}: ${open}`;
    }
  }
  return null;
}

function replicaNotAtRest(cluster: SimCluster, key: { topicId: string; partition: number }): string | null {
  let end: number | null = null;
  const state = cluster.image?.topicsById.get(key.topicId)?.partitions.get(key.partition);
  for (const id of state?.replicas ?? []) {
    const hosted = cluster.node(id).services?.replicas.getById(key.topicId, key.partition);
    const log = hosted?.log ?? null;
    if (hosted === undefined || log === null) return `node ${id} has no log`;
    end ??= log.logEndOffset;
    if (log.logEndOffset !== end) return `ends at ${end} and, on node ${id}, at ${log.logEndOffset}`;
    if (hosted.highWatermark !== end) return `the high watermark of node ${id} is ${hosted.highWatermark} of ${end}`;
  }
  return null;
}

/**
 * Whom a fault strikes. A schedule can strike while there is no leader to be found: then it strikes anybody.
 */
import type { Prng } from '@jackdaw/base';
import type { FaultRun } from '../fault-run.ts';

export function anyBroker({ cluster }: FaultRun, prng: Prng): number {
  return cluster.nodeIds[prng.below(cluster.nodeIds.length)] as number;
}

/** The leader of some partition of the load's topic. */
export async function leaderNow(run: FaultRun, prng: Prng): Promise<number> {
  const { cluster, topic, partitions } = run;
  return cluster.leaderOf(topic, prng.below(partitions)).catch(() => anyBroker(run, prng));
}

/** The active controller. */
export function controllerNow(run: FaultRun): Promise<number> {
  return run.cluster.controllerId().catch(() => run.cluster.nodeIds[0] as number);
}

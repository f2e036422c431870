/**
 * What a fault is given to do its work with, and how it finds those it is done to.
 */
import { Prng } from '@jackdaw/base';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { SimNode } from '../node/sim-node.ts';
import type { FaultAction, FaultTarget } from './actions.ts';
import { bookOf, type FaultBook } from './fault-book.ts';

export interface FaultContext {
  readonly cluster: SimCluster;
  readonly action: FaultAction;
  /** Of this action alone. */
  readonly prng: Prng;
  readonly book: FaultBook;
}

export function contextOf(cluster: SimCluster, action: FaultAction): FaultContext {
  return { cluster, action, prng: new Prng(action.number), book: bookOf(cluster) };
}

/** Who has the role now; somebody who runs when nobody has it, null when nobody runs. */
export function pickTarget(context: FaultContext): SimNode | null {
  const { cluster, action, prng } = context;
  const candidates = inRole(cluster, action.target).filter(({ isRunning }) => isRunning);
  if (candidates.length > 0) return pick(prng, candidates);
  const running = cluster.nodes.filter(({ isRunning }) => isRunning);
  return running.length === 0 ? null : pick(prng, running);
}

export function pick<T>(prng: Prng, values: readonly T[]): T {
  return values[prng.below(values.length)] as T;
}

function inRole(cluster: SimCluster, target: FaultTarget): SimNode[] {
  if (target === 'any') return [];
  if (target === 'controller') return cluster.controller === null ? [] : [cluster.controller];
  const found = new Set<SimNode>();
  for (const topic of cluster.image?.topicsById.values() ?? []) {
    if ((topic.name === offsetsTopic) !== (target === 'coordinator')) continue;
    for (const { leader, replicas } of topic.partitions.values()) {
      const ids = target === 'follower' ? replicas.filter((id) => id !== leader) : replicas.filter((id) => id === leader);
      for (const id of ids) found.add(cluster.node(id));
    }
  }
  return [...found];
}

const offsetsTopic = '__consumer_offsets';

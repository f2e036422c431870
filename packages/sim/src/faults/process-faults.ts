/**
 * Processes that die, stop or stand still, and machines that lose their power.
 */
import { sometimes } from '@jackdaw/base';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { SimNode } from '../node/sim-node.ts';
import { pickTarget, type FaultContext } from './context.ts';

export function kill(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  tellCircumstances(context.cluster, node);
  holdDown(context, node);
  node.kill('killed', 'processOnly');
  if (context.prng.chance(0.4)) killAgain(context, node);
}

/** As soon as it is back: it dies while it starts. */
function killAgain(context: FaultContext, node: SimNode): void {
  const { cluster, action, prng } = context;
  cluster.world.loop.after(action.durationMs + prng.float() * longestStartMs, {
    owner: null,
    label: 'kill again',
    callback: () => {
      if (cluster.world.network.isHealed || !node.isRunning || node.services !== null) return;
      tellCircumstances(cluster, node);
      holdDown(context, node);
      node.kill('killed', 'processOnly');
    },
  });
}

/** Brokers with little on their disks start within it. */
const longestStartMs = 1;

/** Dies at one of its next calls to the disk: a process, or the whole machine. */
export function killAtEffect(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  const node = pickTarget(context);
  if (node === null) return;
  const { process } = node;
  const kind = prng.chance(0.5) ? 'killed' : 'power';
  cluster.note(node.host, `will die (${kind}) at one of its next effects`);
  node.killAtEffect(prng.below(prng.chance(0.5) ? 8 : 60), kind, kind === 'power' ? 'random' : 'processOnly');
  book.undoAfter(action.durationMs + 200, () => {
    if (process?.isDead === true) sometimes('fault: a process dies between two effects');
    else node.spare();
  });
}

export function cutPower(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  tellCircumstances(context.cluster, node);
  if (hasUnsynced(node)) sometimes('fault: power is cut while a write is not synced');
  holdDown(context, node);
  node.kill('power', 'random');
}

/** Every machine at once; they come back one after another. */
export function cutAllPower(context: FaultContext): void {
  const { cluster, action, prng, book } = context;
  if (cluster.running.some(hasUnsynced)) sometimes('fault: all power is cut while a write is not synced');
  for (const node of cluster.nodes) {
    if (!book.isPresent(node.id)) continue;
    holdDown(context, node, action.durationMs + prng.below(1_000));
    node.kill('power', 'random');
  }
}

/** SIGTERM; started again some time after it has ended. */
export function stop(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  if (node.id === context.cluster.controller?.id) sometimes('fault: the active controller is stopped');
  holdDown(context, node);
  if (node.broker === null) node.kill('killed', 'processOnly');
  else node.stop();
}

export function pause(context: FaultContext): void {
  const node = pickTarget(context);
  if (node === null) return;
  const { cluster, action } = context;
  if (node.id === cluster.controller?.id) sometimes('fault: the active controller stands still');
  if (leadsAnything(cluster, node)) sometimes('fault: a leader stands still');
  node.pause(action.durationMs);
  cluster.note(node.host, `stands still for ${action.durationMs} ms`);
}

export function holdDown({ cluster, action, book }: FaultContext, node: SimNode, durationMs = action.durationMs): void {
  book.hold(node.id);
  cluster.note(node.host, `${action.kind}, back in ${durationMs} ms`);
  book.undoAfter(durationMs, () => book.letGo(node.id));
}

function tellCircumstances(cluster: SimCluster, node: SimNode): void {
  const { services } = node;
  if (services === null) {
    sometimes('fault: a broker dies while it starts');
    return;
  }
  if (node.id === cluster.controller?.id) {
    sometimes('fault: the active controller dies');
    if (hasFencedRunning(cluster)) sometimes('fault: the active controller dies while a broker registers');
  }
  if (leadsAnything(cluster, node)) sometimes('fault: a leader dies');
  const running = cluster.running.filter(({ id }) => cluster.plan.voters.includes(id)).length;
  if (cluster.plan.voters.includes(node.id) && (running - 1) * 2 <= cluster.plan.voters.length) {
    sometimes('fault: the quorum loses its majority');
  }
}

function hasFencedRunning(cluster: SimCluster): boolean {
  const brokers = cluster.image?.brokers;
  return cluster.running.some(({ id, isBroker }) => isBroker && brokers?.get(id)?.fenced !== false);
}

function leadsAnything(cluster: SimCluster, node: SimNode): boolean {
  for (const topic of cluster.image?.topicsById.values() ?? []) {
    for (const { leader } of topic.partitions.values()) if (leader === node.id) return true;
  }
  return false;
}

function hasUnsynced({ services }: SimNode): boolean {
  for (const log of services?.logManager.logs() ?? []) if (log.durableOffset < log.logEndOffset) return true;
  return false;
}

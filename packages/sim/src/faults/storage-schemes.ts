/**
 * A fault in several steps around what a crash does to a log that was cut: a leader alone writes what nobody else gets, has to
 * cut it off for its successor's fewer records, and loses its power before cut and records are synced.
 */
import { sometimes } from '@jackdaw/base';
import type { PartitionLog } from '@jackdaw/log';
import type { SimNode } from '../node/sim-node.ts';
import type { FaultContext } from './context.ts';
import { holdDown } from './process-faults.ts';
import { isolated, pickPartition, shut, when, type Placed } from './scheme.ts';

/** Of each operation of its disk, when it is to lose its power in the midst of some. */
const slowMs = 250;

export function cutAndCrash(context: FaultContext): void {
  const { cluster } = context;
  const controller = cluster.controller?.id ?? -1;
  const placed = pickPartition(context, ({ leader, isr }) => leader !== controller && isr.length > 1);
  if (placed === null) return;
  const former = cluster.node(placed.state.leader);
  const before = logOf(former, placed);
  if (before === null) return;
  const undoNodes = isolated(context, former);
  // Some go on to write to it, the others look for its successor.
  const clients = [...cluster.world.clientHosts].filter((host) => context.prng.chance(0.5) && !host.includes('weak'));
  const undoClients = shut(
    context,
    clients.flatMap((host) => [[host, former.host] as const, [former.host, host] as const]),
  );
  const undo = (): void => {
    undoNodes();
    undoClients();
  };
  /** Its successor has written something of its own, and less than it has. */
  const isDue = (): boolean => {
    const leader = cluster.image?.partition(placed.topicId, placed.partition)?.leader ?? -1;
    if (leader < 0 || leader === former.id) return false;
    const hosted = cluster.node(leader).services?.replicas.getById(placed.topicId, placed.partition) ?? null;
    const [own, its] = [logOf(former, placed), hosted?.log ?? null];
    if (own === null || its === null || hosted === null || hosted.leader === null) return false;
    return its.logEndOffset > hosted.leader.leaderEpochStartOffset;
  };
  when(context, {
    isDue,
    onDue: () => {
      slowDown(context, former);
      undo();
      crashAfterCut(context, former, placed);
    },
    otherwise: undo,
  });
}

function logOf({ services }: SimNode, { topicId, partition }: Placed): PartitionLog | null {
  return services?.replicas.getById(topicId, partition)?.log ?? null;
}

function slowDown({ cluster, book }: FaultContext, node: SimNode): void {
  const { slowDisks } = cluster.world;
  slowDisks.set(node.id, slowMs);
  book.undoAfter(2_000, () => void slowDisks.delete(node.id));
}

function crashAfterCut(context: FaultContext, node: SimNode, placed: Placed): void {
  const { cluster } = context;
  const truncations = logOf(node, placed)?.truncations ?? 0;
  when(context, {
    pollMs: 2,
    isDue: () => {
      const log = logOf(node, placed);
      return log !== null && log.truncations > truncations && log.logEndOffset > log.durableOffset;
    },
    onDue: () => {
      sometimes('fault: power is cut while the cut of a log is not synced');
      holdDown(context, node);
      node.kill('power', 'random');
      cluster.world.slowDisks.delete(node.id);
    },
  });
}

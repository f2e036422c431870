/**
 * The end of all faults: everything is undone, every node of the plan runs, ways are open, disks are fast and have space.
 * Only clocks stay wrong, for no promise may depend on them.
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';
import { bookOf } from './fault-book.ts';

export function heal(cluster: SimCluster): void {
  const book = bookOf(cluster);
  cluster.world.heal();
  for (const node of cluster.nodes) node.spare();
  book.undoAll();
  for (const { id } of cluster.nodes) book.join(id);
}

/**
 * What the faults of one run have to remember: what is still to be undone, who is held down, who belongs to the cluster.
 *
 * It is also the supervisor that any real deployment has: a node that should be there and is not gets started again, be it
 * that a fault has killed it, be it that it ended by itself.
 */
import type { MemoryFs } from '@jackdaw/log';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { DatabaseDisk } from '../world/sim-database.ts';

/** A machine's disks as they were once. */
export interface DiskImage {
  readonly disk: MemoryFs;
  readonly database: DatabaseDisk;
}

/** How often the supervisor looks, virtual ms. */
const supervisorMs = 200;

export class FaultBook {
  readonly #cluster: SimCluster;
  /** Node → faults that keep it down. */
  readonly #holds = new Map<number, number>();
  readonly #present: Set<number>;
  readonly #undos = new Set<() => void>();

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    this.#present = new Set(cluster.plan.nodes.filter(({ startsAtOnce }) => startsAtOnce).map(({ id }) => id));
    this.#supervise();
  }

  /** Undoes something after a while, or as soon as everything is healed; once. */
  undoAfter(delayMs: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undos.delete(once)) undo();
    };
    this.#undos.add(once);
    this.#cluster.world.loop.after(delayMs, { owner: null, label: 'undo', callback: once });
  }

  undoAll(): void {
    for (const undo of [...this.#undos]) undo();
  }

  /** The node is not started again until it is let go as often. */
  hold(id: number): void {
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1);
  }

  letGo(id: number): void {
    const holds = (this.#holds.get(id) ?? 0) - 1;
    if (holds > 0) this.#holds.set(id, holds);
    else {
      this.#holds.delete(id);
      this.#maybeStart(id);
    }
  }

  isHeld(id: number): boolean {
    return this.#holds.has(id);
  }

  isPresent(id: number): boolean {
    return this.#present.has(id);
  }

  /** From now on the node belongs to the cluster. */
  join(id: number): void {
    this.#present.add(id);
    this.#maybeStart(id);
  }

  #maybeStart(id: number): void {
    const node = this.#cluster.node(id);
    if (node.isRunning || this.#holds.has(id) || !this.#present.has(id)) return;
    this.#cluster.note(node.host, `starts again, for the ${node.starts + 1}. time`);
    node.start();
  }

  #supervise(): void {
    const { loop } = this.#cluster.world;
    const look = (): void => {
      for (const { id } of this.#cluster.nodes) this.#maybeStart(id);
      loop.after(supervisorMs, { owner: null, label: 'supervisor', callback: look });
    };
    loop.after(supervisorMs, { owner: null, label: 'supervisor', callback: look });
  }
}

const books = new WeakMap<SimCluster, FaultBook>();

export function bookOf(cluster: SimCluster): FaultBook {
  const known = books.get(cluster);
  if (known !== undefined) return known;
  const book = new FaultBook(cluster);
  books.set(cluster, book);
  return book;
}

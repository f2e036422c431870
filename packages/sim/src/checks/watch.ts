/**
 * Says to the checks which node an event belonged to: only that one can have changed, so only that one is looked at.
 *
 * An event of the world (a disk that is done, a fault) changes nothing that a check could see: what follows from it in a
 * broker happens in an event of that broker. Clients' events are none of the checks' business either.
 */
import type { BrokerServices } from '@jackdaw/broker';
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { Owner } from '../kernel/event-loop.ts';
import type { SimNode } from '../node/sim-node.ts';
import type { SimProcess } from '../world/process.ts';
import type { Check } from './check.ts';

/** A broker that runs, in one of its starts. */
export interface LiveNode {
  readonly node: SimNode;
  readonly services: BrokerServices;
  readonly process: SimProcess;
  /** `node 2, start 3`: leaders and promises belong to one start. */
  readonly label: string;
  readonly cluster: SimCluster;
}

/** One kind of invariants, told what has happened. */
export interface Family {
  /** A node runs whose parts were not seen before: all that was remembered of its former start is over. */
  onStarted?(live: LiveNode): void;
  /** An event of this node is over. */
  onEvent(live: LiveNode): void;
  /** The process ended. */
  onDied?(live: LiveNode): void;
  /** Every so many virtual ms: bounds in time are looked at. */
  onTime?(cluster: SimCluster): void;
  /** The node came to a rare place of the product. */
  onMark?(live: LiveNode, name: string): void;
}

/** How often bounds in time are looked at, virtual ms. */
const lookEveryMs = 10;

export class Watch implements Check {
  readonly name = 'AfterEvent';
  readonly #families: readonly Family[];
  readonly #live = new Map<Owner, LiveNode>();
  #dead: LiveNode[] = [];
  #nextLookMs = 0;

  constructor(families: readonly Family[]) {
    this.#families = families;
  }

  afterEvent(cluster: SimCluster): void {
    if (this.#dead.length > 0) this.#tellDeaths();
    const { loop } = cluster.world;
    if (loop.nowMs >= this.#nextLookMs) {
      this.#nextLookMs = loop.nowMs + lookEveryMs;
      for (const family of this.#families) family.onTime?.(cluster);
    }
    const owner = loop.current;
    if (owner === null || owner.isDead) return;
    const live = this.#live.get(owner) ?? this.#begin(cluster, owner);
    if (live === null) return;
    for (const family of this.#families) family.onEvent(live);
  }

  onMark(cluster: SimCluster, name: string): void {
    const owner = cluster.world.loop.current;
    const live = owner === null ? undefined : this.#live.get(owner);
    if (live !== undefined) for (const family of this.#families) family.onMark?.(live, name);
  }

  /** Looks at every node that runs, whoever the last event belonged to. */
  lookAtAll(cluster: SimCluster): void {
    if (this.#dead.length > 0) this.#tellDeaths();
    for (const { process } of cluster.running) {
      if (process === null) continue;
      const live = this.#live.get(process) ?? this.#begin(cluster, process);
      if (live !== null) for (const family of this.#families) family.onEvent(live);
    }
  }

  #begin(cluster: SimCluster, owner: Owner): LiveNode | null {
    for (const node of cluster.nodes) {
      const { process, services } = node;
      if (process !== owner || services === null) continue;
      const live = { node, services, process, label: `node ${node.id}, start ${node.starts}`, cluster };
      this.#live.set(owner, live);
      process.onDeath(() => {
        this.#live.delete(owner);
        this.#dead.push(live);
      });
      for (const family of this.#families) family.onStarted?.(live);
      return live;
    }
    return null;
  }

  #tellDeaths(): void {
    const dead = this.#dead;
    this.#dead = [];
    for (const live of dead) for (const family of this.#families) family.onDied?.(live);
  }
}

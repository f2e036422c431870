/**
 * Who could hear whom, and since when: what the bounds in time are measured by.
 *
 * It looks at processes and at the network's ways, never at what a broker believes. It is asked for at fixed steps of virtual
 * time; whatever may have been otherwise between two of them counts in the brokers' favour. What was sent over a slow way, or
 * given to a slow disk, is under way for as long as that was slow by, though the fault is over: so these times may lie ahead.
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { FaultKind } from '../faults/actions.ts';
import { lateMs } from '../faults/replication-schemes.ts';
import type { SimNode } from '../node/sim-node.ts';
import type { SimProcess } from '../world/process.ts';

interface Seen {
  process: SimProcess | null;
  isDead: boolean;
  pausedUntilMs: number;
  /** Since when this process has run without a pause; Infinity while it does not. */
  upSinceMs: number;
  /** Since when the machine has done nothing; Infinity while it does something. */
  downSinceMs: number;
  /** Since when its disk has been as fast as the run's disks are, and done with what it was given before. */
  diskSinceMs: number;
}

export class Reach {
  readonly #cluster: SimCluster;
  readonly #seen = new Map<number, Seen>();
  /** `from>to` → when the way was last shut or cut, or when the last that was sent while it was slow has arrived. */
  readonly #troubledMs = new Map<string, number>();
  /** When connections were last cut. */
  #cutMs = Number.NEGATIVE_INFINITY;
  #nowMs = 0;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    cluster.world.network.onShut((from, to) => {
      const key = `${from}>${to}`;
      this.#troubledMs.set(key, Math.max(this.#troubledMs.get(key) ?? 0, cluster.world.loop.nowMs));
    });
    for (const { id } of cluster.nodes) {
      const [upSinceMs, downSinceMs] = [Infinity, 0];
      this.#seen.set(id, { process: null, isDead: true, pausedUntilMs: 0, upSinceMs, downSinceMs, diskSinceMs: 0 });
    }
  }

  /** Connections were cut: all have to be made anew. */
  onCut(): void {
    this.#cutMs = this.#cluster.world.loop.nowMs;
  }

  look(): void {
    const { nodes, world } = this.#cluster;
    const { network } = world;
    this.#nowMs = world.loop.nowMs;
    for (const node of nodes) {
      this.#lookAt(node);
      for (const { host } of nodes) {
        const key = `${node.host}>${host}`;
        const slowedByMs = network.slowedByMs(node.host, host);
        if (slowedByMs === 0 && !network.isShut(node.host, host)) continue;
        this.#troubledMs.set(key, Math.max(this.#troubledMs.get(key) ?? 0, this.#nowMs + slowedByMs));
      }
    }
  }

  #lookAt(node: SimNode): void {
    const seen = this.#seen.get(node.id);
    if (seen === undefined) return;
    const { process, disk, database } = node;
    const nowMs = this.#nowMs;
    const isPaused = (process?.pausedUntilMs ?? 0) > nowMs;
    const isDead = process?.isDead ?? true;
    const isUp = !isDead && !isPaused;
    if (!isUp) {
      seen.upSinceMs = Infinity;
      // Between two pauses it may have run, and between a pause and its death.
      const hasRun = (isPaused || !seen.isDead) && seen.pausedUntilMs < nowMs;
      if (seen.downSinceMs === Infinity || hasRun || seen.process !== process) seen.downSinceMs = nowMs;
    } else {
      if (seen.upSinceMs === Infinity || seen.process !== process) seen.upSinceMs = nowMs;
      seen.downSinceMs = Infinity;
    }
    seen.process = process;
    seen.isDead = isDead;
    seen.pausedUntilMs = isPaused ? (process?.pausedUntilMs ?? 0) : nowMs;
    const slowedByMs = this.#cluster.world.slowDisks.get(node.id) ?? 0;
    const isHurt = slowedByMs > 0 || disk.holdSyncs || disk.failing.size > 0 || database.isFailing;
    if (isHurt || disk.capacityBytes !== Infinity) seen.diskSinceMs = Math.max(seen.diskSinceMs, nowMs + slowedByMs);
  }

  /** Since when the node's process has run without a pause; Infinity when it does not. */
  upSinceMs(id: number): number {
    return this.#seen.get(id)?.upSinceMs ?? Infinity;
  }

  /** Since when nothing that `from` sends can have reached `to`; Infinity when something can. */
  silentSinceMs(from: number, to: number): number {
    const { network } = this.#cluster.world;
    const down = this.#seen.get(from)?.downSinceMs ?? Infinity;
    const shut = network.shutSinceMs(this.#hostOf(from), this.#hostOf(to)) ?? Infinity;
    return Math.min(down, shut);
  }

  /** Since when all has been well between two machines, both ways. Infinity when it is not. */
  wellSinceMs(a: number, b: number): number {
    if (a === b) return this.upSinceMs(a);
    const [from, to] = [this.#hostOf(a), this.#hostOf(b)];
    return Math.max(
      this.upSinceMs(a),
      this.upSinceMs(b),
      this.#troubledMs.get(`${from}>${to}`) ?? 0,
      this.#troubledMs.get(`${to}>${from}`) ?? 0,
      this.#cutMs,
    );
  }

  /** Since when this node and so many others that a majority of the voters is complete can get entries committed. */
  quorumSinceMs(id: number): number {
    const { voters } = this.#cluster.plan;
    const since = voters.map((voter) => Math.max(this.wellSinceMs(id, voter), this.#voterDiskSinceMs(voter)));
    return Math.max(
      this.upSinceMs(id),
      this.#voterDiskSinceMs(id),
      since.toSorted((a, b) => a - b)[voters.length >> 1] ?? Infinity,
    );
  }

  /** Since when the node's disk has been as fast as the run's disks are: one that is not keeps it from what it has to know. */
  diskSinceMs(id: number): number {
    return this.#seen.get(id)?.diskSinceMs ?? Infinity;
  }

  /** A voter whose disk was damaged, or has failed or been full, need not count any more. */
  #voterDiskSinceMs(id: number): number {
    const { damaged, ailing } = this.#cluster;
    return damaged.has(id) || ailing.has(id) ? Infinity : this.diskSinceMs(id);
  }

  #hostOf(id: number): string {
    return this.#cluster.node(id).host;
  }
}

/** How late a message may come in this run that was sent before its sender fell silent, ms. */
export function latenessMs({ plan }: Pick<SimCluster, 'plan'>): number {
  const { network, disk } = plan.knobs;
  const has = (name: FaultKind): boolean => plan.faults.some(({ kind }) => kind === name);
  const bySlowLinks = has('late-isr-change') ? lateMs : has('slow-link') || has('late-grant') ? 2_000 : 0;
  return (
    4 * network.meanDelayMs + bySlowLinks + straggleMs({ plan }) + 4 * disk.meanSyncMs + (disk.stalls > 0 ? disk.stallMs : 0)
  );
}

/** How long a message can be on its way though nothing is wrong with the way, ms. */
export function straggleMs({ plan }: Pick<SimCluster, 'plan'>): number {
  const { stragglers, stragglerMs } = plan.knobs.network;
  return stragglers > 0 ? stragglerMs : 0;
}

/** Whether messages of this run are neither lost nor late, so that who is heard in time can be told from outside. */
export function isPunctual({ plan }: SimCluster): boolean {
  const { rpc, network, disk } = plan.knobs;
  return rpc.loss === 0 && rpc.reordering === 0 && network.stragglers === 0 && disk.stalls === 0 && plan.buggify === 0;
}

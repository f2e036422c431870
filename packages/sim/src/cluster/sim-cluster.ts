/**
 * The machines of one run together, and what can be asked of them: who leads, who is up, where clients begin.
 */
import type { HostedPartition } from '@jackdaw/broker';
import { StorageError } from '@jackdaw/log';
import type { MetadataImage } from '@jackdaw/metadata';
import { Prng } from '@jackdaw/base';
import { clientPort, rpcPort, SimNode } from '../node/sim-node.ts';
import type { Trace } from '../kernel/trace.ts';
import { World } from '../world/world.ts';
import type { RunPlan } from './plan.ts';

export class SimCluster {
  readonly plan: RunPlan;
  readonly world: World;
  readonly nodes: readonly SimNode[];
  /** For whatever happens while the run goes on. */
  readonly prng: Prng;
  /** Nodes whose disk or identity was damaged on purpose, so that losses there are expected. */
  readonly damaged = new Set<number>();
  /** Nodes whose disk was made to fail: they may end by themselves for it. */
  readonly ailing = new Set<number>();
  /** The brokers that ended by themselves, and why; `isExpected` when their disk was made to fail. */
  readonly fatals: { readonly nodeId: number; readonly error: Error; readonly isExpected: boolean }[] = [];

  constructor(plan: RunPlan, trace: Trace) {
    this.plan = plan;
    this.world = new World({ knobs: plan.knobs, trace, seed: plan.seed });
    this.prng = new Prng(plan.seed ^ 0x636c7573);
    const voters = plan.voters.map((id) => `${id}@node${id}:${rpcPort}`).join(',');
    this.nodes = plan.nodes.map(
      ({ id, roles, clockFault }) =>
        new SimNode({
          id,
          world: this.world,
          seed: (plan.seed ^ (id * 0x9e3779b1)) >>> 0,
          settings: { ...plan.settings, 'controller.quorum.voters': voters, 'process.roles': roles },
          clockFault: { ...clockFault },
          onFatal: (node, error) => {
            this.note(`node${node.id}`, `the broker ended by itself: ${error.message}`);
            const isExpected = (this.ailing.has(node.id) || this.damaged.has(node.id)) && isOfDisk(error);
            this.fatals.push({ nodeId: node.id, error, isExpected });
          },
        }),
    );
  }

  /** Addresses that clients begin with. */
  get bootstrap(): string[] {
    return this.nodes.filter(({ isBroker }) => isBroker).map(({ host }) => `${host}:${clientPort}`);
  }

  node(id: number): SimNode {
    const node = this.nodes.find((one) => one.id === id);
    if (node === undefined) throw new RangeError(`there is no node ${id}`);
    return node;
  }

  get running(): SimNode[] {
    return this.nodes.filter(({ isRunning, services }) => isRunning && services !== null);
  }

  /** The node whose controller is active in the highest term, if any. */
  get controller(): SimNode | null {
    let found: SimNode | null = null;
    let highest = -1;
    for (const node of this.running) {
      const state = node.services?.quorum.softState;
      if (state?.role === 'leader' && state.term > highest) {
        found = node;
        highest = state.term;
      }
    }
    return found;
  }

  /** The newest metadata that any running node has applied. */
  get image(): MetadataImage | null {
    let newest: MetadataImage | null = null;
    for (const { services } of this.running) {
      const image = services?.image() ?? null;
      if (image !== null && (newest === null || image.appliedIndex > newest.appliedIndex)) newest = image;
    }
    return newest;
  }

  /** Every replica that a running node holds. */
  *replicas(): Iterable<{ readonly node: SimNode; readonly partition: HostedPartition }> {
    for (const node of this.running) {
      for (const partition of node.services?.replicas.partitions() ?? []) yield { node, partition };
    }
  }

  note(who: string, what: string): void {
    this.world.loop.trace.note(who, what);
  }
}

function isOfDisk(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof StorageError) return true;
  return false;
}

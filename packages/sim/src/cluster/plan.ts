/**
 * Everything that a run does, drawn from its seed before it begins: who is there, how the world is, what goes wrong when.
 *
 * Faults are a list with times, so that a failing run can be shortened by leaving some out (`--minimise`).
 */
import type { FaultAction, FaultKind } from '../faults/actions.ts';
import type { WorkloadPlan } from '../workload/plan.ts';
import type { ClockFault } from '../world/process.ts';
import type { WorldKnobs } from '../world/world.ts';

/** `process.roles` of a node. */
export type NodeRoles = 'broker,controller' | 'broker' | 'controller';

export interface NodePlan {
  readonly id: number;
  /** With `controller` exactly when it is a voter. */
  readonly roles: NodeRoles;
  readonly clockFault: ClockFault;
  /** Whether it runs from the start; the others join by a fault action. */
  readonly startsAtOnce: boolean;
}

export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface RunPlan {
  readonly seed: number;
  readonly knobs: WorldKnobs;
  readonly nodes: readonly NodePlan[];
  /** Ids of the nodes that vote in the quorum. */
  readonly voters: readonly number[];
  /** Broker configuration of all nodes. */
  readonly settings: Readonly<Record<string, string>>;
  readonly topics: readonly TopicPlan[];
  readonly workload: WorkloadPlan;
  /** By time. */
  readonly faults: readonly FaultAction[];
  /** Length of the phase in which things go wrong, virtual ms. */
  readonly chaosMs: number;
  /** Probability with which each `buggify` place of the code takes its rarer way, by name drawn per run. */
  readonly buggify: number;
  /** `buggify` places that take it each time. */
  readonly always?: readonly string[];
}

/** Kinds of faults that take what was only in a page cache. */
const powerFaults: ReadonlySet<FaultKind> = new Set([
  'kill-at-effect',
  'power-cut',
  'power-cut-all',
  'failing-sync',
  'failing-write',
  'failing-database',
  'bit-rot',
  'old-image',
  'wipe',
  'damaged-database',
  'blink',
  'promote-wiped',
  'rot-epoch',
  'rot-alone',
  'rot-behind',
  'cut-and-crash',
  'fail-in-sync',
  'rot-twice',
  'rot-down',
  'cut-voter',
  'fail-in-stop',
]);

/** Whether the cluster was configured so that acknowledged records may be lost by what happens in this run. */
export function mayLose({ settings, faults }: RunPlan): boolean {
  if (settings['unclean.leader.election.enable'] === 'true') return faults.length > 0;
  return settings['jackdaw.durability'] === 'page-cache' && faults.some(({ kind }) => powerFaults.has(kind));
}

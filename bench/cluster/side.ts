/**
 * Whose brokers are measured: a column of the table. A side knows which command makes one of its brokers and what has to be
 * there before; everything else about a cluster is the same for all (bench-cluster.ts).
 */
import type { LaunchCommand } from './broker-process.ts';

export interface NodePlan {
  readonly nodeId: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  /** Of this node alone, beside its data: for files that configure it. */
  readonly directory: string;
}

export interface ClusterPlan {
  readonly nodes: readonly NodePlan[];
  /** How many of the nodes, the first ones, are controllers beside brokers; the others are brokers alone. */
  readonly voters: number;
  /** "key=value" in Kafka's names, over what the side sets by itself. */
  readonly settings: readonly string[];
  /** Whether Jackdaw's brokers carry the probe for the event loop and for profiles: not where the start is timed. */
  readonly hasProbe: boolean;
  /** Whether profiles are taken: then brokers run from their single modules, so that a profile can tell packages apart. */
  readonly isProfiled: boolean;
}

export interface Side {
  /** For the command line and the JSON. */
  readonly id: SideId;
  /** For the head of a column. */
  readonly title: string;
  readonly isPeer: boolean;
  /** What is on disk when a record has been acknowledged. */
  readonly syncs: string;
  readonly startTimeoutMs: number;
  /** Fetches and checks what is needed on this machine, once. Throws BenchError with a hint. */
  install(): Promise<void>;
  /** What a node needs before its first start; part of "from nothing". */
  format(node: NodePlan, plan: ClusterPlan): Promise<void>;
  command(node: NodePlan, plan: ClusterPlan): LaunchCommand;
}

export type SideId = 'jackdaw' | 'page-cache' | 'kafka';

/** The settings of a node, in the words that both sides understand. */
export function nodeSettings(node: NodePlan, { nodes, voters, settings }: ClusterPlan): string[] {
  const quorum = nodes.slice(0, voters).map(({ nodeId, controllerPort }) => `${nodeId}@127.0.0.1:${controllerPort}`);
  const isVoter = node.nodeId <= voters;
  const controller = `CONTROLLER://127.0.0.1:${node.controllerPort}`;
  return [
    `node.id=${node.nodeId}`,
    ...(isVoter ? [] : ['process.roles=broker']),
    `listeners=PLAINTEXT://127.0.0.1:${node.port},${controller}`,
    `controller.quorum.voters=${quorum.join(',')}`,
    `log.dirs=${node.dataDir}`,
    'group.initial.rebalance.delay.ms=0',
    ...settings,
  ];
}

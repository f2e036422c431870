/**
 * Whose brokers are broken: Jackdaw's, or those of Apache Kafka through the same rows.
 *
 * The harness knows a broker as a process with two ports and a data directory; a side knows how to prepare the directory and
 * which command makes the process. Leaders, controllers and ISRs are asked for in Kafka's protocol, which both speak.
 */
import type { BrokerLayout } from '../cluster.ts';
import type { LaunchCommand } from '../node-process.ts';

export type SideName = 'jackdaw' | 'kafka';

export interface Side {
  readonly name: SideName;
  /** Longest wait for all brokers of a cluster to serve. */
  readonly startTimeoutMs: number;
  /** Why its brokers cannot be started here; undefined: they can. */
  whyNot(): string | undefined;
  /** Once for each broker, before its first start. */
  prepare(plan: BrokerPlan): void;
  /** What starts the broker, on the data that it has. */
  command(plan: BrokerPlan): LaunchCommand;
}

export interface BrokerPlan {
  readonly broker: BrokerLayout;
  /** All of the cluster. */
  readonly brokers: readonly BrokerLayout[];
  /** "key=value", in Kafka's names. */
  readonly settings: readonly string[];
}

/** The settings of a node that is broker and controller, in the words that both sides understand. */
export function nodeSettings({ broker, brokers, settings }: BrokerPlan): string[] {
  const voters = brokers.map(({ nodeId, host, controllerPort }) => `${nodeId}@${host}:${controllerPort}`);
  return [
    `node.id=${broker.nodeId}`,
    `listeners=PLAINTEXT://${broker.host}:${broker.port},CONTROLLER://${broker.host}:${broker.controllerPort}`,
    `controller.quorum.voters=${voters.join(',')}`,
    `log.dirs=${broker.dataDir}`,
    ...settings,
  ];
}

/** This process's environment without what would configure a broker. */
export function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(JACKDAW|KAFKA)_/.test(name)));
}

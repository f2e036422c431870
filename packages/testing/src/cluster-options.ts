/**
 * What can be chosen about a cluster inside a test.
 */
import type { Broker } from '@jackdaw/broker';

export interface ClusterOptions {
  /** How many brokers, each a voter of the quorum: 1, 3 or 5. Default 1. */
  readonly brokers?: number;
  /** Topics to create before `startCluster` resolves. */
  readonly topics?: Readonly<Record<string, TopicOptions>>;
  /** Where the data lives; by default a temporary directory that `stop` removes. */
  readonly directory?: string;
  /** Broker configuration, over defaults that suit tests: short elections, no initial rebalance delay. */
  readonly config?: Readonly<Record<string, string>>;
  /** Log lines of the brokers on standard output; default none. */
  readonly log?: 'silent' | 'warn' | 'info' | 'debug';
}

export interface TopicOptions {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** One broker of the cluster. */
export interface ClusterBroker {
  readonly id: number;
  /** `localhost:port`; stays the same over restarts. */
  readonly address: string;
  /** The running broker, null while it is stopped or killed. */
  readonly broker: Broker | null;
  /** Lets it go at once: nothing is handed over, nothing is marked clean. */
  kill(): Promise<void>;
  /** Stops it as SIGTERM does. */
  stop(): Promise<void>;
  /** Starts it again on its data and waits until it serves. */
  start(): Promise<void>;
}

/** Settings that make a cluster quick in a test; all can be overridden. */
export const testDefaults: Readonly<Record<string, string>> = {
  'controller.quorum.election.timeout.ms': '200',
  'broker.heartbeat.interval.ms': '300',
  'broker.session.timeout.ms': '3000',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '100',
  'offsets.topic.num.partitions': '4',
  'admin.port': '-1',
};

/** Kafka inside a test: `startCluster({ brokers: 3 })`. */
import type { ClusterOptions } from './cluster-options.ts';
import { TestCluster } from './test-cluster.ts';

export { testDefaults, type ClusterBroker, type ClusterOptions, type TopicOptions } from './cluster-options.ts';
export { freePorts } from './free-ports.ts';
export { TestCluster } from './test-cluster.ts';

/** Starts a cluster in this process and resolves when it serves. Call `stop` at the end of the test. */
export function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  return TestCluster.start(options);
}

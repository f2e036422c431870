/**
 * The setup of a run: a client that creates the planned topics, and tries again until all of them are there.
 */
import { createTopics, describeTopics } from '@jackdaw/client';
import { SimClient } from '../node/sim-client.ts';
import type { SimCluster } from './sim-cluster.ts';

export interface TopicSetup {
  readonly isDone: boolean;
  /** What it waits for. */
  readonly pending: string;
}

const retryMs = 50;

export function createPlannedTopics(cluster: SimCluster): TopicSetup {
  const { plan, world } = cluster;
  const setup = { isDone: false, pending: 'the first connection' };
  const client = new SimClient({
    name: 'setup',
    world,
    seed: plan.seed ^ 0x73657475,
    bootstrap: cluster.bootstrap,
    settings: { connectTimeoutMs: 500, requestTimeoutMs: 1_000, retryBackoffMs: 50, deadlineMs: 2_000 },
  });
  const work = async (): Promise<void> => {
    const connection = await client.connect();
    const topics = plan.topics.map(({ name, partitions, replicationFactor, minInsyncReplicas, configs }) => ({
      name,
      partitions,
      replicationFactor,
      configs: { ...configs, 'min.insync.replicas': String(minInsyncReplicas) },
    }));
    const outcomes = await createTopics(connection, topics);
    const names = plan.topics.map(({ name }) => name);
    const described = await describeTopics(connection, names);
    const missing = names.filter((name) => {
      const topic = described.find((one) => one.name === name)?.topic;
      return topic === undefined || topic.partitions.some(({ leaderId }) => leaderId < 0);
    });
    setup.pending = `topics ${missing.join(', ')}: ${outcomes.map(({ error }) => error?.message ?? 'ok').join('; ')}`;
    setup.isDone = missing.length === 0;
    await connection.close();
  };
  const attempt = (): void => {
    client.spawn(
      async () => {
        await work();
        if (setup.isDone) client.process.die('killed');
        else client.process.after(retryMs, 'retry', attempt);
      },
      (error) => {
        setup.pending = error instanceof Error ? error.message : String(error);
        client.process.after(retryMs, 'retry', attempt);
      },
    );
  };
  attempt();
  return setup;
}

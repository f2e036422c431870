/**
 * Something that the quorum has to write down on every node: a harmless change of the topic's configuration.
 */
import { alterConfigs } from '@jackdaw/client';
import type { FaultRun } from '../fault-run.ts';

const leastRetentionMs = 10_000_000_000;
let changes = 0;

export async function changeMetadata({ cluster, topic }: FaultRun): Promise<void> {
  const change = { key: 'retention.ms', operation: 'set' as const, value: String(leastRetentionMs + changes++) };
  const { error } = await alterConfigs(await cluster.client(), { type: 'topic', name: topic }, [change]);
  if (error !== undefined) throw error;
}

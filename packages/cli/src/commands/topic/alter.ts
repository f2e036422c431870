/**
 * `jackdaw topic alter`: more partitions, configs set and removed, in that order.
 */
import { alterConfigs, createPartitions, describeTopics, type Cluster, type ConfigChange, type Outcome } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { expectNames, flag, integer, repeated } from '../../input/options.ts';
import { parsePairs } from '../../input/quantities.ts';
import { printOutcomes } from '../../outcomes.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('topics', { type: 'string', array: true, describe: 'Names' })
      .option('topic', repeated('A name, as with kafka-topics'))
      .option('partitions', {
        ...integer('partitions', 'The number of partitions after the change', { min: 1, max: 200_000 }),
        alias: 'p',
      })
      .option('config', { ...repeated('Set a config, key=value'), alias: 'c' })
      .option('delete-config', repeated('Remove a config, so that the default holds again'))
      .option('validate-only', { ...flag('Check, but do not change'), alias: 'dry-run' }),
  run: async (args, context) => {
    const names = expectNames('topic', args.topics, args.topic);
    const changes = changesOf(args.config ?? [], args['delete-config'] ?? []);
    if (changes.length === 0 && args.partitions === undefined) {
      throw new UsageError('nothing to alter', 'give --partitions, --config or --delete-config');
    }
    const cluster = await context.connect();
    const validateOnly = args['validate-only'];
    const outcomes: Outcome[] = [];
    for (const name of names) {
      const change = { name, validateOnly, changes, ...(args.partitions === undefined ? {} : { partitions: args.partitions }) };
      outcomes.push(await alterOne(cluster, change));
    }
    return printOutcomes(context.out, outcomes, {
      done: validateOnly ? 'valid' : 'altered',
      kafkaDone: (name) => (changes.length > 0 ? `Completed updating config for topic ${name}.` : ''),
      kafkaFailed: (_name, message) => `Error while executing topic command : ${message}`,
    });
  },
});

export function changesOf(sets: readonly string[], deletes: readonly string[]): ConfigChange[] {
  const set = [...parsePairs(sets, '--config')].map(([key, value]) => ({ key, operation: 'set' as const, value }));
  const removed = deletes
    .flatMap((list) => list.split(','))
    .map((key) => ({ key: key.trim(), operation: 'delete' as const, value: null }));
  return [...set, ...removed];
}

interface TopicChange {
  readonly name: string;
  readonly partitions?: number;
  readonly changes: readonly ConfigChange[];
  readonly validateOnly: boolean;
}

async function alterOne(cluster: Cluster, { name, partitions, changes, validateOnly }: TopicChange): Promise<Outcome> {
  if (partitions !== undefined) {
    const [grown] = await createPartitions(cluster, [{ name, partitions }], { validateOnly });
    if (grown?.error !== undefined) return grown;
  } else {
    const [described] = await describeTopics(cluster, [name]);
    if (described?.error !== undefined) return { name, error: described.error };
  }
  return changes.length === 0
    ? { name, error: undefined }
    : alterConfigs(cluster, { type: 'topic', name }, changes, { validateOnly });
}

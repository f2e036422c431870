/**
 * `jackdaw topic create`: one request for all names, an outcome for each.
 */
import { createTopics, listTopics, type CreatedTopic, type NewTopic } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { exitCodes, UsageError } from '../../failure.ts';
import { expectNames, flag, integer, repeated, text } from '../../input/options.ts';
import { parsePairs } from '../../input/quantities.ts';
import { printOutcomes } from '../../outcomes.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('topics', { type: 'string', array: true, describe: 'Names' })
      .option('topic', repeated('A name, as with kafka-topics'))
      .option('partitions', {
        ...integer('partitions', 'Partitions; default the broker’s num.partitions', { min: 1, max: 200_000 }),
        alias: 'p',
      })
      .option('replication-factor', {
        ...integer('replication-factor', 'Replicas; default the broker’s default.replication.factor', { min: 1, max: 32_767 }),
        alias: 'r',
      })
      .option('config', { ...repeated('Topic config, key=value'), alias: 'c' })
      .option('replica-assignment', text('replica-assignment', 'Brokers by partition: 1:2,2:3,3:1'))
      .option('if-not-exists', flag('An existing topic is no failure'))
      .option('validate-only', { ...flag('Check, but do not create'), alias: 'dry-run' }),
  run: async (args, context) => {
    const names = expectNames('topic', args.topics, args.topic);
    const assignments = parseAssignment(args['replica-assignment']);
    if (assignments !== undefined && (args.partitions !== undefined || args['replication-factor'] !== undefined)) {
      throw new UsageError('--replica-assignment takes the place of --partitions and --replication-factor');
    }
    const configs = parsePairs(args.config ?? [], '--config');
    const topics: NewTopic[] = names.map((name) => ({
      name,
      configs,
      ...(assignments === undefined ? {} : { assignments }),
      ...(args.partitions === undefined ? {} : { partitions: args.partitions }),
      ...(args['replication-factor'] === undefined ? {} : { replicationFactor: args['replication-factor'] }),
    }));
    const cluster = await context.connect();
    await warnOfCollisions(
      names,
      async () => (await listTopics(cluster)).map((topic) => topic.name),
      (line) => context.out.warn(line),
    );
    const created = await createTopics(cluster, topics, { validateOnly: args['validate-only'] });
    const outcomes = args['if-not-exists'] ? created.map(forgiveExisting) : created;
    const code = await printOutcomes(context.out, outcomes, {
      done: args['validate-only'] ? 'valid' : 'created',
      kafkaDone: (name) => `Created topic ${name}.`,
      kafkaFailed: (_name, message) => `Error while executing topic command : ${message}`,
    });
    return code === exitCodes.done ? exitCodes.done : code;
  },
});

function forgiveExisting(topic: CreatedTopic): CreatedTopic {
  return topic.error?.codeName === 'TOPIC_ALREADY_EXISTS' ? { ...topic, error: undefined } : topic;
}

/** "1:2,2:3" → [[1,2],[2,3]] */
export function parseAssignment(given: string | undefined): number[][] | undefined {
  if (given === undefined) return undefined;
  return given.split(',').map((partition) =>
    partition.split(':').map((id) => {
      if (!/^\d+$/.test(id)) throw new UsageError(`--replica-assignment: "${given}" is not like 1:2,2:3`);
      return Number(id);
    }),
  );
}

/** Kafka's warning about names that meet in metric names, and which existing topic would be met. */
async function warnOfCollisions(
  names: readonly string[],
  existing: () => Promise<string[]>,
  warn: (line: string) => void,
): Promise<void> {
  const risky = names.filter((name) => /[._]/.test(name));
  if (risky.length === 0) return;
  const mixes = risky.some((name) => name.includes('.') && name.includes('_'));
  const others = await existing();
  for (const name of risky) {
    const collision = others.find((other) => other !== name && other.replaceAll('.', '_') === name.replaceAll('.', '_'));
    if (collision !== undefined)
      warn(`topic "${name}" collides with "${collision}" in metric names, where "." and "_" are the same`);
    else if (mixes) warn(`topic "${name}": "." and "_" are the same in metric names; it is best to use either, but not both`);
  }
}

/**
 * `jackdaw group reset-offsets`: shows where each partition would go; `--execute` commits it.
 *
 * The group must have no members, as with Kafka's tool: a member would commit over the reset right away.
 */
import { commitOffsets, describeGroup, fetchOffsets, partitionKey, type Cluster, type TopicPartition } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { CommandError, exitCodes, UsageError } from '../../failure.ts';
import { flag, integer, repeated, text } from '../../input/options.ts';
import { planOffsets, readPlanFile, type ResetTarget } from '../../offset-plan.ts';
import { parseIsoDuration, parseTimestamp } from '../../input/quantities.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('group', { type: 'string', demandOption: true, describe: 'Group id' })
      .option('topic', { ...repeated('Topic, or topic:0,1 for some partitions'), alias: 't' })
      .option('all-topics', flag('Every topic that the group has committed'))
      .option('to-earliest', flag('To the first record'))
      .option('to-latest', flag('To the end'))
      .option('to-current', flag('To where it is: for --export'))
      .option('to-offset', integer('to-offset', 'To this offset', { min: 0 }))
      .option('shift-by', integer('shift-by', 'By so many records, back if negative'))
      .option('to-datetime', text('to-datetime', 'To the first record at or after this time (UTC)'))
      .option('by-duration', text('by-duration', 'To what was written this long ago: PT1H30M, or 90m'))
      .option('from-file', text('from-file', 'A CSV file of topic,partition,offset'))
      .option('to-group', text('to-group', 'To where another group is'))
      .option('execute', flag('Do it'))
      .option('dry-run', flag('Only show the plan (the default)'))
      .option('export', flag('Print the plan as CSV of topic,partition,offset')),
  run: async (args, context) => {
    const target = targetOf(args);
    const cluster = await context.connect();
    const described = await describeGroup(cluster, args.group);
    const state = described.group?.state ?? 'Dead';
    if (!['Empty', 'Dead'].includes(state)) {
      throw new CommandError(
        'NON_EMPTY_GROUP',
        `Assignments can only be reset if the group '${args.group}' is inactive, but the current state is ${state}.`,
        {
          hint: 'stop the members of the group first',
        },
      );
    }
    const partitions = await partitionsOf(cluster, args);
    const plan = await planOffsets(cluster, args.group, { partitions, target });
    if (args.export) {
      for (const row of plan) context.out.line(`"${row.topic}",${row.partition},${row.newOffset}`);
    } else {
      await context.out.listing({
        rows: plan,
        columns: [
          { header: 'GROUP', value: () => args.group },
          { header: 'TOPIC', value: (row) => row.topic },
          { header: 'PARTITION', align: 'right', value: (row) => row.partition },
          { header: 'CURRENT', align: 'right', value: (row) => row.currentOffset },
          { header: 'NEW-OFFSET', align: 'right', value: (row) => row.newOffset, tone: () => 'accent' },
        ],
        name: (row) => `${row.topic}-${row.partition}`,
        whenEmpty: 'nothing to reset',
      });
    }
    if (!args.execute) {
      if (!args.export) context.out.note('nothing was changed; add --execute to do it');
      return exitCodes.done;
    }
    const outcomes = await commitOffsets(cluster, args.group, {
      offsets: plan.map(({ topic, partition, newOffset }) => ({ topic, partition, offset: newOffset })),
    });
    const failed = outcomes.filter(({ error }) => error !== undefined);
    for (const { name, error } of failed) context.out.errorLines([`error: ${error?.codeName}: ${name}: ${error?.message}`]);
    if (failed.length === 0) context.out.note(`reset ${outcomes.length} partition(s) of group ${args.group}`);
    return failed.length === 0 ? exitCodes.done : failed.length === outcomes.length ? exitCodes.failed : exitCodes.partial;
  },
});

interface TargetArgs {
  readonly 'to-earliest': boolean;
  readonly 'to-latest': boolean;
  readonly 'to-current': boolean;
  readonly 'to-offset': number | undefined;
  readonly 'shift-by': number | undefined;
  readonly 'to-datetime': string | undefined;
  readonly 'by-duration': string | undefined;
  readonly 'from-file': string | undefined;
  readonly 'to-group': string | undefined;
}

function targetOf(args: TargetArgs): ResetTarget {
  const targets: ResetTarget[] = [];
  if (args['to-earliest']) targets.push({ kind: 'earliest' });
  if (args['to-latest']) targets.push({ kind: 'latest' });
  if (args['to-current']) targets.push({ kind: 'current' });
  if (args['to-offset'] !== undefined) targets.push({ kind: 'offset', offset: args['to-offset'] });
  if (args['shift-by'] !== undefined) targets.push({ kind: 'shift', by: args['shift-by'] });
  if (args['to-datetime'] !== undefined)
    targets.push({ kind: 'timestamp', timestamp: parseTimestamp(args['to-datetime'], '--to-datetime') });
  if (args['by-duration'] !== undefined)
    targets.push({ kind: 'timestamp', timestamp: Date.now() - parseIsoDuration(args['by-duration'], '--by-duration') });
  if (args['from-file'] !== undefined) targets.push({ kind: 'file', offsets: readPlanFile(args['from-file']) });
  if (args['to-group'] !== undefined) targets.push({ kind: 'group', groupId: args['to-group'] });
  const target = targets[0];
  if (target === undefined || targets.length > 1) {
    throw new UsageError(
      target === undefined ? 'reset to what?' : 'only one target at a time',
      'one of --to-earliest --to-latest --to-current --to-offset --shift-by --to-datetime --by-duration --from-file --to-group',
    );
  }
  return target;
}

/** The partitions named by --topic, or all that the group has committed. */
async function partitionsOf(
  cluster: Cluster,
  args: {
    readonly group: string;
    readonly topic: string[] | undefined;
    readonly 'all-topics': boolean;
    readonly 'from-file': string | undefined;
  },
): Promise<TopicPartition[]> {
  if (args['from-file'] !== undefined && args.topic === undefined) return [...readPlanFile(args['from-file']).values()];
  if (args['all-topics']) {
    const committed = await fetchOffsets(cluster, args.group);
    const topics = [...new Set(committed.map((one) => one.topic))];
    return (await Promise.all(topics.map((topic) => allPartitions(cluster, topic)))).flat();
  }
  if (args.topic === undefined || args.topic.length === 0)
    throw new UsageError('which topics?', 'give --topic NAME, --topic NAME:0,1 or --all-topics');
  const found = new Map<string, TopicPartition>();
  for (const given of args.topic) {
    const [name, numbers] = given.split(':') as [string, string | undefined];
    const all = await allPartitions(cluster, name);
    const wanted = numbers === undefined ? all : numbers.split(',').map((number) => ({ topic: name, partition: Number(number) }));
    for (const one of wanted) {
      if (!all.some((candidate) => candidate.partition === one.partition))
        throw new UsageError(`--topic: ${name} has no partition ${String(one.partition)}`);
      found.set(partitionKey(one.topic, one.partition), one);
    }
  }
  return [...found.values()];
}

async function allPartitions(cluster: Cluster, topic: string): Promise<TopicPartition[]> {
  return (await cluster.topic(topic)).partitions.map(({ partition }) => ({ topic, partition }));
}

/**
 * `jackdaw topic delete`: asks for the name to be typed when the topic holds records.
 */
import { deleteTopics, describeTopics, listOffsets, type Cluster, type DescribedTopic } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { confirmByName } from '../../input/confirm.ts';
import { expectNames, flag, repeated } from '../../input/options.ts';
import { printOutcomes } from '../../outcomes.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('topics', { type: 'string', array: true, describe: 'Names' })
      .option('topic', repeated('A name, as with kafka-topics'))
      .option('if-exists', flag('A topic that does not exist is no failure')),
  run: async (args, context) => {
    const names = expectNames('topic', args.topics, args.topic);
    const cluster = await context.connect();
    const described = await describeTopics(cluster, names);
    if (!context.globals.yes) {
      for (const topic of described) {
        const records = await countRecords(cluster, topic);
        if (records > 0)
          await confirmByName(
            context,
            `topic "${topic.name}" holds about ${records} record(s), which will be gone for good`,
            topic.name,
          );
      }
    }
    const missing = described.filter(({ error }) => error?.codeName === 'UNKNOWN_TOPIC_OR_PARTITION');
    const present = names.filter((name) => !missing.some((topic) => topic.name === name));
    const deleted = present.length === 0 ? [] : await deleteTopics(cluster, present);
    const absent = missing.map(({ name, error }) => ({ name, error: args['if-exists'] ? undefined : error }));
    return printOutcomes(context.out, [...deleted, ...absent], {
      done: 'deleted',
      kafkaFailed: (name, message) =>
        absent.some((topic) => topic.name === name)
          ? `Error while executing topic command : Topic '${name}' does not exist as expected`
          : `Error while executing topic command : ${message}`,
    });
  },
});

async function countRecords(cluster: Cluster, { topic }: DescribedTopic): Promise<number> {
  const led = (topic?.partitions ?? []).filter((partition) => partition.leaderId >= 0);
  const queries = led.flatMap(({ partition }) => [
    { topic: topic?.name ?? '', partition, at: 'earliest' as const },
    { topic: topic?.name ?? '', partition, at: 'latest' as const },
  ]);
  const found = await listOffsets(cluster, queries);
  let records = 0;
  for (let i = 0; i + 1 < found.length; i += 2) records += (found[i + 1]?.offset ?? 0) - (found[i]?.offset ?? 0);
  return records;
}

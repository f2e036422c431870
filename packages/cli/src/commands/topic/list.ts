/**
 * `jackdaw topic list`: names, and in the table what one wants to know first.
 */
import { describeConfigs, listTopics, type Cluster, type TopicMetadata } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { flag, text } from '../../input/options.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .option('internal', flag('Internal topics too (Kafka’s own, such as __consumer_offsets)'))
      .option('exclude-internal', flag('No internal topics; accepted from kafka-topics, and the default here'))
      .option('regex', text('regex', 'Only names that match this regular expression'))
      .option('topic', text('topic', 'The same, as kafka-topics names it'))
      .option('under-replicated-partitions', flag('Only topics with replicas out of sync'))
      .option('unavailable-partitions', flag('Only topics with partitions without a leader'))
      .option('under-min-isr-partitions', flag('Only topics with fewer replicas in sync than min.insync.replicas')),
  run: async (args, context) => {
    const pattern = toPattern(args.regex ?? args.topic);
    const cluster = await context.connect();
    let topics = (await listTopics(cluster)).filter((topic) => pattern.test(topic.name));
    // Kafka's tool lists internal topics, so its output mode does.
    const withInternal = args.internal || (context.out.format === 'kafka' && !args['exclude-internal']);
    if (!withInternal) topics = topics.filter((topic) => !topic.isInternal);
    if (args['under-replicated-partitions']) topics = topics.filter((topic) => countUnderReplicated(topic) > 0);
    if (args['unavailable-partitions']) topics = topics.filter((topic) => countLeaderless(topic) > 0);
    if (args['under-min-isr-partitions']) topics = await onlyUnderMinIsr(cluster, topics);
    await context.out.listing({
      rows: topics,
      columns: [
        { header: 'TOPIC', value: (topic) => topic.name },
        { header: 'PARTITIONS', align: 'right', value: (topic) => topic.partitions.length },
        { header: 'REPLICAS', align: 'right', value: (topic) => topic.partitions[0]?.replicas.length ?? 0 },
        { header: 'HEALTH', value: healthText, tone: (topic) => (healthText(topic) === 'ok' ? 'good' : 'bad') },
        { header: 'INTERNAL', value: (topic) => topic.isInternal, wide: true },
        { header: 'TOPIC ID', value: (topic) => topic.topicId, wide: true },
      ],
      name: (topic) => topic.name,
      data: (topic) => ({
        name: topic.name,
        topicId: topic.topicId,
        internal: topic.isInternal,
        partitions: topic.partitions.length,
        replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
        underReplicated: countUnderReplicated(topic),
        leaderless: countLeaderless(topic),
      }),
      kafka: () => topics.map((topic) => topic.name),
      whenEmpty: 'no topics; create one with `jackdaw topic create NAME`',
    });
  },
});

function toPattern(source: string | undefined): RegExp {
  try {
    return new RegExp(source === undefined ? '' : `^(?:${source})$`);
  } catch (error) {
    throw new UsageError(`--regex: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function countUnderReplicated(topic: TopicMetadata): number {
  return topic.partitions.filter((partition) => partition.isr.length < partition.replicas.length).length;
}

export function countLeaderless(topic: TopicMetadata): number {
  return topic.partitions.filter((partition) => partition.leaderId < 0).length;
}

function healthText(topic: TopicMetadata): string {
  const leaderless = countLeaderless(topic);
  if (leaderless > 0) return `${leaderless} without leader`;
  const under = countUnderReplicated(topic);
  return under > 0 ? `${under} under-replicated` : 'ok';
}

async function onlyUnderMinIsr(cluster: Cluster, topics: readonly TopicMetadata[]): Promise<TopicMetadata[]> {
  const minima = await minIsrByTopic(
    cluster,
    topics.map((topic) => topic.name),
  );
  return topics.filter((topic) => topic.partitions.some((partition) => partition.isr.length < (minima.get(topic.name) ?? 1)));
}

/** `min.insync.replicas` of each topic; 1 where it cannot be read. */
export async function minIsrByTopic(cluster: Cluster, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const resources = names.map((name) => ({ type: 'topic' as const, name }));
  const described = await describeConfigs(cluster, resources, { keys: ['min.insync.replicas'] });
  return new Map(described.map(({ name, entries }) => [name, Number(entries[0]?.value ?? 1)]));
}

/**
 * `jackdaw topic describe`: partitions with leader, replicas and in-sync replicas; configs that are not defaults.
 *
 * With `--watch` the same text is drawn again every second, in place on a terminal.
 */
import {
  describeConfigs,
  describeTopics,
  listTopics,
  type Cluster,
  type ConfigEntry,
  type PartitionMetadata,
  type TopicMetadata,
} from '@jackdaw/client';
import { defineCommand, type Context } from '../../command.ts';
import { describeFailure, exitCodes, failureLines, type ExitCode } from '../../failure.ts';
import { duration, flag, namesFrom, repeated } from '../../input/options.ts';
import { sumUp } from '../../outcomes.ts';
import { renderTable, type Column } from '../../output/table.ts';
import type { Paint } from '../../output/style.ts';
import { sheetLines } from '../../output/output.ts';
import { watch } from '../../output/watch.ts';

interface DescribedTopic {
  readonly topic: TopicMetadata;
  readonly configs: readonly ConfigEntry[];
  readonly partitions: readonly PartitionMetadata[];
}

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('topics', { type: 'string', array: true, describe: 'Names; none means all that are not internal' })
      .option('topic', repeated('A name, as with kafka-topics'))
      .option('configs', { ...flag('Only the configs'), alias: 'c' })
      .option('partitions', { ...flag('Only the partitions'), alias: 'p' })
      .option('all', { ...flag('All configs, defaults too'), alias: 'a' })
      .option('under-replicated-partitions', flag('Only partitions with replicas out of sync'))
      .option('unavailable-partitions', flag('Only partitions without a leader'))
      .option('under-min-isr-partitions', flag('Only partitions with fewer replicas in sync than min.insync.replicas'))
      .option('at-min-isr-partitions', flag('Only partitions with just min.insync.replicas in sync'))
      .option('topics-with-overrides', flag('Only topics with configs of their own, without partitions'))
      .option('watch', { ...flag('Draw it again and again until Ctrl-C'), alias: 'w' })
      .option('interval', { ...duration('interval', 'With --watch: how often'), default: '1s' }),
  run: async (args, context) => {
    const cluster = await context.connect();
    const names = namesFrom(args.topics, args.topic);
    const filters = filtersOf(args);
    const view: View = {
      names,
      filters,
      withConfigs: !args.partitions && !filters.hasPartitionFilter,
      withPartitions: !args.configs && !args['topics-with-overrides'],
      withDefaults: args.all,
      onlyOverridden: args['topics-with-overrides'],
    };
    if (args.watch) {
      await watch(
        context,
        Number(args.interval ?? 1000),
        async (paint) => (await describeLines(cluster, view, { context, paint })).lines,
      );
      return exitCodes.done;
    }
    const { lines, code } = await describeLines(cluster, view, { context, paint: context.out.paint });
    for (const line of lines) context.out.line(line);
    return code;
  },
});

interface Filters {
  readonly hasPartitionFilter: boolean;
  readonly keep: (partition: PartitionMetadata, minIsr: number) => boolean;
}

interface View {
  readonly names: readonly string[];
  readonly filters: Filters;
  readonly withConfigs: boolean;
  readonly withPartitions: boolean;
  readonly withDefaults: boolean;
  readonly onlyOverridden: boolean;
}

function filtersOf(args: {
  readonly 'under-replicated-partitions': boolean;
  readonly 'unavailable-partitions': boolean;
  readonly 'under-min-isr-partitions': boolean;
  readonly 'at-min-isr-partitions': boolean;
}): Filters {
  const tests: ((partition: PartitionMetadata, minIsr: number) => boolean)[] = [];
  if (args['under-replicated-partitions']) tests.push((partition) => partition.isr.length < partition.replicas.length);
  if (args['unavailable-partitions']) tests.push((partition) => partition.leaderId < 0);
  if (args['under-min-isr-partitions'])
    tests.push((partition, minIsr) => partition.leaderId < 0 || partition.isr.length < minIsr);
  if (args['at-min-isr-partitions']) tests.push((partition, minIsr) => partition.isr.length === minIsr);
  return { hasPartitionFilter: tests.length > 0, keep: (partition, minIsr) => tests.every((test) => test(partition, minIsr)) };
}

async function describeLines(
  cluster: Cluster,
  view: View,
  to: { context: Context; paint: Paint },
): Promise<{ lines: string[]; code: ExitCode }> {
  const names =
    view.names.length > 0
      ? view.names
      : (await listTopics(cluster)).filter((topic) => !topic.isInternal).map((topic) => topic.name);
  const described = await describeTopics(cluster, names);
  const found = described.flatMap(({ topic }) => (topic === undefined ? [] : [topic]));
  const configs = await describeConfigs(
    cluster,
    found.map((topic) => ({ type: 'topic' as const, name: topic.name })),
  );
  const topics = found
    .map((topic, i) => ({
      topic,
      configs: configs[i]?.entries ?? [],
      partitions: keptPartitions(topic, configs[i]?.entries ?? [], view),
    }))
    .filter((item) => !view.onlyOverridden || item.configs.some((entry) => entry.source === 'topic'))
    .filter((item) => !view.filters.hasPartitionFilter || item.partitions.length > 0);
  const { out } = to.context;
  out.errorLines(described.flatMap(({ error }) => (error === undefined ? [] : failureLines(describeFailure(error)))));
  const sheet = {
    data: topics.map((item) => toData(item, view)),
    name: topics.map((item) => item.topic.name).join('\n'),
    lines: (paint: Paint, isWide: boolean) =>
      topics.flatMap((item, i) => [...(i === 0 ? [] : ['']), ...peopleLines(item, view, { paint, isWide })]),
    kafka: () => topics.flatMap((item) => kafkaLines(item, view)),
  };
  if (out.format === 'ndjson') return { lines: sheet.data.map((item) => JSON.stringify(item)), code: sumUp(described) };
  const lines =
    topics.length === 0 && (out.format === 'name' || out.format === 'kafka') ? [] : await sheetLines(sheet, out.format, to.paint);
  return { lines, code: sumUp(described) };
}

function keptPartitions(topic: TopicMetadata, configs: readonly ConfigEntry[], view: View): PartitionMetadata[] {
  const minIsr = Number(configs.find((entry) => entry.name === 'min.insync.replicas')?.value ?? 1);
  return topic.partitions.filter((partition) => view.filters.keep(partition, minIsr));
}

function toData({ topic, configs, partitions }: DescribedTopic, view: View): object {
  return {
    name: topic.name,
    topicId: topic.topicId,
    internal: topic.isInternal,
    partitionCount: topic.partitions.length,
    replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
    configs: Object.fromEntries(shownConfigs(configs, view).map((entry) => [entry.name, entry.value])),
    partitions: view.withPartitions
      ? partitions.map((one) => ({
          partition: one.partition,
          leader: one.leaderId,
          leaderEpoch: one.leaderEpoch,
          replicas: one.replicas,
          isr: one.isr,
          offlineReplicas: one.offlineReplicas,
          elr: one.elr,
          lastKnownElr: one.lastKnownElr,
        }))
      : [],
  };
}

function shownConfigs(configs: readonly ConfigEntry[], view: View): ConfigEntry[] {
  return configs.filter((entry) => view.withDefaults || !entry.isDefault);
}

function peopleLines(item: DescribedTopic, view: View, { paint, isWide }: { paint: Paint; isWide: boolean }): string[] {
  const { topic } = item;
  const factor = topic.partitions[0]?.replicas.length ?? 0;
  const lines = [
    `${paint('bold', topic.name)}  ${topic.partitions.length} partition(s), ${factor} replica(s)` +
      paint('dim', `  id ${topic.topicId}`),
  ];
  if (view.withConfigs) {
    const shown = shownConfigs(item.configs, view);
    for (const entry of shown) lines.push(`  ${entry.name}=${entry.value ?? '(secret)'}  ${paint('dim', `(${entry.source})`)}`);
  }
  if (view.withPartitions) lines.push(...renderTable(item.partitions, partitionColumns, { wide: isWide, paint }));
  return lines;
}

const partitionColumns: readonly Column<PartitionMetadata>[] = [
  { header: 'PARTITION', align: 'right', value: (one) => one.partition },
  { header: 'LEADER', value: leaderText, tone: (one) => (one.leaderId < 0 ? 'bad' : 'plain') },
  { header: 'EPOCH', align: 'right', value: (one) => one.leaderEpoch },
  { header: 'REPLICAS', value: (one) => one.replicas.join(',') },
  { header: 'ISR', value: (one) => one.isr.join(','), tone: (one) => (one.isr.length < one.replicas.length ? 'warn' : 'good') },
  { header: 'OUT OF SYNC', value: (one) => one.replicas.filter((id) => !one.isr.includes(id)).join(','), tone: () => 'warn' },
  { header: 'ELR', value: (one) => one.elr?.join(','), wide: true },
  { header: 'LAST KNOWN ELR', value: (one) => one.lastKnownElr?.join(','), wide: true },
  { header: 'OFFLINE', value: (one) => one.offlineReplicas.join(','), tone: () => 'bad', wide: true },
];

/** The leader, with a star where it is the preferred one. */
function leaderText(one: PartitionMetadata): string {
  if (one.leaderId < 0) return 'none';
  return one.leaderId === one.replicas[0] ? `${one.leaderId} ★` : String(one.leaderId);
}

function kafkaLines({ topic, configs, partitions }: DescribedTopic, view: View): string[] {
  const factor = topic.partitions[0]?.replicas.length ?? 0;
  const overrides = configs.filter((entry) => !entry.isDefault).map((entry) => `${entry.name}=${entry.value ?? 'null'}`);
  const counts = `PartitionCount: ${topic.partitions.length}\tReplicationFactor: ${factor}`;
  const head = `Topic: ${topic.name}\tTopicId: ${topic.topicId}\t${counts}\tConfigs: ${overrides.join(',')}`;
  const list = (ids: readonly number[] | null): string => (ids === null ? 'N/A' : ids.join(','));
  const rows = partitions.map((one) => {
    const leader = one.leaderId < 0 ? 'none' : String(one.leaderId);
    const elrs = `Elr: ${list(one.elr)}\tLastKnownElr: ${list(one.lastKnownElr)}`;
    const sets = `Replicas: ${list(one.replicas)}\tIsr: ${list(one.isr)}\t${elrs}`;
    return `\tTopic: ${topic.name}\tPartition: ${one.partition}\tLeader: ${leader}\t${sets}`;
  });
  return [...(view.withConfigs ? [head] : []), ...(view.withPartitions ? rows : [])];
}

/**
 * `jackdaw cluster health`: one word, and what is behind it.
 *
 * Healthy means: every broker is up, there is a controller, every partition has a leader, all its replicas are in sync and
 * at least min.insync.replicas of them. `--exit-code` makes an unhealthy cluster a failure, for scripts and health checks.
 */
import { describeCluster, listTopics, type Cluster } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../failure.ts';
import { duration, flag } from '../../input/options.ts';
import { sheetLines, type Sheet } from '../../output/output.ts';
import { renderFacts } from '../../output/table.ts';
import { watch } from '../../output/watch.ts';
import { minIsrByTopic } from '../topic/list.ts';

interface Health {
  readonly healthy: boolean;
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly number[];
  readonly fencedBrokers: readonly number[];
  readonly leaderless: readonly string[];
  readonly underReplicated: readonly string[];
  readonly underMinIsr: readonly string[];
}

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .option('watch', { ...flag('Draw it again and again until Ctrl-C'), alias: 'w' })
      .option('interval', { ...duration('interval', 'With --watch: how often'), default: '1s' })
      .option('exit-code', flag('Exit code 1 unless healthy')),
  run: async (args, context) => {
    if (args.watch) {
      await watch(context, Number(args.interval ?? 1000), async (paint) =>
        sheetLines(toSheet(await readHealth(await context.connect())), context.out.format, paint),
      );
      return exitCodes.done;
    }
    const health = await readHealth(await context.connect());
    await context.out.sheet(toSheet(health));
    return args['exit-code'] && !health.healthy ? exitCodes.failed : exitCodes.done;
  },
});

async function readHealth(cluster: Cluster): Promise<Health> {
  const described = await describeCluster(cluster);
  const topics = await listTopics(cluster);
  const minima = await minIsrByTopic(
    cluster,
    topics.map((topic) => topic.name),
  );
  const partitions = topics.flatMap((topic) =>
    topic.partitions.map((one) => ({ ...one, name: `${topic.name}-${one.partition}`, minIsr: minima.get(topic.name) ?? 1 })),
  );
  const leaderless = partitions.filter((one) => one.leaderId < 0).map((one) => one.name);
  const underReplicated = partitions.filter((one) => one.isr.length < one.replicas.length).map((one) => one.name);
  const underMinIsr = partitions.filter((one) => one.isr.length < one.minIsr).map((one) => one.name);
  const fencedBrokers = described.brokers.filter((broker) => broker.isFenced).map((broker) => broker.nodeId);
  const isWell = leaderless.length + underReplicated.length + underMinIsr.length + fencedBrokers.length === 0;
  return {
    healthy: isWell && described.controllerId >= 0,
    clusterId: described.clusterId,
    controllerId: described.controllerId,
    brokers: described.brokers.filter((broker) => !broker.isFenced).map((broker) => broker.nodeId),
    fencedBrokers,
    leaderless,
    underReplicated,
    underMinIsr,
  };
}

/** Partitions that are named in the text; json has all. */
const shownPartitions = 10;

function toSheet(health: Health): Sheet {
  const list = (names: readonly (string | number)[]): string => {
    const more = names.length > shownPartitions ? ` and ${names.length - shownPartitions} more` : '';
    return names.length === 0 ? 'none' : `${names.length}: ${names.slice(0, shownPartitions).join(', ')}${more}`;
  };
  return {
    data: health,
    name: health.healthy ? 'healthy' : 'unhealthy',
    lines: (paint) =>
      renderFacts(
        [
          ['Healthy', health.healthy ? 'yes' : 'no', health.healthy ? 'good' : 'bad'],
          [
            'Controller',
            health.controllerId < 0 ? 'none' : String(health.controllerId),
            health.controllerId < 0 ? 'bad' : 'plain',
          ],
          ['Brokers up', health.brokers.join(', ')],
          ['Brokers fenced', list(health.fencedBrokers), health.fencedBrokers.length > 0 ? 'bad' : 'plain'],
          ['Without leader', list(health.leaderless), health.leaderless.length > 0 ? 'bad' : 'plain'],
          ['Under-replicated', list(health.underReplicated), health.underReplicated.length > 0 ? 'warn' : 'plain'],
          ['Under min ISR', list(health.underMinIsr), health.underMinIsr.length > 0 ? 'bad' : 'plain'],
        ],
        paint,
      ),
  };
}

/**
 * `jackdaw cluster info`: who and how many.
 */
import { describeCluster, listGroups, listTopics } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { renderFacts } from '../../output/table.ts';

export const command = defineCommand({
  build: (yargs) => yargs,
  run: async (_args, context) => {
    const cluster = await context.connect();
    const described = await describeCluster(cluster);
    const topics = await listTopics(cluster);
    const groups = await listGroups(cluster);
    const data = {
      clusterId: described.clusterId,
      controllerId: described.controllerId,
      brokers: described.brokers.map(({ nodeId, host, port, rack, isFenced }) => ({
        id: nodeId,
        host,
        port,
        rack,
        fenced: isFenced,
      })),
      topics: topics.filter((topic) => !topic.isInternal).length,
      internalTopics: topics.filter((topic) => topic.isInternal).length,
      partitions: topics.reduce((sum, topic) => sum + topic.partitions.length, 0),
      groups: groups.length,
    };
    await context.out.sheet({
      data,
      name: data.clusterId,
      lines: (paint) =>
        renderFacts(
          [
            ['Cluster id', data.clusterId],
            ['Controller', String(data.controllerId)],
            [
              'Brokers',
              data.brokers
                .map((broker) => `${broker.id}@${broker.host}:${broker.port}${broker.fenced ? ' (fenced)' : ''}`)
                .join('  '),
            ],
            ['Topics', `${data.topics} (and ${data.internalTopics} internal)`],
            ['Partitions', String(data.partitions)],
            ['Groups', String(data.groups)],
          ],
          paint,
        ),
      kafka: () => [`Cluster ID: ${data.clusterId}`],
    });
  },
});

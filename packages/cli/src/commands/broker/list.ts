/**
 * `jackdaw broker list`: the registered brokers and what they lead.
 */
import { describeCluster, listTopics } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  build: (yargs) => yargs,
  run: async (_args, context) => {
    const cluster = await context.connect();
    const described = await describeCluster(cluster);
    const partitions = (await listTopics(cluster)).flatMap((topic) => topic.partitions);
    const rows = described.brokers.map((broker) => ({
      id: broker.nodeId,
      host: broker.host,
      port: broker.port,
      rack: broker.rack,
      state: broker.isFenced ? 'fenced' : 'up',
      isController: broker.nodeId === described.controllerId,
      leaders: partitions.filter((one) => one.leaderId === broker.nodeId).length,
      replicas: partitions.filter((one) => one.replicas.includes(broker.nodeId)).length,
      outOfSync: partitions.filter((one) => one.replicas.includes(broker.nodeId) && !one.isr.includes(broker.nodeId)).length,
    }));
    await context.out.listing({
      rows,
      columns: [
        { header: 'ID', align: 'right', value: (row) => row.id },
        { header: 'ADDRESS', value: (row) => `${row.host}:${row.port}` },
        { header: 'RACK', value: (row) => row.rack },
        { header: 'STATE', value: (row) => row.state, tone: (row) => (row.state === 'up' ? 'good' : 'bad') },
        { header: 'LEADERS', align: 'right', value: (row) => row.leaders },
        { header: 'REPLICAS', align: 'right', value: (row) => row.replicas },
        {
          header: 'OUT OF SYNC',
          align: 'right',
          value: (row) => row.outOfSync,
          tone: (row) => (row.outOfSync > 0 ? 'warn' : 'plain'),
        },
        { header: 'CONTROLLER', value: (row) => (row.isController ? 'yes' : '') },
      ],
      name: (row) => String(row.id),
    });
  },
});

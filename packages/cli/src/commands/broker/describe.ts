/**
 * `jackdaw broker describe ID`: address, what it leads and holds, its disks, its configs.
 */
import { describeCluster, describeConfigs, describeLogDirs, listTopics } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { CommandError } from '../../failure.ts';
import { flag } from '../../input/options.ts';
import { formatBytes, parseInteger } from '../../input/quantities.ts';
import { renderFacts, renderTable } from '../../output/table.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'node.id of the broker' })
      .option('all', { ...flag('All configs, defaults too'), alias: 'a' }),
  run: async (args, context) => {
    const id = parseInteger(args.id, 'id', { min: 0 });
    const cluster = await context.connect();
    const described = await describeCluster(cluster);
    const broker = described.brokers.find((candidate) => candidate.nodeId === id);
    if (broker === undefined) {
      const known = described.brokers.map((candidate) => candidate.nodeId).join(', ');
      throw new CommandError('BROKER_NOT_AVAILABLE', `there is no broker ${id}`, { hint: `the brokers are ${known}` });
    }
    const partitions = (await listTopics(cluster)).flatMap((topic) => topic.partitions);
    const dirs = await describeLogDirs(cluster, id);
    const [configs] = await describeConfigs(cluster, [{ type: 'broker', name: String(id) }]);
    const entries = (configs?.entries ?? []).filter((entry) => args.all || !entry.isDefault);
    const data = {
      id,
      host: broker.host,
      port: broker.port,
      rack: broker.rack,
      fenced: broker.isFenced,
      controller: id === described.controllerId,
      leaders: partitions.filter((one) => one.leaderId === id).length,
      replicas: partitions.filter((one) => one.replicas.includes(id)).length,
      logDirs: dirs.map((dir) => ({
        path: dir.path,
        error: dir.error?.codeName ?? null,
        totalBytes: dir.totalBytes,
        usableBytes: dir.usableBytes,
        partitions: dir.partitions.length,
        sizeBytes: dir.partitions.reduce((sum, one) => sum + one.sizeBytes, 0),
      })),
      configs: Object.fromEntries(entries.map((entry) => [entry.name, entry.value])),
    };
    await context.out.sheet({
      data,
      name: String(id),
      lines: (paint) => [
        ...renderFacts(
          [
            ['Broker', String(id)],
            ['Address', `${data.host}:${data.port}`],
            ['Rack', data.rack ?? '-'],
            ['State', data.fenced ? 'fenced' : 'up', data.fenced ? 'bad' : 'good'],
            ['Controller', data.controller ? 'yes' : 'no'],
            ['Leads', `${data.leaders} of its ${data.replicas} partition(s)`],
          ],
          paint,
        ),
        '',
        ...renderTable(
          data.logDirs,
          [
            { header: 'LOG DIR', value: (dir) => dir.path },
            { header: 'PARTITIONS', align: 'right', value: (dir) => dir.partitions },
            { header: 'SIZE', align: 'right', value: (dir) => formatBytes(dir.sizeBytes) },
            { header: 'FREE', align: 'right', value: (dir) => (dir.usableBytes < 0 ? '-' : formatBytes(dir.usableBytes)) },
            { header: 'STATE', value: (dir) => dir.error ?? 'online', tone: (dir) => (dir.error === null ? 'good' : 'bad') },
          ],
          { paint },
        ),
        '',
        ...renderTable(
          entries,
          [
            { header: 'CONFIG', value: (entry) => entry.name },
            { header: 'VALUE', value: (entry) => (entry.isSensitive ? '(secret)' : entry.value) },
            { header: 'SOURCE', value: (entry) => entry.source },
          ],
          { paint },
        ),
      ],
    });
  },
});

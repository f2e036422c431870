/**
 * `jackdaw broker describe ID`: address, what it leads and holds, its disks, its configs.
 */
import { describeCluster, describeConfigs, describeLogDirs, listTopics, type Cluster } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { CommandError } from '../../failure.ts';
import { flag } from '../../input/options.ts';
import { formatBytes, parseInteger } from '../../input/quantities.ts';
import type { Paint } from '../../output/style.ts';
import { renderFacts, renderTable } from '../../output/table.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'node.id of the broker' })
      .option('all', { ...flag('All configs, defaults too'), alias: 'a' }),
  run: async (args, context) => {
    const id = parseInteger(args.id, 'id', { min: 0 });
    const sheet = await readBroker(await context.connect(), id, { allConfigs: args.all });
    const { entries, ...data } = sheet;
    const configs = Object.fromEntries(entries.map((entry) => [entry.name, entry.value]));
    await context.out.sheet({
      data: { ...data, configs },
      name: String(id),
      lines: (paint) => [
        ...renderBroker(data, paint),
        '',
        ...renderDirs(data.logDirs, paint),
        '',
        ...renderConfigs(entries, paint),
      ],
    });
  },
});

async function readBroker(cluster: Cluster, id: number, options: { allConfigs: boolean }) {
  const described = await describeCluster(cluster);
  const broker = described.brokers.find((candidate) => candidate.nodeId === id);
  if (broker === undefined) {
    const known = described.brokers.map((candidate) => candidate.nodeId).join(', ');
    throw new CommandError('BROKER_NOT_AVAILABLE', `there is no broker ${id}`, { hint: `the brokers are ${known}` });
  }
  const partitions = (await listTopics(cluster)).flatMap((topic) => topic.partitions);
  const dirs = await describeLogDirs(cluster, id);
  const [configs] = await describeConfigs(cluster, [{ type: 'broker', name: String(id) }]);
  return {
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
    entries: (configs?.entries ?? []).filter((entry) => options.allConfigs || !entry.isDefault),
  };
}

type BrokerSheet = Awaited<ReturnType<typeof readBroker>>;

function renderBroker(broker: Omit<BrokerSheet, 'entries'>, paint: Paint): string[] {
  return renderFacts(
    [
      ['Broker', String(broker.id)],
      ['Address', `${broker.host}:${broker.port}`],
      ['Rack', broker.rack ?? '-'],
      ['State', broker.fenced ? 'fenced' : 'up', broker.fenced ? 'bad' : 'good'],
      ['Controller', broker.controller ? 'yes' : 'no'],
      ['Leads', `${broker.leaders} of its ${broker.replicas} partition(s)`],
    ],
    paint,
  );
}

function renderDirs(dirs: BrokerSheet['logDirs'], paint: Paint): string[] {
  return renderTable(
    dirs,
    [
      { header: 'LOG DIR', value: (dir) => dir.path },
      { header: 'PARTITIONS', align: 'right', value: (dir) => dir.partitions },
      { header: 'SIZE', align: 'right', value: (dir) => formatBytes(dir.sizeBytes) },
      { header: 'FREE', align: 'right', value: (dir) => (dir.usableBytes < 0 ? '-' : formatBytes(dir.usableBytes)) },
      { header: 'STATE', value: (dir) => dir.error ?? 'online', tone: (dir) => (dir.error === null ? 'good' : 'bad') },
    ],
    { paint },
  );
}

function renderConfigs(entries: BrokerSheet['entries'], paint: Paint): string[] {
  return renderTable(
    entries,
    [
      { header: 'CONFIG', value: (entry) => entry.name },
      { header: 'VALUE', value: (entry) => (entry.isSensitive ? '(secret)' : entry.value) },
      { header: 'SOURCE', value: (entry) => entry.source },
    ],
    { paint },
  );
}

/**
 * `jackdaw quorum status`: the metadata quorum; with `-o kafka` the text of `kafka-metadata-quorum describe --status`.
 */
import { describeCluster, describeQuorum, type QuorumDescription, type QuorumReplica } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { flag } from '../../input/options.ts';
import { formatDuration } from '../../input/quantities.ts';
import { renderFacts, renderTable } from '../../output/table.ts';

export const command = defineCommand({
  build: (yargs) => yargs.option('replication', flag('With -o kafka: the table of `describe --replication`')),
  run: async (args, context) => {
    const cluster = await context.connect();
    const { clusterId } = await describeCluster(cluster);
    const quorum = await describeQuorum(cluster);
    const leader = quorum.voters.find((voter) => voter.replicaId === quorum.leaderId);
    const rows = [
      ...quorum.voters.map((voter) => ({ ...voter, role: voter.replicaId === quorum.leaderId ? 'leader' : 'voter' })),
      ...quorum.observers.map((observer) => ({ ...observer, role: 'observer' })),
    ].map((row) => ({ ...row, lag: (leader?.logEndOffset ?? row.logEndOffset) - row.logEndOffset }));
    await context.out.sheet({
      data: {
        clusterId,
        leaderId: quorum.leaderId,
        leaderEpoch: quorum.leaderEpoch,
        highWatermark: quorum.highWatermark,
        replicas: rows,
      },
      name: String(quorum.leaderId),
      lines: (paint, isWide) => [
        ...renderFacts(
          [
            ['Cluster id', clusterId],
            ['Leader', String(quorum.leaderId), quorum.leaderId < 0 ? 'bad' : 'good'],
            ['Epoch', String(quorum.leaderEpoch)],
            ['High watermark', String(quorum.highWatermark)],
          ],
          paint,
        ),
        '',
        ...renderTable(
          rows,
          [
            { header: 'NODE', align: 'right', value: (row) => row.replicaId },
            { header: 'ROLE', value: (row) => row.role },
            { header: 'LOG END', align: 'right', value: (row) => row.logEndOffset },
            { header: 'LAG', align: 'right', value: (row) => row.lag, tone: (row) => (row.lag > 0 ? 'warn' : 'good') },
            { header: 'LAST FETCH', value: (row) => ago(row.lastFetchTimestamp) },
            { header: 'CAUGHT UP', value: (row) => ago(row.lastCaughtUpTimestamp) },
            { header: 'DIRECTORY', value: (row) => row.directoryId, wide: true },
          ],
          { paint, wide: isWide },
        ),
      ],
      kafka: () => (args.replication ? kafkaReplication(rows) : kafkaStatus(clusterId, quorum)),
    });
  },
});

function ago(timestamp: number): string {
  return timestamp < 0 ? '-' : `${formatDuration(Math.max(0, Date.now() - timestamp))} ago`;
}

function kafkaStatus(clusterId: string, quorum: QuorumDescription): string[] {
  const leader = quorum.voters.find((voter) => voter.replicaId === quorum.leaderId);
  const furthest = [...quorum.voters].sort((a, b) => a.logEndOffset - b.logEndOffset)[0];
  const lag = (leader?.logEndOffset ?? 0) - (furthest?.logEndOffset ?? 0);
  return [
    `ClusterId:              ${clusterId}`,
    `LeaderId:               ${quorum.leaderId}`,
    `LeaderEpoch:            ${quorum.leaderEpoch}`,
    `HighWatermark:          ${quorum.highWatermark}`,
    `MaxFollowerLag:         ${lag}`,
    `MaxFollowerLagTimeMs:   ${lagTimeMs(leader, furthest)}`,
    `CurrentVoters:          ${kafkaReplicas(quorum, quorum.voters)}`,
    `CurrentObservers:       ${kafkaReplicas(quorum, quorum.observers)}`,
  ];
}

function lagTimeMs(leader: QuorumReplica | undefined, furthest: QuorumReplica | undefined): number {
  if (leader === furthest) return 0;
  if (leader === undefined || furthest === undefined || leader.lastCaughtUpTimestamp < 0 || furthest.lastCaughtUpTimestamp < 0)
    return -1;
  return leader.lastCaughtUpTimestamp - furthest.lastCaughtUpTimestamp;
}

const zeroDirectory = 'AAAAAAAAAAAAAAAAAAAAAA';

function kafkaReplicas(quorum: QuorumDescription, replicas: readonly QuorumReplica[]): string {
  const items = replicas.map((replica) => {
    const directory = replica.directoryId === zeroDirectory ? '' : `, "directoryId": "${replica.directoryId}"`;
    const listeners = quorum.nodes.find((node) => node.nodeId === replica.replicaId)?.listeners ?? [];
    const endpoints = listeners.map((one) => `"${one.name}://${one.host}:${one.port}"`).join(', ');
    return `{"id": ${replica.replicaId}${directory}${endpoints === '' ? '' : `, "endpoints": [${endpoints}]`}}`;
  });
  return `[${items.join(', ')}]`;
}

function kafkaReplication(rows: readonly (QuorumReplica & { readonly role: string; readonly lag: number })[]): string[] {
  const names: ReadonlyMap<string, string> = new Map([
    ['leader', 'Leader'],
    ['voter', 'Follower'],
    ['observer', 'Observer'],
  ]);
  const table = [
    ['NodeId', 'DirectoryId', 'LogEndOffset', 'Lag', 'LastFetchTimestamp', 'LastCaughtUpTimestamp', 'Status'],
    ...rows.map((row) =>
      [
        row.replicaId,
        row.directoryId,
        row.logEndOffset,
        row.lag,
        row.lastFetchTimestamp,
        row.lastCaughtUpTimestamp,
        names.get(row.role) ?? row.role,
      ].map(String),
    ),
  ];
  const widths = (table[0] as string[]).map((_header, i) => Math.max(...table.map((line) => (line[i] as string).length)));
  return table.map((line) => line.map((cell, i) => `${cell.padEnd(widths[i] as number)}\t`).join(''));
}

/**
 * `jackdaw group describe`: offsets and lag by partition, or the members, or the state.
 */
import { listGroups, type Cluster } from '@jackdaw/client';
import { defineCommand, type Context } from '../../command.ts';
import { describeFailure, exitCodes, failureLines, type ExitCode } from '../../failure.ts';
import { viewGroup, type GroupRow, type GroupView } from '../../group-view.ts';
import { expectNames, flag, repeated } from '../../input/options.ts';
import { kafkaGroupMembers, kafkaGroupOffsets, kafkaGroupState } from '../../output/kafka-groups.ts';
import { listingLines, type Listing } from '../../output/output.ts';

type Aspect = 'offsets' | 'members' | 'state';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('groups', { type: 'string', array: true, describe: 'Group ids' })
      .option('group', repeated('A group id, as with kafka-consumer-groups'))
      .option('all-groups', flag('Every group there is'))
      .option('offsets', flag('Offsets and lag by partition (the default)'))
      .option('members', flag('The members and what they are assigned'))
      .option('state', flag('Coordinator, assignor, state, number of members'))
      .option('lag-only', flag('Only partitions with lag')),
  run: async (args, context) => {
    const cluster = await context.connect();
    const names = args['all-groups']
      ? (await listGroups(cluster)).map((group) => group.groupId)
      : expectNames('group', args.groups, args.group);
    const aspect: Aspect = args.members ? 'members' : args.state ? 'state' : 'offsets';
    const views: GroupView[] = [];
    let failures = 0;
    for (const name of names) {
      const view = await viewOrExplain(context, cluster, name);
      if (view === undefined) failures++;
      else views.push(args['lag-only'] ? { ...view, rows: view.rows.filter((row) => row.lag !== null && row.lag > 0) } : view);
    }
    if (views.length > 0) await printViews(context, views, aspect);
    return exitCodeOf(failures, names.length);
  },
});

function exitCodeOf(failures: number, total: number): ExitCode {
  if (failures === 0) return exitCodes.done;
  return failures === total ? exitCodes.failed : exitCodes.partial;
}

async function viewOrExplain(context: Context, cluster: Cluster, name: string): Promise<GroupView | undefined> {
  try {
    return await viewGroup(cluster, name);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'KafkaError') throw error;
    context.out.errorLines(failureLines(describeFailure(error)));
    return undefined;
  }
}

async function printViews(context: Context, views: readonly GroupView[], aspect: Aspect): Promise<void> {
  const { out } = context;
  if (out.format === 'kafka') {
    const write = { offsets: kafkaGroupOffsets, members: kafkaGroupMembers, state: kafkaGroupState }[aspect];
    for (const view of views) for (const line of write(view, { isVerbose: out.isVerbose })) out.line(line);
    return;
  }
  if (aspect === 'offsets') return out.listing(offsetsListing(views));
  if (aspect === 'state') return out.listing(stateListing(views));
  for (const line of await listingLines(membersListing(views), out.format, out.paint)) out.line(line);
}

function offsetsListing(views: readonly GroupView[]): Listing<GroupRow> {
  return {
    rows: views.flatMap((view) => view.rows),
    columns: [
      { header: 'GROUP', value: (row) => row.group },
      { header: 'TOPIC', value: (row) => row.topic },
      { header: 'PARTITION', align: 'right', value: (row) => row.partition },
      { header: 'LEADER EPOCH', align: 'right', value: (row) => row.leaderEpoch, wide: true },
      { header: 'CURRENT', align: 'right', value: (row) => row.currentOffset },
      { header: 'END', align: 'right', value: (row) => row.logEndOffset },
      {
        header: 'LAG',
        align: 'right',
        value: (row) => row.lag,
        tone: (row) => (row.lag === null ? 'dim' : row.lag > 0 ? 'warn' : 'good'),
      },
      { header: 'CLIENT', value: (row) => row.clientId },
      { header: 'HOST', value: (row) => row.host },
      { header: 'MEMBER', value: (row) => row.consumerId, wide: true },
    ],
    name: (row) => `${row.topic}-${row.partition}`,
    document: views.map(({ group, rows }) => ({
      ...group,
      offsets: rows,
      totalLag: rows.reduce((sum, row) => sum + (row.lag ?? 0), 0),
    })),
    whenEmpty: 'the group has neither committed offsets nor assigned partitions',
  };
}

function membersListing(
  views: readonly GroupView[],
): Listing<GroupView['group']['members'][number] & { readonly group: string }> {
  return {
    rows: views.flatMap(({ group }) => group.members.map((member) => ({ group: group.groupId, ...member }))),
    columns: [
      { header: 'GROUP', value: (row) => row.group },
      { header: 'MEMBER', value: (row) => row.memberId },
      { header: 'INSTANCE', value: (row) => row.groupInstanceId, wide: true },
      { header: 'HOST', value: (row) => row.host },
      { header: 'CLIENT', value: (row) => row.clientId },
      { header: '#PARTITIONS', align: 'right', value: (row) => row.partitions.length },
      {
        header: 'ASSIGNMENT',
        value: (row) => row.partitions.map((one) => `${one.topic}-${one.partition}`).join(','),
        wide: true,
      },
    ],
    name: (row) => row.memberId,
  };
}

function stateListing(views: readonly GroupView[]): Listing<GroupView['group']> {
  return {
    rows: views.map(({ group }) => group),
    columns: [
      { header: 'GROUP', value: (row) => row.groupId },
      { header: 'COORDINATOR', align: 'right', value: (row) => row.coordinatorId },
      { header: 'ASSIGNOR', value: (row) => row.protocol },
      { header: 'STATE', value: (row) => row.state, tone: (row) => (row.state === 'Stable' ? 'good' : 'warn') },
      { header: '#MEMBERS', align: 'right', value: (row) => row.members.length },
    ],
    name: (row) => row.groupId,
  };
}

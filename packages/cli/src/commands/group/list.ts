/**
 * `jackdaw group list`: the groups of all coordinators.
 */
import { listGroups } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { repeated } from '../../input/options.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .option('state', repeated('Only groups in this state, such as Stable or Empty'))
      .option('type', repeated('Only groups of this type: classic, consumer, share, streams')),
  run: async (args, context) => {
    const split = (list: readonly string[] | undefined): string[] => (list ?? []).flatMap((one) => one.split(','));
    const rows = await listGroups(await context.connect(), { states: split(args.state), types: split(args.type) });
    await context.out.listing({
      rows,
      columns: [
        { header: 'GROUP', value: (row) => row.groupId },
        { header: 'STATE', value: (row) => row.state, tone: (row) => (row.state === 'Stable' ? 'good' : 'plain') },
        { header: 'TYPE', value: (row) => row.type },
        { header: 'PROTOCOL', value: (row) => row.protocolType },
        { header: 'COORDINATOR', align: 'right', value: (row) => row.coordinatorId },
      ],
      name: (row) => row.groupId,
      kafka: () => rows.map((row) => row.groupId),
      whenEmpty: 'no groups',
    });
  },
});

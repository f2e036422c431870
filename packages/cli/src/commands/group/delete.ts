/**
 * `jackdaw group delete`: groups without members, with their offsets.
 */
import { deleteGroups } from '@jackdaw/client';
import { defineCommand } from '../../command.ts';
import { expectNames, repeated } from '../../input/options.ts';
import { printOutcomes } from '../../outcomes.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('groups', { type: 'string', array: true, describe: 'Group ids' })
      .option('group', repeated('A group id, as with kafka-consumer-groups')),
  run: async (args, context) => {
    const outcomes = await deleteGroups(await context.connect(), expectNames('group', args.groups, args.group));
    const done = outcomes.filter(({ error }) => error === undefined).map(({ name }) => `'${name}'`);
    const code = await printOutcomes(context.out, outcomes, {
      done: 'deleted',
      kafkaFailed: (name, message) => `* Group '${name}' could not be deleted due to: ${message}`,
    });
    if (context.out.format === 'kafka' && done.length > 0) {
      context.out.line(`Deletion of requested consumer groups (${done.join(', ')}) was successful.`);
    }
    return code;
  },
});

/**
 * `jackdaw dev resume ID`: lets a frozen broker go on (SIGCONT).
 */
import { defineCommand } from '../../command.ts';
import { signalProcess } from '../../dev/process-identity.ts';
import { devDirectory, expectBroker, expectState } from '../../dev/state.ts';
import { CommandError } from '../../failure.ts';
import { text } from '../../input/options.ts';
import { parseInteger } from '../../input/quantities.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'Id of the broker, from 1' })
      .option('data-dir', text('data-dir', 'The directory given to dev up')),
  run: async (args, context) => {
    const directory = devDirectory(args['data-dir'], context.env);
    const broker = expectBroker(expectState(directory), parseInteger(args.id, 'id', { min: 1 }));
    if (!signalProcess(broker.process, 'SIGCONT')) {
      throw new CommandError('NOT_RUNNING', `broker ${broker.id} does not run`, {
        hint: `start it with \`jackdaw dev start ${broker.id}\``,
      });
    }
    context.out.note(`broker ${broker.id} is running again`);
  },
});

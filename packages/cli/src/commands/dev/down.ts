/**
 * `jackdaw dev down`: stops every broker; with --clean the data goes too.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '../../command.ts';
import { stopBroker } from '../../dev/broker-process.ts';
import { stateOf } from '../../dev/process-identity.ts';
import { devDirectory, expectState, updateBroker } from '../../dev/state.ts';
import { flag, text } from '../../input/options.ts';
import { withProgress } from '../../output/progress.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .option('data-dir', text('data-dir', 'The directory given to dev up'))
      .option('clean', flag('Remove the data and the logs of the brokers too')),
  run: async (args, context) => {
    const directory = devDirectory(args['data-dir'], context.env);
    const state = expectState(directory);
    const live = state.brokers.filter((broker) => stateOf(broker.process) !== 'stopped');
    await withProgress(context.out, `stopping ${live.length} broker(s)`, async () => {
      const ends = await Promise.all(live.map((broker) => stopBroker(broker)));
      ends.forEach((end, i) => {
        if (end === 'killed') context.out.warn(`broker ${live[i]?.id} did not stop in time and was killed`);
      });
    });
    for (const broker of state.brokers) updateBroker(directory, broker.id, { process: null });
    if (args.clean) {
      // Only what `dev up` has made, in case the directory is shared with something else.
      for (const broker of state.brokers) {
        rmSync(broker.dataDir, { recursive: true, force: true });
        rmSync(broker.logFile, { force: true });
      }
      rmSync(join(directory, 'dev.json'), { force: true });
    }
    context.out.note(`${live.length} broker(s) stopped${args.clean ? ', data removed' : ''}`);
  },
});

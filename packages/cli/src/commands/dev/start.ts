/**
 * `jackdaw dev start ID`: starts a stopped broker again on its data; returns when the cluster has it back.
 */
import { defineCommand } from '../../command.ts';
import { spawnBroker } from '../../dev/broker-process.ts';
import { expectFree } from '../../dev/ports.ts';
import { stateOf } from '../../dev/process-identity.ts';
import { waitUntilServing } from '../../dev/readiness.ts';
import { devDirectory, expectBroker, expectState, updateBroker } from '../../dev/state.ts';
import { CommandError } from '../../failure.ts';
import { text } from '../../input/options.ts';
import { parseInteger } from '../../input/quantities.ts';
import { withProgress } from '../../output/progress.ts';

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'Id of the broker, from 1' })
      .option('data-dir', text('data-dir', 'The directory given to dev up')),
  run: async (args, context) => {
    const directory = devDirectory(args['data-dir'], context.env);
    const broker = expectBroker(expectState(directory), parseInteger(args.id, 'id', { min: 1 }));
    if (stateOf(broker.process) !== 'stopped') {
      throw new CommandError('ALREADY_RUNNING', `broker ${broker.id} runs already (pid ${broker.process?.pid ?? '?'})`);
    }
    await expectFree(broker.port, 'Kafka', 'stop what uses it');
    const state = updateBroker(directory, broker.id, { process: spawnBroker(expectState(directory), broker) });
    await withProgress(context.out, `starting broker ${broker.id}`, () =>
      waitUntilServing(state, {
        brokers: [expectBroker(state, broker.id)],
        timeoutMs: context.timeoutMs,
        signal: context.signal,
      }),
    );
    context.out.note(`broker ${broker.id} serves on port ${broker.port}`);
  },
});

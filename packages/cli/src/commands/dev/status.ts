/**
 * `jackdaw dev status`: the brokers of a development cluster and whether they live.
 */
import { defineCommand } from '../../command.ts';
import { bootstrapOf, devDirectory, expectState, type DevState } from '../../dev/state.ts';
import { stateOf } from '../../dev/process-identity.ts';
import { text } from '../../input/options.ts';
import type { Sheet } from '../../output/output.ts';
import { renderTable } from '../../output/table.ts';

export const command = defineCommand({
  build: (yargs) => yargs.option('data-dir', text('data-dir', 'The directory given to dev up')),
  run: async (args, context) => {
    const directory = devDirectory(args['data-dir'], context.env);
    await context.out.sheet(statusSheet(directory, expectState(directory)));
  },
});

export function statusSheet(directory: string, state: DevState): Sheet {
  const brokers = state.brokers.map((broker) => {
    const processState = stateOf(broker.process);
    return {
      id: broker.id,
      pid: processState === 'stopped' ? null : (broker.process?.pid ?? null),
      port: broker.port,
      grpcPort: broker.grpcPort,
      adminPort: broker.adminPort,
      state: processState,
      dataDir: broker.dataDir,
      logFile: broker.logFile,
    };
  });
  return {
    data: { clusterId: state.clusterId, dataDir: directory, bootstrapServers: bootstrapOf(state), brokers },
    name: brokers.map((broker) => broker.id).join('\n'),
    lines: (paint, isWide) =>
      renderTable(
        brokers,
        [
          { header: 'BROKER', align: 'right', value: (row) => row.id },
          {
            header: 'STATE',
            value: (row) => row.state,
            tone: (row) => (row.state === 'running' ? 'good' : row.state === 'paused' ? 'warn' : 'bad'),
          },
          { header: 'PID', align: 'right', value: (row) => row.pid },
          { header: 'KAFKA', align: 'right', value: (row) => row.port },
          { header: 'GRPC', align: 'right', value: (row) => row.grpcPort },
          { header: 'ADMIN', align: 'right', value: (row) => row.adminPort },
          { header: 'LOG', value: (row) => row.logFile },
          { header: 'DATA', value: (row) => row.dataDir, wide: true },
        ],
        { paint, wide: isWide },
      ),
  };
}

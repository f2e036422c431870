/**
 * `jackdaw dev up`: starts the brokers, waits until they serve, and stays until Ctrl-C (or leaves them with --detach).
 */
import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineCommand, type Context } from '../../command.ts';
import { spawnBroker, stopBroker } from '../../dev/broker-process.ts';
import { choosePorts, expectFree } from '../../dev/ports.ts';
import { signalProcess, stateOf } from '../../dev/process-identity.ts';
import { waitUntilServing } from '../../dev/readiness.ts';
import { bootstrapOf, devDirectory, readState, updateBroker, writeState, type DevState } from '../../dev/state.ts';
import { CommandError, UsageError } from '../../failure.ts';
import { flag, integer, repeated, text } from '../../input/options.ts';
import { withProgress } from '../../output/progress.ts';
import { statusSheet } from './status.ts';

const maxBrokers = 50;
const defaultBrokers = 3;

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .option('brokers', { ...integer('brokers', 'How many brokers; default 3', { min: 1, max: maxBrokers }), alias: 'n' })
      .option('port', integer('port', 'Kafka port of the first broker; the others follow. Default 9092', { min: 1, max: 65_535 }))
      .option(
        'grpc-port',
        integer('grpc-port', 'gRPC port of the first broker; default the Kafka port + 100', { min: 1, max: 65_535 }),
      )
      .option('admin-port', integer('admin-port', 'Admin port of the first broker; default 9644', { min: 1, max: 65_535 }))
      .option('data-dir', text('data-dir', 'Where everything is kept'))
      .option('set', repeated('A config of every broker, key=value; {id} stands for the broker’s id'))
      .option('detach', { ...flag('Leave the brokers running and return'), alias: 'd' }),
  run: async (args, context) => {
    const directory = devDirectory(args['data-dir'], context.env);
    const state = await prepare(directory, {
      count: args.brokers,
      kafkaPort: args.port,
      grpcPort: args['grpc-port'],
      adminPort: args['admin-port'] ?? adminPortIn(args.set ?? []),
      sets: args.set ?? [],
    });
    const running = startAll(directory, state);
    const forceEnd = (): void => endAll(directory);
    process.on('exit', forceEnd);
    try {
      await withProgress(context.out, `starting ${running.brokers.length} broker(s)`, () =>
        waitUntilServing(running, { brokers: running.brokers, timeoutMs: 2 * context.timeoutMs, signal: context.signal }),
      );
      if (context.signal.aborted) return await stopAll(context, directory);
      if (args.detach) {
        process.off('exit', forceEnd);
        await context.out.sheet(statusSheet(directory, running));
        return;
      }
      const call = { program: programName(context.env), dataDir: args['data-dir'] };
      for (const line of banner(directory, running, call)) context.out.line(line);
      await watchUntilStopped(context, directory);
      await stopAll(context, directory);
    } catch (error) {
      await stopAll(context, directory);
      throw error;
    } finally {
      process.off('exit', forceEnd);
    }
  },
});

/** `--set admin.port=97{id}` names the admin ports as much as --admin-port does; only a plain number can be planned with. */
function adminPortIn(sets: readonly string[]): number | undefined {
  const given = sets.findLast((set) => set.startsWith('admin.port='))?.slice('admin.port='.length);
  if (given === undefined) return undefined;
  const first = Number(given.replaceAll('{id}', '1'));
  return Number.isInteger(first) && first > 0 ? first : undefined;
}

interface Wanted {
  readonly count: number | undefined;
  readonly kafkaPort: number | undefined;
  readonly grpcPort: number | undefined;
  readonly adminPort: number | undefined;
  readonly sets: readonly string[];
}

/** A new state, or that of the stopped cluster whose data is in the directory. */
async function prepare(directory: string, wanted: Wanted): Promise<DevState> {
  const existing = readState(directory);
  if (existing === undefined) return createState(directory, { ...wanted, count: wanted.count ?? defaultBrokers });
  if (existing.brokers.some((broker) => stateOf(broker.process) !== 'stopped')) {
    throw new CommandError('ALREADY_RUNNING', `a cluster runs from ${directory}`, {
      hint: 'stop it with `jackdaw dev down`, or use another --data-dir',
    });
  }
  if (wanted.count !== undefined && wanted.count !== existing.brokers.length) {
    throw new UsageError(
      `${directory} holds a cluster of ${existing.brokers.length} broker(s), not ${wanted.count}`,
      'remove it with `jackdaw dev down --clean`, or use another --data-dir',
    );
  }
  const samePorts = [wanted.kafkaPort, wanted.grpcPort, wanted.adminPort].every((port) => port === undefined);
  const sets = wanted.sets.length > 0 ? wanted.sets : existing.sets;
  if (samePorts) {
    for (const broker of existing.brokers) await expectFree(broker.port, 'Kafka', 'stop what uses it, or give --port');
    return { ...existing, sets };
  }
  const kafkaPort = wanted.kafkaPort ?? existing.brokers[0]?.port ?? 9092;
  const ports = await choosePorts({
    count: existing.brokers.length,
    kafkaPort,
    grpcPort: wanted.grpcPort,
    adminPort: wanted.adminPort,
  });
  return { ...existing, sets, brokers: existing.brokers.map((broker, i) => ({ ...broker, ...ports[i] })) };
}

async function createState(directory: string, wanted: Wanted & { readonly count: number }): Promise<DevState> {
  const { count, kafkaPort = 9092, grpcPort, adminPort } = wanted;
  const ports = await choosePorts({ count, kafkaPort, grpcPort, adminPort });
  return {
    version: 1,
    clusterId: `dev-${randomBytes(9).toString('base64url')}`,
    sets: wanted.sets,
    brokers: ports.map((one, i) => ({
      id: i + 1,
      ...one,
      dataDir: join(directory, `broker-${i + 1}`),
      logFile: join(directory, `broker-${i + 1}.log`),
      process: null,
    })),
  };
}

function startAll(directory: string, state: DevState): DevState {
  writeState(directory, state);
  let running = state;
  for (const broker of state.brokers) running = updateBroker(directory, broker.id, { process: spawnBroker(state, broker) });
  return running;
}

const checkIntervalMs = 500;

/** Says when a broker goes or comes (killed from another terminal, crashed, started again), until Ctrl-C. */
async function watchUntilStopped(context: Context, directory: string): Promise<void> {
  const known = new Map<number, string>();
  while (!context.signal.aborted) {
    for (const broker of readState(directory)?.brokers ?? []) {
      const state = stateOf(broker.process);
      const before = known.get(broker.id) ?? 'running';
      known.set(broker.id, state);
      if (state !== before)
        context.out.note(`broker ${broker.id} is ${state}${state === 'stopped' ? `; its log is ${broker.logFile}` : ''}`);
    }
    await sleep(checkIntervalMs, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** Stops every broker that runs from the directory, those that `dev start` has started since among them. */
async function stopAll(context: Context, directory: string): Promise<void> {
  const state = readState(directory);
  if (state === undefined) return;
  context.out.note(`stopping ${state.brokers.length} broker(s); Ctrl-C again kills them`);
  await Promise.all(
    state.brokers.map(async (broker) => {
      if ((await stopBroker(broker)) === 'killed') context.out.warn(`broker ${broker.id} did not stop in time and was killed`);
    }),
  );
  for (const broker of state.brokers) updateBroker(directory, broker.id, { process: null });
}

/** The last resort at the end of this process, when it has no time for anything else. */
function endAll(directory: string): void {
  for (const broker of readState(directory)?.brokers ?? []) signalProcess(broker.process, 'SIGKILL');
}

/** How this program is called from a shell: from a clone of the repository (npm start, npx, node) it is not on the PATH. */
function programName(env: Context['env']): string {
  const isFromClone = env['npm_command'] !== undefined || basename(process.argv[1] ?? '') === 'jackdaw.js';
  return isFromClone ? 'npx jackdaw' : 'jackdaw';
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function banner(directory: string, state: DevState, call: { program: string; dataDir: string | undefined }): string[] {
  const bootstrap = bootstrapOf(state);
  const first = state.brokers[0];
  const second = state.brokers.length > 1 ? 2 : 1;
  const b = first?.port === 9092 ? '' : ` -b 127.0.0.1:${first?.port ?? 9092}`;
  const place = call.dataDir === undefined ? '' : ` --data-dir ${quoted(call.dataDir)}`;
  const jackdaw = call.program;
  return [
    '',
    `${state.brokers.length} broker(s) serve on ${bootstrap}`,
    `metrics and health: http://127.0.0.1:${first?.adminPort ?? 0}/`,
    `data and logs: ${directory}`,
    '',
    'next, in another terminal:',
    `  ${jackdaw} topic create orders -p 3 -r ${Math.min(3, state.brokers.length)}${b}`,
    `  echo hello | ${jackdaw} produce orders${b}`,
    `  ${jackdaw} consume orders --from-beginning${b}`,
    `  ${jackdaw} topic describe orders --watch${b}`,
    `  ${jackdaw} dev kill ${second}${place}`,
    `  ${jackdaw} dev start ${second}${place}`,
    '',
    'Ctrl-C stops the cluster; the data stays.',
  ];
}

/**
 * The options of `server` commands, and the configuration that they, the environment and a file make together.
 */
import type { Argv } from 'yargs';
import type { LoadedConfig } from '@jackdaw/broker';
import { fromBroker } from './broker-package.ts';
import type { Context, GlobalArgs } from './command.ts';
import { CommandError, exitCodes } from './failure.ts';
import { repeated, text } from './input/options.ts';

export interface ServerArgs extends GlobalArgs {
  readonly config: string | undefined;
  readonly 'node-id': string | undefined;
  readonly listeners: string | undefined;
  readonly 'advertised-listeners': string | undefined;
  readonly 'data-dir': string | undefined;
  readonly set: string[] | undefined;
}

export function serverOptions(yargs: Argv<GlobalArgs>): Argv<ServerArgs> {
  return yargs
    .option('config', { ...text('config', 'server.properties, or a .yaml file'), alias: 'c' })
    .option('node-id', text('node-id', 'node.id'))
    .option('listeners', text('listeners', 'listeners, such as PLAINTEXT://:9092'))
    .option('advertised-listeners', text('advertised-listeners', 'advertised.listeners'))
    .option('data-dir', text('data-dir', 'log.dirs'))
    .option('set', { ...repeated('Any key, key=value'), alias: 'override' });
}

type GoodConfig = Extract<LoadedConfig, { ok: true }>;

/** The configuration and what to warn of; throws with all mistakes at once. */
export async function loadServerConfig(args: ServerArgs, context: Context): Promise<GoodConfig> {
  const loadConfig = await fromBroker('loadConfig');
  const flags = new Map<string, string>();
  const put = (key: string, value: string | undefined): void => {
    if (value !== undefined) flags.set(key, value);
  };
  put('node.id', args['node-id']);
  put('listeners', args.listeners);
  put('advertised.listeners', args['advertised-listeners']);
  put('log.dirs', args['data-dir']);
  const loaded = loadConfig({ file: args.config, env: context.env, sets: args.set ?? [], flags });
  if (!loaded.ok) {
    context.out.errorLines(loaded.errors.slice(0, -1).map((error) => `error: CONFIG: ${error}`));
    throw new CommandError('CONFIG', loaded.errors.at(-1) ?? 'the configuration cannot be used', { exitCode: exitCodes.usage });
  }
  return loaded;
}

/**
 * Where the cluster is and how to get in: from flags, environment, a profile, a properties file.
 *
 * Order of say, highest first: -b, JACKDAW_BOOTSTRAP_SERVER, bootstrap.servers of -X, --command-config or the profile, then
 * localhost:9092. A profile is a properties file in $XDG_CONFIG_HOME/jackdaw (or ~/.config/jackdaw).
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ClientOptions } from '@jackdaw/client';
import type { GlobalArgs } from './command.ts';
import { UsageError } from './failure.ts';
import { parseProperties } from './input/properties.ts';
import { parsePairs } from './input/quantities.ts';
import { securityOptions } from './input/security.ts';

export interface ConnectionSettings {
  readonly bootstrap: string;
  readonly client: Pick<ClientOptions, 'bootstrapServers' | 'tls' | 'sasl'>;
}

type Env = Readonly<Record<string, string | undefined>>;

export function connectionSettings(
  args: Pick<GlobalArgs, 'bootstrap-server' | 'profile' | 'command-config' | 'command-property'>,
  env: Env,
): ConnectionSettings {
  const properties = new Map([
    ...profileProperties(args.profile ?? env['JACKDAW_PROFILE'], env),
    ...(args['command-config'] === undefined ? [] : readProperties(args['command-config'], '--command-config')),
    ...parsePairs(args['command-property'] ?? [], '--command-property'),
  ]);
  const fromEnv = env['JACKDAW_BOOTSTRAP_SERVER'];
  const bootstrap =
    args['bootstrap-server'] ?? (fromEnv === '' ? undefined : fromEnv) ?? properties.get('bootstrap.servers') ?? 'localhost:9092';
  return { bootstrap, client: { bootstrapServers: bootstrap, ...securityOptions(properties) } };
}

function profileProperties(name: string | undefined, env: Env): Map<string, string> {
  if (name === undefined || name === '') return new Map();
  if (!/^[A-Za-z0-9_-]+$/.test(name)) throw new UsageError(`--profile: "${name}" is not a name`);
  const base = env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return readProperties(join(base, 'jackdaw', `${name}.properties`), `--profile ${name}`);
}

function readProperties(file: string, option: string): Map<string, string> {
  if (!existsSync(file)) throw new UsageError(`${option}: there is no file ${file}`);
  return parseProperties(readFileSync(file, 'utf8'));
}

/**
 * What this program uses of the broker package, loaded only when a command needs it: a broker is much code to load.
 */
import type { Codecs } from '@jackdaw/protocol';
import { CommandError } from './failure.ts';

/** One effective key, as `print-config` shows it. */
export interface EffectiveSetting {
  readonly name: string;
  readonly value: string | null;
  readonly source: string;
  readonly place: string;
}

/** The parts of a loaded configuration that are looked at here. */
export interface BrokerConfig {
  readonly nodeId: number;
  readonly logDirs: readonly string[];
  readonly clusterId: string | null;
  readonly view: object;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: BrokerConfig;
      readonly sources: ReadonlyMap<string, object>;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly errors: readonly string[] };

export interface LoadOptions {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly sets?: readonly string[];
  readonly flags?: ReadonlyMap<string, string>;
}

export interface RunningBroker {
  readonly port: number;
  readonly adminPort: number;
  close(): Promise<void>;
}

export interface BrokerPackage {
  readonly loadConfig: (options: LoadOptions) => LoadedConfig;
  readonly effectiveSettings: (view: object, sources: ReadonlyMap<string, object>) => EffectiveSetting[];
  readonly startBroker: (config: BrokerConfig) => Promise<RunningBroker>;
  readonly nodeCodecs: Codecs;
}

/** One export of the broker package. Throws CommandError when this build of it lacks the part. */
export async function fromBroker<Name extends keyof BrokerPackage>(name: Name): Promise<BrokerPackage[Name]> {
  const broker: object = await import('@jackdaw/broker');
  const part = (broker as Partial<BrokerPackage>)[name];
  if (part === undefined)
    throw new CommandError('INCOMPLETE_BUILD', `the installed broker package has no ${name}`, {
      hint: 'build all packages: npx tsc -b',
    });
  return part;
}

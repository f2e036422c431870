/**
 * What a command is, and what it is given to run with.
 *
 * `manifest.ts` names every command with its one-line description; the file of a command is only imported when it is the
 * one that was asked for. A command declares its options to yargs and gets them back typed.
 */
import type { Argv } from 'yargs';
import type { Cluster } from '@jackdaw/client';
import type { ExitCode } from './failure.ts';
import type { Output } from './output/output.ts';

/** Options that every command takes, as yargs delivers them. */
export interface GlobalArgs {
  readonly 'bootstrap-server': string | undefined;
  readonly profile: string | undefined;
  readonly 'command-config': string | undefined;
  readonly 'command-property': string[] | undefined;
  readonly output: string | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly timeout: string;
  readonly yes: boolean;
}

export interface ConnectOptions {
  /** Records will be read or written; loads the compression codecs. */
  readonly withCodecs?: boolean;
}

/** The surroundings of one run. */
export interface Context {
  readonly out: Output;
  readonly globals: GlobalArgs;
  /** Where commands look for a cluster: flag, environment, profile or localhost:9092. */
  readonly bootstrap: string;
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  /** Aborted by the first Ctrl-C or SIGTERM; a command that goes on until stopped ends in an orderly way. */
  readonly signal: AbortSignal;
  /** A connected cluster, closed by `main` after the command. */
  connect(options?: ConnectOptions): Promise<Cluster>;
}

export interface Command {
  readonly build: (yargs: Argv<GlobalArgs>) => Argv<GlobalArgs>;
  readonly run: (args: GlobalArgs, context: Context) => Promise<ExitCode | void>;
}

interface TypedCommand<Args extends GlobalArgs> {
  readonly build: (yargs: Argv<GlobalArgs>) => Argv<Args>;
  readonly run: (args: Args, context: Context) => Promise<ExitCode | void>;
}

/** Ties the options that `build` declares to the type that `run` gets. */
export function defineCommand<Args extends GlobalArgs>(command: TypedCommand<Args>): Command {
  return {
    build: (yargs) => command.build(yargs),
    run: (args, context) => command.run(args as Args, context),
  };
}

/** A named command: one word (`produce`) or a group with words of its own (`topic create`). */
export interface CommandEntry {
  /** With its positionals, as yargs writes them: `create <topics..>`. */
  readonly usage: string;
  readonly aliases?: readonly string[];
  readonly describe: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export interface CommandGroup {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly describe: string;
  readonly commands: readonly CommandEntry[];
}

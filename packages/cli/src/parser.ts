/**
 * The manifest turned into a yargs parser.
 *
 * Commands are declared from the manifest; the file of one is loaded by its (asynchronous) builder when yargs has found out
 * that it is meant. Handlers only note which command it was: it runs after parsing, so that its failures cannot be taken for
 * wrong usage.
 */
import yargs, { type Argv } from 'yargs';
import type { Command, CommandEntry, GlobalArgs } from './command.ts';
import { UsageError } from './failure.ts';
import { flag, repeated, text } from './input/options.ts';
import { groups, singles } from './manifest.ts';
import { outputFormats } from './output/output.ts';

export interface Selection {
  readonly command: Command;
  readonly args: GlobalArgs;
}

/** What yargs complains about; the words are looked at again to suggest the right ones. */
export class ParseFailure extends UsageError {
  readonly unknownNames: readonly string[];

  constructor(message: string, unknownNames: readonly string[]) {
    super(message);
    this.unknownNames = unknownNames;
  }
}

/** The command that is meant, or undefined when help was printed instead. Throws UsageError. */
export async function parseCommandLine(argv: readonly string[]): Promise<Selection | undefined> {
  let selection: Selection | undefined;
  const select = (command: Command, args: GlobalArgs): void => {
    selection = { command, args };
  };
  const parser = baseParser(argv);
  for (const group of groups) {
    parser.command([group.name, ...(group.aliases ?? [])], group.describe, (inner) => {
      for (const entry of group.commands) addCommand(inner, entry, select);
      return inner.demandCommand(
        1,
        `${group.name} needs a command: ${group.commands.map((one) => one.usage.split(' ')[0]).join(', ')}`,
      );
    });
  }
  for (const entry of singles) addCommand(parser, entry, select);
  parser.demandCommand(1, 'a command is needed');
  await parser.parseAsync();
  return selection;
}

function addCommand(parser: Argv<GlobalArgs>, entry: CommandEntry, select: (command: Command, args: GlobalArgs) => void): void {
  let loaded: Command | undefined;
  parser.command(
    [entry.usage, ...(entry.aliases ?? [])],
    entry.describe,
    async (inner) => {
      loaded = (await entry.load()).command;
      return loaded.build(inner);
    },
    (args) => {
      if (loaded !== undefined) select(loaded, args);
    },
  );
}

/** Global options and the manner of parsing; also used to list a command's options. */
export function baseParser(argv: readonly string[]): Argv<GlobalArgs> {
  const global = 'Everywhere:';
  const parser = yargs([...argv])
    .scriptName('jackdaw')
    .parserConfiguration({
      'dot-notation': false,
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'camel-case-expansion': false,
      'strip-aliased': true,
      'boolean-negation': true,
    })
    .exitProcess(false)
    .strict()
    .showHelpOnFail(false)
    .version(false)
    .help('help', 'Show this help')
    .alias('help', 'h')
    .wrap(Math.min(process.stdout.columns ?? 100, 120))
    .option('bootstrap-server', { ...text('bootstrap-server', 'host:port,… of the cluster'), alias: 'b', group: global })
    .option('output', { ...text('output', `One of ${outputFormats.join(', ')}`), alias: 'o', group: global })
    .option('profile', { ...text('profile', 'Name of a properties file in ~/.config/jackdaw'), group: global })
    .option('command-config', {
      ...text('command-config', 'Client properties file (security.protocol, sasl.*, ssl.*)'),
      group: global,
    })
    .option('command-property', { ...repeated('One client property, key=value'), alias: 'X', group: global })
    .option('timeout', { ...text('timeout', 'Longest time for the whole command’s requests'), default: '30s', group: global })
    .option('quiet', { ...flag('No remarks on standard error'), alias: 'q', group: global })
    .option('verbose', { ...flag('More detail; stacks of errors'), alias: 'v', group: global })
    .option('color', { type: 'boolean', default: true, describe: 'Colours on a terminal (--no-color: none)', group: global })
    .option('yes', { ...flag('Do not ask for confirmation'), alias: 'y', group: global })
    .group('help', global)
    .fail((message: string | undefined, error: Error | undefined) => {
      if (error !== undefined && error !== null) throw error;
      const text = message ?? 'wrong usage';
      throw new ParseFailure(text, unknownNames(text));
    });
  return withoutCachedHelp(parser) as unknown as Argv<GlobalArgs>;
}

/**
 * Before a command's handler runs, yargs renders its help, in case the handler fails and the help is wanted: 20 ms of CPU
 * for each command. Here failures show no help, and `--help` does not come by that.
 */
function withoutCachedHelp<Parser>(parser: Parser): Parser {
  const { getInternalMethods } = parser as { getInternalMethods?: () => { getUsageInstance(): { cacheHelpMessage(): void } } };
  if (getInternalMethods !== undefined) getInternalMethods.call(parser).getUsageInstance().cacheHelpMessage = () => undefined;
  return parser;
}

function unknownNames(message: string): string[] {
  const match = /^Unknown (?:arguments?|commands?): (.*)$/s.exec(message);
  return match === null ? [] : (match[1] as string).split(', ');
}

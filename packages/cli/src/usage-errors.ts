/**
 * Turns what the option parser says into an error that names the nearest right word.
 */
import yargs from 'yargs';
import type { CommandEntry } from './command.ts';
import { UsageError } from './failure.ts';
import { nearestName } from './input/suggest.ts';
import { groups, singles } from './manifest.ts';
import { baseParser, type ParseFailure } from './parser.ts';

export async function explainParseFailure(failure: ParseFailure, argv: readonly string[]): Promise<UsageError> {
  const name = failure.unknownNames[0];
  if (name === undefined) return explainOther(failure, argv);
  const asOption = argv.find((word) => /^--?[^-]/.test(word) && optionWord(word) === name);
  if (asOption === undefined) return explainWord(name, argv);
  const known = await optionNames(argv);
  const typed = asOption.replace(/=.*$/s, '');
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? helpHint(argv) : `did you mean --${nearest}?`;
  return new UsageError(`unknown option ${typed}`, hint);
}

/** A group's missing command may be a mistyped one; everything else is said as the parser says it. */
function explainOther(failure: ParseFailure, argv: readonly string[]): UsageError {
  const words = argv.filter((word) => !word.startsWith('-'));
  const group = groups.find((candidate) => candidate.name === words[0]);
  const isMissing = failure.message.includes('needs a command');
  if (isMissing && group !== undefined && words[1] !== undefined) return explainWord(words[1], argv);
  const lacks = /^Not enough non-option arguments: got (\d+), need at least (\d+)/.exec(failure.message);
  const text = lacks === null ? failure.message : 'an argument is missing';
  return new UsageError(text, helpHint(argv));
}

function explainWord(name: string, argv: readonly string[]): UsageError {
  const group = groups.find((candidate) => argv.includes(candidate.name));
  if (group !== undefined) {
    const hasCommand = group.commands.some((entry) => namesOf(entry).some((word) => argv.includes(word)));
    if (hasCommand) return new UsageError(`unexpected word "${name}"`, helpHint(argv));
    const nearest = nearestName(name, group.commands.flatMap(namesOf));
    const hint =
      nearest === undefined
        ? `one of ${group.commands.map((entry) => namesOf(entry)[0]).join(', ')}`
        : `did you mean ${group.name} ${nearest}?`;
    return new UsageError(`${group.name}: unknown command "${name}"`, hint);
  }
  if (singles.some((entry) => argv.includes(namesOf(entry)[0] as string)))
    return new UsageError(`unexpected word "${name}"`, helpHint(argv));
  const nearest = nearestName(name, [...groups.map((candidate) => candidate.name), ...singles.flatMap(namesOf)]);
  return new UsageError(
    `unknown command "${name}"`,
    nearest === undefined ? 'jackdaw --help lists the commands' : `did you mean ${nearest}?`,
  );
}

/** Every long option of the command in `argv`, and the global ones. */
export async function optionNames(argv: readonly string[]): Promise<string[]> {
  const entry = findEntry(argv);
  const parser = baseParser([]);
  if (entry !== undefined) (await entry.load()).command.build(parser);
  const help = await parser.getHelp();
  return [...new Set([...help.matchAll(/--([a-z][a-z0-9-]*)/g)].map((match) => match[1] as string))];
}

/** The manifest's entry that the words name, if they do. */
export function findEntry(argv: readonly string[]): CommandEntry | undefined {
  const words = yargs([...argv])
    .help(false)
    .version(false)
    .parserConfiguration({ 'parse-positional-numbers': false })
    .parseSync()
    ._.map(String);
  const group = groups.find((candidate) => candidate.name === words[0]);
  if (group !== undefined) return group.commands.find((entry) => namesOf(entry).includes(words[1] ?? ''));
  return singles.find((entry) => namesOf(entry).includes(words[0] ?? ''));
}

export function namesOf(entry: CommandEntry): string[] {
  return [entry.usage.split(' ')[0] as string, ...(entry.aliases ?? [])];
}

function optionWord(word: string): string {
  return word.replace(/^--?(no-)?/, '').replace(/=.*$/s, '');
}

function helpHint(argv: readonly string[]): string {
  const words = argv.filter((word) => !word.startsWith('-'));
  const group = groups.find((candidate) => candidate.name === words[0]);
  const entry = group?.commands.find((candidate) => namesOf(candidate).includes(words[1] ?? ''));
  const path = [group?.name, entry === undefined ? undefined : words[1]].filter((word) => word !== undefined);
  const single = singles.find((candidate) => namesOf(candidate).includes(words[0] ?? ''));
  const command = single === undefined ? path.join(' ') : words[0];
  return command === undefined || command === '' ? 'see jackdaw --help' : `see jackdaw ${command} --help`;
}

/**
 * The words that may follow what has been typed: commands, options, and names of topics and groups from the cluster.
 *
 * A cluster that does not answer at once gives no names; pressing Tab must never hang or print an error.
 */
import type { Cluster, listGroups, listTopics } from '@jackdaw/client';
import type { CommandEntry } from '../command.ts';
import { groups, singles } from '../manifest.ts';
import { outputFormats } from '../output/output.ts';
import { connectionSettings } from '../settings.ts';
import { shells } from './scripts.ts';
import { findEntry, namesOf, optionNames } from '../usage-errors.ts';

/** Longest wait for the cluster. */
const timeoutMs = 1500;
/** Names offered at most. */
const maxNames = 1000;

/** Prints one candidate a line. The last of `words` is the one being typed, perhaps ''. */
export async function printCompletions(words: readonly string[]): Promise<number> {
  const candidates = await completionsFor(words).catch(() => []);
  if (candidates.length > 0) process.stdout.write(`${candidates.join('\n')}\n`);
  return 0;
}

export async function completionsFor(words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const fitting = (list: readonly string[]): string[] => list.filter((one) => one.startsWith(typed)).slice(0, maxNames);
  const previous = before.at(-1) ?? '';
  if (previous === '-o' || previous === '--output') return fitting(outputFormats);
  if (previous === '--topic' || previous === '-t') return fitting(await topicNames(before));
  if (previous === '--group' || previous === '-g') return fitting(await groupNames(before));
  if (typed.startsWith('-')) return fitting((await optionNames(before)).map((name) => `--${name}`));
  const plain = before.filter((word) => !word.startsWith('-'));
  const group = groups.find((candidate) => candidate.name === plain[0]);
  const entry = findEntry(before);
  if (entry !== undefined) return fitting(await argumentNames(entry, before));
  if (group !== undefined) return fitting(group.commands.flatMap(namesOf));
  return plain.length > 0 ? [] : fitting([...groups.map((candidate) => candidate.name), ...singles.flatMap(namesOf)]);
}

/** Names for the positionals that the usage line shows. */
async function argumentNames(entry: CommandEntry, words: readonly string[]): Promise<string[]> {
  if (/[<[]topics?\b/.test(entry.usage)) return entry.usage.startsWith('create') ? [] : topicNames(words);
  if (/[<[]groups?\b/.test(entry.usage)) return groupNames(words);
  return entry.usage.includes('[shell]') ? [...shells] : [];
}

async function topicNames(words: readonly string[]): Promise<string[]> {
  return withCluster(words, async (client, cluster) =>
    (await client.listTopics(cluster)).filter((topic) => !topic.isInternal).map((topic) => topic.name),
  );
}

async function groupNames(words: readonly string[]): Promise<string[]> {
  return withCluster(words, async (client, cluster) => (await client.listGroups(cluster)).map((group) => group.groupId));
}

interface ClientPackage {
  readonly listTopics: typeof listTopics;
  readonly listGroups: typeof listGroups;
}

async function withCluster(
  words: readonly string[],
  read: (client: ClientPackage, cluster: Cluster) => Promise<string[]>,
): Promise<string[]> {
  const client = await import('@jackdaw/client');
  const bootstrap = valueAfter(words, ['-b', '--bootstrap-server']);
  const settings = connectionSettings(
    {
      'bootstrap-server': bootstrap,
      profile: valueAfter(words, ['--profile']),
      'command-config': valueAfter(words, ['--command-config']),
      'command-property': undefined,
    },
    process.env,
  );
  const cluster = await client.Cluster.connect({
    ...settings.client,
    connectTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
    deadlineMs: timeoutMs,
  });
  try {
    return await read(client, cluster);
  } finally {
    await cluster.close();
  }
}

function valueAfter(words: readonly string[], names: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => names.includes(word));
  if (at >= 0) return words[at + 1];
  const joined = words.findLast((word) => names.some((name) => word.startsWith(`${name}=`)));
  return joined?.slice(joined.indexOf('=') + 1);
}

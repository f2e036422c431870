/**
 * `jackdaw topic config get|set|unset TOPIC …`: configs key by key, with where each value comes from.
 */
import { alterConfigs, describeConfigs, type ConfigChange } from '@jackdaw/client';
import { defineCommand, type Context } from '../../command.ts';
import { UsageError, type ExitCode } from '../../failure.ts';
import { flag } from '../../input/options.ts';
import { parsePairs } from '../../input/quantities.ts';
import { nearestName } from '../../input/suggest.ts';
import { printOutcomes } from '../../outcomes.ts';

const actions = ['get', 'set', 'unset'] as const;

export const command = defineCommand({
  build: (yargs) =>
    yargs
      .positional('action', { type: 'string', demandOption: true, describe: 'get, set or unset' })
      .positional('topic', { type: 'string', demandOption: true, describe: 'Name' })
      .positional('entries', { type: 'string', array: true, describe: 'Keys, or for set key=value' })
      .option('all', { ...flag('With get: defaults too'), alias: 'a' }),
  run: async (args, context) => {
    const entries = args.entries ?? [];
    const action = actions.find((candidate) => candidate === args.action);
    if (action === undefined) {
      const nearest = nearestName(args.action, actions);
      throw new UsageError(
        `unknown action "${args.action}"`,
        nearest === undefined ? 'one of get, set, unset' : `did you mean ${nearest}?`,
      );
    }
    if (action === 'get') return getConfigs(context, args.topic, { keys: entries, withDefaults: args.all });
    if (entries.length === 0) throw new UsageError(`which config? ${action} needs ${action === 'set' ? 'key=value' : 'keys'}`);
    const changes: ConfigChange[] =
      action === 'set'
        ? [...parsePairs(entries, 'set')].map(([key, value]) => ({ key, operation: 'set', value }))
        : entries.map((key) => ({ key, operation: 'delete', value: null }));
    const outcome = await alterConfigs(await context.connect(), { type: 'topic', name: args.topic }, changes);
    return printOutcomes(context.out, [outcome], {
      done: 'altered',
      kafkaDone: (name) => `Completed updating config for topic ${name}.`,
      kafkaFailed: (_name, message) => `Error while executing config command with args : ${message}`,
    });
  },
});

async function getConfigs(
  context: Context,
  topic: string,
  show: { keys: readonly string[]; withDefaults: boolean },
): Promise<ExitCode | void> {
  const keys = show.keys.length > 0 ? { keys: show.keys } : {};
  const [described] = await describeConfigs(await context.connect(), [{ type: 'topic', name: topic }], {
    withSynonyms: true,
    ...keys,
  });
  if (described?.error !== undefined) throw described.error;
  const entries = (described?.entries ?? []).filter((entry) => show.withDefaults || show.keys.length > 0 || !entry.isDefault);
  await context.out.listing({
    rows: entries,
    columns: [
      { header: 'KEY', value: (entry) => entry.name },
      { header: 'VALUE', value: (entry) => (entry.isSensitive ? '(secret)' : entry.value) },
      { header: 'SOURCE', value: (entry) => entry.source },
      { header: 'READ ONLY', value: (entry) => entry.isReadOnly, wide: true },
      {
        header: 'SYNONYMS',
        value: (entry) => entry.synonyms.map((one) => `${one.source}:${one.name}=${one.value ?? 'null'}`).join(' '),
        wide: true,
      },
    ],
    name: (entry) => entry.name,
    kafka: () => [
      `${show.withDefaults ? 'All' : 'Dynamic'} configs for topic ${topic} are:`,
      ...entries.map(
        (entry) =>
          `  ${entry.name}=${entry.value ?? 'null'} sensitive=${entry.isSensitive} synonyms={${kafkaSynonyms(entry.synonyms)}}`,
      ),
    ],
    whenEmpty: 'nothing is set on this topic; --all shows the defaults',
  });
}

const sourceNames: ReadonlyMap<string, string> = new Map([
  ['topic', 'DYNAMIC_TOPIC_CONFIG'],
  ['dynamic-broker', 'DYNAMIC_BROKER_CONFIG'],
  ['dynamic-default', 'DYNAMIC_DEFAULT_BROKER_CONFIG'],
  ['static', 'STATIC_BROKER_CONFIG'],
  ['default', 'DEFAULT_CONFIG'],
]);

function kafkaSynonyms(
  synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: string }[],
): string {
  return synonyms.map((one) => `${sourceNames.get(one.source) ?? 'UNKNOWN'}:${one.name}=${one.value ?? 'null'}`).join(', ');
}

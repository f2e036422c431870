/**
 * The way in: decides in a few lines what is asked for, and loads no more than that needs.
 *
 * `jackdaw`, `--help` and `version` are answered from the manifest alone, without the option parser. Everything else goes
 * through `run.ts`. The result is the process's exit code; nothing here or below calls process.exit.
 */
import { groups, singles } from './manifest.ts';
import { readVersion } from './version.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const first = argv[0];
  if (first === undefined || (argv.length === 1 && ['--help', '-h', 'help'].includes(first))) {
    process.stdout.write(`${rootHelp()}\n`);
    return first === undefined ? 2 : 0;
  }
  if (argv.length === 1 && ['--version', '-V', 'version'].includes(first)) {
    process.stdout.write(`jackdaw ${readVersion()}\n`);
    return 0;
  }
  if (first === '--get-completions') {
    const { printCompletions } = await import('./completion/candidates.ts');
    return printCompletions(argv.slice(1));
  }
  const { run } = await import('./run.ts');
  return run(argv);
}

function rootHelp(): string {
  const rows = [
    ...groups.map((group) => [
      `${group.name} …`,
      `${group.describe}: ${group.commands.map((one) => wordOf(one.usage)).join(', ')}`,
    ]),
    ...singles.map((single) => [wordOf(single.usage), single.describe]),
  ] as [string, string][];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    'jackdaw: a Kafka-protocol broker, and the tool for it and for any Kafka cluster',
    '',
    'usage: jackdaw <command> [options]',
    '',
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    '',
    'Everywhere: -b host:port,…  -o table|wide|json|ndjson|yaml|kafka|name  --timeout 30s  --help',
    'Begin with: jackdaw dev up -n 3',
  ].join('\n');
}

function wordOf(usage: string): string {
  return usage.split(' ')[0] as string;
}

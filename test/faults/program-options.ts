/**
 * The command line of the fault programs: `--name value` pairs with defaults, and `--set key=value` for the brokers.
 */
import { parseArgs } from 'node:util';

export interface ProgramOptions {
  readonly text: (name: string) => string;
  readonly count: (name: string) => number;
  readonly seed: number;
  readonly settings: readonly string[];
}

/** Options that are not in `defaults` (but for `seed` and `set`) are refused. */
export function readOptions(defaults: Readonly<Record<string, string>>): ProgramOptions {
  const named = Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }] as const);
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(named),
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  const byName = new Map(Object.entries(values));
  const text = (name: string): string => String(byName.get(name));
  const count = (name: string): number => {
    const number = Number(text(name));
    if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`--${name} ${text(name)}: it must be a whole number`);
    return number;
  };
  const settings = byName.get('set');
  return { text, count, seed: count('seed'), settings: Array.isArray(settings) ? settings.map(String) : [] };
}

/**
 * The arguments of the simulator's program, as one of the things that it can do.
 *
 * A mistake is a value with a sentence, not an exception: the program prints it and ends with 2.
 */
import { parseArgs } from 'node:util';

/** Where the plan of a run comes from. */
export type PlanSource = { readonly seed: number } | { readonly file: string };

export interface SingleCommand {
  readonly kind: 'single';
  readonly source: PlanSource;
  readonly isTraced: boolean;
}

export interface MinimiseCommand {
  readonly kind: 'minimise';
  readonly source: PlanSource;
  /** Where the short plan is written. */
  readonly save: string | null;
  readonly maxRuns: number;
}

export interface BatchCommand {
  readonly kind: 'batch';
  readonly seeds: number;
  readonly firstSeed: number;
  readonly jobs: number;
  readonly stopsAtFailure: boolean;
  readonly isQuiet: boolean;
  readonly json: string | null;
  /** One seed in so many runs twice; 0: none. */
  readonly checkDeterminism: number;
  /** A seed that computes longer counts as hung. */
  readonly seedTimeoutMs: number;
}

export type Command =
  | SingleCommand
  | MinimiseCommand
  | BatchCommand
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly complaint: string };

export const usage = `Usage: npm run sim -- OPTIONS

One run:
  --seed N                 run seed N twice and compare the trace hashes
  --plan FILE              the same with a saved plan
  --trace                  tell the story: virtual ms, who, what
  --minimise               shorten a failing run as long as the same check fails
  --save FILE              with --minimise: write the short plan as JSON
  --max-runs N             with --minimise: give up shortening after N runs (default 400)

Many runs:
  --seeds N                run N seeds on all cores
  --first-seed S           begin with seed S (default 1)
  --jobs N                 processes (default: one for each core)
  --until-failure          stop at the first failure
  --check-determinism N    run one seed in N twice, 0 for none (default 20)
  --seed-timeout SECONDS   time of the processor after which a seed has hung (default 60)
  --json FILE              write everything that was found
  --quiet                  no progress`;

const optionsOfProgram = {
  help: { type: 'boolean', default: false },
  seed: { type: 'string' },
  plan: { type: 'string' },
  trace: { type: 'boolean', default: false },
  minimise: { type: 'boolean', default: false },
  save: { type: 'string' },
  'max-runs': { type: 'string', default: '400' },
  seeds: { type: 'string' },
  'first-seed': { type: 'string', default: '1' },
  jobs: { type: 'string' },
  'until-failure': { type: 'boolean', default: false },
  'check-determinism': { type: 'string', default: '20' },
  'seed-timeout': { type: 'string', default: '60' },
  json: { type: 'string' },
  quiet: { type: 'boolean', default: false },
} as const;

class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

/** `cores` is what `--jobs` is without being given. */
export function readCommand(args: readonly string[], cores: number): Command {
  try {
    return commandOf(args, cores);
  } catch (error) {
    return { kind: 'wrong', complaint: error instanceof Error ? error.message : String(error) };
  }
}

function commandOf(args: readonly string[], cores: number): Command {
  const { values } = parseArgs({ args: [...args], options: optionsOfProgram, allowPositionals: false });
  if (values.help) return { kind: 'help' };
  const isBatch = values.seeds !== undefined;
  if ([values.seed, values.plan, values.seeds].filter((value) => value !== undefined).length !== 1) {
    throw new WrongArguments('give one of --seed, --plan and --seeds');
  }
  if (isBatch) {
    if (values.trace || values.minimise) throw new WrongArguments('--trace and --minimise take one --seed or --plan');
    return {
      kind: 'batch',
      seeds: countOf('seeds', values.seeds, 1),
      firstSeed: countOf('first-seed', values['first-seed'], 0),
      jobs: values.jobs === undefined ? cores : countOf('jobs', values.jobs, 1),
      stopsAtFailure: values['until-failure'],
      isQuiet: values.quiet,
      json: values.json ?? null,
      checkDeterminism: countOf('check-determinism', values['check-determinism'], 0),
      seedTimeoutMs: 1_000 * countOf('seed-timeout', values['seed-timeout'], 1),
    };
  }
  const source: PlanSource = values.plan === undefined ? { seed: countOf('seed', values.seed, 0) } : { file: values.plan };
  if (!values.minimise) return { kind: 'single', source, isTraced: values.trace };
  return { kind: 'minimise', source, save: values.save ?? null, maxRuns: countOf('max-runs', values['max-runs'], 1) };
}

function countOf(name: string, text: string | undefined, least: number): number {
  const value = Number(text);
  if (text === undefined || !/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value >= 2 ** 32) {
    throw new WrongArguments(`--${name} takes a whole number from ${least}, not ${text ?? 'nothing'}`);
  }
  return value;
}

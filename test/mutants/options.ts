/**
 * The command line of `npm run mutants`.
 */
import { parseArgs } from 'node:util';

export interface Options {
  /** Names of mutants, or parts of names. */
  readonly only: readonly string[];
  readonly hunter: 'simulator' | 'tests' | 'build';
  readonly seeds: number;
  /** Of the seeds, so many are tried with each mutant. */
  readonly tries: number;
  readonly firstSeed: number;
  readonly baselineSeeds: number;
  /** Mutants at the same time. */
  readonly jobs: number;
  readonly json: string | undefined;
  /** Where the seeds' behaviour without a mutant is kept from one run to the next. */
  readonly baselineFile: string | undefined;
  /** No mutant is begun after so many minutes. */
  readonly minutes: number;
  readonly isListing: boolean;
}

export const usage = `npm run mutants -- [options]
  --only NAME,…       these mutants, or those with such a word in their names
  --with simulator    what hunts them; or tests: the unit tests of the packages; or build: nothing, they must compile
  --seeds 2000        so many seeds for each
  --tries N           of them only those N that suit the mutant best
  --first-seed 1
  --baseline 200      seeds that the tree must pass without a mutant
  --baseline-file F   keep there what they did, and use it while the code is the same
  --jobs 2            mutants at the same time
  --json FILE         the outcome; mutants that it has as killed already are not hunted again
  --minutes 1440      begin no mutant after so long; the rest is left for another run with the same --json
  --list              the catalogue, and nothing else`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      with: { type: 'string', default: 'simulator' },
      seeds: { type: 'string', default: '2000' },
      tries: { type: 'string' },
      'first-seed': { type: 'string', default: '1' },
      baseline: { type: 'string', default: '200' },
      jobs: { type: 'string', default: '2' },
      json: { type: 'string' },
      'baseline-file': { type: 'string' },
      minutes: { type: 'string', default: '1440' },
      list: { type: 'boolean', default: false },
    },
  });
  const seeds = wholeNumber('seeds', values.seeds);
  return {
    only: values.only.split(',').filter((name) => name !== ''),
    hunter: hunterOf(values.with),
    seeds,
    tries: values.tries === undefined ? seeds : wholeNumber('tries', values.tries),
    firstSeed: wholeNumber('first-seed', values['first-seed']),
    baselineSeeds: Math.min(seeds, wholeNumber('baseline', values.baseline)),
    jobs: wholeNumber('jobs', values.jobs),
    json: values.json,
    baselineFile: values['baseline-file'],
    minutes: wholeNumber('minutes', values.minutes),
    isListing: values.list,
  };
}

function hunterOf(text: string): Options['hunter'] {
  if (text === 'simulator' || text === 'tests' || text === 'build') return text;
  throw new RangeError(`--with ${text}: it must be simulator, tests or build`);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`--${name} ${text}: it must be a whole number above 0`);
  return number;
}

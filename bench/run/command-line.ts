/**
 * What can be asked of the benchmark on its command line.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { jackdaw, jackdawPageCache } from '../cluster/jackdaw.ts';
import { kafka } from '../cluster/kafka.ts';
import type { Side } from '../cluster/side.ts';
import { rowIds, works, worksFor } from '../rows/table.ts';
import { BenchError } from './bench-error.ts';
import type { Work } from './work.ts';

export const usage = `Jackdaw beside Apache Kafka, on this machine, by the same clients.

  npm run bench -- P1 P2 --peer kafka --rounds 3
  npm run bench -- micro                 hot functions, each against its limit
  npm run bench -- --quick               micro and P1 short, beside the last record of this class of machine; for CI
  npm run bench -- --list                the rows
  npm run bench -- report                writes results.md and the pictures anew from bench/results

ROW…             P1 to P13, load (latency against load), cores (one and two brokers), micro, or the name of a
                 work as --list has it; default: all
--peer kafka     measures Apache Kafka too (needs Java and Maven, fetches its jars once)
--sides A,B      which of Jackdaw's modes: jackdaw (fsync, as it ships), page-cache; default both
--rounds N       each side in turn, so many times; default 3
--scale X        multiplies amounts of work; default 1
--profile [DIR]  saves CPU and heap profiles of each of Jackdaw's brokers, and prints what they spent most on
--out FILE       where the JSON goes; default below tmp/bench
--record         keeps the JSON in bench/results, and writes results.md and the pictures
`;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const outputDirectory = join(root, 'tmp', 'bench');

export interface Request {
  readonly mode: 'run' | 'quick' | 'list' | 'report' | 'help';
  readonly works: readonly Work[];
  readonly hasMicro: boolean;
  readonly sides: readonly Side[];
  readonly rounds: number;
  readonly scale: number;
  readonly profileDirectory: string | undefined;
  readonly out: string;
  readonly isRecorded: boolean;
  readonly command: string;
}

/** Throws BenchError on anything that makes no sense. */
export function readCommandLine(argv: readonly string[]): Request {
  const { values, positionals } = parse(argv);
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-').slice(0, 19);
  const isReport = positionals.length === 1 && positionals[0] === 'report';
  const words = isReport ? [] : positionals;
  const hasMicro = words.includes('micro');
  const chosen = new Set(words.filter((word) => word !== 'micro').flatMap(worksOf));
  const isAll = words.length === 0 && !isReport;
  return {
    mode: values.help ? 'help' : values.list ? 'list' : isReport ? 'report' : values.quick ? 'quick' : 'run',
    works: isAll ? works : works.filter((work) => chosen.has(work)),
    hasMicro: isAll || hasMicro,
    sides: sidesOf(values.sides, values.peer),
    rounds: positive('rounds', values.rounds),
    scale: positive('scale', values.scale),
    profileDirectory: profileDirectoryOf(values.profile, values['profile-dir'], stamp),
    out: values.out ?? join(outputDirectory, `${stamp}.json`),
    isRecorded: values.record,
    command: `npm run bench --${argv.map((word) => ` ${word}`).join('')}`,
  };
}

function parse(argv: readonly string[]) {
  // A directory may follow --profile, or not: parseArgs knows no such option.
  const at = argv.indexOf('--profile');
  const next = at < 0 ? undefined : argv[at + 1];
  const hasPlace = next !== undefined && next.includes('/');
  const args = hasPlace ? argv.toSpliced(at + 1, 1, '--profile-dir', next) : [...argv];
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        peer: { type: 'string' },
        sides: { type: 'string', default: 'jackdaw,page-cache' },
        rounds: { type: 'string', default: '3' },
        scale: { type: 'string', default: '1' },
        profile: { type: 'boolean', default: false },
        'profile-dir': { type: 'string' },
        out: { type: 'string' },
        record: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new BenchError(error instanceof Error ? error.message : String(error), '--help shows what there is', { cause: error });
  }
}

function worksOf(word: string): Work[] {
  const found = worksFor(word);
  if (found.length === 0)
    throw new BenchError(`there is no row "${word}"`, `there are ${rowIds.join(', ')} and micro; --list shows them`);
  return found;
}

function sidesOf(text: string, peer: string | undefined): Side[] {
  const known = [jackdaw, jackdawPageCache];
  const chosen = text.split(',').map((id) => {
    const side = known.find((one) => one.id === id);
    if (side === undefined)
      throw new BenchError(`there is no side "${id}"`, `there are ${known.map((one) => one.id).join(', ')}`);
    return side;
  });
  if (peer === undefined) return chosen;
  if (peer !== kafka.id) throw new BenchError(`there is no peer "${peer}"`, `there is ${kafka.id}`);
  return [...chosen, kafka];
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new BenchError(`--${name} takes a positive number, not "${text}"`);
  return value;
}

function profileDirectoryOf(isOn: boolean, place: string | undefined, stamp: string): string | undefined {
  if (place !== undefined) return place;
  return isOn ? join(outputDirectory, `profiles-${stamp}`) : undefined;
}

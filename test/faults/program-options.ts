/**
 * The command line of `npm run faults`.
 */
import { parseArgs } from 'node:util';
import type { RowOptions } from './row.ts';
import type { SideName } from './sides/side.ts';

export interface ProgramOptions {
  readonly isListing: boolean;
  /** Names of rows or families; all rows without it. */
  readonly only: readonly string[];
  /** Of each row; undefined: what the row says. */
  readonly cycles: number | undefined;
  /** How long a schedule mixes the rows, milliseconds; undefined: one row after the other. */
  readonly scheduleMs: number | undefined;
  readonly settings: readonly string[];
  readonly partitions: number;
  readonly slack: number;
  readonly expectsLoss: boolean;
  readonly keepsFiles: boolean;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
  readonly row: RowOptions;
}

export const usage = `npm run faults -- [options]
  --list               the table of rows, and nothing else
  --only NAME,…        these rows, or families of rows
  --cycles N           so many cycles of each row
  --schedule 60m       mixes the rows for so long: a new subset every 30 s, an action every 5 to 10 s
  --brokers 3          3 to 5
  --seed N             what is done to whom
  --side jackdaw       or kafka: Apache Kafka, fetched by Maven the first time
  --set key=value      a setting of all brokers; may be repeated
  --with name=value    an option of a row; may be repeated
  --partitions 6       of the topic that the load is on
  --slack 1            the limits are multiplied by it
  --expect loss        a run without a broken promise is the failure
  --json FILE          the figures
  --keep               the brokers' files and the history, of runs that pass as well`;

export function readOptions(args: readonly string[]): ProgramOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      cycles: { type: 'string' },
      schedule: { type: 'string' },
      brokers: { type: 'string', default: '3' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      side: { type: 'string', default: 'jackdaw' },
      set: { type: 'string', multiple: true, default: [] },
      with: { type: 'string', multiple: true, default: [] },
      partitions: { type: 'string', default: '6' },
      slack: { type: 'string', default: '1' },
      expect: { type: 'string', default: 'no loss' },
      json: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const named = new Map(values.with.map(splitPair));
  return {
    isListing: values.list,
    only: values.only.split(',').filter((name) => name !== ''),
    cycles: values.cycles === undefined ? undefined : numberOf('cycles', values.cycles, { least: 1 }),
    scheduleMs: values.schedule === undefined ? undefined : durationOf(values.schedule),
    settings: values.set,
    partitions: numberOf('partitions', values.partitions, { least: 1 }),
    slack: Number(values.slack),
    expectsLoss: values.expect === 'loss',
    json: values.json,
    keepsFiles: values.keep,
    row: {
      side: sideOf(values.side),
      brokers: numberOf('brokers', values.brokers, { least: 3, most: 5 }),
      seed: numberOf('seed', values.seed, { least: 0 }),
      text: (name, otherwise) => named.get(name) ?? otherwise,
    },
  };
}

function numberOf(
  name: string,
  text: string,
  { least, most = Number.MAX_SAFE_INTEGER }: { least: number; most?: number },
): number {
  const number = Number(text);
  const isRight = Number.isSafeInteger(number) && number >= least && number <= most;
  if (!isRight) throw new RangeError(`--${name} ${text}: it must be a whole number from ${least} to ${most}`);
  return number;
}

const unitMs = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

function durationOf(text: string): number {
  const [, number, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  const ms = unitMs.get(unit ?? '');
  if (ms === undefined) throw new RangeError(`--schedule ${text}: it must be like 90s, 60m or 8h`);
  return Number(number) * ms;
}

function sideOf(text: string): SideName {
  if (text === 'jackdaw' || text === 'kafka') return text;
  throw new RangeError(`--side ${text}: it must be jackdaw or kafka`);
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new RangeError(`--with ${text}: it must be like name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

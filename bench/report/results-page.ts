/**
 * bench/results.md and the pictures, made anew from the records in bench/results: nothing in them is written by hand but the
 * entries that are Markdown files there.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecords, type BenchRecord } from './bench-record.ts';
import { loadCharts } from './load-charts.ts';
import { figureTable, microTable } from './table.ts';

const benchDirectory = fileURLToPath(new URL('../../../bench/', import.meta.url));
export const resultsDirectory = join(benchDirectory, 'results');

const preamble = [
  '# Benchmark results',
  '',
  'Newest first; written by `npm run bench -- report` from the records in [results](results). Each entry is one run of one',
  'command, the sides in turn on the same machine; figures that contradict an older entry replace nothing. A cell is the',
  "median of the rounds and half their spread; a ratio is Jackdaw's median over Kafka's: above 1 is better for rates, below 1",
  'for times, CPU and memory. [docs/performance.md](../docs/performance.md) says what each row does and how to repeat it.',
  '',
].join('\n');

/** Busier than this, by others, and a machine is not quiet. */
const quietCores = 0.15;

/** Writes results.md, and the pictures when a record has a sweep of loads. Gives the paths. */
export function writeResultsPage(): string[] {
  const records = readRecords(resultsDirectory);
  const page = join(benchDirectory, 'results.md');
  writeFileSync(page, [preamble, ...records.map(entry), ...olderEntries()].join('\n'));
  const withSweep = records.find(({ figures }) => figures.some(({ row }) => row === 'load'));
  return withSweep === undefined ? [page] : [page, ...writeCharts(withSweep)];
}

export function entry(record: BenchRecord): string {
  const { machine } = record;
  const dirty = record.isDirty ? ' with changes' : '';
  const java = machine.java === '' ? '' : `, Java ${machine.java}`;
  const rounds = record.rounds === 0 ? '' : `; ${record.rounds} rounds, scale ${record.scale}`;
  return [
    `## ${record.startedAt.slice(0, 10)}, commit ${record.commit}${dirty}`,
    '',
    `\`${record.command}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}, ` +
      `Node ${machine.node}${java}${rounds}.`,
    ...noise(record),
    ...(record.figures.length === 0 ? [] : measuredFigures(record)),
    ...(record.micro.length === 0 ? [] : ['', microTable(record.micro)]),
    ...record.failures.map(({ side, round, work, message }) => `\nFailed: ${work}, ${side}, round ${round}: ${message}`),
    '',
  ].join('\n');
}

function measuredFigures(record: BenchRecord): string[] {
  const synced = record.sides.map(({ title, syncs }) => `- ${title}: ${syncs}.`);
  return ['', 'On disk when a record is acknowledged:', '', ...synced, '', figureTable(record)];
}

function noise({ otherBusyCores }: BenchRecord): string[] {
  const most = Math.max(0, ...otherBusyCores);
  if (most <= quietCores) return [];
  return [
    `**The machine was not quiet**: others kept up to ${most.toFixed(1)} of its cores busy. Read the ratios, of CPU first.`,
  ];
}

function olderEntries(): string[] {
  if (!existsSync(resultsDirectory)) return [];
  const names = readdirSync(resultsDirectory).filter((name) => name.endsWith('.md'));
  return names
    .toSorted()
    .reverse()
    .map((name) => readFileSync(join(resultsDirectory, name), 'utf8'));
}

function writeCharts(record: BenchRecord): string[] {
  return [...loadCharts(record)].map(([name, svg]) => {
    const path = join(resultsDirectory, `${name}.svg`);
    writeFileSync(path, svg);
    return path;
  });
}

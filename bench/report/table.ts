/**
 * The table of a run, in Markdown: a line for each figure, a column for each side, ratios, goals and whether they are reached.
 */
import type { Goal } from '../run/work.ts';
import type { BenchRecord, MeasuredFigure, MicroResult, SideInfo } from './bench-record.ts';
import { median, spread, summarise } from './statistics.ts';

export function figureTable(record: BenchRecord): string {
  const ours = record.sides.filter(({ isPeer }) => !isPeer);
  const peer = record.sides.find(({ isPeer }) => isPeer);
  const ratioHeads = peer === undefined ? [] : ours.map(({ title }) => `${title} ÷ ${peer.title}`);
  const head = ['row', 'figure', 'unit', ...record.sides.map(({ title }) => title), ...ratioHeads, 'goal', 'reached'];
  const lines = record.figures
    .toSorted((a, b) => rowNumber(a) - rowNumber(b))
    .filter(({ values }) => Object.values(values).some((some) => some.length > 0))
    .map((figure) => [
      figure.row,
      figure.label,
      figure.unit,
      ...record.sides.map(({ id }) => cell(figure.values[id] ?? [])),
      ...(peer === undefined ? [] : ours.map((side) => ratioCell(ratio(figure, side, peer)))),
      goalText(figure),
      verdicts(figure, ours, peer),
    ]);
  return markdown([head, ...lines]);
}

/** P2 before P11, what has no number last. */
function rowNumber({ row }: MeasuredFigure): number {
  return row.startsWith('P') ? Number(row.slice(1)) : Number.MAX_SAFE_INTEGER;
}

export function microTable(results: readonly MicroResult[]): string {
  const head = ['function', 'ns', 'MB/s', 'limit, ns', '× limit', 'the limit is'];
  const lines = results.map(({ name, nanoseconds, limitNanoseconds, limit, bytes }) => [
    name,
    short(nanoseconds),
    bytes === 0 ? '' : short((bytes * 1000) / nanoseconds),
    short(limitNanoseconds),
    short(nanoseconds / limitNanoseconds),
    limit,
  ]);
  return markdown([head, ...lines]);
}

/** Of medians; undefined where one of them is missing. */
export function ratio(figure: MeasuredFigure, side: SideInfo, peer: SideInfo): number | undefined {
  const own = figure.values[side.id] ?? [];
  const theirs = figure.values[peer.id] ?? [];
  if (own.length === 0 || theirs.length === 0) return undefined;
  return median(own) / median(theirs);
}

/** Whether the side reaches what the figure is meant to reach; undefined where nothing is meant or known. */
export function isReached(figure: MeasuredFigure, side: SideInfo, peer: SideInfo | undefined): boolean | undefined {
  const own = figure.values[side.id] ?? [];
  if (figure.goal === undefined || figure.better === 'neither' || own.length === 0) return undefined;
  const isAsGood = (is: number, wanted: number): boolean => (figure.better === 'more' ? is >= wanted : is <= wanted);
  const wantedRatio = ratioGoal(figure.goal, side);
  const reachedRatio = peer === undefined ? undefined : ratio(figure, side, peer);
  const answers: boolean[] = [];
  if (figure.goal.value !== undefined) answers.push(isAsGood(median(own), figure.goal.value));
  if (wantedRatio !== undefined && reachedRatio !== undefined) answers.push(isAsGood(reachedRatio, wantedRatio));
  return answers.length === 0 ? undefined : answers.every(Boolean);
}

function ratioGoal(goal: Goal, side: SideInfo): number | undefined {
  return side.id === 'page-cache' ? (goal.pageCacheRatio ?? goal.ratio) : goal.ratio;
}

function verdicts(figure: MeasuredFigure, ours: readonly SideInfo[], peer: SideInfo | undefined): string {
  const answers = ours.map((side) => isReached(figure, side, peer));
  if (answers.every((answer) => answer === undefined)) return '';
  return answers.map((answer) => (answer === undefined ? '–' : answer ? 'yes' : 'no')).join(', ');
}

function goalText({ goal, better }: MeasuredFigure): string {
  if (goal === undefined) return '';
  const sign = better === 'more' ? '≥' : '≤';
  const parts: string[] = [];
  if (goal.ratio !== undefined) parts.push(`${sign} ${goal.ratio} ×`);
  if (goal.pageCacheRatio !== undefined) parts.push(`page cache ${sign} ${goal.pageCacheRatio} ×`);
  if (goal.value !== undefined) parts.push(`${sign} ${goal.value}`);
  return parts.join('; ');
}

/** The median, and behind it how far the rounds lie apart. */
function cell(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const summary = summarise(values);
  if (summary.count === 1) return short(summary.median);
  return `${short(summary.median)} ± ${Math.round(spread(summary) * 50)} %`;
}

function ratioCell(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(2);
}

/** Three digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 10) return value.toFixed(1);
  return size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string => `| ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [head = [], ...rest] = rows;
  return [line(head), rule, ...rest.map(line)].join('\n');
}

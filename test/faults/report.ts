/**
 * The outcomes of a run as a table for people, and as JSON.
 */
import type { FaultRow, Limit, RowOptions } from './row.ts';
import { formatFigure, statisticOf, type RowOutcome } from './run-row.ts';

const statistics: readonly Limit['of'][] = ['p50', 'p99', 'max'];
/** Figures that every row has; the others follow. */
const usualFigures: readonly string[] = ['gapMs', 'fullMs', 'failed'];

/** Names, and what they stand for. */
export function listOf(rows: readonly FaultRow[]): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.flatMap(({ name, family, fault, expected, statements, cycles }) => [
    `${name.padEnd(width)}  ${family}, ${cycles} cycles, ${statements.join(' ')}`,
    `${' '.repeat(width)}  ${fault} → ${expected}`,
  ]);
}

export function tableOf(outcomes: readonly RowOutcome[]): string[] {
  const lines = outcomes.map((outcome) => [outcome.row.name, String(outcome.cycles), outcome.verdict, ...columnsOf(outcome)]);
  const head = ['row', 'cycles', 'verdict', 'acked', 'lost', 'dup', 'moved', 'reord', 'gap p50', 'p99', 'max', 'other figures'];
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => (line[i] ?? '').length)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [format(head), ...lines.map(format), ...outcomes.map(({ row }) => `${row.name}: expected: ${row.expected}`)];
}

/** What automake and our scripts take for "nothing was tested". */
const skippedCode = 77;

/** The last line of a run, and what the program exits with. */
export function verdictOf(outcomes: readonly Pick<RowOutcome, 'row' | 'verdict'>[]): { verdict: string; exitCode: number } {
  const namesOf = (verdict: RowOutcome['verdict']): string[] =>
    outcomes.filter((outcome) => outcome.verdict === verdict).map(({ row }) => row.name);
  const failed = namesOf('FAILED');
  const skipped = namesOf('SKIPPED');
  const besides = skipped.length === 0 ? '' : `; SKIPPED: ${skipped.join(', ')}`;
  if (failed.length > 0) return { verdict: `FAILED: ${failed.join(', ')}${besides}`, exitCode: 1 };
  if (skipped.length === outcomes.length) return { verdict: `nothing was tested${besides}`, exitCode: skippedCode };
  const broken = namesOf('broken');
  if (broken.length > 0) return { verdict: `broken, as expected: ${broken.join(', ')}${besides}`, exitCode: 0 };
  return { verdict: `every promise kept${besides}`, exitCode: 0 };
}

function columnsOf({ counts, figures, broken }: RowOutcome): string[] {
  if (counts === undefined) return [];
  const gaps = figures.get('gapMs') ?? [];
  const others = [...figures].filter(([name]) => !usualFigures.includes(name));
  const more = others.map(
    ([name, values]) => `${formatFigure(name, statisticOf(values, 'p50'))} (max ${statisticOf(values, 'max').toFixed(0)})`,
  );
  const failed = statisticOf(figures.get('failed') ?? [0], 'max');
  return [
    String(counts.acknowledged),
    ...(['lost', 'duplicated', 'moved', 'reordered'] as const).map((name) => String(broken?.[name] ?? 0)),
    ...statistics.map((of) => (gaps.length === 0 ? '' : `${(statisticOf(gaps, of) / 1000).toFixed(2)} s`)),
    [`failed sends ≤ ${failed}`, ...more].join(', '),
  ];
}

export function asJson(outcomes: readonly RowOutcome[], { side, brokers, seed }: RowOptions): string {
  const rows = outcomes.map(({ row, verdict, complaints, cycles, counts, broken, figures }) => ({
    name: row.name,
    family: row.family,
    expected: row.expected,
    verdict,
    complaints,
    cycles,
    counts,
    broken,
    figures: Object.fromEntries([...figures].map(([name, values]) => [name, summaryOf(values)])),
  }));
  return `${JSON.stringify({ side, brokers, seed, rows }, undefined, 2)}\n`;
}

function summaryOf(values: readonly number[]) {
  return { ...Object.fromEntries(statistics.map((of) => [of, statisticOf(values, of)])), values };
}

/**
 * Compares a run with the last one that was recorded on a machine of the same class: said, never judged, since a machine that
 * others use moves by a third from run to run.
 */
import type { BenchRecord } from '../report/bench-record.ts';
import { median } from '../report/statistics.ts';
import { short } from '../report/table.ts';

export function comparisonWithLast(record: BenchRecord, recorded: readonly BenchRecord[]): string {
  const sameClass = recorded.filter(({ machine }) => machine.class === record.machine.class);
  if (sameClass.length === 0) return `No run is recorded of this class of machine (${record.machine.class}).`;
  const lines = [...figureRatios(record, sameClass), ...microRatios(record, sameClass)];
  if (lines.length === 0) return 'No run that is recorded of this class of machine has these figures.';
  return ['Against the last record of this class of machine:', ...lines].join('\n');
}

function figureRatios(record: BenchRecord, recorded: readonly BenchRecord[]): string[] {
  return record.figures.flatMap((figure) =>
    record.sides.flatMap(({ id, title }) => {
      const now = figure.values[id] ?? [];
      const last = recorded.find(({ figures }) => (valuesOf(figures, figure.key)?.[id] ?? []).length > 0);
      const then = valuesOf(last?.figures ?? [], figure.key)?.[id] ?? [];
      if (last === undefined || now.length === 0 || figure.better === 'neither') return [];
      const { label, unit } = figure;
      return [ratioLine(`${label}, ${title}`, { now: median(now), before: median(then), unit, last })];
    }),
  );
}

function valuesOf(figures: BenchRecord['figures'], key: string): BenchRecord['figures'][number]['values'] | undefined {
  return figures.find((figure) => figure.key === key)?.values;
}

function microRatios(record: BenchRecord, recorded: readonly BenchRecord[]): string[] {
  return record.micro.flatMap(({ name, nanoseconds }) => {
    const last = recorded.find(({ micro }) => micro.some((one) => one.name === name));
    const then = last?.micro.find((one) => one.name === name);
    if (last === undefined || then === undefined) return [];
    return [ratioLine(name, { now: nanoseconds, before: then.nanoseconds, unit: 'ns', last })];
  });
}

function ratioLine(what: string, of: { now: number; before: number; unit: string; last: BenchRecord }): string {
  const ratio = (of.now / of.before).toFixed(2);
  const { commit, startedAt } = of.last;
  return `  ${what}: ${ratio} × (${short(of.now)} ${of.unit}, was ${short(of.before)} at ${commit}, ${startedAt.slice(0, 10)})`;
}

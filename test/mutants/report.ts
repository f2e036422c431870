/**
 * The outcome of a run, as lines while it goes on, as a table at its end, and as JSON.
 */
import type { Verdict } from './hunt.ts';
import type { Mutant } from './mutant.ts';

/** What is known of a mutant from another run. */
export type Known = ReadonlyMap<string, Pick<Outcome, 'verdict' | 'seconds'>>;

export interface Outcome {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  readonly seconds: number;
}

export function lineOf({ mutant, verdict, seconds }: Outcome): string {
  return `${verdict.kind.padEnd(7)} ${mutant.name.padEnd(38)} ${seconds.toFixed(1).padStart(7)} s  ${foundBy(verdict)}`;
}

function foundBy(verdict: Verdict): string {
  if (verdict.kind === 'alive')
    return verdict.tried === undefined
      ? ''
      : `${verdict.tried} seeds; ${verdict.diverged} of ${verdict.compared} with a control differ`;
  if (verdict.kind === 'broken') return verdict.detail;
  return verdict.seed === null ? verdict.by : `${verdict.by}, seed ${verdict.seed}, after ${verdict.tried ?? 1}`;
}

/** A row of a Markdown table for each mutant. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ mutant, verdict, seconds }) => {
    const seed = verdict.kind === 'killed' && verdict.seed !== null ? String(verdict.seed) : '';
    const by = verdict.kind === 'killed' ? verdict.by : verdict.kind;
    return `| ${mutant.name} | ${mutant.breaks.join(', ')} | ${by.replaceAll('|', '/')} | ${seed} | ${seconds.toFixed(1)} |`;
  });
  return ['| mutant | breaks | killed by | seed | seconds |', '|---|---|---|---|---|', ...rows].join('\n');
}

export function summaryOf(outcomes: readonly Outcome[]): string {
  const count = (kind: Verdict['kind']): number => outcomes.filter(({ verdict }) => verdict.kind === kind).length;
  return `${outcomes.length} mutants: ${count('killed')} killed, ${count('alive')} alive, ${count('broken')} broken`;
}

/** The kills in what {@link jsonOf} has written. */
export function killsIn(json: string): Known {
  const { mutants } = JSON.parse(json) as { mutants: ({ name: string } & Pick<Outcome, 'verdict' | 'seconds'>)[] };
  return new Map(mutants.filter(({ verdict }) => verdict.kind === 'killed').map((mutant) => [mutant.name, mutant]));
}

export function jsonOf(outcomes: readonly Outcome[]): string {
  const mutants = outcomes.map(({ mutant: { name, bug, seen, breaks }, verdict, seconds }) => {
    return { name, bug, seen, breaks, verdict, seconds: Math.round(seconds * 10) / 10 };
  });
  return `${JSON.stringify({ mutants }, null, 2)}\n`;
}

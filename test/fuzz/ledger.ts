/**
 * What has been fuzzed so far: a line of JSON for each run of a target, appended by `--record`, and the table that
 * docs/internals/fuzzing.md has of them, printed by `--ledger`.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadCorpus } from './engine/corpus.ts';
import { loadRegressions } from './regressions.ts';
import { targets } from './targets/table.ts';

const path = fileURLToPath(new URL('../../../test/fuzz/ledger.jsonl', import.meta.url));

export interface Run {
  readonly target: string;
  readonly executions: number;
  readonly seconds: number;
  /** Branches taken at the run's end. */
  readonly branches: number;
  readonly findings: number;
  readonly seed: number;
  /** Of the code that ran. */
  readonly commit: string;
}

export function record(run: Omit<Run, 'commit'>): void {
  appendFileSync(path, `${JSON.stringify({ ...run, seconds: Math.round(run.seconds), commit: headCommit() })}\n`);
}

function headCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

function runs(): Run[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Run);
}

/** A Markdown table: one row for each target and one for all. */
export function ledgerTable(): string {
  const all = runs();
  const regressions = loadRegressions();
  const rows = targets.map(({ name }) => {
    const own = all.filter(({ target }) => target === name);
    const corpus = loadCorpus(name);
    return {
      name,
      executions: sum(own, (run) => run.executions),
      seconds: sum(own, (run) => run.seconds),
      branches: Math.max(0, ...own.map(({ branches }) => branches)),
      inputs: corpus.length,
      bytes: sum(corpus, (input) => input.length),
      regressions: regressions.filter(({ target }) => target === name).length,
    };
  });
  const lines = rows.map(({ name, executions, seconds, branches, inputs, bytes, regressions: found }) => {
    const rate = thousands(Math.round(executions / Math.max(1, seconds)));
    const cells = [name, thousands(executions), rate, branches, `${inputs} (${kib(bytes)} KiB)`, found];
    return `| ${cells.join(' | ')} |`;
  });
  const executions = sum(rows, (row) => row.executions);
  const inputs = sum(rows, (row) => row.inputs);
  const bytes = sum(rows, (row) => row.bytes);
  const total = `| **all** | **${thousands(executions)}** | | | ${inputs} (${kib(bytes)} KiB) | ${regressions.length} |`;
  const commits = [...new Set(all.map(({ commit }) => commit))];
  return [
    '| target | executions | per second | branches | corpus | regressions |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
    total,
    '',
    `${all.length} runs, ${Math.round(sum(all, (run) => run.seconds) / 60)} minutes of one thread, at ${commits.join(', ')}.`,
  ].join('\n');
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function thousands(number: number): string {
  return number.toLocaleString('en-US');
}

function kib(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}

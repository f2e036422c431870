/**
 * Results of requests about several things: a line for each, and the exit code that sums them up.
 *
 * All done is 0, all failed 1, some of both 4 (partial), so that scripts see a failure that hides between successes.
 */
import type { Outcome } from '@jackdaw/client';
import { describeFailure, exitCodes, failureLines, type ExitCode } from './failure.ts';
import type { Output } from './output/output.ts';

export interface OutcomeTexts {
  /** "created", "deleted" */
  readonly done: string;
  /** Line of `-o kafka` for a success; undefined for none. */
  readonly kafkaDone?: (name: string) => string;
  /** Line of `-o kafka` for a failure. */
  readonly kafkaFailed?: (name: string, message: string) => string;
}

export async function printOutcomes(out: Output, outcomes: readonly Outcome[], texts: OutcomeTexts): Promise<ExitCode> {
  const rows = outcomes.map(({ name, error }) => ({
    name,
    error,
    status: error === undefined ? 'OK' : `${error.codeName}: ${error.message}`,
  }));
  await out.listing({
    rows,
    columns: [
      { header: 'NAME', value: (row) => row.name },
      {
        header: 'STATUS',
        value: (row) => (row.error === undefined ? texts.done : row.status),
        tone: (row) => (row.error === undefined ? 'good' : 'bad'),
      },
    ],
    name: (row) => row.name,
    data: ({ name, error }) => ({
      name,
      ok: error === undefined,
      ...(error === undefined ? {} : { error: error.codeName, message: error.message }),
    }),
    kafka: () => rows.flatMap((row) => kafkaLines(row, texts)),
  });
  for (const row of rows) {
    if (row.error === undefined) continue;
    out.errorLines(failureLines(describeFailure(row.error)));
  }
  return sumUp(outcomes);
}

export function sumUp(outcomes: readonly Outcome[]): ExitCode {
  const failures = outcomes.filter((outcome) => outcome.error !== undefined).length;
  if (failures === 0) return exitCodes.done;
  return failures === outcomes.length ? exitCodes.failed : exitCodes.partial;
}

function kafkaLines(
  row: { readonly name: string; readonly error: { readonly message: string } | undefined },
  texts: OutcomeTexts,
): string[] {
  if (row.error !== undefined) return texts.kafkaFailed === undefined ? [] : [texts.kafkaFailed(row.name, row.error.message)];
  return texts.kafkaDone === undefined ? [] : [texts.kafkaDone(row.name)];
}

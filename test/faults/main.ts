/**
 * Program: breaks real brokers, row by row of the table of faults, or all rows mixed for as long as one likes.
 *
 *   npm run faults -- --only power-cut --cycles 20 --seed 1
 *   npm run faults -- --schedule 60m
 *
 * Prints what it does and a table of what was measured; exits 1 when a promise was broken, a limit passed, or an expectation
 * not met, and 77 when nothing at all could be done on this machine. `--help` lists the options.
 */
import { writeFileSync } from 'node:fs';
import { readOptions, usage, type ProgramOptions } from './program-options.ts';
import { asJson, listOf, tableOf, verdictOf } from './report.ts';
import { runRow, type RowOutcome } from './run-row.ts';
import { runSchedule } from './schedule.ts';
import { kafka } from './sides/kafka.ts';
import { jackdaw } from './sides/jackdaw.ts';
import { chooseRows } from './table.ts';

// Whatever a fault that went wrong still holds must not keep the program from its end.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const options = readOptions(args);
  const rows = chooseRows(options.only);
  if (options.isListing) {
    for (const line of listOf(rows)) console.log(line);
    return 0;
  }
  const { seed, brokers, side } = options.row;
  console.log(`faults: ${rows.length} rows against ${brokers} brokers of ${side}, seed ${seed}`);
  const outcomes = await runRows(options);
  for (const line of tableOf(outcomes)) console.log(line);
  if (options.json !== undefined) writeFileSync(options.json, asJson(outcomes, options.row));
  const { verdict, exitCode } = verdictOf(outcomes);
  console.log(`verdict: ${verdict}`);
  return exitCode;
}

async function runRows(options: ProgramOptions): Promise<RowOutcome[]> {
  const { row: rowOptions, settings, partitions, slack, expectsLoss, keepsFiles } = options;
  const side = rowOptions.side === 'kafka' ? kafka : jackdaw;
  const common = { row: rowOptions, side, settings, partitions, slack, expectsLoss, keepsFiles, print: console.log };
  const rows = chooseRows(options.only);
  if (options.scheduleMs !== undefined) {
    return [printed(await runSchedule(rows, { ...common, cycles: 1, durationMs: options.scheduleMs }))];
  }
  const outcomes: RowOutcome[] = [];
  for (const row of rows) outcomes.push(printed(await runRow(row, { ...common, cycles: options.cycles ?? row.cycles })));
  return outcomes;
}

function printed(outcome: RowOutcome): RowOutcome {
  for (const complaint of outcome.complaints) console.log(`${outcome.row.name}: ${outcome.verdict}: ${complaint}`);
  return outcome;
}

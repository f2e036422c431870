/**
 * The benchmark: rows P1 to P13 of docs/performance.md, each side in turn, by the same clients; a table, and the JSON that
 * it is made from. `npm run bench -- --help` says how it is called.
 */
import { join } from 'node:path';
import { installJava } from '../test/peer/java.ts';
import { MissingProgramError } from '../test/peer/missing-program.ts';
import { runMicros } from './micro/run-micros.ts';
import { readRecords, writeRecord, type BenchRecord } from './report/bench-record.ts';
import { profileSummaries } from './report/profile-summary.ts';
import { entry, resultsDirectory, writeResultsPage } from './report/results-page.ts';
import { rowIds, works, worksFor } from './rows/table.ts';
import { BenchError } from './run/bench-error.ts';
import { readCommandLine, usage, type Request } from './run/command-line.ts';
import { comparisonWithLast } from './run/last-record.ts';
import { Progress } from './run/progress.ts';
import { runRounds } from './run/rounds.ts';
import type { Work } from './run/work.ts';

/** A quarter of P1's records, once: some ten seconds. */
const quickScale = 0.15;

try {
  process.exitCode = await main(readCommandLine(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BenchError || error instanceof MissingProgramError)) throw error;
  console.error(`error: ${error.message}${error.hint === '' ? '' : `\nhint: ${error.hint}`}`);
  process.exitCode = 2;
}

async function main(request: Request): Promise<number> {
  if (request.mode === 'help') console.log(usage);
  else if (request.mode === 'list') console.log(rowList());
  else if (request.mode === 'report') console.log(writeResultsPage().join('\n'));
  else if (request.mode === 'quick') return await quick(request);
  else return await run(request, request.works);
  return 0;
}

async function run(request: Request, chosen: readonly Work[]): Promise<number> {
  const progress = new Progress();
  if (chosen.length > 0) {
    installJava();
    for (const side of request.sides) await side.install();
  }
  const micro = request.hasMicro ? await runMicros(progress) : [];
  const { sides, rounds, scale, profileDirectory, command } = request;
  const record = await runRounds({
    ...{ sides, works: chosen, rounds, scale, profileDirectory, command, micro, progress },
    onProgress: (soFar) => writeRecord(request.out, soFar),
  });
  console.log(entry(record));
  if (profileDirectory !== undefined) console.log(profileSummaries(profileDirectory));
  keep(request, record);
  return record.failures.length === 0 ? 0 : 1;
}

/** For CI: short, without the peer, and nothing of it can fail for being slow. */
async function quick(request: Request): Promise<number> {
  const progress = new Progress();
  const micro = await runMicros(progress);
  const chosen = quickWorks(progress);
  const sides = request.sides.filter(({ id }) => id === 'jackdaw');
  const shape = { sides, works: chosen, rounds: 1, scale: quickScale, profileDirectory: undefined };
  const record = await runRounds({ ...shape, command: request.command, micro, progress, onProgress: () => {} });
  console.log(entry(record));
  console.log(comparisonWithLast(record, readRecords(resultsDirectory)));
  keep(request, record);
  return record.failures.length === 0 ? 0 : 1;
}

function quickWorks(progress: Progress): Work[] {
  try {
    installJava();
    return works.filter(({ name }) => name === 'produce-1kib');
  } catch (error) {
    if (!(error instanceof BenchError || error instanceof MissingProgramError)) throw error;
    progress.line(`SKIPPED: P1: ${error.message}`);
    return [];
  }
}

function keep(request: Request, record: BenchRecord): void {
  writeRecord(request.out, record);
  console.log(`JSON: ${request.out}`);
  if (!request.isRecorded) return;
  const name = `${record.startedAt.slice(0, 16).replace(':', '')}-${record.commit}.json`;
  writeRecord(join(resultsDirectory, name), record);
  console.log(`written: ${[join(resultsDirectory, name), ...writeResultsPage()].join(', ')}`);
}

function rowList(): string {
  return rowIds.map((row) => [`${row}:`, ...worksFor(row).map(({ name, title }) => `  ${name}: ${title}`)].join('\n')).join('\n');
}

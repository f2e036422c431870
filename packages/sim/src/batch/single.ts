/**
 * One seed or one saved plan, run twice: what it does, how it ends, and that it ends the same.
 */
import type { RunResult } from '../run.ts';
import type { SingleCommand } from './command-line.ts';
import { runInTurn } from './in-turn.ts';
import { describePlan, planOf } from './plan-file.ts';
import { failureLine } from './report.ts';

/** Lines of the story that are printed of a failing run when the whole story was not asked for. */
const shownLines = 40;

/** The program's exit code. */
export async function runSingle(command: SingleCommand, print: (line: string) => void): Promise<number> {
  const plan = planOf(command.source);
  for (const line of describePlan(plan)) print(line);
  const begin = process.cpuUsage();
  const first = await runInTurn(plan, command.isTraced ? { story: print } : {});
  const cpu = process.cpuUsage(begin);
  printResult(first, { print, isTraced: command.isTraced });
  print(`cost: ${((cpu.user + cpu.system) / 1_000).toFixed(0)} ms of CPU, code cold`);
  print(`trace hash ${first.hash}`);
  const second = await runInTurn(plan);
  const isSame = second.hash === first.hash;
  print(`trace hash ${second.hash} (again: ${isSame ? 'the same' : 'NOT THE SAME: the run is not deterministic'})`);
  return first.failure === null && isSame ? 0 : 1;
}

function printResult(result: RunResult, options: { print: (line: string) => void; isTraced: boolean }): void {
  const { print, isTraced } = options;
  const { events, virtualMs, counts, failure, sometimes } = result;
  print(`ran ${(virtualMs / 1_000).toFixed(1)} virtual s in ${events} events; ${sometimes.size} rare places reached`);
  if (counts !== null) print(`history: ${JSON.stringify(counts)}`);
  if (failure === null) {
    print('verdict: every check held');
    return;
  }
  if (!isTraced) for (const line of failure.lastLines.slice(-shownLines)) print(line);
  print(failureLine({ seed: result.seed, check: failure.check, detail: failure.detail }));
  for (const line of failure.detail.split('\n').slice(1)) print(`  ${line}`);
}

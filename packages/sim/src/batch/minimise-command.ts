/**
 * `--minimise`: runs a failing plan, shortens it as long as the same check fails, prints what is left and saves it.
 */
import type { RunPlan } from '../cluster/plan.ts';
import type { RunFailure } from '../run.ts';
import type { MinimiseCommand } from './command-line.ts';
import { runInTurn } from './in-turn.ts';
import { minimise } from './minimise.ts';
import { describePlan, planOf, savePlan } from './plan-file.ts';
import { failureLine } from './report.ts';

/** The program's exit code: 1, because the plan fails; 0 when there was nothing to shorten. */
export async function minimiseCommand(command: MinimiseCommand, print: (line: string) => void): Promise<number> {
  const plan = planOf(command.source);
  const failure = await failureOf(plan);
  if (failure === null) {
    print(`seed ${plan.seed}: every check held, there is nothing to shorten`);
    return 0;
  }
  print(failureLine({ seed: plan.seed, ...failure }));
  print(`looking for a shorter plan that fails ${failure.check}: ${sizeOf(plan)}`);
  const short = await minimise(plan, {
    maxRuns: command.maxRuns,
    fails: async (candidate) => (await failureOf(candidate))?.check === failure.check,
    onShorter: (shorter, what) => print(`  ${what}: ${sizeOf(shorter)}`),
  });
  print(`after ${short.runs} runs:`);
  for (const line of describePlan(short.plan)) print(line);
  const left = await failureOf(short.plan);
  if (left !== null) {
    for (const line of left.lastLines) print(line);
    print(failureLine({ seed: plan.seed, ...left }));
    for (const line of left.detail.split('\n').slice(1)) print(`  ${line}`);
  }
  if (command.save !== null) {
    savePlan(command.save, short.plan);
    print(`saved: npm run sim -- --plan ${command.save} --trace`);
  }
  return 1;
}

async function failureOf(plan: RunPlan): Promise<RunFailure | null> {
  return (await runInTurn(plan)).failure;
}

function sizeOf({ faults, chaosMs, workload }: RunPlan): string {
  const clients =
    workload.idempotentSenders + workload.plainSenders + workload.hastySenders + workload.readers + workload.groupMembers;
  return `${faults.length} faults, ${chaosMs} ms, ${clients} clients`;
}

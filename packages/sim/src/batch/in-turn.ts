/**
 * Starts a run where it may start: in a callback of Node's loop, because it runs all promises to their ends by itself.
 */
import type { RunPlan } from '../cluster/plan.ts';
import { runPlan, type RunOptions, type RunResult } from '../run.ts';

/** Runs a plan in a turn of its own. */
export function runInTurn(plan: RunPlan, options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(runPlan(plan, options));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

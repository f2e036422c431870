/**
 * How well a seed's plan suits a mutant: plans are drawn before anything runs, so asking them costs nothing.
 *
 * A need is `fault KIND`, `setting NAME` or `setting NAME=VALUE`, `plan PATH` or `plan PATH=VALUE` (`plan workload.hasTenant`,
 * `plan voters.length=3`). Anything else is the name of a rare place, which only a run can tell.
 */

export interface Plan {
  readonly faults: readonly { readonly kind: string }[];
  readonly settings: Readonly<Record<string, string>>;
  readonly chaosMs: number;
  readonly nodes: readonly unknown[];
  readonly workload: { readonly maxRecords: number };
}

const planNeed = /^(fault|setting|plan) ([^=]+)(?:=(.*))?$/;

export function isAboutPlan(need: string): boolean {
  return planNeed.test(need);
}

/** How many of the needs the plan meets; each further fault of a needed kind counts a little more. */
export function fitOf(plan: Plan, needs: readonly string[]): number {
  return needs.filter(isAboutPlan).reduce((sum, need) => sum + Math.min(1.4, measure(plan, need)), 0);
}

function measure(plan: Plan, need: string): number {
  const [, what, name = '', value] = planNeed.exec(need) ?? [];
  if (what === 'fault') {
    const count = plan.faults.filter(({ kind }) => kind === name).length;
    return count === 0 ? 0 : 0.8 + 0.2 * count;
  }
  const found = what === 'setting' ? plan.settings[name] : valueAt(plan, name.split('.'));
  const isMet = value === undefined ? Boolean(found) : String(found) === value;
  return isMet ? 1 : 0;
}

function valueAt(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** About what a run of it costs: records, and time on as many nodes. */
export function costOf({ chaosMs, nodes, workload }: Plan): number {
  return workload.maxRecords + (chaosMs * nodes.length) / 20;
}

/**
 * Plans as files and as a few lines for people.
 *
 * A plan is plain data, so a file of it is a regression test: it runs the same as long as the format of plans does not
 * change, whatever happens to the way in which plans are drawn from seeds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { drawPlan } from '../cluster/draw-plan.ts';
import type { RunPlan } from '../cluster/plan.ts';
import type { PlanSource } from './command-line.ts';

export function planOf(source: PlanSource): RunPlan {
  return 'seed' in source ? drawPlan(source.seed) : (JSON.parse(readFileSync(source.file, 'utf8')) as RunPlan);
}

export function savePlan(file: string, plan: RunPlan): void {
  writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
}

/** What is there, who uses it, what goes wrong when. */
export function describePlan(plan: RunPlan): string[] {
  const { nodes, voters, topics, workload, faults, knobs } = plan;
  const ids = nodes.map(({ id, startsAtOnce }) => (startsAtOnce ? String(id) : `${id} later`));
  const always = (plan.always ?? []).map((place) => `, always ${place}`).join('');
  const length = `${plan.chaosMs} virtual ms, buggify ${textOf(plan.buggify)}${always}`;
  return [
    `seed ${plan.seed}: nodes ${ids.join(', ')}, voters ${voters.join(', ')}; ${length}`,
    `  topics: ${topics.map(describeTopic).join('; ')}`,
    `  workload: ${fieldsOf(workload)}`,
    `  network: ${fieldsOf(knobs.network)}; rpc: ${fieldsOf(knobs.rpc)}; sockets: ${fieldsOf(knobs.sockets)}`,
    `  disk: ${fieldsOf(knobs.disk)}`,
    `  settings: ${fieldsOf(plan.settings)}`,
    ...(faults.length === 0 ? ['  no faults'] : faults.map((fault) => `  ${describeFault(fault)}`)),
  ];
}

function describeTopic({ name, partitions, replicationFactor, minInsyncReplicas, configs }: RunPlan['topics'][number]): string {
  const extra = Object.keys(configs).length === 0 ? '' : `, ${fieldsOf(configs)}`;
  return `${name} (${partitions} partitions on ${replicationFactor}, min ISR ${minInsyncReplicas}${extra})`;
}

function describeFault({ atMs, kind, target, durationMs, number }: RunPlan['faults'][number]): string {
  return `at ${String(Math.round(atMs)).padStart(6)} ms: ${kind} ${target}, ${Math.round(durationMs)} ms (#${number})`;
}

function fieldsOf(fields: object): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key} ${textOf(value)}`)
    .join(', ');
}

/** Probabilities have more digits than anybody reads. */
function textOf(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(3))) : String(value);
}

/**
 * Shortens a failing plan as long as it fails in the same way: fewer faults, less time, fewer clients, a kinder world.
 *
 * Faults are left out by delta debugging (Zeller's ddmin): by halves first, then by ever smaller parts. Every other step
 * is a list of simpler plans, tried from the boldest; a step that works is tried again. Targets of faults are picked from
 * each action's own number, so that leaving one out does not move the others.
 */
import type { RunPlan } from '../cluster/plan.ts';
import type { FaultAction } from '../faults/actions.ts';
import { rightClock } from '../world/process.ts';

export interface Minimiser {
  /** Whether the plan still fails in the way that is looked for. */
  readonly fails: (plan: RunPlan) => Promise<boolean>;
  /** Runs that may be spent. */
  readonly maxRuns: number;
  /** Told after each plan that is shorter and still fails. */
  readonly onShorter?: (plan: RunPlan, what: string) => void;
}

export interface Minimised {
  readonly plan: RunPlan;
  readonly runs: number;
}

/** Chaos that is not worth shortening further, virtual ms. */
const leastChaosMs = 50;

/** The plan must fail; the result does, too. */
export async function minimise(plan: RunPlan, minimiser: Minimiser): Promise<Minimised> {
  const search = new Search(plan, minimiser);
  for (let before: RunPlan | null = null; before !== search.plan && !search.isSpent;) {
    before = search.plan;
    await shortenFaults(search);
    for (const [what, simplerPlans] of steps) await shorten(search, { what, simplerPlans });
  }
  return { plan: search.plan, runs: search.runs };
}

/** The best plan so far, and what may still be spent. */
class Search {
  plan: RunPlan;
  runs = 0;
  readonly #minimiser: Minimiser;

  constructor(plan: RunPlan, minimiser: Minimiser) {
    this.plan = plan;
    this.#minimiser = minimiser;
  }

  get isSpent(): boolean {
    return this.runs >= this.#minimiser.maxRuns;
  }

  /** Whether the candidate fails, too; then it is the best so far. */
  async try(candidate: RunPlan, what: string): Promise<boolean> {
    if (this.isSpent) return false;
    this.runs++;
    if (!(await this.#minimiser.fails(candidate))) return false;
    this.plan = candidate;
    this.#minimiser.onShorter?.(candidate, what);
    return true;
  }
}

/** ddmin over the list of faults: the result fails, and not without any single one of them (unless runs were spent). */
async function shortenFaults(search: Search): Promise<void> {
  if (search.plan.faults.length === 0) return;
  if (await search.try({ ...search.plan, faults: [] }, 'without faults')) return;
  for (let parts = 2; search.plan.faults.length > 1 && !search.isSpent;) {
    const { faults } = search.plan;
    parts = Math.min(parts, faults.length);
    if (await shortenByParts(search, parts)) parts = Math.max(2, parts - 1);
    else if (parts === faults.length) return;
    else parts *= 2;
  }
}

/** Tries to keep one part alone, then to leave one part out. */
async function shortenByParts(search: Search, parts: number): Promise<boolean> {
  const { faults } = search.plan;
  const bounds = Array.from({ length: parts + 1 }, (_, part) => Math.floor((part * faults.length) / parts));
  const isIn = (part: number) => (_: FaultAction, index: number) =>
    index >= (bounds[part] as number) && index < (bounds[part + 1] as number);
  if (parts > 1) {
    for (let part = 0; part < parts; part++) {
      const kept = faults.filter(isIn(part));
      if (await search.try({ ...search.plan, faults: kept }, `${kept.length} faults`)) return true;
    }
  }
  if (parts === 2) return false;
  for (let part = 0; part < parts; part++) {
    const kept = faults.filter((fault, index) => !isIn(part)(fault, index));
    if (await search.try({ ...search.plan, faults: kept }, `${kept.length} faults`)) return true;
  }
  return false;
}

/** Takes the first simpler plan that still fails, as often as there is one. */
async function shorten(
  search: Search,
  step: { readonly what: string; readonly simplerPlans: (plan: RunPlan) => Iterable<RunPlan> },
): Promise<void> {
  for (let isShorter = true; isShorter && !search.isSpent;) {
    isShorter = false;
    for (const candidate of step.simplerPlans(search.plan)) {
      isShorter = await search.try(candidate, step.what);
      if (isShorter) break;
    }
  }
}

/** What is simplified beside the faults, in this order. Each gives nothing once it has nothing left to simplify. */
const steps: readonly (readonly [string, (plan: RunPlan) => Iterable<RunPlan>])[] = [
  ['less time', lessTime],
  ['fewer clients', fewerClients],
  ['a smaller workload', smallerWorkload],
  ['fewer topics', fewerTopics],
  ['fewer settings', fewerSettings],
  ['a kinder world', kinderWorld],
  ['right clocks', rightClocks],
  ['no buggify', (plan) => (plan.buggify === 0 ? [] : [{ ...plan, buggify: 0 }])],
  ['shorter faults', shorterFaults],
];

function* lessTime(plan: RunPlan): Iterable<RunPlan> {
  const lastFaultMs = plan.faults.reduce((last, { atMs }) => Math.max(last, atMs), 0);
  for (const chaosMs of [plan.chaosMs / 4, plan.chaosMs / 2, (plan.chaosMs * 3) / 4].map(Math.round)) {
    if (chaosMs >= leastChaosMs && chaosMs < plan.chaosMs && chaosMs > lastFaultMs) yield { ...plan, chaosMs };
  }
}

const countedClients = ['groupMembers', 'weakSenders', 'hastySenders', 'plainSenders', 'idempotentSenders', 'readers'] as const;

function* fewerClients(plan: RunPlan): Iterable<RunPlan> {
  const { workload } = plan;
  for (const [name, value] of Object.entries(workload)) {
    if (value === true) yield { ...plan, workload: { ...workload, [name]: false } };
  }
  for (const name of countedClients) {
    const count = workload[name];
    for (const fewer of new Set([0, Math.floor(count / 2), count - 1])) {
      if (fewer >= 0 && fewer < count) yield { ...plan, workload: { ...workload, [name]: fewer } };
    }
  }
}

function* smallerWorkload(plan: RunPlan): Iterable<RunPlan> {
  const { workload } = plan;
  const { maxBurst, maxRecords, pauseMs } = workload;
  if (workload.groupChurnMs > 0) yield { ...plan, workload: { ...workload, groupChurnMs: 0 } };
  if (workload.compression > 0) yield { ...plan, workload: { ...workload, compression: 0 } };
  if (maxBurst > 1) yield { ...plan, workload: { ...workload, maxBurst: Math.ceil(maxBurst / 4) } };
  if (maxRecords > 1) yield { ...plan, workload: { ...workload, maxRecords: Math.ceil(maxRecords / 4) } };
  if (pauseMs < 1_000) yield { ...plan, workload: { ...workload, pauseMs: pauseMs * 4 } };
  if (workload.recordBytes > 20) yield { ...plan, workload: { ...workload, recordBytes: 20 } };
}

/** Without a setting its default holds; a plan that cannot start then fails in another way, and is not taken. */
function* fewerSettings(plan: RunPlan): Iterable<RunPlan> {
  for (const left of Object.keys(plan.settings)) {
    if (neededSettings.has(left)) continue;
    yield { ...plan, settings: Object.fromEntries(Object.entries(plan.settings).filter(([name]) => name !== left)) };
  }
}

const neededSettings: ReadonlySet<string> = new Set(['admin.port', 'log.message.timestamp.after.max.ms']);

function* fewerTopics(plan: RunPlan): Iterable<RunPlan> {
  if (plan.topics.length > 1) {
    for (const left of plan.topics) yield { ...plan, topics: plan.topics.filter((topic) => topic !== left) };
  }
  for (const changed of plan.topics) {
    if (changed.partitions === 1) continue;
    yield { ...plan, topics: plan.topics.map((topic) => (topic === changed ? { ...topic, partitions: 1 } : topic)) };
  }
}

function* kinderWorld(plan: RunPlan): Iterable<RunPlan> {
  const { knobs } = plan;
  for (const part of ['network', 'rpc', 'sockets', 'disk'] as const) {
    for (const [name, value] of Object.entries(knobs[part])) {
      if (value !== 0 && !unkindToLeaveOut.has(name)) {
        yield { ...plan, knobs: { ...knobs, [part]: { ...knobs[part], [name]: 0 } } };
      }
    }
  }
}

/** Knobs that are no trouble: at 0 nothing would take time. */
const unkindToLeaveOut: ReadonlySet<string> = new Set(['meanDelayMs', 'meanSyncMs', 'meanReadMs', 'stallMs', 'stragglerMs']);

function* rightClocks(plan: RunPlan): Iterable<RunPlan> {
  const isWrong = ({ clockFault }: RunPlan['nodes'][number]): boolean =>
    clockFault.rate !== 1 || clockFault.wallOffsetMs !== 0 || clockFault.monotonicStartMs !== 0;
  if (!plan.nodes.some(isWrong)) return;
  yield { ...plan, nodes: plan.nodes.map((node) => ({ ...node, clockFault: { ...rightClock } })) };
}

function* shorterFaults(plan: RunPlan): Iterable<RunPlan> {
  for (const changed of plan.faults) {
    if (changed.durationMs < 100) continue;
    const shorter = { ...changed, durationMs: Math.round(changed.durationMs / 4) };
    yield { ...plan, faults: plan.faults.map((fault) => (fault === changed ? shorter : fault)) };
  }
}

/**
 * Mixes the rows for as long as one likes, as Jepsen's schedules do: every 30 s another random subset of them, every 5 to 10 s an
 * action (a fault begins, or the one of its scope ends), a quarter of the periods quiet, at the end everything healed and
 * everything read.
 *
 * One fault of each scope at a time: brokers, network, files and clients can be in trouble together. A quiet period also
 * asks that the cluster becomes whole, which is measured.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@jackdaw/base';
import type { ClusterOptions } from './cluster.ts';
import { runFaults, steadyLoad, waitForIsrFull, type FaultRun } from './fault-run.ts';
import type { NetworkKind } from './network/network.ts';
import type { FaultRow, PreparedRow, Struck } from './row.ts';
import { whyNot, type RowOutcome, type RunRowOptions } from './run-row.ts';

const periodMs = 30_000;
const actionEveryMs = [5_000, 10_000] as const;
const quietShare = 0.25;
/** Chance of each row to be in a period's subset. */
const rowShare = 0.35;
const networkKinds: readonly NetworkKind[] = ['loopback', 'namespaces', 'links'];
/** Records that a run should have at most: all of its history is kept in memory until it is judged. */
const maxRecords = 400_000;
const leastSenderPauseMs = 20;
/** Records that the senders send in one round, on average. */
const recordsPerRound = 17.5;

interface ScheduledRow {
  readonly row: FaultRow;
  readonly prepared: PreparedRow;
}

interface ActiveFault {
  readonly name: string;
  readonly struck: Struck;
}

export async function runSchedule(
  rows: readonly FaultRow[],
  options: RunRowOptions & { readonly durationMs: number },
): Promise<RowOutcome> {
  const scheduled: ScheduledRow[] = [];
  try {
    for (const row of rows) {
      if (whyNot(row, options) !== undefined) continue;
      const prepared = await row.prepare(options.row);
      if (prepared.scope === undefined) await prepared.tearDown?.();
      else scheduled.push({ row, prepared });
    }
    return await runMixed(scheduled, options);
  } finally {
    for (const { prepared } of scheduled) await prepared.tearDown?.();
  }
}

async function runMixed(
  scheduled: readonly ScheduledRow[],
  options: RunRowOptions & { readonly durationMs: number },
): Promise<RowOutcome> {
  const { row: rowOptions, side, durationMs, partitions, print } = options;
  const { seed, brokers } = rowOptions;
  const cluster = { ...clusterOf(scheduled, options.settings), brokers, side };
  const senderPauseMs = Math.max(leastSenderPauseMs, (durationMs / maxRecords) * recordsPerRound);
  const figures = new Map<string, number[]>();
  let actions = 0;
  print(`schedule of ${scheduled.map(({ row }) => row.name).join(', ')}`);
  const judgement = await runFaults({ seed, cluster, partitions, senderPauseMs, keepsFiles: options.keepsFiles }, async (run) => {
    const mixer = new Mixer(run, new Prng(seed), print);
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      const wholeMs = await mixer.period(scheduled);
      if (wholeMs !== undefined) figures.set('wholeMs', [...(figures.get('wholeMs') ?? []), wholeMs]);
    }
    await mixer.healAll();
    actions = mixer.actions;
  });
  const { complaints, counts, broken } = judgement;
  const verdict = complaints.length === 0 ? 'kept' : 'FAILED';
  return { row: scheduleRow, verdict, complaints, cycles: actions, figures, counts, broken };
}

const scheduleRow: FaultRow = {
  name: 'schedule',
  family: 'process',
  fault: 'all rows mixed',
  expected: 'nothing acknowledged is lost, moved, changed, repeated or reordered; whole again in every quiet period',
  statements: [],
  cycles: 1,
  prepare: () => ({ strike: () => Promise.reject(new Error('a schedule is not a row')) }),
};

class Mixer {
  readonly #run: FaultRun;
  readonly #prng: Prng;
  readonly #print: (line: string) => void;
  /** By scope. */
  readonly #active = new Map<string, ActiveFault>();
  #actions = 0;

  constructor(run: FaultRun, prng: Prng, print: (line: string) => void) {
    this.#run = run;
    this.#prng = prng;
    this.#print = print;
  }

  get actions(): number {
    return this.#actions;
  }

  /** Of a quiet period: how long it took until the cluster was whole, milliseconds. */
  async period(rows: readonly ScheduledRow[]): Promise<number | undefined> {
    await this.healAll();
    if (this.#prng.chance(quietShare)) return this.#quietPeriod();
    const drawn = rows.filter(() => this.#prng.chance(rowShare));
    const subset = drawn.length > 0 ? drawn : [rows[this.#prng.below(rows.length)] as ScheduledRow];
    this.#print(`period of ${subset.map(({ row }) => row.name).join(', ')}; ${this.#run.recorder.acknowledged} acknowledged`);
    const endMs = performance.now() + periodMs;
    while (performance.now() < endMs) {
      await this.#act(subset[this.#prng.below(subset.length)] as ScheduledRow);
      await sleep(this.#prng.between(...actionEveryMs));
    }
    return undefined;
  }

  async healAll(): Promise<void> {
    for (const scope of [...this.#active.keys()]) await this.#heal(scope);
  }

  async #quietPeriod(): Promise<number> {
    const beganMs = performance.now();
    await steadyLoad(this.#run);
    await waitForIsrFull(this.#run);
    const wholeMs = performance.now() - beganMs;
    this.#print(`quiet period: whole after ${(wholeMs / 1000).toFixed(2)} s; ${this.#run.recorder.acknowledged} acknowledged`);
    await sleep(Math.max(0, periodMs - wholeMs));
    return wholeMs;
  }

  async #act({ row, prepared }: ScheduledRow): Promise<void> {
    const scope = prepared.scope as string;
    this.#actions++;
    if (this.#active.has(scope)) return this.#heal(scope);
    const struck = await prepared.strike(this.#run, this.#prng);
    this.#active.set(scope, { name: row.name, struck });
    this.#print(`  ${row.name}: ${struck.text}`);
  }

  async #heal(scope: string): Promise<void> {
    const fault = this.#active.get(scope);
    this.#active.delete(scope);
    await fault?.struck.heal();
    if (fault !== undefined) this.#print(`  ${fault.name}: healed`);
  }
}

/** What all of the rows need together. */
function clusterOf(scheduled: readonly ScheduledRow[], settings: readonly string[]): ClusterOptions {
  const needs = scheduled.flatMap(({ prepared }) => prepared.cluster ?? []);
  const kind = Math.max(0, ...needs.map(({ network }) => networkKinds.indexOf(network ?? 'loopback')));
  const launches = needs.flatMap(({ launch }) => (launch === undefined ? [] : [launch]));
  const configs = needs.map(({ topicConfigs }) => topicConfigs ?? {});
  return {
    network: networkKinds[kind] ?? 'loopback',
    settings: [...new Set([...needs.flatMap((need) => need.settings ?? []), ...settings])],
    launch: (broker, command) => launches.reduce((launched, launch) => launch(broker, launched), command),
    topicConfigs: Object.assign({ 'min.insync.replicas': '2' }, ...configs) as Record<string, string>,
  };
}

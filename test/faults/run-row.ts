/**
 * Runs one row of the table for so many cycles on a cluster of its own, under load, and judges it.
 *
 * A cycle: strike, hold (or watch what the row wants to see meanwhile), heal, wait until every partition is written to and has
 * its ISR again. The gap is the longest time that any partition went without an acknowledgement, from just before the strike
 * until everything is whole. The history checker has the last word.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@jackdaw/base';
import { runFaults, steadyLoad, waitForIsrFull, type FaultRun, type Judgement } from './fault-run.ts';
import { percentile } from './recorder.ts';
import type { FaultRow, Figures, Limit, PreparedRow, RowOptions, Struck } from './row.ts';
import type { Side } from './sides/side.ts';

export interface RunRowOptions {
  readonly row: RowOptions;
  readonly side: Side;
  readonly cycles: number;
  readonly settings: readonly string[];
  readonly partitions: number;
  /** What the limits are multiplied by, for machines that are busy with other things. */
  readonly slack: number;
  /** A run without a broken promise is then the failure. */
  readonly expectsLoss: boolean;
  /** The brokers' files are kept although the run passes. */
  readonly keepsFiles: boolean;
  readonly print: (line: string) => void;
}

export interface RowOutcome {
  readonly row: FaultRow;
  /** 'broken': as it was expected to be. */
  readonly verdict: 'kept' | 'broken' | 'FAILED' | 'SKIPPED';
  /** Why it failed or was skipped. */
  readonly complaints: readonly string[];
  readonly cycles: number;
  readonly figures: ReadonlyMap<string, readonly number[]>;
  readonly counts?: Judgement['counts'];
  readonly broken?: Judgement['broken'];
}

const defaultRecoveryMs = 60_000;

export async function runRow(row: FaultRow, options: RunRowOptions): Promise<RowOutcome> {
  const reason = whyNot(row, options);
  if (reason !== undefined) return { row, verdict: 'SKIPPED', complaints: [reason], cycles: 0, figures: new Map() };
  let prepared: PreparedRow | undefined;
  try {
    prepared = await row.prepare(options.row);
    return await runPrepared(row, prepared, options);
  } catch (error) {
    // What the cluster could not even be started with; the other rows are still worth a try.
    const complaint = error instanceof Error ? error.message : String(error);
    return { row, verdict: 'FAILED', complaints: [complaint], cycles: 0, figures: new Map() };
  } finally {
    await prepared?.tearDown?.();
  }
}

export function whyNot(row: FaultRow, { row: options, side }: Pick<RunRowOptions, 'row' | 'side'>): string | undefined {
  if (row.sides !== undefined && !row.sides.includes(side.name)) return `is not for ${side.name}`;
  return side.whyNot() ?? row.whyNot?.(options);
}

async function runPrepared(row: FaultRow, prepared: PreparedRow, options: RunRowOptions): Promise<RowOutcome> {
  const { seed, brokers } = options.row;
  const prng = new Prng(seed);
  const figures = new Map<string, number[]>();
  const settings = [...(prepared.cluster?.settings ?? []), ...options.settings];
  const cluster = { ...prepared.cluster, brokers, side: options.side, settings };
  let cycles = 0;
  const judgement = await runFaults(
    { seed, cluster, partitions: options.partitions, keepsFiles: options.keepsFiles },
    async (run) => {
      for (; cycles < options.cycles; cycles++) {
        const { text, figures: measured } = await oneCycle(run, prepared, prng);
        for (const [name, value] of Object.entries(measured)) figures.set(name, [...(figures.get(name) ?? []), value]);
        const numbers = Object.entries(measured).map(([name, value]) => formatFigure(name, value));
        const progress = `${row.name} ${cycles + 1}/${options.cycles}`;
        options.print(`${progress}: ${text}; ${numbers.join(', ')}; ${run.recorder.acknowledged} acknowledged`);
      }
    },
  );
  if (options.expectsLoss) judgement.complaints.forEach((complaint) => options.print(`${row.name}: as expected: ${complaint}`));
  // The limits are promises of Jackdaw's; of another side the figures are only shown.
  const limits = options.side.name === 'jackdaw' ? (row.limits ?? []) : [];
  const complaints = [...complaintsOf(judgement, options.expectsLoss), ...overLimits(limits, figures, options.slack)];
  const asExpected = options.expectsLoss ? 'broken' : 'kept';
  const verdict = complaints.length === 0 ? asExpected : 'FAILED';
  return { row, verdict, complaints, cycles, figures, counts: judgement.counts, broken: judgement.broken };
}

export async function oneCycle(
  run: FaultRun,
  row: PreparedRow,
  prng: Prng,
): Promise<{ readonly text: string; readonly figures: Figures }> {
  const { recorder, workload } = run;
  const [holdLow, holdHigh] = row.holdMs ?? [0, 0];
  const failedBefore = recorder.failed;
  const meter = recorder.startMeter(workload.keys);
  const struck = await row.strike(run, prng);
  const seen = await watched(run, row, struck);
  if (row.whileStruck === undefined) await sleep(prng.between(holdLow, holdHigh));
  await struck.heal();
  const healedMs = performance.now();
  const recoveryMs = row.recoveryMs ?? defaultRecoveryMs;
  // In this order: until the failure has been noticed, the metadata still shows the ISR from before it.
  await steadyLoad(run, recoveryMs);
  await waitForIsrFull(run, recoveryMs);
  const fullMs = performance.now() - healedMs;
  await steadyLoad(run, recoveryMs);
  const gapMs = meter.stop();
  const afterwards = await row.afterwards?.(run, struck);
  const figures = { gapMs, fullMs, failed: recorder.failed - failedBefore, ...seen, ...afterwards };
  return { text: struck.text, figures };
}

/** What must be seen while the fault lasts. When it is not, the fault still ends: it may hold processes and connections. */
async function watched(run: FaultRun, { whileStruck }: PreparedRow, struck: Struck): Promise<Figures | undefined> {
  try {
    return await whileStruck?.(run, struck);
  } catch (error) {
    await struck.heal().catch(() => undefined);
    throw error;
  }
}

/** Brokers that do not come back have lost something, too, though nobody can read what. */
function complaintsOf({ complaints, violations }: Judgement, expectsLoss: boolean): readonly string[] {
  if (!expectsLoss) return complaints;
  const hasEnded = complaints.some((complaint) => complaint.includes('ended by itself'));
  return violations > 0 || hasEnded ? [] : ['losses were expected, and there were none: this proves nothing', ...complaints];
}

function overLimits(limits: readonly Limit[], figures: ReadonlyMap<string, readonly number[]>, slack: number): string[] {
  return limits.flatMap(({ figure, of, atMost }) => {
    const value = statisticOf(figures.get(figure) ?? [], of);
    const most = atMost * slack;
    // NaN, of no cycles at all, is no figure.
    return value > most ? [`${figure} ${of} is ${formatNumber(value)}, and may be ${formatNumber(most)} at most`] : [];
  });
}

export function statisticOf(values: readonly number[], of: Limit['of']): number {
  return of === 'max' ? Math.max(...values) : percentile(values, of === 'p50' ? 0.5 : 0.99);
}

/** "gap 1.20 s", "fetchP99 3.4 ms", "failed 0". */
export function formatFigure(name: string, value: number): string {
  return name.endsWith('Ms') ? `${name.slice(0, -2)} ${formatTime(value)}` : `${name} ${formatNumber(value)}`;
}

function formatTime(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

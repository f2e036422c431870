/**
 * Row: the power of all brokers is cut at once, under load (or of fewer: `--with victims=1`).
 *
 * SIGKILL, and what was not synced is taken back at random. `--with disk=lying` gives disks whose syncs do nothing, and
 * `--set jackdaw.durability=page-cache` a broker that does not sync: with either, and `--expect loss`, a run without losses
 * is the failure, which shows that the cut cuts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '@jackdaw/base';
import type { FaultRun } from '../fault-run.ts';
import { buildShim, cutPowerOf, underShim } from '../power-cut/shim.ts';
import { whyNoLibraries } from '../preload/compile.ts';
import type { FaultRow, PreparedRow, RowOptions, Struck } from '../row.ts';

/** Load before each cut, so that cuts come at different moments of syncing. */
const maxLoadMs = 2_000;

export const powerCutRows: readonly FaultRow[] = [
  {
    name: 'power-cut',
    family: 'disk',
    fault: 'power cut of all brokers at once: unsynced writes and names are lost, torn, or kept out of order',
    expected: 'nothing acknowledged is lost, moved, changed, repeated or reordered',
    statements: ['B1', 'B2', 'B8', 'A17'],
    cycles: 10,
    whyNot: whyNoLibraries,
    prepare: preparePowerCut,
  },
];

function preparePowerCut(options: RowOptions): PreparedRow {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-powerfail-'));
  const shim = { library: buildShim(directory), isLying: options.text('disk', 'honest') === 'lying' };
  const count = Number(options.text('victims', String(options.brokers)));
  return {
    cluster: { launch: underShim.bind(undefined, shim) },
    scope: 'brokers',
    strike: (run, prng) => cut(run, count, prng),
    tearDown: () => rmSync(directory, { recursive: true, force: true }),
  };
}

async function cut({ cluster }: FaultRun, count: number, prng: Prng): Promise<Struck> {
  await sleep(prng.below(maxLoadMs));
  const victims = prng.shuffled(cluster.brokers).slice(0, count);
  const nodeIds = victims.map(({ nodeId }) => nodeId);
  await cluster.kill(...nodeIds);
  const reports = victims.map((broker) => cutPowerOf(broker, prng));
  const sum = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const changed = `${sum((one) => one.filesChanged)} files lost ${sum((one) => one.bytesLost)} bytes`;
  const text = `brokers ${nodeIds.join(', ')}: ${changed}, ${sum((one) => one.namesUndone)} names undone`;
  const heal = (): Promise<void> => {
    for (const nodeId of nodeIds) cluster.start(nodeId);
    return Promise.resolve();
  };
  return { text, victims: nodeIds, heal };
}

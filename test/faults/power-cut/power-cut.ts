/**
 * Program: cuts the power of all brokers at once, under load, and says whether an acknowledged record was lost (B1, B2, B8, A17).
 *
 *   node dist/test/faults/power-cut/power-cut.js --rounds 3 --victims all --seed 1 [--expect loss] [--set key=value …]
 *
 * Victims: all brokers, one, or two at once. In the default mode nothing may be lost. With
 * `--set jackdaw.durability=page-cache` or with `--disk lying`, whose syncs do nothing, records can be lost: `--expect loss`
 * then makes a run without losses the failure, which shows that the cut cuts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@jackdaw/base';
import { printJudgement, runFaults, steadyLoad, waitForIsrFull, type FaultRun } from '../fault-run.ts';
import { readOptions } from '../program-options.ts';
import { buildShim, cutPowerOf, underShim } from './shim.ts';

const options = readOptions({ rounds: '3', victims: 'all', disk: 'honest', expect: 'no loss' });
const victimCounts = new Map([
  ['one', 1],
  ['two', 2],
  ['all', 3],
]);
/** Load before each cut, so that cuts come at different moments of syncing. */
const maxLoadMs = 2_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const victims = victimCounts.get(options.text('victims'));
  if (victims === undefined) throw new RangeError(`--victims must be one of ${[...victimCounts.keys()].join(', ')}`);
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-powerfail-'));
  try {
    const library = buildShim(directory);
    if (library !== undefined) return await cutRounds(library, victims);
    console.log('SKIPPED: power cuts need Linux and a C compiler (cc, gcc or clang), and there is none here');
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function cutRounds(library: string, victims: number): Promise<number> {
  const { seed, settings } = options;
  const prng = new Prng(seed);
  const shim = { library, isLying: options.text('disk') === 'lying' };
  const rounds = options.count('rounds');
  console.log(`power cuts: ${rounds} of ${victims} brokers, ${options.text('disk')} disks, seed ${seed}`);
  const cluster = { settings, launch: underShim.bind(undefined, shim) };
  const judgement = await runFaults({ seed, cluster }, async (run) => {
    for (let round = 1; round <= rounds; round++) {
      const text = await cutOnce(run, victims, prng);
      console.log(`round ${round}/${rounds}: ${text}, ${run.recorder.acknowledged} acknowledged so far`);
    }
  });
  const code = printJudgement(judgement);
  if (options.text('expect') !== 'loss') return code;
  const hasLost = judgement.violations > 0;
  console.log(hasLost ? 'losses were expected: the cut cuts' : 'expected losses, and there were none: this proves nothing');
  return hasLost ? 0 : 1;
}

async function cutOnce(run: FaultRun, count: number, prng: Prng): Promise<string> {
  const { cluster } = run;
  await sleep(prng.below(maxLoadMs));
  const victims = prng.shuffled(cluster.brokers).slice(0, count);
  await cluster.kill(...victims.map(({ nodeId }) => nodeId));
  const reports = victims.map((broker) => cutPowerOf(broker, prng));
  for (const { nodeId } of victims) cluster.start(nodeId);
  await steadyLoad(run);
  await waitForIsrFull(run);
  const sum = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const changed = `${sum((one) => one.filesChanged)} files lost ${sum((one) => one.bytesLost)} bytes`;
  return `brokers ${victims.map(({ nodeId }) => nodeId).join(', ')}: ${changed}, ${sum((one) => one.namesUndone)} names undone`;
}

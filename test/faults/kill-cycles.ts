/**
 * Program: kills brokers under load, again and again, and says whether an acknowledged record was lost, moved, repeated or
 * reordered, and how long clients had to wait (F13, A19, A20, A21, C1, D2; F12 and A8 with the modes of those names).
 *
 *   node dist/test/faults/kill-cycles.js --cycles 60 --mode mixed --seed 1 [--set key=value …]
 *
 * Modes: random (any broker), leader (of one partition), controller (the active one), all (three at once), term (SIGTERM),
 * pause (SIGSTOP for longer than the session lasts), mixed (random, leader, all), every (all of them in turn).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@jackdaw/base';
import { printJudgement, runFaults, steadyLoad, waitForIsrFull, type FaultRun } from './fault-run.ts';
import { readOptions } from './program-options.ts';
import { percentile } from './recorder.ts';

const modes = ['random', 'leader', 'all', 'controller', 'term', 'pause'] as const;
type Mode = (typeof modes)[number];

const cycleModes = new Map<string, readonly Mode[]>([
  ['mixed', ['random', 'leader', 'all']],
  ['every', modes],
  ...modes.map((mode) => [mode, [mode]] as const),
]);
/** A broker is left dead for up to this long; 0 tests a restart before anybody has noticed. */
const maxDownMs = 2_500;
const pauseMs = 12_000;

const options = readOptions({ cycles: '12', mode: 'mixed', partitions: '6' });
const chosen = cycleModes.get(options.text('mode'));
if (chosen === undefined) throw new RangeError(`--mode must be one of ${[...cycleModes.keys()].join(', ')}`);
process.exitCode = await killCycles(chosen, options.count('cycles'));

async function killCycles(order: readonly Mode[], cycles: number): Promise<number> {
  const { seed, settings } = options;
  const prng = new Prng(seed);
  const gaps = new Map<Mode, number[]>();
  console.log(`kill cycles: ${cycles} of ${order.join(', ')}, seed ${seed}`);
  const judgement = await runFaults({ seed, cluster: { settings }, partitions: options.count('partitions') }, async (run) => {
    for (let cycle = 0; cycle < cycles; cycle++) {
      const mode = order[cycle % order.length] as Mode;
      const { text, gapMs } = await oneCycle(run, mode, prng);
      gaps.set(mode, [...(gaps.get(mode) ?? []), gapMs]);
      console.log(`cycle ${cycle + 1}/${cycles} ${mode}: ${text}, ${run.recorder.acknowledged} acknowledged so far`);
    }
  });
  for (const [mode, list] of gaps) {
    const [p50, p99, max] = [percentile(list, 0.5), percentile(list, 0.99), Math.max(...list)].map(seconds);
    console.log(`${mode}: longest gap between acknowledgements p50 ${p50}, p99 ${p99}, max ${max} (${list.length} cycles)`);
  }
  return printJudgement(judgement);
}

async function oneCycle(run: FaultRun, mode: Mode, prng: Prng): Promise<{ readonly text: string; readonly gapMs: number }> {
  const victims = await chooseVictims(run, mode, prng);
  const downMs = prng.below(maxDownMs);
  const meter = run.recorder.startMeter(run.workload.keys);
  await strike(run, mode, { victims, downMs });
  const restartMs = performance.now();
  // In this order: until the failure has been noticed, the metadata still shows the ISR from before it.
  await steadyLoad(run);
  await waitForIsrFull(run);
  const fullMs = performance.now() - restartMs;
  await steadyLoad(run);
  const gapMs = meter.stop();
  const text = `broker ${victims.join(', ')} down ${seconds(downMs)}, gap ${seconds(gapMs)}, ISR full ${seconds(fullMs)} after`;
  return { text, gapMs };
}

async function chooseVictims({ cluster, topic, partitions }: FaultRun, mode: Mode, prng: Prng): Promise<number[]> {
  if (mode === 'all') return cluster.nodeIds;
  if (mode === 'controller') return [await cluster.controllerId()];
  if (mode === 'leader' || mode === 'pause') return [await cluster.leaderOf(topic, prng.below(partitions))];
  return [cluster.nodeIds[prng.below(cluster.nodeIds.length)] as number];
}

/** Does what the mode says and undoes it. */
async function strike(
  { cluster }: FaultRun,
  mode: Mode,
  { victims, downMs }: { readonly victims: readonly number[]; readonly downMs: number },
): Promise<void> {
  if (mode === 'pause') {
    for (const nodeId of victims) cluster.pause(nodeId);
    await sleep(pauseMs);
    for (const nodeId of victims) cluster.resume(nodeId);
    return;
  }
  if (mode === 'term') for (const nodeId of victims) await cluster.terminate(nodeId);
  else await cluster.kill(...victims);
  await sleep(downMs);
  for (const nodeId of victims) cluster.start(nodeId);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

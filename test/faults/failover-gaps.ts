/**
 * Program: how long clients wait when the leader of a partition, or the active controller, is killed.
 *
 *   node dist/test/faults/failover-gaps.js --kills 20 --seed 1 [--p50 2000 --p99 6000] [--set key=value …]
 *
 * Each kill is measured from the SIGKILL until the partitions are led again and the broker is back: the longest time between
 * two acknowledgements of any partition. Fails when a percentile is beyond its limit (milliseconds), or a promise is broken.
 */
import { printJudgement, runFaults, steadyLoad, waitForIsrFull, type FaultRun } from './fault-run.ts';
import { Prng } from '@jackdaw/base';
import { readOptions } from './program-options.ts';
import { percentile } from './recorder.ts';
import { waitFor } from './wait.ts';

const options = readOptions({ kills: '20', p50: '2000', p99: '6000' });
const victimKinds = ['leader', 'controller'] as const;
type VictimKind = (typeof victimKinds)[number];

process.exitCode = await failoverGaps();

async function failoverGaps(): Promise<number> {
  const { seed, settings } = options;
  const prng = new Prng(seed);
  const gaps = new Map<VictimKind, number[]>();
  console.log(`fail-over gaps: ${options.count('kills')} kills each, seed ${seed}`);
  const judgement = await runFaults({ seed, cluster: { settings } }, async (run) => {
    for (const kind of victimKinds) {
      const list: number[] = [];
      gaps.set(kind, list);
      for (let i = 0; i < options.count('kills'); i++) {
        list.push(await measureKill(run, kind, prng));
        console.log(`${kind} ${i + 1}: ${list.at(-1)?.toFixed(0)} ms`);
      }
    }
  });
  const isWithin = [...gaps].map(([kind, list]) => printGaps(kind, list)).every(Boolean);
  const code = printJudgement(judgement);
  return isWithin ? code : 1;
}

/** Milliseconds. The broker is started again only when all partitions are written to without it. */
async function measureKill(run: FaultRun, kind: VictimKind, prng: Prng): Promise<number> {
  const { cluster, recorder, workload, topic, partitions } = run;
  const victim = kind === 'leader' ? await cluster.leaderOf(topic, prng.below(partitions)) : await cluster.controllerId();
  const meter = recorder.startMeter(workload.keys);
  await cluster.kill(victim);
  await waitFor('all partitions are led by others', () => areLedByOthers(run, victim), 30_000);
  await steadyLoad(run);
  cluster.start(victim);
  await waitForIsrFull(run);
  const gapMs = meter.stop();
  await steadyLoad(run);
  return gapMs;
}

async function areLedByOthers({ cluster, topic }: FaultRun, victim: number): Promise<true | undefined> {
  const partitions = await cluster.partitions(topic);
  return partitions.every(({ leaderId }) => leaderId >= 0 && leaderId !== victim) ? true : undefined;
}

function printGaps(kind: VictimKind, list: readonly number[]): boolean {
  const p50 = percentile(list, 0.5);
  const p99 = percentile(list, 0.99);
  const figures = [p50, p99, Math.max(...list)].map((ms) => `${ms.toFixed(0)} ms`);
  console.log(`${kind} killed: longest gap between acknowledgements p50 ${figures[0]}, p99 ${figures[1]}, max ${figures[2]}`);
  return p50 <= options.count('p50') && p99 <= options.count('p99');
}

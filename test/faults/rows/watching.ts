/**
 * What rows look at while a fault is in force, and compare afterwards: leaders, brokers that the cluster has given up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { steadyLoad, type FaultRun } from '../fault-run.ts';

/** A line for each partition of the load's topic: its leader and the epoch. */
export async function leaders({ cluster, topic }: FaultRun): Promise<readonly string[]> {
  const partitions = await cluster.partitions(topic);
  return [...partitions]
    .sort((a, b) => a.partition - b.partition)
    .map(({ partition, leaderId, leaderEpoch }) => `${partition}: ${leaderId} in epoch ${leaderEpoch}`);
}

/** The most brokers that were missing in the metadata at any moment until `untilMs` of the monotonic clock. */
export async function watchFenced({ cluster }: FaultRun, untilMs: number): Promise<number> {
  let fenced = 0;
  while (performance.now() < untilMs) {
    const { brokers } = await (await cluster.client()).fetchMetadata([]);
    fenced = Math.max(fenced, cluster.nodeIds.length - brokers.length);
    await sleep(100);
  }
  return fenced;
}

/** Records a second that are acknowledged during the next while. */
export async function rate({ recorder }: FaultRun, durationMs: number): Promise<number> {
  const [before, beganMs] = [recorder.acknowledged, performance.now()];
  await sleep(durationMs);
  return Math.round(((recorder.acknowledged - before) * 1_000) / (performance.now() - beganMs));
}

/** Milliseconds until every partition is written to, the fault being in force; throws when that takes longer than it may. */
export async function timeToProgress(run: FaultRun, withinMs: number): Promise<number> {
  const beganMs = performance.now();
  // What was under way at first is no progress.
  await sleep(1_000);
  await steadyLoad(run, withinMs);
  return performance.now() - beganMs;
}

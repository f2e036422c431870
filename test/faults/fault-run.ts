/**
 * The frame of every fault program: start a cluster and its load, let the program break things, then judge.
 *
 * The judgement is the same everywhere: ISR full, no stuck consumer, a final read, the checker, equal replicas, no broker that
 * ended by itself. On a failure the brokers' files, their output and the history are kept and named.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkHistory, describeVerdict, historyLines, type Counts, type Violation, type ViolationKind } from '@jackdaw/sim';
import { FaultCluster, type ClusterOptions } from './cluster.ts';
import { Recorder } from './recorder.ts';
import { compareReplicas } from './replica-logs.ts';
import { waitFor } from './wait.ts';
import { Workload } from './workload.ts';

export interface FaultRunOptions {
  readonly cluster?: ClusterOptions;
  readonly seed: number;
  readonly partitions?: number;
  /** A sender's pause between its bursts; default 20 ms. */
  readonly senderPauseMs?: number;
  /** The brokers' files, their output and the history are kept although the run passes. */
  readonly keepsFiles?: boolean;
}

export interface FaultRun {
  readonly cluster: FaultCluster;
  readonly workload: Workload;
  readonly recorder: Recorder;
  readonly topic: string;
  readonly partitions: number;
}

export interface Judgement {
  /** Empty when every promise was kept. */
  readonly complaints: readonly string[];
  /** Promises that the history shows broken; complaints can have other reasons. */
  readonly violations: number;
  readonly counts: Counts;
  /** How many records, as far as the history tells them apart. */
  readonly broken: { readonly lost: number; readonly duplicated: number; readonly moved: number; readonly reordered: number };
}

const topic = 'faults';
const recoveryTimeoutMs = 60_000;
/** How long the segment files of all replicas may take to become equal once the ISR is full. */
const filesTimeoutMs = 10_000;

/** Runs `breakThings` under load and judges. What it throws is a complaint, not an exception. */
export async function runFaults(options: FaultRunOptions, breakThings: (run: FaultRun) => Promise<void>): Promise<Judgement> {
  const partitions = options.partitions ?? 6;
  const cluster = await FaultCluster.start(options.cluster);
  const recorder = new Recorder();
  const complaints: string[] = [];
  try {
    const configs = options.cluster?.topicConfigs ?? { 'min.insync.replicas': '2' };
    await cluster.createTopic(topic, { partitions, configs });
    const { seed, senderPauseMs = 20 } = options;
    const workload = new Workload({ bootstrap: cluster.bootstrap, topic, partitions, recorder, seed, senderPauseMs });
    const run = { cluster, workload, recorder, topic, partitions };
    await attempt(complaints, async () => {
      await workload.start();
      await steadyLoad(run);
      await breakThings(run);
      await settle(run);
    });
    await workload.close();
    // Stopped with SIGKILL on purpose: what was acknowledged must not need a clean end.
    await cluster.stopAll('SIGKILL');
    if (complaints.length === 0) complaints.push(...compareReplicas(cluster.brokers, topic, partitions));
    complaints.push(...cluster.crashes.map(({ name, reason }) => `${name} ended by itself: ${reason}`));
    const verdict = checkHistory(recorder);
    complaints.push(...describeVerdict(verdict));
    if (complaints.length > 0 || options.keepsFiles === true) {
      const kept = await keepEvidence(cluster, recorder);
      if (complaints.length > 0) complaints.push(kept);
      else console.log(kept);
    } else cluster.removeFiles();
    const { violations, counts } = verdict;
    return { complaints, violations: violations.length, counts, broken: brokenPromises(violations) };
  } finally {
    await cluster.stopAll('SIGKILL');
  }
}

/** Waits until every partition has acknowledged a few records since now. */
export async function steadyLoad({ recorder, workload }: FaultRun, timeoutMs = recoveryTimeoutMs): Promise<void> {
  const meter = recorder.startMeter(workload.keys);
  try {
    await waitFor('records are acknowledged in every partition', async () => (meter.hasSeen(5) ? true : undefined), timeoutMs);
  } finally {
    meter.stop();
  }
}

/** The ISR of every partition is full again. */
export async function waitForIsrFull({ cluster }: FaultRun, timeoutMs = recoveryTimeoutMs): Promise<void> {
  await cluster.waitForIsrFull(topic, timeoutMs);
}

async function settle(run: FaultRun): Promise<void> {
  const { workload, cluster } = run;
  await workload.stopSending();
  await cluster.waitForIsrFull(topic, recoveryTimeoutMs);
  await workload.stop(recoveryTimeoutMs);
  await workload.readFinally(recoveryTimeoutMs);
  // A follower may be a batch behind in its files. Where they never become equal, the comparison after the end says how.
  const { brokers } = cluster;
  const isEqual = async (): Promise<true | undefined> =>
    compareReplicas(brokers, topic, workload.keys.length).length === 0 ? true : undefined;
  await waitFor('equal replicas', isEqual, filesTimeoutMs).catch(() => undefined);
}

async function attempt(complaints: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error));
  }
}

async function keepEvidence(cluster: FaultCluster, recorder: Recorder): Promise<string> {
  cluster.keepFiles();
  const file = join(cluster.directory, 'history.ndjson');
  const lines = Readable.from(historyLines(recorder)).map((line: string) => `${line}\n`);
  await pipeline(lines, createWriteStream(file));
  return `kept: ${cluster.directory} (history.ndjson, and of each broker data/ and output.log)`;
}

const lossKinds: readonly ViolationKind[] = ['lost-write', 'unseen'];
const changeKinds: readonly ViolationKind[] = ['moved', 'inconsistent-offset'];
const orderKinds: readonly ViolationKind[] = ['reordered', 'nonmonotonic-send', 'nonmonotonic-poll', 'int-nonmonotonic-poll'];

function brokenPromises(violations: readonly Violation[]): Judgement['broken'] {
  const count = (kinds: readonly ViolationKind[]): number => violations.filter(({ kind }) => kinds.includes(kind)).length;
  return { lost: count(lossKinds), duplicated: count(['duplicate']), moved: count(changeKinds), reordered: count(orderKinds) };
}

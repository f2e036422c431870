/**
 * All clients of the workload on a calm cluster: they come to rest, the history is right, and a seed gives the same run twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlannedTopics } from '../src/cluster/create-topics.ts';
import type { RunPlan } from '../src/cluster/plan.ts';
import { SimCluster } from '../src/cluster/sim-cluster.ts';
import { checkHistory, describeVerdict, type Verdict } from '../src/history/checker.ts';
import type { HistoryEvent } from '../src/history/history.ts';
import { Trace } from '../src/kernel/trace.ts';
import type { WorkloadPlan } from '../src/workload/plan.ts';
import { Recorder } from '../src/workload/recorder.ts';
import { SimWorkload } from '../src/workload/workload.ts';

const everybody: WorkloadPlan = {
  idempotentSenders: 1,
  plainSenders: 1,
  hastySenders: 2,
  weakSenders: 2,
  readers: 2,
  groupMembers: 3,
  groupChurnMs: 2_000,
  hasStaticMembers: false,
  roughMembers: 3,
  hasEndObserver: true,
  hasCommitter: true,
  hasAdmin: true,
  mayElectUnclean: true,
  hasTenant: true,
  hasTrimmer: true,
  hasProber: true,
  hasRepeater: true,
  hasSeeker: true,
  pauseMs: 200,
  maxBurst: 4,
  maxRecords: 300,
  recordBytes: 60,
  compression: 0.5,
};

function planOf(seed: number, workload: WorkloadPlan): RunPlan {
  const ids = [1, 2, 3];
  return {
    seed,
    knobs: {
      network: { meanDelayMs: 1, stragglers: 0, stragglerMs: 0 },
      rpc: { loss: 0, duplicates: 0, reordering: 0 },
      sockets: { slicing: 0 },
      disk: { meanSyncMs: 1, meanReadMs: 0.2, stalls: 0, stallMs: 0 },
    },
    nodes: ids.map((id) => ({
      id,
      clockFault: { wallOffsetMs: 0, rate: 1, monotonicStartMs: id * 1_000 },
      startsAtOnce: true,
      roles: 'broker,controller',
    })),
    voters: ids,
    settings: {
      'controller.quorum.election.timeout.ms': '200',
      'broker.heartbeat.interval.ms': '300',
      'broker.session.timeout.ms': '3000',
      'group.initial.rebalance.delay.ms': '0',
      'offsets.topic.num.partitions': '2',
      'admin.port': '-1',
    },
    topics: [
      { name: 'first', partitions: 2, replicationFactor: 3, minInsyncReplicas: 2, configs: {} },
      { name: 'second', partitions: 1, replicationFactor: 2, minInsyncReplicas: 1, configs: {} },
    ],
    workload,
    faults: [],
    chaosMs: 6_000,
    buggify: 0,
  };
}

interface CalmRun {
  readonly hash: string;
  readonly verdict: Verdict;
  readonly events: readonly HistoryEvent[];
  readonly executed: number;
  readonly virtualMs: number;
}

/** As run.ts does, without faults and checks of the cluster's inside. */
function runCalmly(seed: number, workload: WorkloadPlan, story: ((line: string) => void) | null = null): CalmRun {
  const trace = new Trace(story);
  const cluster = new SimCluster(planOf(seed, workload), trace);
  const { loop } = cluster.world;
  const uncaught: unknown[] = [];
  const onRejection = (reason: unknown): void => void uncaught.push(reason);
  process.on('unhandledRejection', onRejection);
  loop.onUncaught = (owner, error) => void uncaught.push(owner?.name, error);
  const recorder = new Recorder();
  const clients = new SimWorkload(cluster, recorder);
  const until = (what: string, isOver: () => boolean, pending: () => string): void => {
    loop.run(loop.nowMs + 30_000, isOver);
    assert.ok(isOver(), `${what} within 30 virtual seconds: ${pending()}; ${uncaught.map(String).join('; ')}`);
  };
  try {
    for (const node of cluster.nodes) node.start();
    const topics = createPlannedTopics(cluster);
    until(
      'the topics are there',
      () => topics.isDone,
      () => topics.pending,
    );
    clients.start();
    loop.run(loop.nowMs + cluster.plan.chaosMs);
    clients.stopSending();
    until(
      'the workload comes to rest',
      () => clients.isQuiet,
      () => clients.describePending(),
    );
    clients.startFinalRead();
    until(
      'the final read ends',
      () => clients.isFinished,
      () => clients.describePending(),
    );
    assert.deepEqual(uncaught, []);
    return {
      hash: trace.hash,
      verdict: checkHistory(recorder),
      events: recorder.events,
      executed: loop.executed,
      virtualMs: loop.nowMs,
    };
  } finally {
    for (const node of cluster.nodes) node.kill('killed', 'processOnly');
    clients.kill();
    loop.clear();
    process.off('unhandledRejection', onRejection);
  }
}

/** The loop must be run from a callback of Node's own, never from a promise. */
function inCallback<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

function countOf(events: readonly HistoryEvent[], op: HistoryEvent['op'], type?: string): number {
  return events.filter((event) => event.op === op && (type === undefined || ('type' in event && event.type === type))).length;
}

test('D2, D5, A19, A25: all clients on a calm cluster come to rest, and their history is right', async () => {
  const { verdict, events } = await inCallback(() => runCalmly(1, everybody));
  assert.deepEqual(describeVerdict(verdict), []);
  assert.equal(verdict.counts.sent >= everybody.maxRecords, true);
  for (const op of [
    'own',
    'epoch-end',
    'end',
    'group-commit',
    'group-read',
    'trim',
    'setting',
    'producer-id',
    'doomed',
  ] as const) {
    assert.ok(countOf(events, op) > 0, `nobody did "${op}"`);
  }
  assert.ok(countOf(events, 'group-commit', 'ok') > 0);
  assert.ok(countOf(events, 'setting', 'ok') > 0);
  assert.ok(countOf(events, 'trim', 'ok') > 0);
});

test('a seed gives the same run twice, and another seed another run', async () => {
  const workload: WorkloadPlan = { ...everybody, hasStaticMembers: true, maxRecords: 100 };
  const hashes = await inCallback(() => [2, 2, 3].map((seed) => runCalmly(seed, workload).hash));
  assert.equal(hashes[0], hashes[1]);
  assert.notEqual(hashes[0], hashes[2]);
});

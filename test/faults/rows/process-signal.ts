/**
 * Rows: brokers that are paused (SIGSTOP) for longer than their session, or for two seconds; that are stopped in order
 * (SIGTERM); and a rolling restart.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '@jackdaw/base';
import { steadyLoad, waitForIsrFull, type FaultRun } from '../fault-run.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { anyBroker, leaderNow } from './victims.ts';
import { leaders, watchFenced } from './watching.ts';

const nothingLost = 'nothing acknowledged is lost, moved, changed, repeated or reordered';
/** Longer than the default of broker.session.timeout.ms, 9 s, in which Jackdaw's controller and Kafka's fence a silent broker. */
const pauseMs = 12_000;
const maxPauseGapMs = 11_000;
const stallMs = 2_000;
const maxStopGapMs = 500;

export const signalRows: readonly FaultRow[] = [
  {
    name: 'pause-leader',
    family: 'process',
    fault: 'SIGSTOP of the leader of a partition for 12 s, longer than its session, then SIGCONT',
    expected: `${nothingLost}; gap p50 ≤ session + 2 s; woken, it acknowledges nothing as a leader that it is no longer`,
    statements: ['A8', 'A7', 'A22', 'F10'],
    cycles: 2,
    limits: [{ figure: 'gapMs', of: 'p50', atMost: maxPauseGapMs }],
    prepare: () => ({ strike: pauseLeader, holdMs: [pauseMs, pauseMs], scope: 'brokers' }),
  },
  {
    name: 'stall',
    family: 'process',
    fault: 'the event loop of any broker stands still for 2 s',
    expected: `${nothingLost}; no broker is fenced, no leadership moves, and clients wait no longer than the stall lasts`,
    statements: ['F10', 'B19', 'E3'],
    cycles: 5,
    limits: [
      { figure: 'fenced', of: 'max', atMost: 0 },
      { figure: 'moved', of: 'max', atMost: 0 },
      { figure: 'failed', of: 'max', atMost: 0 },
      { figure: 'gapMs', of: 'max', atMost: 3_000 },
    ],
    prepare: prepareStall,
  },
  {
    name: 'stop',
    family: 'process',
    fault: 'SIGTERM of one broker after the other, each started again',
    expected: `${nothingLost}; no request of a retrying client fails; gap ≤ 0.5 s`,
    statements: ['F12'],
    cycles: 6,
    limits: [
      { figure: 'failed', of: 'max', atMost: 0 },
      { figure: 'gapMs', of: 'p50', atMost: maxStopGapMs },
    ],
    prepare: prepareStop,
  },
  {
    name: 'rolling-restart',
    family: 'process',
    fault: 'SIGTERM and a new start of every broker in turn, each when the ISR is full again',
    expected: `${nothingLost}; no request of a retrying client fails; gap ≤ 0.5 s`,
    statements: ['F12', 'F15', 'A18'],
    cycles: 1,
    limits: [
      { figure: 'failed', of: 'max', atMost: 0 },
      { figure: 'gapMs', of: 'p50', atMost: maxStopGapMs },
    ],
    prepare: () => ({ strike: restartAll }),
  },
];

async function pauseLeader(run: FaultRun, prng: Prng): Promise<Struck> {
  return pause(run, await leaderNow(run, prng));
}

function pause({ cluster }: FaultRun, victim: number): Struck {
  cluster.pause(victim);
  return { text: `broker ${victim} paused`, victims: [victim], heal: () => Promise.resolve(cluster.resume(victim)) };
}

/** Leaders and their epochs are noted before the stall and compared when all is well again. */
function prepareStall(_options: RowOptions): PreparedRow {
  let before: readonly string[] = [];
  let fenced = 0;
  return {
    scope: 'brokers',
    strike: async (run, prng) => {
      before = await leaders(run);
      return pause(run, anyBroker(run, prng));
    },
    whileStruck: async (run, { victims }) => {
      const resumeAtMs = performance.now() + stallMs;
      await sleep(stallMs);
      for (const victim of victims) run.cluster.resume(victim);
      // Fencing would show after the stall, too: a controller that was paused itself finds all others silent.
      fenced = await watchFenced(run, resumeAtMs + stallMs);
      return undefined;
    },
    afterwards: async (run): Promise<Figures> => {
      const now = await leaders(run);
      return { fenced, moved: now.filter((line, i) => line !== before[i]).length };
    },
  };
}

function prepareStop(_options: RowOptions): PreparedRow {
  let next = 0;
  return {
    scope: 'brokers',
    strike: async ({ cluster }) => {
      const victim = cluster.nodeIds[next++ % cluster.nodeIds.length] as number;
      const beganMs = performance.now();
      await cluster.terminate(victim);
      const text = `broker ${victim} stopped in ${((performance.now() - beganMs) / 1000).toFixed(2)} s`;
      return { text, victims: [victim], heal: () => Promise.resolve(cluster.start(victim)) };
    },
  };
}

async function restartAll(run: FaultRun): Promise<Struck> {
  const { cluster } = run;
  for (const nodeId of cluster.nodeIds) {
    await cluster.terminate(nodeId);
    cluster.start(nodeId);
    await steadyLoad(run);
    await waitForIsrFull(run);
  }
  return { text: `brokers ${cluster.nodeIds.join(', ')} restarted`, victims: [], heal: () => Promise.resolve() };
}

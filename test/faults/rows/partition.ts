/**
 * Rows: partitions of every shape, by packet filters in network namespaces. Clients reach every broker but where a row says so.
 *
 * Every shape but the last leaves a quorum whose members see each other, or see one that all can follow: there every partition
 * must be written to again while the network is still broken. The brokers' sessions and lag times are shortened, so that a cycle
 * takes seconds; `--with timing=default` leaves them as they are by default.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '@jackdaw/base';
import type { FaultRun } from '../fault-run.ts';
import { whyNoNamespaces } from '../network/namespaces.ts';
import type { Party } from '../network/network.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { anyBroker, controllerNow, leaderNow } from './victims.ts';
import { timeToProgress } from './watching.ts';

/** Packets from the first to the second vanish. */
type Cut = readonly [from: Party, to: Party];

interface Shape {
  readonly name: string;
  readonly fault: string;
  readonly leastBrokers?: number;
  /** Without it, every partition is written to while the network is broken. */
  readonly hasNoProgress?: boolean;
  /** Cut and healed again and again. */
  readonly isFlapping?: boolean;
  readonly cuts: (run: FaultRun, prng: Prng) => Promise<{ readonly victims: readonly number[]; readonly cuts: readonly Cut[] }>;
}

const shortTiming = ['broker.session.timeout.ms=3000', 'broker.heartbeat.interval.ms=500', 'replica.lag.time.max.ms=3000'];
/** From the cut until every partition must be written to again, at the latest: on a busy machine, too. */
const progressMs = { short: 30_000, default: 60_000 };
/** The same on a quiet one: session, lag, an election, and a client's time-out of 5 s. */
const maxProgressMs = 10_000;
const cutMs = [1_000, 3_000] as const;
const flapMs = [200, 1_000] as const;
const flaps = 5;

const shapes: readonly Shape[] = [
  {
    name: 'isolate-leader',
    fault: 'the leader of a partition is cut from all other brokers',
    cuts: async (run, prng) => isolate(run, await leaderNow(run, prng)),
  },
  {
    name: 'isolate-controller',
    fault: 'the active controller is cut from all other brokers',
    cuts: async (run) => isolate(run, await controllerNow(run)),
  },
  {
    name: 'halves',
    fault: 'a minority of the brokers is cut from the majority',
    cuts: (run, prng) => Promise.resolve(halves(run, prng)),
  },
  {
    name: 'majority-ring',
    fault: 'every broker sees a majority, and no two see the same one',
    leastBrokers: 4,
    cuts: (run, prng) => Promise.resolve(majorityRing(run, prng)),
  },
  {
    name: 'bridge',
    fault: 'two halves that one broker still connects',
    cuts: (run, prng) => Promise.resolve(bridge(run, prng)),
  },
  {
    name: 'one-way-in',
    fault: 'nothing from the other brokers arrives at one of them; what it sends arrives',
    cuts: (run, prng) => Promise.resolve(oneWay(run, prng, 'in')),
  },
  {
    name: 'one-way-out',
    fault: 'nothing that one broker sends arrives at the others; it receives what they send',
    cuts: (run, prng) => Promise.resolve(oneWay(run, prng, 'out')),
  },
  {
    name: 'flapping',
    fault: 'a broker is cut from the others and joined again, five times in a few seconds',
    isFlapping: true,
    cuts: (run, prng) => Promise.resolve(isolate(run, anyBroker(run, prng))),
  },
  {
    name: 'clients-cut',
    fault: 'all clients are cut from the leader of a partition, which the other brokers still see',
    hasNoProgress: true,
    cuts: async (run, prng) => {
      const victim = await leaderNow(run, prng);
      return { victims: [victim], cuts: bothWays(['clients'], [victim]) };
    },
  },
];

export const partitionRows: readonly FaultRow[] = [
  ...shapes.map(partitionRow),
  {
    name: 'stop-while-cut',
    family: 'network',
    fault: 'SIGTERM of a broker that is cut from one of the others',
    expected: 'the process ends within 15 s, whatever its connections wait for',
    statements: ['F12', 'F2'],
    cycles: 2,
    limits: [{ figure: 'stopMs', of: 'max', atMost: 15_000 }],
    whyNot: whyNoNamespaces,
    prepare: () => ({
      cluster: { network: 'namespaces', settings: shortTiming },
      strike: isolateFromOne,
      whileStruck: stopVictims,
    }),
  },
];

function isolateFromOne({ cluster }: FaultRun, prng: Prng): Promise<Struck> {
  const [victim = 0, other = 0] = prng.shuffled(cluster.nodeIds);
  for (const [from, to] of bothWays([victim], [other])) cluster.network.drop(from, to);
  const heal = (): Promise<void> => {
    cluster.network.heal();
    cluster.start(victim);
    return Promise.resolve();
  };
  return Promise.resolve({ text: `broker ${victim}, cut from ${other}, is stopped`, victims: [victim], heal });
}

async function stopVictims({ cluster }: FaultRun, { victims }: Struck): Promise<Figures> {
  await sleep(cutMs[1]);
  const beganMs = performance.now();
  await Promise.all(victims.map((victim) => cluster.terminate(victim)));
  return { stopMs: performance.now() - beganMs };
}

function partitionRow(shape: Shape): FaultRow {
  const { name, fault, leastBrokers = 3, hasNoProgress = false } = shape;
  const nothingLost = 'nothing acknowledged is lost, moved, changed, repeated or reordered';
  return {
    name,
    family: 'network',
    fault,
    expected: hasNoProgress ? `${nothingLost}; no broker is fenced` : `${nothingLost}; every partition is written to meanwhile`,
    statements: ['F1', 'A8', 'A26', 'E14'],
    cycles: 3,
    ...(hasNoProgress ? {} : { limits: [{ figure: 'progressMs', of: 'p50', atMost: maxProgressMs }] }),
    whyNot: ({ brokers }) => (brokers < leastBrokers ? `needs --brokers ${leastBrokers}` : whyNoNamespaces()),
    prepare: (options) => preparePartition(shape, options),
  };
}

function preparePartition(shape: Shape, options: RowOptions): PreparedRow {
  const timing = options.text('timing', 'short') === 'default' ? 'default' : 'short';
  const cluster = { network: 'namespaces' as const, settings: timing === 'short' ? shortTiming : [] };
  const strike = cutLinks.bind(undefined, shape);
  if (shape.hasNoProgress === true || shape.isFlapping === true) return { cluster, strike, holdMs: cutMs, scope: 'network' };
  return {
    cluster,
    strike,
    whileStruck: async (run) => ({ progressMs: await timeToProgress(run, progressMs[timing]) }),
    scope: 'network',
  };
}

async function cutLinks(shape: Shape, run: FaultRun, prng: Prng): Promise<Struck> {
  const { network } = run.cluster;
  const { victims, cuts } = await shape.cuts(run, prng);
  const cutAll = (): void => {
    for (const [from, to] of cuts) network.drop(from, to);
  };
  if (shape.isFlapping === true) {
    for (let i = 0; i < flaps; i++) {
      cutAll();
      await sleep(prng.between(...flapMs));
      network.heal();
      await sleep(prng.between(...flapMs));
    }
  }
  cutAll();
  return { text: `${shape.name}: ${describe(cuts)}`, victims, heal: () => Promise.resolve(network.heal()) };
}

function isolate({ cluster }: FaultRun, victim: number) {
  const others = cluster.nodeIds.filter((nodeId) => nodeId !== victim);
  return { victims: [victim], cuts: bothWays([victim], others) };
}

function halves({ cluster }: FaultRun, prng: Prng) {
  const shuffled = prng.shuffled(cluster.nodeIds);
  const minority = shuffled.slice(0, Math.floor((shuffled.length - 1) / 2));
  return { victims: minority, cuts: bothWays(minority, shuffled.slice(minority.length)) };
}

/** Everybody sees as many of those before and after it as make a majority with it. */
function majorityRing({ cluster }: FaultRun, prng: Prng) {
  const ring = prng.shuffled(cluster.nodeIds);
  const reach = Math.ceil(Math.floor(ring.length / 2) / 2);
  const isSeen = (a: number, b: number): boolean => Math.min(Math.abs(a - b), ring.length - Math.abs(a - b)) <= reach;
  const cuts = ring.flatMap((from, a) => ring.flatMap((to, b): Cut[] => (isSeen(a, b) ? [] : [[from, to]])));
  return { victims: [], cuts };
}

function bridge({ cluster }: FaultRun, prng: Prng) {
  const [, ...others] = prng.shuffled(cluster.nodeIds);
  const half = Math.floor(others.length / 2);
  return { victims: [], cuts: bothWays(others.slice(0, half), others.slice(half)) };
}

function oneWay({ cluster }: FaultRun, prng: Prng, direction: 'in' | 'out') {
  const [victim = 0, ...others] = prng.shuffled(cluster.nodeIds);
  return { victims: [victim], cuts: others.map((other): Cut => (direction === 'in' ? [other, victim] : [victim, other])) };
}

function bothWays(left: readonly Party[], right: readonly Party[]): Cut[] {
  return left.flatMap((a) =>
    right.flatMap((b): Cut[] => [
      [a, b],
      [b, a],
    ]),
  );
}

function describe(cuts: readonly Cut[]): string {
  return cuts.map(([from, to]) => `${from}→${to}`).join(' ');
}

/**
 * Plans that are made for one thing: the nodes, settings, clients and faults under which a rare coincidence is likely.
 *
 * Random faults in random settings find what nobody has thought of. What somebody has thought of, and what they meet once in
 * ten thousand runs, is provoked here instead, in a part of the runs; around the provocation everything stays as it was drawn.
 */
import type { Prng } from '@jackdaw/base';
import type { FaultAction, FaultKind, FaultTarget } from '../faults/actions.ts';
import type { WorkloadPlan } from '../workload/plan.ts';
import type { NodePlan, RunPlan, TopicPlan } from './plan.ts';

type Settings = Readonly<Record<string, string>>;

/** What a scheme changes in a plan. */
export interface Change {
  readonly faults: readonly FaultAction[];
  readonly settings?: Settings;
  readonly workload?: Partial<WorkloadPlan>;
  readonly topics?: readonly TopicPlan[];
  /** A kind world, in which the steps follow each other as they are meant to. */
  readonly isQuick?: boolean;
  /** Every `buggify` place is in use. */
  readonly isBuggy?: boolean;
  /** No other faults, and no `buggify`: what a check tells by time, it tells of such runs only. */
  readonly isAlone?: boolean;
  /** The controller is on a machine of its own, the only voter; the other three are brokers only. */
  readonly isControllerApart?: boolean;
  /** Raft's messages are lost, doubled and overtaken; else none is. */
  readonly rpc?: RunPlan['knobs']['rpc'];
  readonly always?: readonly string[];
}

export type Scheme = (prng: Prng, plan: RunPlan) => Change;

/** The plan with one of the schemes in it. */
export function withScheme(prng: Prng, plan: RunPlan, choice: readonly Scheme[] = schemes): RunPlan {
  return planWith(prng, plan, choice[prng.below(choice.length)] as Scheme);
}

export function planWith(prng: Prng, plan: RunPlan, scheme: Scheme): RunPlan {
  const change = scheme(prng, plan);
  const {
    faults,
    settings = {},
    workload = {},
    topics,
    isQuick = true,
    isBuggy = false,
    isAlone = false,
    rpc = noLoss,
    always = [],
  } = change;
  const others = plan.faults.filter(({ atMs }) => prng.chance(0.15) && atMs < chaosMs && !isAlone);
  const knobs = { ...plan.knobs, ...(isQuick ? { network: quickNetwork, disk: quickDisk } : {}), rpc };
  return {
    ...plan,
    ...(change.isControllerApart === true ? controllerApart(plan) : threeVoters(plan)),
    knobs,
    settings: { ...plan.settings, ...settings },
    workload: { ...plan.workload, ...workload },
    topics: topics ?? plan.topics,
    faults: [...faults, ...others].sort((a, b) => a.atMs - b.atMs),
    chaosMs,
    buggify: isBuggy ? 1 : isAlone ? 0 : plan.buggify,
    always,
  };
}

const chaosMs = 4_200;
const quickNetwork = { meanDelayMs: 0.5, stragglers: 0, stragglerMs: 0 };
const noLoss = { loss: 0, duplicates: 0, reordering: 0 };
const quickDisk = { meanSyncMs: 0.5, meanReadMs: 0.3, stalls: 0, stallMs: 0 };

/** The most usual cluster; clocks stay as they were drawn. */
function threeVoters({ nodes }: RunPlan): Pick<RunPlan, 'nodes' | 'voters'> {
  const ids = [1, 2, 3];
  const first = nodes[0] as NodePlan;
  return {
    voters: ids,
    nodes: ids.map((id) => ({ ...(nodes[id - 1] ?? first), id, roles: 'broker,controller' as const, startsAtOnce: true })),
  };
}

function controllerApart({ nodes }: RunPlan): Pick<RunPlan, 'nodes' | 'voters'> {
  const first = nodes[0] as NodePlan;
  const brokers = [2, 3, 4].map((id) => ({ ...(nodes[id - 1] ?? first), id, roles: 'broker' as const, startsAtOnce: true }));
  return { voters: [1], nodes: [{ ...first, id: 1, roles: 'controller', startsAtOnce: true }, ...brokers] };
}

export const alert: Settings = {
  'controller.quorum.election.timeout.ms': '500',
  'broker.heartbeat.interval.ms': '100',
  'broker.session.timeout.ms': '600',
  'broker.disconnect.fencing.ms': '100',
};
/** One disk may lose everything, and nothing is lost. */
export const covered: Settings = {
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'jackdaw.durability': 'fsync',
};
const rebalancing: Settings = { 'auto.leader.rebalance.enable': 'true', 'leader.imbalance.check.interval.seconds': '1' };
export const busy: Partial<WorkloadPlan> = {
  plainSenders: 1,
  idempotentSenders: 1,
  readers: 1,
  pauseMs: 60,
  maxBurst: 3,
  maxRecords: 200,
  hasAdmin: false,
  hasTenant: false,
};

export function topicsOf(prng: Prng, replicationFactor: number, partitions = prng.between(2, 4)): TopicPlan[] {
  return [{ name: 't1', partitions, replicationFactor, minInsyncReplicas: 2, configs: {} }];
}

export function faultsOf(
  prng: Prng,
  list: readonly (readonly [kind: FaultKind, target: FaultTarget, fromMs: number, toMs: number, durationMs?: number])[],
): FaultAction[] {
  return list.map(([kind, target, fromMs, toMs, durationMs]) => ({
    kind,
    target,
    atMs: prng.between(fromMs, toMs),
    durationMs: durationMs ?? prng.between(100, 1_200),
    number: prng.uint32(),
  }));
}

const unregisteredBrokers: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['unregister-away', 'leader', 200, 800],
    ['unregister-away', 'leader', 1_800, 2_400],
  ]),
  settings: { ...alert, ...covered, 'replica.lag.time.max.ms': '300' },
  topics: topicsOf(prng, 3),
  workload: busy,
});

const lostSnapshots: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['cut-snapshots', 'any', 200, 600],
    ['slow-disk', 'any', 100, 300, 1_500],
    ['slow-disk', 'any', 1_200, 1_400, 1_500],
    ['cut-snapshots', 'any', 1_500, 2_000],
    ['kill', 'controller', 2_800, 3_000],
    ['cut-snapshots', 'any', 3_200, 3_500],
  ]),
  settings: {
    ...alert,
    'metadata.log.max.record.bytes.between.snapshots': '250',
    'metadata.log.max.snapshot.interval.ms': '200',
  },
  workload: { ...busy, hasAdmin: true },
  isBuggy: true,
  rpc: { loss: 0, duplicates: 0.5, reordering: 0.2 },
});

const rottenEpochs: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['rot-epoch', 'any', 500, 1_000],
    ['rot-epoch', 'any', 1_800, 2_200],
    ['rot-epoch', 'any', 3_000, 3_500],
  ]),
  settings: { ...alert, ...covered },
  topics: prng.chance(0.3) ? onlyCopies : topicsOf(prng, 2),
  workload: { ...busy, hasTrimmer: false },
});

const onlyCopies: readonly TopicPlan[] = [{ name: 't1', partitions: 6, replicationFactor: 1, minInsyncReplicas: 1, configs: {} }];

const rotBehindFollowers: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['rot-behind', 'any', 500, 1_000],
    ['rot-behind', 'any', 2_000, 2_500],
  ]),
  settings: { ...alert, ...covered, 'replica.lag.time.max.ms': '500', 'replica.fetch.max.bytes': '200' },
  topics: topicsOf(prng, 3, 3),
  workload: { ...busy, maxRecords: 400 },
  isBuggy: true,
});

/** What is hard to come by is there twice. */
const schemes: readonly Scheme[] = [
  (prng) => ({
    faults: faultsOf(prng, [
      ['relay', 'any', 300, 700],
      ['relay', 'any', 2_500, 3_500],
    ]),
    settings: { ...alert, ...covered },
    topics: topicsOf(prng, 2),
    workload: { ...busy, weakSenders: 1, hasTrimmer: false },
  }),
  unregisteredBrokers,
  unregisteredBrokers,
  (prng) => ({
    faults: faultsOf(prng, [
      ['blink', 'any', 200, 700],
      ['blink', 'any', 1_000, 1_500],
      ['blink', 'any', 2_500, 3_000],
    ]),
    settings: { ...alert, ...covered, 'broker.session.timeout.ms': '5000' },
    workload: busy,
  }),
  (prng) => ({
    faults: faultsOf(prng, [
      ['promote-wiped', 'any', 300, 800],
      ['stop', 'controller', 1_500, 2_000],
      ['promote-wiped', 'any', 2_800, 3_300],
    ]),
    settings: { ...alert, ...covered },
    topics: topicsOf(prng, 3),
    workload: busy,
  }),
  lostSnapshots,
  lostSnapshots,
  (prng) => ({
    faults: faultsOf(prng, [
      ['slow-reads', 'leader', 200, 700],
      ['slow-reads', 'leader', 1_500, 2_000],
      ['slow-reads', 'leader', 2_800, 3_500],
    ]),
    settings: { ...alert, ...covered },
    topics: topicsOf(prng, 3),
    workload: { ...busy, readers: 2, weakSenders: 1 },
    isBuggy: true,
  }),
  (prng) => ({
    faults: faultsOf(
      prng,
      [0, 1, 2, 3, 4, 5].map((at) => ['stop', 'any', 200 + at * 600, 600 + at * 600] as const),
    ),
    settings: alert,
    isBuggy: true,
  }),
  (prng) => ({
    faults: faultsOf(prng, [
      ['rot-index', 'any', 1_000, 1_400],
      ['rot-index', 'any', 2_000, 2_500],
      ['rot-index', 'any', 3_000, 3_500],
    ]),
    settings: { ...alert, ...covered, 'log.index.interval.bytes': '0', 'log.index.size.max.bytes': '256', ...rebalancing },
    workload: { ...busy, readers: 2 },
  }),
  rottenEpochs,
  rottenEpochs,
  (prng) => ({
    faults: faultsOf(prng, [
      ['rot-alone', 'any', 500, 1_000],
      ['rot-alone', 'any', 2_000, 2_500],
    ]),
    settings: { ...alert, ...covered },
    topics: topicsOf(prng, 2),
    workload: busy,
    isBuggy: true,
  }),
  rotBehindFollowers,
  rotBehindFollowers,
  (prng) => ({
    faults: faultsOf(prng, [
      ['two-elections', 'controller', 200, 600],
      ['two-elections', 'controller', 2_300, 2_700],
      ['pause', 'controller', 3_500, 3_700],
    ]),
    settings: {
      ...alert,
      'broker.session.timeout.ms': '500',
      'replica.lag.time.max.ms': '200',
      'metadata.log.max.record.bytes.between.snapshots': '300',
    },
    workload: { hasAdmin: true },
    rpc: { loss: 0.2, duplicates: 0.5, reordering: 0.3 },
  }),
  (prng) => ({
    faults: faultsOf(prng, [
      ['old-image', 'any', 300, 700],
      ['old-image', 'any', 2_500, 2_800],
    ]),
    settings: { ...alert, ...covered },
    topics: topicsOf(prng, 3),
    workload: busy,
  }),
  (prng) => ({
    faults: faultsOf(prng, [
      ['full-disk', 'leader', 200, 400, 2_000],
      ['full-disk', 'any', 1_000, 1_500, 2_000],
      ['full-disk', 'leader', 2_800, 3_200],
    ]),
    settings: { ...alert, 'log.index.interval.bytes': '0', 'log.index.size.max.bytes': '64' },
    workload: { ...busy, hasAdmin: true },
  }),
  (prng) => ({
    faults: faultsOf(prng, [
      ['lagging-leader', 'any', 300, 700],
      ['lagging-leader', 'any', 2_300, 2_700],
    ]),
    settings: { ...alert, 'min.insync.replicas': '1', 'replica.lag.time.max.ms': '300' },
    topics: topicsOf(prng, 2).map((topic) => ({ ...topic, minInsyncReplicas: 1 })),
    workload: busy,
  }),
];

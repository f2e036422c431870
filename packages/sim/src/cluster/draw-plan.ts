/**
 * The plan of a seed: every knob is drawn anew for each run, "off" among its values (swarm testing), because faults that are
 * always there together hide what each of them would show alone.
 *
 * Some runs have no network faults, some none of disks, some nothing but kills, some nothing at all.
 */
import { Prng } from '@jackdaw/base';
import { drawFaults } from '../faults/draw-faults.ts';
import type { WorkloadPlan } from '../workload/plan.ts';
import { rightClock, type ClockFault } from '../world/process.ts';
import type { WorldKnobs } from '../world/world.ts';
import { diskSchemes } from './disk-schemes.ts';
import { drawSettings } from './draw-settings.ts';
import { epochSchemes } from './epoch-schemes.ts';
import { lastSchemes, laterSchemes } from './later-schemes.ts';
import type { NodePlan, NodeRoles, RunPlan, TopicPlan } from './plan.ts';
import { withIsrScheme } from './isr-schemes.ts';
import { withQuorumScheme } from './quorum-schemes.ts';
import { replicationSchemes } from './replication-schemes.ts';
import { withScheme } from './schemes.ts';
import { withStorageScheme } from './storage-schemes.ts';

export function drawPlan(seed: number): RunPlan {
  const prng = new Prng(seed ^ 0x706c616e);
  const layout = drawLayout(prng);
  const knobs = drawKnobs(prng);
  const nodes = drawNodes(prng, layout);
  const brokers = nodes.filter(({ roles, startsAtOnce }) => roles !== 'controller' && startsAtOnce).length;
  const topics = drawTopics(prng, brokers);
  const settings = drawSettings(prng, { knobs, brokers });
  const workload = drawWorkload(prng, new Prng(seed ^ 0x6c617465));
  const chaosMs = prng.between(2_500, prng.chance(0.8) ? 5_000 : 12_000);
  const faults = drawFaults(prng, { chaosMs, nodes });
  const buggify = prng.chance(0.5) ? 0 : 0.1 + prng.float() * 0.4;
  const plan = { seed, knobs, nodes, voters: layout.voters, settings, topics, workload, faults, chaosMs, buggify };
  const ofQuorum = new Prng(seed ^ 0x71756f72);
  if (ofQuorum.chance(quorumSchemeChance)) return withQuorumScheme(ofQuorum, plan);
  const ofStorage = new Prng(seed ^ 0x73746f72);
  if (ofStorage.chance(storageSchemeChance)) return withStorageScheme(ofStorage, plan);
  const ofIsr = new Prng(seed ^ 0x69737263);
  if (ofIsr.chance(isrSchemeChance)) return withIsrScheme(ofIsr, plan);
  if (prng.chance(schemeChance)) return withScheme(prng, plan);
  const later = new Prng(seed ^ 0x6c736368);
  if (later.chance(laterSchemeChance)) return withScheme(later, plan, laterSchemes);
  const ofReplicas = new Prng(seed ^ 0x7265706c);
  if (ofReplicas.chance(replicationSchemeChance)) return withScheme(ofReplicas, plan, replicationSchemes);
  const ofDisks = new Prng(seed ^ 0x6469736b);
  if (ofDisks.chance(diskSchemeChance)) return withScheme(ofDisks, plan, diskSchemes);
  const last = new Prng(seed ^ 0x6c617374);
  if (last.chance(lastSchemeChance)) return withScheme(last, plan, lastSchemes);
  const ofEpochs = new Prng(seed ^ 0x65706f63);
  return ofEpochs.chance(epochSchemeChance) ? withScheme(ofEpochs, plan, epochSchemes) : plan;
}

/** Of a run to be made for one thing (schemes.ts). */
const schemeChance = 0.5;
/** Of a run to be made for the quorum's log and elections (quorum-schemes.ts). */
const quorumSchemeChance = 0.04;
/** Of one without such a scheme to get one of the later ones. */
const laterSchemeChance = 0.12;
/** Of a run to be made for what crashes leave on disks (storage-schemes.ts). */
const storageSchemeChance = 0.03;
/** Of a run to be made for changes of the ISR (isr-schemes.ts). */
const isrSchemeChance = 0.02;
/** Of one to be made for what is known of replicas (replication-schemes.ts), where it is not made for anything else. */
const replicationSchemeChance = 0.15;
/** Of one to be made for a disk that comes too late, fails or is full (disk-schemes.ts), where nothing else has it. */
const diskSchemeChance = 0.12;

/** Of one in which nothing else is provoked, to get one of the last schemes (later-schemes.ts). */
const lastSchemeChance = 0.2;
/** Of one that is left even then, to be made for epochs that no file knows yet (epoch-schemes.ts). */
const epochSchemeChance = 0.2;

/** A plan in which nothing goes wrong: three nodes, one topic, a little of every client. For tests. */
export function calmPlan(seed: number): RunPlan {
  const knobs = { network: stillNetwork, rpc: stillRpc, sockets: { slicing: 0 }, disk: stillDisk };
  const nodes = [1, 2, 3].map((id): NodePlan => ({
    id,
    roles: 'broker,controller',
    clockFault: { ...rightClock, monotonicStartMs: id * 1_000 },
    startsAtOnce: true,
  }));
  const topics = [{ name: 't1', partitions: 2, replicationFactor: 3, minInsyncReplicas: 2, configs: {} }];
  const settings = drawSettings(new Prng(seed), { knobs, brokers: 3, isPlain: true });

  return {
    seed,
    knobs,
    nodes,
    voters: [1, 2, 3],
    settings,
    topics,
    workload: stillWorkload,
    faults: [],
    chaosMs: 3_000,
    buggify: 0,
  };
}

const stillWorkload: WorkloadPlan = {
  idempotentSenders: 1,
  plainSenders: 0,
  hastySenders: 0,
  weakSenders: 0,
  readers: 1,
  groupMembers: 0,
  groupChurnMs: 0,
  hasStaticMembers: false,
  roughMembers: 0,
  hasEndObserver: false,
  hasCommitter: false,
  hasAdmin: false,
  mayElectUnclean: false,
  hasTenant: false,
  hasTrimmer: false,
  hasProber: false,
  hasRepeater: false,
  hasSeeker: false,
  pauseMs: 50,
  maxBurst: 3,
  maxRecords: 200,
  compression: 0,
  recordBytes: 50,
};
const stillNetwork = { meanDelayMs: 0.5, stragglers: 0, stragglerMs: 0 };
const stillRpc = { loss: 0, duplicates: 0, reordering: 0 };
const stillDisk = { meanSyncMs: 0.5, meanReadMs: 0.1, stalls: 0, stallMs: 0 };

interface Layout {
  readonly voters: readonly number[];
  readonly controllersOnly: boolean;
  readonly ids: readonly number[];
}

/** How many nodes there are and which of them vote; the most usual cluster is the most frequent. */
function drawLayout(prng: Prng): Layout {
  const [, voters, others, controllersOnly] = weighted(prng, [
    [45, 3, 0, false],
    [10, 1, 0, false],
    [5, 1, 1, false],
    [7, 1, 2, false],
    [10, 3, 1, false],
    [6, 3, 2, false],
    [7, 5, 0, false],
    [5, 3, 2, true],
    [5, 1, 3, true],
  ] as const);
  const ids = Array.from({ length: voters + others }, (_, at) => at + 1);
  return { voters: ids.slice(0, voters), controllersOnly, ids };
}

function drawNodes(prng: Prng, { ids, voters, controllersOnly }: Layout): NodePlan[] {
  const hasWrongClocks = prng.chance(0.4);
  const hasLateNode = prng.chance(0.4);
  return ids.map((id) => {
    const isVoter = voters.includes(id);
    const roles: NodeRoles = !isVoter ? 'broker' : controllersOnly ? 'controller' : 'broker,controller';
    const isLate = !isVoter && hasLateNode && id === ids.at(-1) && ids.length > voters.length + (controllersOnly ? 1 : 0);
    return { id, roles, clockFault: drawClock(prng, hasWrongClocks), startsAtOnce: !isLate };
  });
}

const hourMs = 3_600_000;

function drawClock(prng: Prng, isWrong: boolean): ClockFault {
  const monotonicStartMs = prng.below(1_000_000);
  if (!isWrong) return { ...rightClock, monotonicStartMs };
  return { wallOffsetMs: prng.between(-hourMs, hourMs), rate: 0.95 + prng.float() * 0.1, monotonicStartMs };
}

function drawTopics(prng: Prng, brokers: number): TopicPlan[] {
  const maxFactor = Math.min(3, brokers);
  return Array.from({ length: prng.between(1, prng.chance(0.7) ? 1 : 3) }, (_, at) => {
    const replicationFactor = prng.chance(0.75) ? maxFactor : prng.between(1, maxFactor);
    const minInsyncReplicas = prng.chance(0.5) ? Math.min(2, replicationFactor) : prng.between(1, replicationFactor);
    return { name: `t${at + 1}`, partitions: prng.between(1, 4), replicationFactor, minInsyncReplicas, configs: {} };
  });
}

function drawKnobs(prng: Prng): WorldKnobs {
  const isSlow = prng.chance(0.15);
  const meanDelayMs = prng.chance(0.5) ? 0.2 + prng.float() : 0.2 + prng.float() * (isSlow ? 50 : 5);
  return {
    network: {
      meanDelayMs,
      stragglers: sometimesUpTo(prng, 0.02),
      stragglerMs: prng.between(20, prng.chance(0.2) ? 10_000 : 500),
    },
    rpc: { loss: sometimesUpTo(prng, 0.3), duplicates: sometimesUpTo(prng, 0.5), reordering: sometimesUpTo(prng, 0.3) },
    sockets: { slicing: sometimesUpTo(prng, 0.5) },
    disk: {
      meanSyncMs: prng.chance(0.2) ? 0 : prng.float() * (prng.chance(0.2) ? 30 : 3),
      meanReadMs: prng.chance(0.3) ? 0 : prng.float() * 2,
      stalls: sometimesUpTo(prng, 0.01),
      stallMs: prng.between(50, 3_000),
    },
  };
}

/** 0 in two runs of three. */
function sometimesUpTo(prng: Prng, most: number): number {
  return prng.chance(2 / 3) ? 0 : prng.float() * most;
}

/** `later` draws what was added later, so that all else of a seed stays as it was. */
function drawWorkload(prng: Prng, later: Prng): WorkloadPlan {
  return {
    idempotentSenders: prng.between(0, 2),
    plainSenders: prng.between(0, 2),
    hastySenders: prng.chance(0.4) ? 1 : 0,
    weakSenders: prng.chance(0.3) ? 1 : 0,
    readers: prng.between(1, 2),
    groupMembers: prng.chance(0.5) ? 0 : prng.between(1, 3),
    groupChurnMs: prng.chance(0.5) ? 0 : prng.between(200, 3_000),
    hasStaticMembers: prng.chance(0.3),
    roughMembers: prng.chance(0.12) ? prng.between(2, 4) : 0,
    hasEndObserver: prng.chance(0.5),
    hasCommitter: prng.chance(0.5),
    hasAdmin: prng.chance(0.4),
    mayElectUnclean: prng.chance(0.3),
    hasTenant: prng.chance(0.3),
    hasTrimmer: prng.chance(0.2),
    hasProber: prng.chance(0.3),
    hasRepeater: later.chance(0.4),
    hasSeeker: later.chance(0.3),
    pauseMs: prng.between(10, 200),
    maxBurst: prng.between(1, 8),
    maxRecords: prng.between(50, prng.chance(0.8) ? 300 : 1_500),
    compression: prng.chance(0.6) ? 0 : prng.float(),
    recordBytes: prng.chance(0.8) ? prng.between(8, 200) : prng.between(200, 5_000),
  };
}

/** One row, by the weights in the first column. */
export function weighted<Row extends readonly [number, ...unknown[]]>(prng: Prng, rows: readonly Row[]): Row {
  let left = prng.float() * rows.reduce((sum, [weight]) => sum + weight, 0);
  for (const row of rows) {
    left -= row[0];
    if (left < 0) return row;
  }
  return rows.at(-1) as Row;
}

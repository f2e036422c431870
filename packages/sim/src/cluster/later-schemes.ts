/**
 * Schemes that are drawn from numbers of their own, and put into runs that have none: all other seeds stay what they were
 * before these were thought of.
 */
import { rotDown } from './disk-schemes.ts';
import { cutVoters, failuresInStops } from './quorum-schemes.ts';
import { alert, busy, covered, faultsOf, topicsOf, type Scheme } from './schemes.ts';

/** A node that does not hear the leader of the quorum asks one that does for its vote. */
const halfDeaf: Scheme = (prng) => ({
  faults: faultsOf(prng, [['bridge', 'any', 1_600, 2_200, 2_500]]),
  settings: alert,
  workload: busy,
  isAlone: true,
});

/** The wall clock of whoever keeps the sessions jumps, after a while in which everybody was well. */
const jumpingController: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['clock-jump', 'controller', 3_200, 3_400],
    ['clock-jump', 'controller', 3_500, 3_700],
    ['clock-jump', 'controller', 3_800, 4_000],
  ]),
  settings: alert,
  workload: busy,
  isAlone: true,
});

/** Everything but the newest records may go, while followers have not got those yet. */
const hastyRetention: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['pause', 'follower', 400, 900, 700],
    ['isolate', 'follower', 1_500, 2_000, 700],
    ['pause', 'follower', 2_700, 3_200, 700],
  ]),
  settings: {
    ...alert,
    'log.index.interval.bytes': '0',
    'log.index.size.max.bytes': '16',
    'log.retention.check.interval.ms': '100',
    'replica.lag.time.max.ms': '2000',
    'broker.session.timeout.ms': '5000',
    'broker.disconnect.fencing.ms': '5000',
  },
  topics: topicsOf(prng, 3, 2).map((topic) => ({ ...topic, configs: { 'retention.bytes': '100' } })),
  workload: { ...busy, weakSenders: 1, groupMembers: 0, roughMembers: 0, hasSeeker: false, hasTrimmer: false, pauseMs: 30 },
});

/** A topic is deleted and made anew while one of its brokers is away, and nobody knows. */
const rebirths: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['rebirth', 'any', 300, 500],
    ['rebirth', 'any', 2_300, 2_600],
  ]),
  settings: { ...alert, ...covered, 'broker.session.timeout.ms': '5000', 'broker.disconnect.fencing.ms': '5000' },
  workload: { ...busy, hasTenant: true },
});

/** Retention leaves nothing of a quiet partition, again and again, and its leader changes. */
const emptiedPartition: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['stop', 'leader', 500, 900],
    ['kill', 'leader', 1_400, 1_800],
    ['isolate', 'leader', 2_300, 2_700],
    ['stop', 'leader', 3_200, 3_600],
  ]),
  settings: { ...alert, ...covered, 'log.retention.check.interval.ms': '100', 'replica.lag.time.max.ms': '300' },
  topics: topicsOf(prng, 3, 1).map((topic) => ({ ...topic, configs: { 'retention.ms': '30' } })),
  workload: {
    ...busy,
    groupMembers: 0,
    roughMembers: 0,
    hasSeeker: false,
    hasTrimmer: false,
    hasRepeater: false,
    pauseMs: 200,
    maxBurst: 2,
  },
});

/** Retention takes all that a producer has written, and then the power goes: only snapshots know what it wrote last. */
const forgottenProducers: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['power-cut-all', 'any', 700, 900, 100],
    ['power-cut-all', 'any', 2_000, 2_300, 100],
    ['power-cut-all', 'any', 3_300, 3_500, 100],
  ]),
  settings: {
    ...alert,
    ...covered,
    'log.index.interval.bytes': '0',
    'log.index.size.max.bytes': '16',
    'log.retention.check.interval.ms': '100',
  },
  topics: topicsOf(prng, 3, 1).map((topic) => ({ ...topic, configs: { 'retention.bytes': '100' } })),
  workload: {
    ...busy,
    weakSenders: 1,
    groupMembers: 0,
    roughMembers: 0,
    hasSeeker: false,
    hasTrimmer: false,
    hasRepeater: true,
    pauseMs: 30,
    maxRecords: 400,
  },
});

/** For runs in which nothing else is provoked. */
export const lastSchemes: readonly Scheme[] = [emptiedPartition, rotDown, cutVoters, failuresInStops, forgottenProducers];

export const laterSchemes: readonly Scheme[] = [halfDeaf, jumpingController, hastyRetention, rebirths];

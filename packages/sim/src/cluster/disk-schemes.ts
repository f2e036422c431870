/**
 * Schemes around disks: recovery points that are late, syncs in the midst of which a disk fails, followers that begin anew on a
 * full disk, damage that is found twice. The steps are in faults/storage-schemes.ts and faults/rot-schemes.ts.
 */
import { alert, busy, covered, faultsOf, topicsOf, type Scheme } from './schemes.ts';

/** Nothing is written of where recovery begins, and no file goes, while a run lasts. */
const late = { 'log.flush.offset.checkpoint.interval.ms': '60000', 'log.segment.delete.delay.ms': '60000' };
const manyWriters = { ...busy, plainSenders: 2, weakSenders: 2, compression: 0, pauseMs: 25, maxRecords: 300, hasTrimmer: false };

const cutsAndRolls: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['cut-and-roll', 'any', 300, 700],
    ['cut-and-roll', 'any', 2_200, 2_600],
  ]),
  settings: { ...alert, ...covered, 'log.flush.offset.checkpoint.interval.ms': '400', 'replica.fetch.max.bytes': '200' },
  // One log, for a cut in another lowers the points of all; small answers, so that its new segments are small.
  topics: topicsOf(prng, 3, 1),
  workload: { ...manyWriters, maxBurst: 1, recordBytes: 60 },
  isControllerApart: true,
  always: ['log: segment rolled early'],
});

const failuresInSyncs: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['fail-in-sync', 'any', 200, 600],
    ['fail-in-sync', 'any', 2_300, 2_700],
  ]),
  settings: { ...alert, ...covered },
  topics: topicsOf(prng, 3, 2),
  workload: manyWriters,
  always: ['log: segment rolled early'],
});

const trimmedAndFull: Scheme = (prng) => ({
  // At once: the less its follower has, the sooner more than that is deleted.
  faults: faultsOf(prng, [['trim-and-fill', 'any', 5, 40]]),
  settings: { ...alert, ...covered, ...late, 'replica.lag.time.max.ms': '300' },
  topics: topicsOf(prng, 3, 1),
  workload: { ...busy, hasTrimmer: true, trimPauseMs: 250, maxBurst: 8, maxRecords: 500, pauseMs: 30 },
  isControllerApart: true,
});

const rotTwice: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['rot-twice', 'any', 500, 900],
    ['rot-twice', 'any', 2_400, 2_800],
  ]),
  settings: { ...alert, ...covered, ...late },
  topics: topicsOf(prng, 2, 4),
  workload: { ...busy, hasTrimmer: false },
  isControllerApart: true,
});

/** For later-schemes.ts: it was thought of after all others. */
export const rotDown: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['rot-down', 'any', 500, 900],
    ['rot-down', 'any', 2_400, 2_800],
  ]),
  settings: { ...alert, ...covered, ...late },
  topics: topicsOf(prng, 2, 4),
  workload: { ...busy, hasTrimmer: false },
  isControllerApart: true,
});

/** A broker that stops waits for its disk, while a topic of which it holds a log is deleted. */
const stopsOnHungDisks: Scheme = (prng) => ({
  faults: faultsOf(
    prng,
    [0, 1, 2, 3].map((at) => ['stop-while-hung', 'any', 200 + at * 1_000, 600 + at * 1_000, 200] as const),
  ),
  settings: alert,
  topics: topicsOf(prng, 3, 1),
  workload: { ...busy, hasTenant: true },
});

export const diskSchemes: readonly Scheme[] = [
  cutsAndRolls,
  failuresInSyncs,
  trimmedAndFull,
  rotTwice,
  stopsOnHungDisks,
  stopsOnHungDisks,
];

/**
 * Schemes around what a disk does not know yet: epochs of records that recovery would not walk, metadata by which a broker leads
 * already, producers of records that are about to go.
 */
import { alert, busy, covered, faultsOf, topicsOf, type Scheme } from './schemes.ts';

/** One for each batch or two. */
const shortSegments = {
  'log.index.interval.bytes': '0',
  'log.index.size.max.bytes': '16',
};

/** A log is cut, and comes to the recovery point on its disk with other records. */
const cutsToPoints: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['cut-to-point', 'any', 200, 500],
    ['cut-to-point', 'any', 2_300, 2_600],
  ]),
  // The epochs are not in their file yet when the log is back at its recovery point.
  settings: { ...alert, ...covered, ...shortSegments, 'log.flush.offset.checkpoint.interval.ms': '1500' },
  topics: topicsOf(prng, 3, 1),
  // Batches of one record each, so that two are often as long as each other.
  workload: { ...busy, plainSenders: 2, weakSenders: 2, maxBurst: 1, compression: 0, hasTrimmer: false, maxRecords: 300 },
  isControllerApart: true,
  always: ['log: segment rolled early'],
});

/** Whoever leads anew loses its power before it has written down why. */
const cutNewLeaders: Scheme = (prng) => ({
  faults: faultsOf(
    prng,
    [0, 1, 2, 3].map((at) => ['cut-new-leader', 'any', 300 + at * 900, 500 + at * 900] as const),
  ),
  settings: { ...alert, ...covered, 'metadata.log.max.record.bytes.between.snapshots': '300' },
  topics: topicsOf(prng, 3, 2),
  workload: { ...busy, hasTrimmer: false },
  isControllerApart: true,
});

/** A leader is asked what it knows of producers, and retention takes the files that it reads. */
const walksUnderRetention: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['trim-under-walk', 'any', 100, 300],
    ['trim-under-walk', 'any', 2_500, 2_800],
  ]),
  settings: {
    ...alert,
    ...covered,
    ...shortSegments,
    'log.retention.check.interval.ms': '1500',
    'replica.lag.time.max.ms': '300',
  },
  topics: topicsOf(prng, 3, 1),
  workload: { ...busy, hasTrimmer: true, trimPauseMs: 250, maxRecords: 500, pauseMs: 20 },
  isControllerApart: true,
});

/** Drawn from numbers of their own, as the later ones are, for runs without any other scheme. */
export const epochSchemes: readonly Scheme[] = [cutsToPoints, cutNewLeaders, walksUnderRetention];

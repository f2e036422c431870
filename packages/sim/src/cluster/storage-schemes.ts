/**
 * Plans that are made for what a crash leaves on the disk of a broker: cuts that are undone, batches of which a part is there.
 */
import type { Prng } from '@jackdaw/base';
import { alert, busy, covered, faultsOf, planWith, topicsOf, type Scheme } from './schemes.ts';
import type { RunPlan } from './plan.ts';

export function withStorageScheme(prng: Prng, plan: RunPlan): RunPlan {
  return planWith(prng, plan, schemes[prng.below(schemes.length)] as Scheme);
}

/** Batches of one size: what is left of a cut may begin where the new end is. */
const even = {
  ...busy,
  idempotentSenders: 1,
  plainSenders: 2,
  weakSenders: 2,
  maxBurst: 1,
  compression: 0,
  recordBytes: 60,
  isKeyless: true,
  pauseMs: 25,
};
const cuts = { ...alert, ...covered, 'log.flush.offset.checkpoint.interval.ms': '100' };

const cutAndCrash: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['cut-and-crash', 'leader', 300, 500, 200],
    ['cut-and-crash', 'leader', 2_200, 2_500, 200],
  ]),
  settings: cuts,
  topics: topicsOf(prng, 3, 2),
  workload: { ...even, maxRecords: 300 },
  always: prng.chance(0.5) ? ['log: segment rolled early'] : [],
});

/** Nearly each batch is a write of its own, in one file: the power may take any of them and leave the next. */
const cutAndCrashByBatches: Scheme = (prng, plan) => {
  const change = cutAndCrash(prng, plan);
  return { ...change, settings: { ...change.settings, 'replica.fetch.max.bytes': '150' }, always: [] };
};

const schemes: readonly Scheme[] = [
  cutAndCrash,
  cutAndCrashByBatches,
  cutAndCrashByBatches,
  // Batches of several sectors are on their way to the disks when the power goes.
  (prng) => ({
    faults: faultsOf(prng, [
      ['slow-disk', 'leader', 200, 300, 1_200],
      ['slow-disk', 'any', 200, 300, 1_200],
      ['power-cut-all', 'any', 700, 1_300, 100],
      ['slow-disk', 'leader', 2_600, 2_800, 1_200],
      ['power-cut', 'leader', 3_000, 3_300, 100],
    ]),
    settings: { ...alert, ...covered },
    topics: topicsOf(prng, 3, 2),
    workload: { ...busy, plainSenders: 2, weakSenders: 2, recordBytes: prng.between(600, 3_000), compression: 0 },
  }),
];

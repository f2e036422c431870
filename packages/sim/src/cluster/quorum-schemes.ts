/**
 * Plans that are made for one coincidence in the quorum of the metadata, with few clients: what is looked at is its log.
 */
import type { Prng } from '@jackdaw/base';
import { alert, busy, covered, faultsOf, planWith, topicsOf, type Scheme } from './schemes.ts';
import type { RunPlan } from './plan.ts';

export function withQuorumScheme(prng: Prng, plan: RunPlan): RunPlan {
  return planWith(prng, plan, schemes[prng.below(schemes.length)] as Scheme);
}

/** Appends and snapshots in the smallest pieces that there are. */
const always = ['raft: one entry in each append', 'broker: no entries kept behind a snapshot'];
const quiet = {
  ...busy,
  plainSenders: 0,
  hasRepeater: false,
  hasSeeker: false,
  groupMembers: 0,
  roughMembers: 0,
  hasCommitter: false,
};
const settings = { ...alert, ...covered, 'broker.session.timeout.ms': '5000' };

/** For later-schemes.ts, as the next one: they were thought of after all others. */
export const cutVoters: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['cut-voter', 'controller', 200, 500],
    ['cut-voter', 'controller', 1_700, 2_000],
    ['cut-voter', 'controller', 3_200, 3_500],
  ]),
  settings,
  topics: topicsOf(prng, 3),
  workload: quiet,
});

export const failuresInStops: Scheme = (prng) => ({
  faults: faultsOf(prng, [
    ['fail-in-stop', 'controller', 200, 500, 1_500],
    ['fail-in-stop', 'controller', 2_300, 2_600, 1_500],
  ]),
  settings,
  topics: topicsOf(prng, 3),
  workload: quiet,
});

const schemes: readonly Scheme[] = [
  (prng) => ({
    faults: faultsOf(prng, [
      ['lone-leader', 'controller', 200, 500],
      ['kill', 'any', 2_200, 2_500],
      ['lone-leader', 'controller', 2_600, 2_900],
    ]),
    settings: { ...settings, 'metadata.log.max.record.bytes.between.snapshots': String(prng.between(20, 300)) },
    topics: topicsOf(prng, 3),
    workload: quiet,
    always,
  }),
  (prng) => ({
    faults: faultsOf(prng, [
      // The other two must elect one of them before it is back: it holds what they have to be told of.
      ['half-told', 'controller', 200, 400, 1_300],
      ['half-told', 'controller', 2_300, 2_500, 1_300],
    ]),
    settings,
    topics: topicsOf(prng, 3),
    workload: quiet,
    always,
  }),
  (prng) => ({
    faults: faultsOf(prng, [['late-grant', 'controller', 200, 600]]),
    settings: { ...settings, 'controller.quorum.election.timeout.ms': '300' },
    topics: topicsOf(prng, 3),
    workload: quiet,
  }),
];

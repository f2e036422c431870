/**
 * What one seed's run looks like: every knob is drawn, "off" included, so that the seeds differ in kind.
 */

import type { Prng } from '@jackdaw/base';

export interface Knobs {
  readonly voterCount: number;
  readonly observerCount: number;
  readonly lossRate: number;
  readonly duplicateRate: number;
  readonly delayMax: number;
  /** Share of messages that come ten times later. */
  readonly stragglerRate: number;
  readonly diskDelayMax: number;
  /** Per fault round: */
  readonly crashRate: number;
  readonly partitionRate: number;
  readonly wipeRate: number;
  readonly pauseRate: number;
  readonly transferRate: number;
  readonly proposeEvery: number;
  /** Entries between snapshots; 0 = never. */
  readonly snapshotEvery: number;
  readonly entriesKept: number;
  readonly snapshotReportRate: number;
  readonly maxMessageBytes: number;
  readonly maxInflightMessages: number;
}

/** Virtual time between two ticks of a node. */
export const tickInterval = 10;
export const electionTicks = 10;
export const heartbeatTicks = 2;

export function drawKnobs(prng: Prng): Knobs {
  const orOff = (value: number): number => (prng.chance(0.4) ? 0 : value);
  return {
    voterCount: prng.chance(0.1) ? 1 : prng.chance(0.6) ? 3 : prng.between(4, 5),
    observerCount: prng.below(3),
    lossRate: orOff(prng.float() * 0.25),
    duplicateRate: orOff(prng.float() * 0.5),
    delayMax: prng.between(2, 30),
    stragglerRate: orOff(prng.float() * 0.05),
    diskDelayMax: prng.between(1, 40),
    crashRate: orOff(prng.float() * 0.3),
    partitionRate: orOff(prng.float() * 0.3),
    wipeRate: orOff(prng.float() * 0.3),
    pauseRate: orOff(prng.float() * 0.3),
    transferRate: orOff(prng.float() * 0.2),
    proposeEvery: prng.between(5, 60),
    snapshotEvery: orOff(prng.between(4, 30)),
    entriesKept: prng.below(6),
    snapshotReportRate: prng.float(),
    maxMessageBytes: prng.between(40, 400),
    maxInflightMessages: prng.between(1, 8),
  };
}

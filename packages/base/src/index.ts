/**
 * What every package may use: invariants, injected time and randomness, the names of numbers, text and sorted search.
 * This is the only entrance of the package; it sees nothing but the language, so the simulator can own all the rest.
 */
export { assert, expectDefined, InvariantError, unreachable } from './assert.ts';
export { ManualClock, setRepeating, type Clock, type Scheduler, type Timer, type Timers } from './clock.ts';
export {
  maxSafeOffset,
  type BytePosition,
  type LeaderEpoch,
  type NodeId,
  type Offset,
  type RaftIndex,
  type Term,
} from './ids.ts';
export { Prng, type Randomness } from './prng.ts';
export { buggify, setProbes, sometimes, type Probes } from './probes.ts';
export { floorIndex } from './sorted-search.ts';
export { utf8Decode, utf8Encode } from './text.ts';

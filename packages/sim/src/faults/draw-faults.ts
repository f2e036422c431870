/**
 * The schedule of a run's faults: first which kinds may come at all, then how many of them, when, to whom and for how long.
 */
import type { Prng } from '@jackdaw/base';
import type { NodePlan } from '../cluster/plan.ts';
import type { FaultAction, FaultKind, FaultTarget } from './actions.ts';

const processFaults: readonly FaultKind[] = ['kill', 'kill-at-effect', 'power-cut', 'power-cut-all', 'stop', 'pause'];
const networkFaults: readonly FaultKind[] = [
  'isolate',
  'halves',
  'majority-ring',
  'bridge',
  'one-way-in',
  'one-way-out',
  'flap',
  'clog',
  'slow-link',
  'reset-connections',
  'client-cut',
];
const diskFaults: readonly FaultKind[] = [
  'slow-disk',
  'full-disk',
  'failing-sync',
  'failing-write',
  'failing-database',
  'bit-rot',
  'old-image',
  'wipe',
  'damaged-database',
];
const otherFaults: readonly FaultKind[] = ['clock-jump', 'decommission'];

/** Shortest and longest duration, ms; half of what is drawn lies in the lowest eighth. */
const durations: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [0, 4_000],
  'kill-at-effect': [0, 4_000],
  'power-cut': [50, 5_000],
  'power-cut-all': [50, 2_000],
  stop: [0, 3_000],
  pause: [20, 8_000],
  isolate: [50, 6_000],
  halves: [50, 5_000],
  'majority-ring': [100, 6_000],
  bridge: [100, 6_000],
  'one-way-in': [50, 6_000],
  'one-way-out': [50, 6_000],
  flap: [200, 4_000],
  clog: [50, 5_000],
  'slow-link': [100, 5_000],
  'reset-connections': [0, 0],
  'client-cut': [100, 5_000],
  'slow-disk': [100, 5_000],
  'full-disk': [100, 4_000],
  'failing-sync': [50, 2_000],
  'failing-write': [50, 2_000],
  'failing-database': [50, 2_000],
  'bit-rot': [0, 3_000],
  'old-image': [100, 4_000],
  wipe: [0, 4_000],
  'damaged-database': [100, 3_000],
  'clock-jump': [0, 0],
  join: [0, 0],
  decommission: [100, 4_000],
  blink: [0, 0],
  'unregister-away': [0, 500],
  relay: [0, 0],
  'lagging-leader': [0, 0],
  'cut-to-point': [50, 300],
  'trim-under-walk': [0, 0],
  'cut-new-leader': [50, 400],
  rebirth: [0, 0],
  'two-elections': [0, 0],
  'promote-wiped': [0, 300],
  'cut-snapshots': [500, 3_000],
  'slow-reads': [500, 4_000],
  'rot-index': [0, 500],
  'rot-epoch': [0, 500],
  'rot-alone': [200, 2_000],
  'rot-behind': [0, 0],
  'lone-leader': [0, 0],
  'half-told': [100, 500],
  'late-grant': [0, 0],
  'cut-and-crash': [100, 500],
  'cut-and-roll': [0, 0],
  'fail-in-sync': [300, 900],
  'trim-and-fill': [0, 500],
  'rot-twice': [0, 0],
  'rot-down': [0, 0],
  'cut-voter': [100, 600],
  'fail-in-stop': [0, 0],
  'stop-while-hung': [0, 500],
  'relay-tail': [0, 0],
  'clear-elr': [0, 1_000],
  'fenced-restart': [0, 0],
  'late-isr-change': [0, 0],
};

const targets: readonly FaultTarget[] = ['any', 'any', 'controller', 'leader', 'leader', 'follower', 'coordinator'];

/** Some runs hurt in one way only. */
function drawKinds(prng: Prng): readonly FaultKind[] {
  const profile = prng.float();
  if (profile < 0.05) return [];
  if (profile < 0.13) return ['kill'];
  if (profile < 0.25) return processFaults;
  if (profile < 0.37) return networkFaults;
  if (profile < 0.47) return [...diskFaults, 'kill'];
  const all = [...processFaults, ...networkFaults, ...diskFaults, ...otherFaults];
  const share = 0.15 + prng.float() * 0.5;
  const kinds = all.filter(() => prng.chance(share));
  return kinds.length === 0 ? ['kill'] : kinds;
}

export function drawFaults(prng: Prng, options: { chaosMs: number; nodes: readonly NodePlan[] }): FaultAction[] {
  const { chaosMs, nodes } = options;
  const kinds = drawKinds(prng);
  const count = kinds.length === 0 ? 0 : prng.between(1, prng.chance(0.5) ? 4 : 12);
  const actions = Array.from({ length: count }, () => {
    const kind = kinds[prng.below(kinds.length)] as FaultKind;
    const [shortest, longest] = durations[kind];
    const spread = longest - shortest;
    const durationMs = shortest + Math.round(prng.float() * (prng.chance(0.5) ? spread / 8 : spread));
    const target = targets[prng.below(targets.length)] as FaultTarget;
    return { atMs: prng.below(Math.round(chaosMs * 0.9)), kind, target, durationMs, number: prng.uint32() };
  });
  if (kinds.length > 0 && nodes.some(({ startsAtOnce }) => !startsAtOnce)) {
    actions.push({
      atMs: prng.below(Math.round(chaosMs / 2)),
      kind: 'join',
      target: 'any',
      durationMs: 0,
      number: prng.uint32(),
    });
  }
  return actions.sort((a, b) => a.atMs - b.atMs);
}

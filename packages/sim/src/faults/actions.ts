/**
 * What can go wrong, as data: a kind, a time and what it is done to. Targets are picked when the time comes, from the
 * action's own number, so that leaving one action out of a run does not move the others.
 */

export type FaultKind =
  | 'kill'
  | 'kill-at-effect'
  | 'power-cut'
  | 'power-cut-all'
  | 'stop'
  | 'pause'
  | 'isolate'
  | 'halves'
  | 'majority-ring'
  | 'bridge'
  | 'one-way-in'
  | 'one-way-out'
  | 'flap'
  | 'clog'
  | 'slow-link'
  | 'reset-connections'
  | 'client-cut'
  | 'slow-disk'
  | 'full-disk'
  | 'failing-sync'
  | 'failing-write'
  | 'failing-database'
  | 'bit-rot'
  | 'old-image'
  | 'wipe'
  | 'damaged-database'
  | 'clock-jump'
  | 'join'
  | 'decommission'
  | 'blink'
  | 'unregister-away'
  | 'relay'
  | 'lagging-leader'
  | 'rebirth'
  | 'two-elections'
  | 'promote-wiped'
  | 'cut-snapshots'
  | 'slow-reads'
  | 'rot-index'
  | 'rot-epoch'
  | 'rot-alone'
  | 'rot-behind'
  | 'lone-leader'
  | 'half-told'
  | 'late-grant'
  | 'cut-and-crash'
  | 'cut-and-roll'
  | 'fail-in-sync'
  | 'trim-and-fill'
  | 'rot-twice'
  | 'rot-down'
  | 'cut-voter'
  | 'fail-in-stop'
  | 'stop-while-hung'
  | 'relay-tail'
  | 'clear-elr'
  | 'fenced-restart'
  | 'late-isr-change'
  | 'cut-to-point'
  | 'trim-under-walk'
  | 'cut-new-leader';

/** Who is hit: a role is looked up when the time comes. */
export type FaultTarget = 'any' | 'controller' | 'leader' | 'follower' | 'coordinator';

export interface FaultAction {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: FaultTarget;
  /** How long it lasts before it is undone: a restart, an open way, space on the disk. */
  readonly durationMs: number;
  /** Seeds the choices of this action alone. */
  readonly number: number;
}

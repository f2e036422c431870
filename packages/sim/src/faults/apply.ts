/**
 * Does what a fault action says, to whoever it hits at that time; each fault is undone when its duration is over.
 */
import type { SimCluster } from '../cluster/sim-cluster.ts';
import type { FaultAction, FaultKind } from './actions.ts';
import { contextOf, type FaultContext } from './context.ts';
import { bitRot, damagedDatabase, oldImage, wipe } from './damage-faults.ts';
import { failingDatabase, failingSync, failingWrite, fullDisk, slowDisk } from './disk-faults.ts';
import { decommission, join, jumpClock } from './membership-faults.ts';
import {
  bridge,
  clog,
  cutClients,
  flap,
  halves,
  isolate,
  majorityRing,
  oneWayIn,
  oneWayOut,
  resetConnections,
  slowLink,
} from './network-faults.ts';
import { cutVoter, failInStop, halfTold, lateGrant, loneLeader } from './quorum-schemes.ts';
import { clearElr, cutNewLeader, fencedRestart, lateIsrChange, relayTail } from './replication-schemes.ts';
import { rotAlone, rotBehind, rotDown, rotEpoch, rotIndex, rotTwice } from './rot-schemes.ts';
import {
  blink,
  cutSnapshots,
  laggingLeader,
  promoteWiped,
  rebirth,
  relay,
  slowReads,
  twoElections,
  unregisterAway,
} from './schemes.ts';
import { cutToPoint } from './point-schemes.ts';
import { cutAndCrash, cutAndRoll, failInSync, stopWhileHung, trimAndFill, trimUnderWalk } from './storage-schemes.ts';
import { cutAllPower, cutPower, kill, killAtEffect, pause, stop } from './process-faults.ts';

const faults: Readonly<Record<FaultKind, (context: FaultContext) => void>> = {
  kill,
  'kill-at-effect': killAtEffect,
  'power-cut': cutPower,
  'power-cut-all': cutAllPower,
  stop,
  pause,
  isolate,
  halves,
  'majority-ring': majorityRing,
  bridge,
  'one-way-in': oneWayIn,
  'one-way-out': oneWayOut,
  flap,
  clog,
  'slow-link': slowLink,
  'reset-connections': resetConnections,
  'client-cut': cutClients,
  'slow-disk': slowDisk,
  'full-disk': fullDisk,
  'failing-sync': failingSync,
  'failing-write': failingWrite,
  'failing-database': failingDatabase,
  'bit-rot': bitRot,
  'old-image': oldImage,
  wipe,
  'damaged-database': damagedDatabase,
  'clock-jump': jumpClock,
  join,
  decommission,
  blink,
  'unregister-away': unregisterAway,
  relay,
  'lagging-leader': laggingLeader,
  rebirth,
  'two-elections': twoElections,
  'promote-wiped': promoteWiped,
  'cut-snapshots': cutSnapshots,
  'slow-reads': slowReads,
  'rot-index': rotIndex,
  'rot-epoch': rotEpoch,
  'rot-alone': rotAlone,
  'rot-behind': rotBehind,
  'lone-leader': loneLeader,
  'half-told': halfTold,
  'late-grant': lateGrant,
  'cut-and-crash': cutAndCrash,
  'cut-and-roll': cutAndRoll,
  'fail-in-sync': failInSync,
  'trim-and-fill': trimAndFill,
  'rot-twice': rotTwice,
  'rot-down': rotDown,
  'cut-voter': cutVoter,
  'fail-in-stop': failInStop,
  'stop-while-hung': stopWhileHung,
  'relay-tail': relayTail,
  'clear-elr': clearElr,
  'fenced-restart': fencedRestart,
  'late-isr-change': lateIsrChange,
  'cut-to-point': cutToPoint,
  'trim-under-walk': trimUnderWalk,
  'cut-new-leader': cutNewLeader,
};

export function applyFault(cluster: SimCluster, action: FaultAction): void {
  const context = contextOf(cluster, action);
  if (cluster.world.network.isHealed) return;
  faults[action.kind](context);
}

/**
 * The one place that decides who leads a partition and who is in its ISR and ELR: registration + target → one change
 * record, or null when nothing changes. No clock, no I/O; every operation that touches a partition goes through it.
 *
 * The rules are those of Kafka 4.3's `PartitionChangeBuilder` (KIP-704, KIP-841, KIP-966 with the last known leader).
 * The leader epoch rises when the record names a leader: on every leader change, also to "none", and when replicas are
 * taken away; not on a mere ISR shrink (KAFKA-15021). A leader that restarts was fenced in between, so it led to a
 * change of leader and never comes back in its old epoch (A9).
 */

import { sometimes } from '@jackdaw/base';
import type { NodeId } from '@jackdaw/base';
import { directoryIds, type PartitionRegistration } from '../partition-registration.ts';
import {
  leaderRecovering,
  noLeader,
  noLeaderChange,
  partitionChange,
  type LeaderRecoveryState,
  type PartitionChangeRecord,
} from '../records.ts';

/**
 * `preferred`: the first replica if it can lead, otherwise as `online`. `online`: keep the leader while it can lead,
 * otherwise any member of the ISR, or of the ELR when the ISR is empty. `unclean`: as `online`, but rather any live
 * replica than none, which may lose committed records.
 */
export type ElectionPolicy = 'online' | 'preferred' | 'unclean';

export interface PartitionChangeInput {
  readonly topicId: string;
  readonly partitionId: number;
  readonly registration: PartitionRegistration;
  /** The broker is alive and the directory of its replica online. */
  readonly mayLead: (brokerId: NodeId) => boolean;
  /** The broker has registered without the directory of its replica: the disk was replaced, and with it went the records. */
  readonly hasLostDirectory?: (brokerId: NodeId) => boolean;
  /** Effective `min.insync.replicas`: below it, members that leave the ISR stay eligible. */
  readonly minIsr: number;
  readonly elrEnabled: boolean;
  readonly election?: ElectionPolicy;
  /** What is wanted; what is absent stays as it is registered. */
  readonly isr?: readonly NodeId[];
  readonly replicas?: readonly NodeId[];
  readonly removingReplicas?: readonly NodeId[];
  readonly addingReplicas?: readonly NodeId[];
  readonly leaderRecoveryState?: LeaderRecoveryState;
  /** Brokers that stopped without flushing: not eligible, whatever they were before. */
  readonly uncleanShutdownReplicas?: readonly NodeId[];
  /** Brokers whose replica begins again on an empty disk. */
  readonly emptyReplicas?: readonly NodeId[];
  /** Log directories by broker that differ from the registered ones. */
  readonly directories?: ReadonlyMap<NodeId, string>;
  /** Directory of a replica that is new on a broker. */
  readonly defaultDirectory?: (brokerId: NodeId) => string;
}

export interface PartitionChangeResult {
  readonly record: PartitionChangeRecord;
  /** The new leader may lack committed records (A23). */
  readonly uncleanElection: boolean;
}

/** What the partition shall look like; the steps below refine it one after the other. */
interface Target {
  isr: readonly NodeId[];
  replicas: readonly NodeId[];
  removing: readonly NodeId[];
  adding: readonly NodeId[];
  elr: readonly NodeId[];
  /** `noLeaderChange` unless the record must name a leader. */
  leader: NodeId;
  uncleanElection: boolean;
}

export function buildPartitionChange(input: PartitionChangeInput): PartitionChangeResult | null {
  const { registration: before } = input;
  const target: Target = {
    isr: input.isr ?? before.isr,
    replicas: input.replicas ?? before.replicas,
    removing: input.removingReplicas ?? before.removingReplicas,
    adding: input.addingReplicas ?? before.addingReplicas,
    elr: before.elr,
    leader: noLeaderChange,
    uncleanElection: false,
  };
  completeReassignment(target);
  updateElr(target, input);
  elect(target, input);
  if (target.leader === noLeaderChange && !containsAll(target.replicas, before.replicas)) target.leader = before.leader;
  const record = recordOf(target, input);
  return isNoOp(record) ? null : { record, uncleanElection: target.uncleanElection };
}

/**
 * Replicas, ISR and the two lists once all new replicas are in sync (KIP-455): until then nothing is taken away. When
 * the partition shrinks, every replica that stays must be in sync, so that the ISR does not shrink by this (A24).
 */
function completeReassignment(target: Target): void {
  if (target.removing.length === 0 && target.adding.length === 0) return;
  const isr = target.isr.filter((id) => !target.removing.includes(id));
  const replicas = target.replicas.filter((id) => !target.removing.includes(id));
  if (target.removing.length > 0 && (isr.length === 0 || replicas.length === 0)) return;
  if (!containsAll(isr, target.adding)) return;
  if (target.adding.length < target.removing.length && !containsAll(isr, replicas)) return;
  target.isr = isr;
  target.replicas = replicas;
  target.removing = [];
  target.adding = [];
}

/** KIP-966: while the ISR is below min ISR, whoever was in it or eligible stays eligible, unless it lost its tail. */
function updateElr(target: Target, input: PartitionChangeInput): void {
  if (!input.elrEnabled || target.isr.length >= input.minIsr) {
    target.elr = [];
    return;
  }
  const unclean = input.uncleanShutdownReplicas ?? [];
  sometimes('controller: ISR below the minimum');
  const candidates = new Set([...target.elr, ...input.registration.isr]);
  target.elr = [...candidates]
    .filter((id) => !target.isr.includes(id) && !unclean.includes(id) && target.replicas.includes(id))
    .toSorted((a, b) => a - b);
}

function elect(target: Target, input: PartitionChangeInput): void {
  const { registration: before } = input;
  const elected = electLeader(target, input);
  if (elected.leader === before.leader) return;
  if (elected.leader === noLeader) sometimes('controller: partition lost its leader');
  else if (before.leader === noLeader) sometimes('controller: partition has a leader again');
  target.leader = elected.leader;
  if (elected.unclean) {
    // The others may hold records that the new leader does not: only it counts as in sync, and nobody as eligible.
    sometimes('controller: unclean election');
    target.uncleanElection = true;
    target.isr = [elected.leader];
    target.elr = [];
  } else if (target.elr.includes(elected.leader)) {
    sometimes('controller: leader elected from the eligible replicas');
    target.isr = [elected.leader];
    target.elr = target.elr.filter((id) => id !== elected.leader);
  }
}

function electLeader(target: Target, input: PartitionChangeInput): { leader: NodeId; unclean: boolean } {
  const { registration: before, election = 'online' } = input;
  const isEligible = (id: NodeId): boolean =>
    (target.isr.includes(id) || (target.isr.length === 0 && target.elr.includes(id))) && input.mayLead(id);
  const preferred = target.replicas[0] ?? noLeader;
  if (election === 'preferred' && isEligible(preferred)) return { leader: preferred, unclean: false };
  if (isEligible(before.leader)) return { leader: before.leader, unclean: false };
  const online = target.replicas.find(isEligible);
  if (online !== undefined) return { leader: online, unclean: false };
  const lastKnown = electableLastKnownLeader(target, input);
  if (lastKnown !== null) return { leader: lastKnown, unclean: true };
  const anyLive = election === 'unclean' ? target.replicas.find(input.mayLead) : undefined;
  return anyLive === undefined ? { leader: noLeader, unclean: false } : { leader: anyLive, unclean: true };
}

/**
 * When nobody is eligible any more, the last leader may lead again: it has what anybody may have. Where its disk was replaced
 * it has nothing, and the turn is with those who were eligible until they crashed. Until one of these can be told from the
 * other, and while it is away, there is no leader: whoever else led would lose more.
 */
function electableLastKnownLeader(target: Target, input: PartitionChangeInput): NodeId | null {
  if (!input.elrEnabled || target.elr.length > 0 || target.isr.length > 0) return null;
  for (const id of withRecords(input.registration.lastKnownElr, input)) {
    if (input.mayLead(id)) {
      sometimes('controller: last known leader may lead again');
      return id;
    }
    if (input.hasLostDirectory?.(id) !== true) return null;
  }
  return null;
}

/** Without those who begin again from nothing; unless that leaves none: then nothing is left, and it may begin again. */
function withRecords(known: readonly NodeId[], { emptyReplicas = [] }: PartitionChangeInput): readonly NodeId[] {
  const others = known.filter((id) => !emptyReplicas.includes(id));
  return others.length > 0 ? others : known;
}

function recordOf(target: Target, input: PartitionChangeInput): PartitionChangeRecord {
  const { registration: before } = input;
  // Without ELR the last ISR is kept although its members are down: it says who may lead again.
  const isrChanges = (target.isr.length > 0 || input.elrEnabled) && !sameList(target.isr, before.isr);
  return partitionChange(input.topicId, input.partitionId, {
    isr: isrChanges ? target.isr : null,
    leader: target.leader,
    replicas: changed(target.replicas, before.replicas),
    removingReplicas: changed(target.removing, before.removingReplicas),
    addingReplicas: changed(target.adding, before.addingReplicas),
    leaderRecoveryState: recoveryStateOf(target, input),
    directories: changed(directoriesOf(target, input), before.directories),
    eligibleLeaderReplicas: changed(target.elr, before.elr),
    lastKnownElr: lastKnownElrOf(target, input),
  });
}

function recoveryStateOf(target: Target, input: PartitionChangeInput): number {
  const before = input.registration.leaderRecoveryState;
  const wanted = target.uncleanElection ? leaderRecovering : (input.leaderRecoveryState ?? before);
  return wanted === before ? -1 : wanted;
}

function directoriesOf(target: Target, input: PartitionChangeInput): readonly string[] {
  const { registration: before } = input;
  return target.replicas.map((id) => {
    const known = input.directories?.get(id) ?? before.directories[before.replicas.indexOf(id)];
    return known ?? input.defaultDirectory?.(id) ?? directoryIds.unassigned;
  });
}

/**
 * Who may have what is committed though neither ISR nor ELR say so, in the order in which they may lead: the last leader, then
 * who left the ELR because it crashed. Kept while there is no leader, or too few in sync; forgotten when there is one again.
 */
function lastKnownElrOf(target: Target, input: PartitionChangeInput): readonly NodeId[] | null {
  const { registration: before, uncleanShutdownReplicas: unclean = [] } = input;
  if (!input.elrEnabled) return null;
  const isElected = target.leader >= 0 && (before.leader === noLeader || target.uncleanElection);
  if (isElected || target.isr.length >= input.minIsr) return before.lastKnownElr.length > 0 ? [] : null;
  const wasEligible = unclean.filter((id) => before.isr.includes(id) || before.elr.includes(id));
  const losesLeader = target.leader === noLeader && before.leader !== noLeader;
  const known = new Set([...(losesLeader ? [before.leader] : []), ...before.lastKnownElr, ...wasEligible]);
  const isOut = (id: NodeId): boolean => target.replicas.includes(id) && !target.isr.includes(id);
  const wanted = withRecords([...known], input).filter((id) => isOut(id) || (losesLeader && id === before.leader));
  return changed(wanted, before.lastKnownElr);
}

function isNoOp(record: PartitionChangeRecord): boolean {
  return (
    record.isr === null &&
    record.eligibleLeaderReplicas === null &&
    record.lastKnownElr === null &&
    record.leader === noLeaderChange &&
    record.replicas === null &&
    record.removingReplicas === null &&
    record.addingReplicas === null &&
    record.leaderRecoveryState === -1 &&
    record.directories === null
  );
}

function changed<T>(wanted: readonly T[], before: readonly T[]): readonly T[] | null {
  return sameList(wanted, before) ? null : wanted;
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function containsAll<T>(all: readonly T[], some: readonly T[]): boolean {
  return some.every((item) => all.includes(item));
}

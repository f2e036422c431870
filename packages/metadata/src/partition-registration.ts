/**
 * One partition as the controller has registered it, and how a change record alters it.
 *
 * Registrations are immutable: replay puts a new one in place of the old, so images may share them. The epoch rules
 * are Kafka's `PartitionRegistration.merge`: every change raises `partitionEpoch`; a record that names a leader, even
 * the same one, raises `leaderEpoch` as well (A9: a leader that restarts comes back in a higher epoch).
 */

import { assert, type LeaderEpoch, type NodeId } from '@jackdaw/base';
import {
  leaderRecovered,
  leaderRecovering,
  noLeader,
  noLeaderChange,
  type LeaderRecoveryState,
  type PartitionChangeRecord,
  type PartitionRecord,
} from './records.ts';

export interface PartitionRegistration {
  /** In the order of preference; no duplicates. */
  readonly replicas: readonly NodeId[];
  /** One log directory uuid for each replica, in the same order. */
  readonly directories: readonly string[];
  /** ⊆ replicas; empty only while there is no leader. */
  readonly isr: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
  readonly addingReplicas: readonly NodeId[];
  /** ⊆ replicas and disjoint from the ISR (KIP-966): may lead when the ISR is empty. */
  readonly elr: readonly NodeId[];
  /** The last leader before the partition lost its last eligible replica; at most one. */
  readonly lastKnownElr: readonly NodeId[];
  /** A member of the ISR, or −1. */
  readonly leader: NodeId;
  readonly leaderRecoveryState: LeaderRecoveryState;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
}

export function registrationFromRecord(record: PartitionRecord): PartitionRegistration {
  return {
    replicas: record.replicas,
    directories: directoriesFor(record.directories, record.replicas.length),
    isr: record.isr,
    removingReplicas: record.removingReplicas,
    addingReplicas: record.addingReplicas,
    elr: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState === leaderRecovering ? leaderRecovering : leaderRecovered,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  };
}

export function registrationToRecord(topicId: string, partitionId: number, registration: PartitionRegistration): PartitionRecord {
  return {
    type: 'partition',
    partitionId,
    topicId,
    replicas: registration.replicas,
    isr: registration.isr,
    removingReplicas: registration.removingReplicas,
    addingReplicas: registration.addingReplicas,
    leader: registration.leader,
    leaderRecoveryState: registration.leaderRecoveryState,
    leaderEpoch: registration.leaderEpoch,
    partitionEpoch: registration.partitionEpoch,
    directories: registration.directories,
    eligibleLeaderReplicas: registration.elr.length > 0 ? registration.elr : null,
    lastKnownElr: registration.lastKnownElr.length > 0 ? registration.lastKnownElr : null,
  };
}

/** The registration after `record`; always a new object with a higher partition epoch. */
export function mergePartitionChange(before: PartitionRegistration, record: PartitionChangeRecord): PartitionRegistration {
  const leaderNamed = record.leader !== noLeaderChange;
  const replicas = record.replicas ?? before.replicas;
  const after: PartitionRegistration = {
    replicas,
    directories: directoriesFor(record.directories ?? before.directories, replicas.length),
    isr: record.isr ?? before.isr,
    removingReplicas: record.removingReplicas ?? before.removingReplicas,
    addingReplicas: record.addingReplicas ?? before.addingReplicas,
    elr: record.eligibleLeaderReplicas ?? before.elr,
    lastKnownElr: record.lastKnownElr ?? before.lastKnownElr,
    leader: leaderNamed ? record.leader : before.leader,
    leaderRecoveryState: mergeRecoveryState(before.leaderRecoveryState, record.leaderRecoveryState),
    leaderEpoch: before.leaderEpoch + (leaderNamed ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1,
  };
  expectValid(after);
  return after;
}

/** Crashes on a registration that no controller may write: the rules every replica's safety stands on. */
export function expectValid(registration: PartitionRegistration): void {
  const { replicas, isr, elr, leader } = registration;
  assert(replicas.length > 0, 'a partition has at least one replica');
  // Plain loops: this runs for every change of every partition, and lists are a handful long.
  for (let i = 1; i < replicas.length; i++) {
    assert(replicas.lastIndexOf(replicas[i] as NodeId, i - 1) < 0, `broker ${replicas[i]} holds two replicas`);
  }
  for (const id of isr) assert(replicas.includes(id), `broker ${id} is in the ISR but holds no replica`);
  for (const id of elr) {
    assert(replicas.includes(id), `broker ${id} is in the ELR but holds no replica`);
    assert(!isr.includes(id), `broker ${id} is in the ISR and in the ELR`);
  }
  assert(leader === noLeader || isr.includes(leader), `leader ${leader} is not in the ISR`);
}

/** Uuid of the log directory that holds `brokerId`'s replica; null when it holds none. */
export function directoryOf(registration: PartitionRegistration, brokerId: NodeId): string | null {
  return registration.directories[registration.replicas.indexOf(brokerId)] ?? null;
}

export function hasPreferredLeader(registration: PartitionRegistration): boolean {
  return registration.leader === registration.replicas[0];
}

export function isReassigning(registration: PartitionRegistration): boolean {
  return registration.removingReplicas.length > 0 || registration.addingReplicas.length > 0;
}

/** Log directory uuids that name no directory (Kafka's DirectoryId). */
export const directoryIds = {
  /** Written before directories existed. */
  migrating: 'AAAAAAAAAAAAAAAAAAAAAA',
  /** The broker has several directories and has not said which one it chose. */
  unassigned: 'AAAAAAAAAAAAAAAAAAAAAQ',
  /** On a directory that the broker no longer has. */
  lost: 'AAAAAAAAAAAAAAAAAAAAAg',
} as const;

/** Kafka reserves the first hundred uuids: fifteen zero bytes, then a byte below 100. */
const reservedDirectoryPattern = /^A{20}[A-Y][AQgw]$/;

export function isReservedDirectory(directoryId: string): boolean {
  return reservedDirectoryPattern.test(directoryId);
}

function directoriesFor(directories: readonly string[], replicaCount: number): readonly string[] {
  if (directories.length === replicaCount) return directories;
  assert(directories.length === 0, `${directories.length} directories for ${replicaCount} replicas`);
  return Array.from({ length: replicaCount }, () => directoryIds.migrating);
}

function mergeRecoveryState(before: LeaderRecoveryState, changed: number): LeaderRecoveryState {
  if (changed === -1) return before;
  return changed === leaderRecovering ? leaderRecovering : leaderRecovered;
}

/**
 * What an operator, a metric or the broker may know of a node.
 */

import type { NodeId } from '@jackdaw/base';
import { isCounted, isOwnDiskWiped, type RaftCore } from './core.ts';
import type { Progress } from './progress.ts';
import type { NoLeaderReason, PeerStatus, RaftStatus, VoterStatus } from './types.ts';

export function statusOf(core: RaftCore): RaftStatus {
  const { log, leader, options } = core;
  return {
    id: core.id,
    directoryId: options.directoryId,
    role: core.role,
    term: core.term,
    vote: core.vote,
    leaderId: core.leaderId,
    noLeaderReason: noLeaderReason(core),
    commitIndex: log.commitIndex,
    appliedIndex: log.appliedIndex,
    firstIndex: log.firstIndex(),
    lastIndex: log.lastIndex(),
    snapshotIndex: log.snapshotIndex,
    uncommittedBytes: leader?.uncommittedBytes ?? 0,
    transferringTo: leader?.transfer?.to ?? null,
    voters: options.voters.map((id) => voterStatus(core, id)),
    peers: peerStatuses(core, leader?.peers),
    observers: peerStatuses(core, leader?.observers),
  };
}

function noLeaderReason(core: RaftCore): NoLeaderReason | null {
  if (core.leaderId !== null) return null;
  if (!core.isVoter) return 'observing';
  if (isOwnDiskWiped(core)) return 'notReadmitted';
  return core.options.voters.length - core.strangers.size < core.quorumSize ? 'majorityWiped' : 'electing';
}

function voterStatus(core: RaftCore, id: NodeId): VoterStatus {
  return {
    id,
    directoryId: core.log.identitiesInForce().get(id) ?? null,
    strangerDirectoryId: core.strangers.get(id) ?? null,
  };
}

function peerStatuses(core: RaftCore, peers: ReadonlyMap<NodeId, Progress> | undefined): PeerStatus[] {
  return [...(peers ?? [])].map(([id, progress]) => ({
    id,
    directoryId: progress.directoryId,
    state: progress.state,
    matchIndex: progress.matchIndex,
    nextIndex: progress.nextIndex,
    lastContactTicks: progress.silentTicks,
    inflightMessages: progress.inflightCount,
    isCounted: isCounted(core, id, progress.directoryId),
  }));
}

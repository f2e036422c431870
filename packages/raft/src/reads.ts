/**
 * Fresh reads without an entry in the log (thesis §6.4), and never on a clock's word alone (E6).
 *
 * A leader that was paused may believe that it leads while another one commits. So a read waits until a majority has
 * answered a heartbeat that was sent after the read was asked; only then its index is handed out, and the application
 * answers the read once it has applied up to there.
 */

import { isCounted, type LeaderState, type RaftCore } from './core.ts';
import { maxPendingReads } from './limits.ts';
import { broadcastHeartbeat } from './leadership.ts';
import type { ReadRequestResult } from './types.ts';

export function requestRead(core: RaftCore, readId: number): ReadRequestResult {
  const leader = core.leader;
  if (leader === null) return { kind: 'notLeader', leaderId: core.leaderId };
  if (leader.reads.length >= maxPendingReads) return { kind: 'busy' };
  // The no-op of the own term stands above everything that earlier leaders committed.
  const index = Math.max(core.log.commitIndex, leader.termStartIndex);
  broadcastHeartbeat(core);
  leader.reads.push({ readId, index, round: leader.round });
  releaseReads(core, leader);
  return { kind: 'accepted' };
}

/** Hands out the reads whose round a majority has answered. */
export function releaseReads(core: RaftCore, leader: LeaderState): void {
  const round = confirmedRound(core, leader);
  const waiting = leader.reads.findIndex((read) => read.round > round);
  const released = leader.reads.splice(0, waiting < 0 ? leader.reads.length : waiting);
  for (const read of released) core.readOutcomes.push({ readId: read.readId, index: read.index });
}

function confirmedRound(core: RaftCore, leader: LeaderState): number {
  const rounds = [leader.round];
  for (const [id, progress] of leader.peers) {
    rounds.push(isCounted(core, id, progress.directoryId) ? progress.confirmedRound : 0);
  }
  rounds.sort((left, right) => right - left);
  return rounds[core.quorumSize - 1] ?? 0;
}

/**
 * What a follower or an observer does with its leader's messages. step.ts has checked the term already.
 */

import { assert, sometimes } from '@jackdaw/base';
import type { RaftCore } from './core.ts';
import type { Append, AppendRejection, Heartbeat, InstallSnapshot } from './messages.ts';
import { send } from './outbox.ts';
import type { RaftIndex } from '@jackdaw/base';

/** Accepts entries that follow one both logs hold; else says where the logs may still agree (paper §5.3). */
export function handleAppend(core: RaftCore, append: Append): void {
  const { log } = core;
  if (!isWellFormed(append) || log.tailBytes > maxTailBytes(core)) return;
  if (append.prevIndex < log.commitIndex) {
    sometimes('raft: append of committed entries');
    expectSameHistory(core, append);
    acknowledge(core, append, log.commitIndex);
    return;
  }
  if (!log.matches(append.prevIndex, append.prevTerm)) {
    if (log.term(append.prevIndex) === null) sometimes('raft: append refused because entries before it are missing');
    else sometimes('raft: append refused because the logs differ');
    refuse(core, append);
    return;
  }
  log.appendAfterMatch(append.entries);
  const lastNewIndex = append.prevIndex + append.entries.length;
  // What follows lastNewIndex here may be another leader's: only up to there the logs are known to agree.
  log.commitTo(Math.min(append.commitIndex, lastNewIndex));
  acknowledge(core, append, lastNewIndex);
}

export function handleHeartbeat(core: RaftCore, heartbeat: Heartbeat): void {
  const { commitIndex, commitTerm, round } = heartbeat;
  if (!core.log.matches(commitIndex, commitTerm)) sometimes('raft: heartbeat is ahead of the log');
  if (commitIndex > core.log.commitIndex && core.log.matches(commitIndex, commitTerm)) core.log.commitTo(commitIndex);
  const { id, term, options } = core;
  send(core, { kind: 'heartbeatReply', from: id, to: heartbeat.from, term, directoryId: options.directoryId, round });
}

/** Old and doubled snapshots change nothing; one whose last entry is here already only raises the commit index (E7). */
export function handleInstallSnapshot(core: RaftCore, message: InstallSnapshot): void {
  const { log } = core;
  const { index, term } = message.snapshot.metadata;
  if (index <= log.commitIndex) {
    sometimes('raft: old snapshot ignored');
  } else if (log.matches(index, term)) {
    log.commitTo(index);
  } else {
    sometimes('raft: snapshot installed');
    log.restore(message.snapshot);
  }
  acknowledge(core, message, log.commitIndex);
}

/** Leaves after the write: it says that everything up to `matchIndex` is durable here (E2). */
function acknowledge(core: RaftCore, to: Append | InstallSnapshot, matchIndex: RaftIndex): void {
  reply(core, to, { matchIndex, rejection: null });
}

function refuse(core: RaftCore, append: Append): void {
  const hintIndex = core.log.lastIndexAtOrBelowTerm(append.prevIndex, append.prevTerm);
  const rejection = { rejectedIndex: append.prevIndex, hintIndex, hintTerm: core.log.term(hintIndex) ?? 0 };
  reply(core, append, { matchIndex: 0, rejection });
}

interface AppendAnswer {
  readonly matchIndex: RaftIndex;
  readonly rejection: AppendRejection | null;
}

function reply(core: RaftCore, to: Append | InstallSnapshot, answer: AppendAnswer): void {
  const { id, term, options } = core;
  send(core, { kind: 'appendReply', from: id, to: to.from, term, directoryId: options.directoryId, ...answer });
}

/**
 * A leader holds every committed entry, so below the commit index its log is this one. If not, then a majority was
 * wiped and has begun another history; going on would mix the two.
 */
function expectSameHistory(core: RaftCore, append: Append): void {
  const ownTerm = core.log.term(append.prevIndex);
  const isSame = ownTerm === null || ownTerm === append.prevTerm;
  assert(isSame, `leader ${append.from} has another history: entry ${append.prevIndex} is committed here in term ${ownTerm}`);
}

/** Indexes without a gap and terms that never fall, none above the sender's. */
function isWellFormed(append: Append): boolean {
  let { prevTerm: term, prevIndex: index } = append;
  for (const entry of append.entries) {
    index += 1;
    if (entry.index !== index || entry.term < term || entry.term > append.term) return false;
    term = entry.term;
  }
  return true;
}

/** What may wait for the own disk: a leader's full window, twice for a change of leaders. Beyond it, appends are lost. */
function maxTailBytes(core: RaftCore): number {
  const { maxInflightMessages, maxMessageBytes, maxEntryBytes } = core.options;
  return 2 * (core.options.maxInflightBytes ?? maxInflightMessages * maxMessageBytes) + maxEntryBytes;
}

/**
 * The leader's side of the log: appending, sending, counting acknowledgements, committing (paper §5.3, §5.4).
 */

import { assert, expectDefined, type NodeId, type RaftIndex, buggify, sometimes } from '@jackdaw/base';
import { isCounted, type LeaderState, type RaftCore } from './core.ts';
import { entryBytes, totalBytes } from './entries.ts';
import type { AppendReply } from './messages.ts';
import { send } from './outbox.ts';
import { Progress } from './progress.ts';
import type { Entry, Identities } from './types.ts';

export type EntryBody =
  | { readonly kind: 'noop' }
  | { readonly kind: 'normal'; readonly data: Uint8Array }
  | { readonly kind: 'identities'; readonly identities: Identities };

export function expectLeader(core: RaftCore): LeaderState {
  return expectDefined(core.leader, 'only a leader does this');
}

/** Appends one entry in the own term and offers it to everybody. It is not counted here before it is durable. */
export function appendAsLeader(core: RaftCore, body: EntryBody): Entry {
  const leader = expectLeader(core);
  const entry: Entry = { ...body, term: core.term, index: core.log.lastIndex() + 1 };
  core.log.append([entry]);
  leader.uncommittedBytes += entryBytes(entry);
  broadcastAppends(core);
  return entry;
}

export function createProgress(core: RaftCore, nextIndex: RaftIndex): Progress {
  const { maxInflightMessages, maxMessageBytes, maxInflightBytes } = core.options;
  return new Progress(nextIndex, {
    maxInflightMessages,
    maxInflightBytes: maxInflightBytes ?? maxInflightMessages * maxMessageBytes,
  });
}

export function progressOf(leader: LeaderState, id: NodeId): Progress | undefined {
  return leader.peers.get(id) ?? leader.observers.get(id);
}

/** Sends everybody what its window allows. */
export function broadcastAppends(core: RaftCore): void {
  const leader = expectLeader(core);
  for (const [id, progress] of leader.peers) sendAppends(core, id, progress);
  for (const [id, progress] of leader.observers) sendAppends(core, id, progress);
}

/** Tells everybody the new commit index at once, with an append that may be empty. */
function broadcastCommit(core: RaftCore): void {
  const leader = expectLeader(core);
  for (const [id, progress] of [...leader.peers, ...leader.observers]) {
    if (!sendAppends(core, id, progress)) maybeSendAppend(core, { id, progress, mayBeEmpty: true });
  }
}

/** Fills the peer's window; true if anything was sent. */
export function sendAppends(core: RaftCore, id: NodeId, progress: Progress): boolean {
  let isAnySent = false;
  while (maybeSendAppend(core, { id, progress, mayBeEmpty: false })) isAnySent = true;
  return isAnySent;
}

interface AppendTarget {
  readonly id: NodeId;
  readonly progress: Progress;
  readonly mayBeEmpty: boolean;
}

/** Sends one append, or the snapshot if the entries before it are gone. False when paused or nothing is to be sent. */
export function maybeSendAppend(core: RaftCore, target: AppendTarget): boolean {
  const { id, progress, mayBeEmpty } = target;
  if (progress.isPaused()) return false;
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = core.log.term(prevIndex);
  if (prevTerm === null) return maybeSendSnapshot(core, id, progress);
  const maxMessageBytes = buggify('raft: one entry in each append') ? 1 : core.options.maxMessageBytes;
  const entries = prevIndex === core.log.lastIndex() ? [] : core.log.entriesFrom(prevIndex + 1, maxMessageBytes);
  if (entries.length === 0 && !mayBeEmpty) return false;
  sendAppendMessage(core, { id, prevIndex, entries });
  progress.onAppendSent(entries.length, totalBytes(entries));
  return true;
}

/**
 * An empty append after the last entry that was sent: its refusal shows that something got lost, which a pipeline
 * with nothing new to send would not notice. Leaves even when the window is full.
 */
export function probeForLoss(core: RaftCore, id: NodeId, progress: Progress): void {
  sometimes('raft: lost append looked for');
  const prevIndex = progress.nextIndex - 1;
  if (core.log.term(prevIndex) !== null) {
    sendAppendMessage(core, { id, prevIndex, entries: [] });
    return;
  }
  // What is unacknowledged was compacted away meanwhile: it cannot be repeated, only the snapshot can.
  sometimes('raft: unacknowledged entries were compacted');
  progress.becomeProbe();
  maybeSendAppend(core, { id, progress, mayBeEmpty: true });
}

function sendAppendMessage(core: RaftCore, append: { id: NodeId; prevIndex: RaftIndex; entries: readonly Entry[] }): void {
  send(core, {
    kind: 'append',
    from: core.id,
    to: append.id,
    term: core.term,
    prevIndex: append.prevIndex,
    prevTerm: expectDefined(core.log.term(append.prevIndex), 'the entry before an append is known'),
    entries: append.entries,
    commitIndex: core.log.commitIndex,
  });
}

/** The entries that the peer needs are compacted away. Not sent into silence: a snapshot is large. */
function maybeSendSnapshot(core: RaftCore, id: NodeId, progress: Progress): boolean {
  if (progress.directoryId === null || progress.silentTicks >= core.options.electionTicks) return false;
  const snapshot = expectDefined(core.options.storage.snapshot(), 'a log is only cut below a snapshot');
  assert(snapshot.metadata.index >= progress.nextIndex, 'the snapshot covers what the log no longer has');
  sometimes('raft: snapshot sent');
  progress.becomeSnapshot(snapshot.metadata.index);
  send(core, { kind: 'snapshot', from: core.id, to: id, term: core.term, snapshot });
  return true;
}

/** An empty append behind a snapshot that was not acknowledged for an election timeout: accepted or refused, the answer tells. */
export function askAboutSnapshot(core: RaftCore, id: NodeId, progress: Progress): void {
  const prevIndex = progress.probeSnapshot(core.options.electionTicks, core.log.firstIndex() - 1);
  if (prevIndex !== null) sendAppendMessage(core, { id, prevIndex, entries: [] });
}

export function handleAppendReply(core: RaftCore, reply: AppendReply): void {
  const leader = expectLeader(core);
  const progress = progressOf(leader, reply.from);
  if (progress === undefined) return;
  progress.onContact(reply.directoryId, core.log.lastIndex());
  if (reply.rejection === null) onAppendAccepted(core, progress, reply);
  else {
    const { rejectedIndex, hintIndex, hintTerm } = reply.rejection;
    // Skip the whole run of the leader's entries whose terms the follower cannot have (paper §5.3, end).
    const fallbackIndex = core.log.lastIndexAtOrBelowTerm(hintIndex, hintTerm);
    if (fallbackIndex < rejectedIndex - 1) sometimes('raft: several entries skipped back at once');
    if (progress.onRejected(rejectedIndex, fallbackIndex)) maybeSendAppend(core, { id: reply.from, progress, mayBeEmpty: true });
  }
}

function onAppendAccepted(core: RaftCore, progress: Progress, reply: AppendReply): void {
  // No honest peer holds more of this term's log than its leader.
  if (reply.matchIndex > core.log.lastIndex()) return;
  if (!progress.onAccepted(reply.matchIndex, core.log.firstIndex())) return;
  maybeCommit(core);
  sendAppends(core, reply.from, progress);
}

/**
 * Raises the commit index to what a majority holds durably, if that is an entry of the own term: an older entry that
 * a majority holds can still be overwritten, so it commits only under one of the own term (paper §5.4.2, E3).
 */
export function maybeCommit(core: RaftCore): void {
  const leader = expectLeader(core);
  let isRaised = false;
  for (;;) {
    const index = quorumIndex(core, leader);
    const isOfOldTerm = index > core.log.commitIndex && core.log.term(index) !== core.term;
    if (isOfOldTerm) sometimes('raft: entry of an old term not committed by counting');
    if (index <= core.log.commitIndex || core.log.term(index) !== core.term) break;
    leader.uncommittedBytes -= committedBytes(core, index);
    core.log.commitTo(index);
    isRaised = true;
    // A committed identities entry changes who counts, so count again.
  }
  if (isRaised) broadcastCommit(core);
}

/** The highest index that a majority of the voters that count has acknowledged. */
function quorumIndex(core: RaftCore, leader: LeaderState): RaftIndex {
  const matches = [core.log.durableIndex];
  for (const [id, progress] of leader.peers) {
    matches.push(isCounted(core, id, progress.directoryId) ? progress.matchIndex : 0);
  }
  matches.sort((left, right) => right - left);
  return expectDefined(matches[core.quorumSize - 1], 'there are as many matches as voters');
}

function committedBytes(core: RaftCore, newCommitIndex: RaftIndex): number {
  const uncommitted = core.log.entriesFrom(core.log.commitIndex + 1, Number.POSITIVE_INFINITY);
  return totalBytes(uncommitted.slice(0, newCommitIndex - core.log.commitIndex));
}

/**
 * What nodes of a quorum say to each other: one type for each kind, with only that kind's fields.
 *
 * The driver carries them as protobuf (protos/raft.proto); they may be lost, doubled, reordered and late without harm
 * (E10). `directoryId` is always the sender's: a promise counts only under the identity that made it (E9).
 */

import type { NodeId, RaftIndex, Term } from '@jackdaw/base';
import type { Entry, Snapshot } from './types.ts';

interface Addressed {
  readonly from: NodeId;
  readonly to: NodeId;
}

interface OfTerm extends Addressed {
  /** The sender's term. */
  readonly term: Term;
}

/** "Would you vote for me in `term`?", which is one above the sender's own. Changes nobody's term (thesis §9.6). */
export interface PreVote extends OfTerm {
  readonly kind: 'preVote';
  readonly directoryId: string;
  readonly lastIndex: RaftIndex;
  readonly lastTerm: Term;
}

/** A grant repeats the asked term; a refusal carries the sender's own. */
export interface PreVoteReply extends OfTerm {
  readonly kind: 'preVoteReply';
  readonly directoryId: string;
  readonly isGranted: boolean;
  /** The identity on record for the asker is another one: its disk was wiped, it must not campaign or vote. */
  readonly isUnknownIdentity: boolean;
}

export interface Vote extends OfTerm {
  readonly kind: 'vote';
  readonly directoryId: string;
  readonly lastIndex: RaftIndex;
  readonly lastTerm: Term;
  /** The leader itself asked for this election, so its lease does not stand in the way. */
  readonly isTransfer: boolean;
}

export interface VoteReply extends OfTerm {
  readonly kind: 'voteReply';
  readonly directoryId: string;
  readonly isGranted: boolean;
  readonly isUnknownIdentity: boolean;
}

/** `entries` follow the entry (prevIndex, prevTerm) without a gap; none = a probe. */
export interface Append extends OfTerm {
  readonly kind: 'append';
  readonly prevIndex: RaftIndex;
  readonly prevTerm: Term;
  readonly entries: readonly Entry[];
  /** The leader's; the receiver's log may end before it. */
  readonly commitIndex: RaftIndex;
}

/** Where to look for the last common entry after a refusal of (rejectedIndex, its term). */
export interface AppendRejection {
  /** `prevIndex` of the refused append. */
  readonly rejectedIndex: RaftIndex;
  /** The sender's highest entry that could agree with the leader's log, and its term. */
  readonly hintIndex: RaftIndex;
  readonly hintTerm: Term;
}

export interface AppendReply extends OfTerm {
  readonly kind: 'appendReply';
  readonly directoryId: string;
  /** Everything up to here equals the leader's log and is durable; meaningless in a rejection. */
  readonly matchIndex: RaftIndex;
  readonly rejection: AppendRejection | null;
}

export interface Heartbeat extends OfTerm {
  readonly kind: 'heartbeat';
  /** The leader's. The receiver believes it only if its own log holds this very entry, so a rewritten one is harmless. */
  readonly commitIndex: RaftIndex;
  readonly commitTerm: Term;
  /** Counts up within a term; the reply repeats it, which confirms pending reads (E6). */
  readonly round: number;
}

export interface HeartbeatReply extends OfTerm {
  readonly kind: 'heartbeatReply';
  readonly directoryId: string;
  readonly round: number;
}

/** Replaces the receiver's log up to `snapshot.metadata.index`. The driver moves it in chunks and steps it whole. */
export interface InstallSnapshot extends OfTerm {
  readonly kind: 'snapshot';
  readonly snapshot: Snapshot;
}

/** "Campaign at once": the last step of a leadership transfer. */
export interface TimeoutNow extends OfTerm {
  readonly kind: 'timeoutNow';
}

/** An observer, or a voter that may not campaign, looks for the leader. Carries no term: it must not disturb one. */
export interface Observe extends Addressed {
  readonly kind: 'observe';
  readonly directoryId: string;
  readonly lastIndex: RaftIndex;
  readonly lastTerm: Term;
}

/** What a node that does not lead answers to `observe`. */
export interface LeaderHint extends Addressed {
  readonly kind: 'leaderHint';
  readonly leaderId: NodeId | null;
}

export type RaftMessage =
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | InstallSnapshot
  | TimeoutNow
  | Observe
  | LeaderHint;

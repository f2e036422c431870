/**
 * The state of one node, shared by the modules that act on it:
 *
 *   step.ts dispatches to elections.ts (votes), follower.ts (what a leader sends), replication.ts (what a follower
 *   answers), admission.ts (identities), observers.ts, reads.ts; leadership.ts holds what a leader does as time goes
 *   by, roles.ts the changes of role, outbox.ts the two lists of messages. RaftNode wraps it all for a driver.
 *
 * Only these modules write the fields; the rules they keep stand at the fields.
 */

import { assert, type NodeId, type RaftIndex, type Term, buggify } from '@jackdaw/base';
import { RaftLog } from './log.ts';
import type { RaftMessage } from './messages.ts';
import type { Progress } from './progress.ts';
import type { HardState, RaftOptions, RaftRole, ReadOutcome } from './types.ts';

export interface PendingRead {
  readonly readId: number;
  /** What must be applied for the read to be fresh. */
  readonly index: RaftIndex;
  /** The heartbeat round whose answers by a quorum prove that this node still led after the read was asked. */
  readonly round: number;
}

/** Lives as long as one leadership. */
export interface LeaderState {
  /** The other voters, counted or not. */
  readonly peers: Map<NodeId, Progress>;
  /** Whoever announced itself and was heard of late; never counted. */
  readonly observers: Map<NodeId, Progress>;
  /** Index of the no-op that opened the term: committed = all earlier terms' entries are (paper §5.4.2). */
  readonly termStartIndex: RaftIndex;
  heartbeatElapsedTicks: number;
  /** Number of the newest heartbeat broadcast. */
  round: number;
  reads: PendingRead[];
  /** Bytes of entries above commitIndex. */
  uncommittedBytes: number;
  /** A hand-over under way; `isOrdered` once the other was told to campaign. */
  transfer: { readonly to: NodeId; elapsedTicks: number; isOrdered: boolean } | null;
}

export interface RaftCore {
  readonly options: RaftOptions;
  readonly id: NodeId;
  readonly isVoter: boolean;
  readonly otherVoters: readonly NodeId[];
  /** Voters that make a majority. */
  readonly quorumSize: number;
  readonly log: RaftLog;

  /** Never falls. */
  term: Term;
  /** Set at most once in a term. */
  vote: NodeId | null;
  role: RaftRole;
  leaderId: NodeId | null;
  /** Not null exactly while the role is `leader`. */
  leader: LeaderState | null;

  /** Ticks since the leader was heard, a vote was granted or an election was begun, whichever is latest. */
  electionElapsedTicks: number;
  /** When the next election is due; drawn anew at each change of role. */
  electionTimeoutTicks: number;
  /** Answers to the election under way, by voters whose identity counts. */
  readonly votes: Map<NodeId, boolean>;
  /** Voters that answered any pre-vote since the start (see genesisGraceElections). */
  readonly answered: Set<NodeId>;
  ticksSinceStart: number;

  /** Voters last heard under another identity than the one on record. */
  readonly strangers: Map<NodeId, string>;
  /** A voter said that it knows this id under another directory, and the own log has no record either way. */
  isToldWiped: boolean;

  /** For an observer without a leader: when it last asked, whom it asks next, whether it may follow a hint. */
  observeElapsedTicks: number;
  observeTurn: number;
  mayFollowHint: boolean;

  /** May leave at once. */
  outbox: RaftMessage[];
  /** May leave only when the state as of now is durable. */
  outboxAfterPersist: RaftMessage[];
  readOutcomes: ReadOutcome[];
  /** The hard state that the driver last confirmed; the own vote counts once it is in here. */
  durable: HardState;
}

export function createCore(options: RaftOptions): RaftCore {
  expectSaneOptions(options);
  const hardState = options.storage.initialState();
  const isVoter = options.voters.includes(options.id);
  const core: RaftCore = {
    options,
    id: options.id,
    isVoter,
    otherVoters: options.voters.filter((id) => id !== options.id),
    quorumSize: Math.floor(options.voters.length / 2) + 1,
    log: new RaftLog(options.storage, options.appliedIndex),
    term: hardState.term,
    vote: hardState.vote,
    role: isVoter ? 'follower' : 'observer',
    leaderId: null,
    leader: null,
    electionElapsedTicks: 0,
    electionTimeoutTicks: 0,
    votes: new Map(),
    answered: new Set(),
    ticksSinceStart: 0,
    strangers: new Map(),
    isToldWiped: false,
    // The first tick of an observer asks at once.
    observeElapsedTicks: observeIntervalTicks(options),
    observeTurn: options.prng.below(options.voters.length),
    mayFollowHint: false,
    outbox: [],
    outboxAfterPersist: [],
    readOutcomes: [],
    durable: hardState,
  };
  drawElectionTimeout(core);
  return core;
}

function expectSaneOptions(options: RaftOptions): void {
  assert(options.voters.length > 0, 'a quorum needs a voter');
  assert(new Set(options.voters).size === options.voters.length, 'a voter is listed twice');
  assert(options.heartbeatTicks >= 1 && options.electionTicks > options.heartbeatTicks, 'electionTicks > heartbeatTicks ≥ 1');
  assert(options.maxInflightMessages >= 1 && options.maxMessageBytes >= 1, 'appends need room');
  assert(options.directoryId !== '', 'a node has a directory id');
}

/** A new random timeout in [electionTicks, 2·electionTicks): two nodes seldom campaign at once (paper §5.2). */
export function drawElectionTimeout(core: RaftCore): void {
  const extraTicks = core.options.prng.below(core.options.electionTicks);
  core.electionTimeoutTicks = core.options.electionTicks + (buggify('raft: shortest election timeout') ? 0 : extraTicks);
}

/** How often a node without a leader that may not campaign asks for one. */
export function observeIntervalTicks(options: RaftOptions): number {
  return Math.max(1, Math.floor(options.electionTicks / 2));
}

/** Whether what `id` promises under `directoryId` counts: the identity on record, or none on record yet. */
export function isCounted(core: RaftCore, id: NodeId, directoryId: string | null): boolean {
  if (!core.options.voters.includes(id)) return false;
  const recorded = core.log.identitiesInForce().get(id);
  return recorded === undefined || recorded === directoryId;
}

/** Whether this voter runs on a wiped disk that was not taken in again: it may not vote or campaign (E9). */
export function isOwnDiskWiped(core: RaftCore): boolean {
  const recorded = core.log.identitiesInForce().get(core.id);
  return recorded === undefined ? core.isToldWiped : recorded !== core.options.directoryId;
}

export function hardStateOf(core: RaftCore): HardState {
  return { term: core.term, vote: core.vote, commitIndex: core.log.commitIndex };
}

/**
 * The nouns of the quorum: entries, durable state, snapshots, what a driver gives (options) and gets (Ready, status).
 *
 * This package knows neither Kafka nor disks nor sockets. A driver (broker/quorum) calls `tick`, `step` and `propose`,
 * takes a `Ready`, makes it durable, sends its messages and says `advance`. The same calls in the same order with the
 * same seed give the same effects.
 */

import type { NodeId, Prng, RaftIndex, Term } from '@jackdaw/base';
import type { RaftMessage } from './messages.ts';
import type { RaftStorage } from './storage.ts';

/** Voter id → uuid of the data directory that this voter's log and vote live in (statement E9). */
export type Identities = ReadonlyMap<NodeId, string>;

interface EntryPosition {
  readonly term: Term;
  readonly index: RaftIndex;
}

/** A change of the application's state; `data` is opaque here. */
export interface NormalEntry extends EntryPosition {
  readonly kind: 'normal';
  readonly data: Uint8Array;
}

/** What a leader appends first, so that it may commit by counting in its own term (paper §8). Nothing to apply. */
export interface NoopEntry extends EntryPosition {
  readonly kind: 'noop';
}

/** The whole map of known voter identities, replacing the one before. Nothing to apply. */
export interface IdentitiesEntry extends EntryPosition {
  readonly kind: 'identities';
  readonly identities: Identities;
}

export type Entry = NormalEntry | NoopEntry | IdentitiesEntry;

/** What must survive a crash beside the log. `commitIndex` may lag: it is only ever a lower bound. */
export interface HardState {
  readonly term: Term;
  /** Whom this node has voted for in `term`. */
  readonly vote: NodeId | null;
  readonly commitIndex: RaftIndex;
}

export interface SnapshotMetadata {
  /** The last entry that the snapshot stands for. */
  readonly index: RaftIndex;
  readonly term: Term;
  /** The identities in force at `index`. */
  readonly identities: Identities;
}

export interface Snapshot {
  readonly metadata: SnapshotMetadata;
  /** The application's state at `metadata.index`; opaque here. */
  readonly data: Uint8Array;
}

/** `preCandidate` asks whether an election could be won, without a new term; `observer` never votes or campaigns. */
export type RaftRole = 'follower' | 'preCandidate' | 'candidate' | 'leader' | 'observer';

export interface SoftState {
  readonly role: RaftRole;
  readonly term: Term;
  readonly leaderId: NodeId | null;
}

/** The answer to `requestRead`: state applied up to `index` is fresh; null = leadership was lost, ask again elsewhere. */
export interface ReadOutcome {
  readonly readId: number;
  readonly index: RaftIndex | null;
}

/**
 * One round of effects. The driver, in this order:
 *  1. sends `messages` whenever it likes;
 *  2. writes `hardState`, `snapshot` (which replaces the whole log up to its index) and `entries` (which replace
 *     whatever the log held from the first one's index on) in ONE atomic batch, synced when `mustSync`;
 *  3. puts the same into its RaftStorage, and restores the application from `snapshot`;
 *  4. sends `messagesAfterPersist` (never earlier: each is a promise about what step 2 made durable, E2);
 *  5. applies `committedEntries` (all durable here already), answers `reads` whose index has been applied;
 *  6. calls `advance(ready)`. `tick`, `step`, `propose` and `takeMessages` may be called meanwhile; `ready` may not.
 */
export interface Ready {
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | null;
  readonly messages: readonly RaftMessage[];
  readonly messagesAfterPersist: readonly RaftMessage[];
  readonly committedEntries: readonly Entry[];
  readonly mustSync: boolean;
  /** Set when any of its fields changed since the last Ready. */
  readonly softState: SoftState | null;
  readonly reads: readonly ReadOutcome[];
}

export type ProposeResult =
  | { readonly kind: 'accepted'; readonly index: RaftIndex; readonly term: Term }
  | { readonly kind: 'notLeader'; readonly leaderId: NodeId | null }
  /** Larger than `maxEntryBytes`: will never be accepted (E12). */
  | { readonly kind: 'tooLarge'; readonly limitBytes: number }
  /** `maxUncommittedBytes` are waiting for a quorum, or leadership is being handed over: try again later. */
  | { readonly kind: 'busy' };

export type ReadRequestResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'notLeader'; readonly leaderId: NodeId | null }
  | { readonly kind: 'busy' };

export interface RaftOptions {
  readonly id: NodeId;
  /** Uuid of the data directory; a wiped disk gets a new one. */
  readonly directoryId: string;
  /** Static, from configuration. A node that is absent here is an observer. */
  readonly voters: readonly NodeId[];
  /** Ticks without a leader before an election; each timeout is drawn from [electionTicks, 2·electionTicks). */
  readonly electionTicks: number;
  /** Ticks between heartbeats; less than electionTicks. */
  readonly heartbeatTicks: number;
  readonly prng: Prng;
  readonly storage: RaftStorage;
  /** What the application has already applied; without it, the index of the storage's snapshot. */
  readonly appliedIndex?: RaftIndex;
  /** Entry bytes in one append message, and in one Ready's committedEntries. One larger entry travels alone. */
  readonly maxMessageBytes: number;
  /** Unacknowledged append messages to one peer. */
  readonly maxInflightMessages: number;
  /** Unacknowledged append bytes to one peer; without it, maxInflightMessages · maxMessageBytes. */
  readonly maxInflightBytes?: number;
  /** Proposed but not committed bytes on the leader; past it, `busy`. */
  readonly maxUncommittedBytes: number;
  /** Data bytes of one proposal; past it, `tooLarge`. */
  readonly maxEntryBytes: number;
}

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** What a leader knows of one peer. */
export interface PeerStatus {
  readonly id: NodeId;
  /** Null until the peer has been heard from. */
  readonly directoryId: string | null;
  readonly state: ProgressState;
  readonly matchIndex: RaftIndex;
  readonly nextIndex: RaftIndex;
  readonly lastContactTicks: number;
  readonly inflightMessages: number;
  /** Whether its acknowledgements count toward a commit: false for observers and for voters on a wiped disk. */
  readonly isCounted: boolean;
}

export interface VoterStatus {
  readonly id: NodeId;
  /** The committed identity, null while none is recorded. */
  readonly directoryId: string | null;
  /** The last identity heard that differs from the recorded one: a wiped disk waiting to be re-admitted. */
  readonly strangerDirectoryId: string | null;
}

/**
 * Why there is no leader, as far as this node can tell:
 *  - `electing`: an election is due or under way;
 *  - `majorityWiped`: so many voters answer from an unknown data directory that no quorum is left of the known ones;
 *    this needs an operator;
 *  - `notReadmitted`: this voter's own disk was wiped, it waits for a leader to re-admit it;
 *  - `observing`: this node is no voter and has not found a leader yet.
 */
export type NoLeaderReason = 'electing' | 'majorityWiped' | 'notReadmitted' | 'observing';

export interface RaftStatus {
  readonly id: NodeId;
  readonly directoryId: string;
  readonly role: RaftRole;
  readonly term: Term;
  readonly vote: NodeId | null;
  readonly leaderId: NodeId | null;
  /** Null while there is a leader. */
  readonly noLeaderReason: NoLeaderReason | null;
  readonly commitIndex: RaftIndex;
  readonly appliedIndex: RaftIndex;
  readonly firstIndex: RaftIndex;
  readonly lastIndex: RaftIndex;
  readonly snapshotIndex: RaftIndex;
  readonly uncommittedBytes: number;
  readonly transferringTo: NodeId | null;
  readonly voters: readonly VoterStatus[];
  /** Of the other voters; empty unless this node leads. */
  readonly peers: readonly PeerStatus[];
  /** Empty unless this node leads. */
  readonly observers: readonly PeerStatus[];
}

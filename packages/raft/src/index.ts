/**
 * The quorum: a Raft state machine without I/O. Start reading at raft-node.ts (the driver's view), then core.ts (the
 * state and which module acts on it); types.ts and messages.ts are the vocabulary.
 */

export { entryBytes } from './entries.ts';
export type {
  Append,
  AppendRejection,
  AppendReply,
  Heartbeat,
  HeartbeatReply,
  InstallSnapshot,
  LeaderHint,
  Observe,
  PreVote,
  PreVoteReply,
  RaftMessage,
  TimeoutNow,
  Vote,
  VoteReply,
} from './messages.ts';
export { RaftNode } from './raft-node.ts';
export { MemoryStorage, type RaftStorage } from './storage.ts';
export type {
  Entry,
  HardState,
  Identities,
  IdentitiesEntry,
  NoLeaderReason,
  NoopEntry,
  NormalEntry,
  PeerStatus,
  ProgressState,
  ProposeResult,
  RaftOptions,
  RaftRole,
  RaftStatus,
  ReadOutcome,
  ReadRequestResult,
  Ready,
  Snapshot,
  SnapshotMetadata,
  SoftState,
  VoterStatus,
} from './types.ts';

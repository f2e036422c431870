/**
 * The in-sync replicas of one partition as state machines: leader, follower, ISR and the requests that wait for them.
 * The only entrance of the package; the broker's replica manager drives these with logs, streams and the controller.
 */
export { AppendWaiters, type AppendWaiter } from './append-waiters.ts';
export { FollowerProgress, type FollowerPosition } from './follower-progress.ts';
export { IsrState } from './isr-state.ts';
export { PartitionFollower, type FetchPosition, type LeaderLogBounds, type Truncation } from './partition-follower.ts';
export {
  PartitionLeader,
  type FetchStart,
  type FetchStartAnswer,
  type IsrProposal,
  type PartitionLeaderOptions,
} from './partition-leader.ts';
export type { BrokerFacts, PartitionState, ReplicationConfig } from './partition-state.ts';
export type { EpochEndOffset, ReplicaLog } from './replica-log.ts';

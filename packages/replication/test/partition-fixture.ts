/**
 * One partition with three replicas for unit tests: a leader object over a memory log, and shorthands for what
 * followers say. Everything has a default, so that a test names only what it is about.
 */
import { PartitionFollower, PartitionLeader } from '../src/index.ts';
import type { BrokerFacts, FetchStartAnswer, PartitionState } from '../src/index.ts';
import { MemoryLog } from './memory-log.ts';

export const lagTimeMaxMs = 30_000;

export function stateOf(overrides: Partial<PartitionState> = {}): PartitionState {
  return { leader: 1, leaderEpoch: 5, partitionEpoch: 10, replicas: [1, 2, 3], isr: [1, 2, 3], ...overrides };
}

export interface LeaderFixture {
  readonly log: MemoryLog;
  readonly leader: PartitionLeader;
  readonly brokers: Map<number, BrokerFacts>;
  /** Offsets passed to `onHighWatermark`. */
  readonly highWatermarks: number[];
  /** How often the leader has asked to be looked at by the clock again. */
  readonly timesUnsettled: () => number;
  readonly append: (count: number, nowMs?: number) => void;
  /** A follower's position; durable unless told otherwise. */
  readonly report: (
    brokerId: number,
    fetchOffset: number,
    more?: { durableOffset?: number; nowMs?: number; brokerEpoch?: number },
  ) => void;
}

export interface LeaderFixtureOptions {
  readonly log?: MemoryLog;
  readonly state?: Partial<PartitionState>;
  readonly highWatermark?: number;
  readonly minInsyncReplicas?: number;
  readonly nowMs?: number;
}

/** Broker n is registered under broker epoch 100 + n. */
export function leaderFixture(options: LeaderFixtureOptions = {}): LeaderFixture {
  const log = options.log ?? new MemoryLog();
  const brokers = new Map<number, BrokerFacts>(
    [1, 2, 3].map((id) => [id, { brokerEpoch: 100 + id, isFenced: false, isShuttingDown: false }]),
  );
  const highWatermarks: number[] = [];
  let timesUnsettled = 0;
  const state = stateOf(options.state);
  const leader = new PartitionLeader({
    nodeId: 1,
    state,
    log,
    highWatermark: options.highWatermark ?? 0,
    config: {
      minInsyncReplicas: () => options.minInsyncReplicas ?? 1,
      replicaLagTimeMaxMs: () => lagTimeMaxMs,
      broker: (id) => brokers.get(id),
    },
    nowMs: options.nowMs ?? 0,
    onHighWatermark: (highWatermark) => highWatermarks.push(highWatermark),
    onUnsettled: () => void timesUnsettled++,
  });
  return {
    log,
    leader,
    brokers,
    highWatermarks,
    timesUnsettled: () => timesUnsettled,
    append(count, nowMs = options.nowMs ?? 0) {
      for (let i = 0; i < count; i++) log.append(state.leaderEpoch, log.logEndOffset);
      log.flush();
      leader.onLocalProgress(nowMs);
    },
    report(brokerId, fetchOffset, more = {}) {
      leader.onFollowerPosition(
        brokerId,
        {
          brokerEpoch: more.brokerEpoch ?? 100 + brokerId,
          fetchOffset,
          durableOffset: more.durableOffset ?? fetchOffset,
          logStartOffset: 0,
        },
        more.nowMs ?? 0,
      );
    },
  };
}

export interface Reconciliation {
  /** Where each round truncated to. */
  readonly truncatedTo: number[];
  readonly follower: PartitionFollower;
}

/** Lets a follower (broker 2) fetch from a new leader until its start is accepted, as the driver does. */
export function reconcile(leaderLog: MemoryLog, followerLog: MemoryLog, highWatermark = 0): Reconciliation {
  const state = stateOf({ leaderEpoch: 1 + Math.max(leaderLog.latestEpoch() ?? 0, followerLog.latestEpoch() ?? 0) });
  const { leader } = leaderFixture({ log: leaderLog, state });
  const follower = new PartitionFollower({ state, log: followerLog, highWatermark });
  const truncatedTo: number[] = [];
  for (let round = 0; round < 20; round++) {
    const answer: FetchStartAnswer = leader.checkFetchStart({ brokerId: 2, ...follower.position() });
    if (answer.kind === 'accepted') return { truncatedTo, follower };
    if (answer.kind === 'error') throw new Error(`the leader refuses with error ${answer.error}`);
    const plan = follower.planTruncation(answer.epochEnd);
    truncatedTo.push(plan.offset);
    follower.truncate(plan);
  }
  throw new Error('leader and follower do not agree within 20 rounds');
}
